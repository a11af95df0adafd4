/** The queue's table: which file is next, and what has become of each. All synchronous; writes belong into a transaction. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { Problem } from '../../../contract/index.ts';
import { prepared } from '../../store/prepared.ts';

export type UploadState = 'waiting' | 'stored' | 'verified' | 'differs' | 'held' | 'gone';

export interface UploadRow {
  readonly sha256: string;
  /** Bytes of content. */
  readonly size: number;
  readonly mediaType: string;
  readonly state: UploadState;
  /** Bytes that the cloud had acknowledged when it was last written down. */
  readonly sent: number;
  readonly storedAt: string | null;
  readonly verifiedAt: string | null;
}

/** Who goes before whom, apart from what is asked for by hand. */
export interface QueueOrder {
  /** Visits that somebody waits for, in their order. */
  readonly review: readonly string[];
  /** Local day, YYYY-MM-DD. */
  readonly today: string;
}

const UPLOAD = `sha256, size, media_type AS mediaType, state, sent, stored_at AS storedAt, verified_at AS verifiedAt`;
/** As the partial indexes say it, word by word: otherwise SQLite does not use them. */
const IN_QUEUE = `state IN ('waiting', 'differs') AND sha256 IS NOT NULL`;
const IN_VISIT = `ORDER BY heavy, size, document_id, part`;
const NOT_OTHERS = `sha256 NOT IN (SELECT value FROM json_each(?))`;

/** Named, so that a test can ask SQLite how it finds them. */
export const QUEUE_SQL = {
  first: `SELECT sha256 FROM uploads INDEXED BY uploads_first WHERE first = 1 AND state IN ('waiting', 'differs') AND ${NOT_OTHERS} ORDER BY sha256 LIMIT ?`,
  ofVisit: `SELECT sha256 FROM artefacts WHERE session_id = ? AND ${IN_QUEUE} AND ${NOT_OTHERS} ${IN_VISIT} LIMIT ?`,
  ofDay: `SELECT sha256 FROM artefacts WHERE visit_at >= ? AND visit_at < ? AND ${IN_QUEUE} AND ${NOT_OTHERS}
    ORDER BY visit_at, session_id, heavy, size, document_id, part LIMIT ?`,
  oldest: `SELECT sha256 FROM artefacts WHERE ${IN_QUEUE} AND ${NOT_OTHERS}
    ORDER BY visit_at, session_id, heavy, size, document_id, part LIMIT ?`,
  storedAfter: `SELECT sha256 FROM uploads INDEXED BY uploads_stored WHERE state = 'stored' AND sha256 > ? ORDER BY sha256 LIMIT ?`,
  // The plus keeps SQLite from gathering all of them before it orders them.
  verifiedAfter: `SELECT sha256 FROM uploads WHERE +state = 'verified' AND sha256 > ? ORDER BY sha256 LIMIT ?`,
  totals: `SELECT state, count(*) AS files, coalesce(sum(size), 0) AS bytes, coalesce(sum(sent), 0) AS sent FROM uploads GROUP BY state`,
} as const;

/**
 * The next contents to be sent, in their order, each once: by hand, of visits in review, of today, the oldest; within a visit small
 * ones first. @param without contents that are left out.
 */
export function nextInQueue(
  sqlite: Database,
  { review, today }: QueueOrder,
  limit: number,
  without: Iterable<string> = [],
): string[] {
  const others = JSON.stringify([...without]);
  const found = new Set<string>();
  const take = (sql: string, ...values: readonly (string | number)[]): boolean => {
    const rows = prepared(sqlite, sql).pluck().all(values) as string[];
    for (const sha256 of rows) if (found.size < limit) found.add(sha256);
    return found.size >= limit;
  };
  // A map is met twice, in its capture and in its finding.
  const rows = limit * 2;
  if (take(QUEUE_SQL.first, others, rows)) return [...found];
  for (const sessionId of review) if (take(QUEUE_SQL.ofVisit, sessionId, others, rows)) return [...found];
  // `~` comes after every character of what follows a day.
  if (take(QUEUE_SQL.ofDay, today, `${today}~`, others, rows)) return [...found];
  take(QUEUE_SQL.oldest, others, rows);
  return [...found];
}

export function uploadOf(sqlite: Database, sha256: string): UploadRow | null {
  const row = prepared(sqlite, `SELECT ${UPLOAD} FROM uploads WHERE sha256 = ?`).get(sha256) as UploadRow | undefined;
  return row ?? null;
}

/** Contents that are whole in the cloud and not verified yet, in the order of their hashes. */
export function storedAfter(sqlite: Database, sha256: string, limit: number): string[] {
  return prepared(sqlite, QUEUE_SQL.storedAfter).pluck().all(sha256, limit) as string[];
}

/** Contents that are verified and still here, in the order of their hashes. */
export function verifiedAfter(sqlite: Database, sha256: string, limit: number): string[] {
  return prepared(sqlite, QUEUE_SQL.verifiedAfter).pluck().all(sha256, limit) as string[];
}

/** Goes back when a new upload begins. */
export function setSent(sqlite: Database, sha256: string, sent: number): void {
  prepared(sqlite, 'UPDATE uploads SET sent = ? WHERE sha256 = ?').run(sent, sha256);
}

/** @returns whether it was not so before. */
export function setStored(sqlite: Database, sha256: string, at: string): boolean {
  return changed(
    sqlite,
    `UPDATE uploads SET state = 'stored', sent = size, stored_at = coalesce(stored_at, ?), first = 0, problem_code = NULL,
       problem_detail = NULL, problem_at = NULL
     WHERE sha256 = ? AND state IN ('waiting', 'held', 'differs')`,
    at,
    sha256,
  );
}

/** @param at when the cloud found it right. */
export function setVerified(sqlite: Database, sha256: string, at: string, storedAt: string): boolean {
  return changed(
    sqlite,
    `UPDATE uploads SET state = 'verified', sent = size, stored_at = coalesce(stored_at, ?), verified_at = ?, first = 0,
       problem_code = NULL, problem_detail = NULL, problem_at = NULL
     WHERE sha256 = ? AND state IN ('waiting', 'held', 'stored', 'differs')`,
    storedAt,
    at,
    sha256,
  );
}

/** The cloud's copy is another: ours is kept and sent again. */
export function setDiffers(sqlite: Database, sha256: string, problem: Problem): boolean {
  return changed(
    sqlite,
    `UPDATE uploads SET state = 'differs', sent = 0, stored_at = NULL, verified_at = NULL, problem_code = ?, problem_detail = ?,
       problem_at = ?
     WHERE sha256 = ? AND state IN ('waiting', 'stored', 'verified')`,
    problem.code,
    problem.detail,
    problem.at,
    sha256,
  );
}

/** Not to be sent until somebody, or time, has seen to it. */
export function setHeld(sqlite: Database, sha256: string, problem: Problem): boolean {
  return changed(
    sqlite,
    `UPDATE uploads SET state = 'held', first = 0, problem_code = ?, problem_detail = ?, problem_at = ?
     WHERE sha256 = ? AND state IN ('waiting', 'stored', 'differs')`,
    problem.code,
    problem.detail,
    problem.at,
    sha256,
  );
}

/** The cloud does not have it whole (any more). */
export function setWaiting(sqlite: Database, sha256: string): boolean {
  return changed(
    sqlite,
    `UPDATE uploads SET state = 'waiting', sent = 0, stored_at = NULL, verified_at = NULL
     WHERE sha256 = ? AND state IN ('stored', 'verified')`,
    sha256,
  );
}

/** What was held is tried once more. @returns how many. */
export function releaseHeld(sqlite: Database): number {
  return prepared(sqlite, `UPDATE uploads SET state = 'waiting' WHERE state = 'held'`).run().changes;
}

/** First in the queue, from its beginning; also what is whole in the cloud is looked at again. @returns whether there is such a file. */
export function sendAgain(sqlite: Database, sha256: string): boolean {
  return changed(
    sqlite,
    `UPDATE uploads SET first = 1, state = CASE state WHEN 'held' THEN 'waiting' ELSE state END
     WHERE sha256 = ? AND state IN ('waiting', 'held', 'differs')`,
    sha256,
  );
}

function changed(sqlite: Database, sql: string, ...values: readonly string[]): boolean {
  return prepared(sqlite, sql).run(...values).changes > 0;
}
