/** The outbox's side of the table of intents: what is next, how far each has come, and what people see of it. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { Intent, ProblemCode } from '../../contract/index.ts';
import { prepared } from '../store/prepared.ts';

export interface OutboxEntry extends Intent {
  readonly attempts: number;
  readonly settledAt: string | null;
  readonly answer: string | null;
  readonly problem: { readonly code: ProblemCode; readonly detail: string; readonly at: string } | null;
}

interface Row {
  readonly id: string;
  readonly kind: Intent['kind'];
  readonly subject_id: string;
  readonly ordinal: number;
  readonly payload_json: string;
  readonly state: Intent['state'];
  readonly created_at: string;
  readonly attempts: number;
  readonly settled_at: string | null;
  readonly answer: string | null;
  readonly problem_code: ProblemCode | null;
  readonly problem_detail: string | null;
  readonly problem_at: string | null;
}

function entryOf(row: Row): OutboxEntry {
  return {
    id: row.id,
    kind: row.kind,
    subjectId: row.subject_id,
    ordinal: row.ordinal,
    payload: JSON.parse(row.payload_json) as Intent['payload'],
    state: row.state,
    createdAt: row.created_at,
    attempts: row.attempts,
    settledAt: row.settled_at,
    answer: row.answer,
    problem:
      row.problem_code === null
        ? null
        : { code: row.problem_code, detail: row.problem_detail ?? '', at: row.problem_at ?? row.created_at },
  };
}

const WAITS = `state = 'waiting' AND NOT EXISTS (
  SELECT 1 FROM intents AS earlier
  WHERE earlier.subject_id = one.subject_id AND earlier.ordinal < one.ordinal AND earlier.state IN ('waiting', 'dead'))`;

export interface NextFilter {
  readonly startsOnly: boolean;
  /** Whether it was tried before. */
  readonly tried: boolean;
}

/** The first of each subject that waits and has none before it that is still to come, oldest first. */
export function nextOfEachSubject(sqlite: Database, limit: number, { startsOnly, tried }: NextFilter): OutboxEntry[] {
  const filter = `${startsOnly ? ` AND kind LIKE '%-start'` : ''} AND attempts ${tried ? '>' : '='} 0`;
  const rows = prepared(sqlite, `SELECT * FROM intents AS one WHERE ${WAITS}${filter} ORDER BY position LIMIT ?`).all(
    limit,
  ) as Row[];
  return rows.map(entryOf);
}

/** The oldest that wait, in their order. */
export function waitingEntries(sqlite: Database, limit: number): OutboxEntry[] {
  const rows = prepared(sqlite, `SELECT * FROM intents WHERE state = 'waiting' ORDER BY position LIMIT ?`).all(limit);
  return (rows as Row[]).map(entryOf);
}

/** What a person has to decide about, oldest first. */
export function entriesForPeople(sqlite: Database, limit: number): OutboxEntry[] {
  const rows = prepared(
    sqlite,
    `SELECT * FROM intents WHERE state IN ('returned', 'dead') ORDER BY position LIMIT ?`,
  ).all(limit);
  return (rows as Row[]).map(entryOf);
}

/** The last that were delivered, newest first. */
export function lastDelivered(sqlite: Database, limit: number): OutboxEntry[] {
  const rows = prepared(sqlite, `SELECT * FROM intents WHERE state = 'delivered' ORDER BY settled_at DESC LIMIT ?`).all(
    limit,
  );
  return (rows as Row[]).map(entryOf);
}

export interface DiscardedEntry {
  readonly entry: OutboxEntry;
  readonly at: string;
  /** As the audit trail has it; null: it has no such entry. */
  readonly actorId: string | null;
}

/** How many were given up, and the last of them, newest first. */
export function discardedEntries(
  sqlite: Database,
  limit: number,
): { readonly count: number; readonly last: readonly DiscardedEntry[] } {
  const count = prepared(sqlite, `SELECT count(*) FROM intents WHERE state = 'discarded'`).pluck().get() as number;
  const rows = prepared(
    sqlite,
    `SELECT *, (SELECT actor_id FROM audit WHERE audit.subject_id = intents.subject_id AND action = 'intent.discarded'
       AND detail_json ->> '$.intentId' = intents.id ORDER BY sequence DESC LIMIT 1) AS actor_id
     FROM intents WHERE state = 'discarded' ORDER BY settled_at DESC LIMIT ?`,
  ).all(limit) as (Row & { readonly actor_id: string | null })[];
  const last = rows.map((row) => ({
    entry: entryOf(row),
    at: row.settled_at ?? row.created_at,
    actorId: row.actor_id,
  }));
  return { count, last };
}

/** Of `waiting` those alone, and the oldest of them. */
export function outboxCounts(sqlite: Database): {
  readonly waiting: number;
  readonly returned: number;
  readonly dead: number;
  readonly oldestAt: string | null;
} {
  const waiting = prepared(sqlite, `SELECT count(*) FROM intents WHERE state = 'waiting'`).pluck().get() as number;
  const care = prepared(
    sqlite,
    `SELECT state, count(*) AS rows FROM intents WHERE state IN ('returned', 'dead') GROUP BY state`,
  ).all() as { readonly state: string; readonly rows: number }[];
  const oldest = prepared(sqlite, `SELECT created_at FROM intents WHERE state = 'waiting' ORDER BY position LIMIT 1`)
    .pluck()
    .get() as string | undefined;
  const rowsOf = (state: string): number => care.find((each) => each.state === state)?.rows ?? 0;
  return { waiting, returned: rowsOf('returned'), dead: rowsOf('dead'), oldestAt: oldest ?? null };
}

export function entryById(sqlite: Database, id: string): OutboxEntry | null {
  const row = prepared(sqlite, 'SELECT * FROM intents WHERE id = ?').get(id) as Row | undefined;
  return row === undefined ? null : entryOf(row);
}

type EntryProblem = NonNullable<OutboxEntry['problem']>;

/** Within an open transaction, as all that follows. Does nothing where the intent does not wait any more. */
export function settle(
  sqlite: Database,
  id: string,
  outcome:
    | { readonly state: 'delivered'; readonly answer: string; readonly at: string }
    | { readonly state: 'returned' | 'dead'; readonly problem: EntryProblem },
): void {
  const delivered = outcome.state === 'delivered';
  const problem = delivered ? null : outcome.problem;
  prepared(
    sqlite,
    `UPDATE intents SET state = ?, settled_at = ?, answer = ?, problem_code = ?, problem_detail = ?, problem_at = ?
     WHERE id = ? AND state = 'waiting'`,
  ).run(
    outcome.state,
    delivered ? outcome.at : null,
    delivered ? outcome.answer : null,
    problem?.code ?? null,
    problem?.detail ?? null,
    problem?.at ?? null,
    id,
  );
}

/** One more try came to nothing. The same problem keeps the time since which it has been there. */
export function noteFailure(sqlite: Database, id: string, problem: EntryProblem): void {
  prepared(
    sqlite,
    `UPDATE intents SET attempts = attempts + 1,
       problem_at = iif(problem_code IS ?, problem_at, ?), problem_code = ?, problem_detail = ?
     WHERE id = ? AND state = 'waiting'`,
  ).run(problem.code, problem.at, problem.code, problem.detail, id);
}

/** Reviews that a workflow has and had not decided about, of one visit or (null) of all. */
export function heldReviews(sqlite: Database, sessionId: string | null): OutboxEntry[] {
  const held = `kind = 'session-review' AND state = 'delivered' AND answer = 'held'`;
  const rows =
    sessionId === null
      ? prepared(sqlite, `SELECT * FROM intents WHERE ${held}`).all()
      : prepared(sqlite, `SELECT * FROM intents WHERE subject_id = ? AND ${held}`).all(sessionId);
  return (rows as Row[]).map(entryOf);
}

/** Within an open transaction: what the workflow's gate made of a review that it had held. */
export function settleHeld(sqlite: Database, id: string, outcome: 'accepted' | EntryProblem): void {
  if (outcome === 'accepted') {
    prepared(sqlite, `UPDATE intents SET answer = 'accepted' WHERE id = ? AND answer = 'held'`).run(id);
    return;
  }
  const { code, detail, at } = outcome;
  prepared(
    sqlite,
    `UPDATE intents SET state = 'returned', settled_at = NULL, problem_code = ?, problem_detail = ?, problem_at = ?
     WHERE id = ? AND state = 'delivered' AND answer = 'held'`,
  ).run(code, detail, at, id);
}

/** Stands as the answer of a request that waits: a person has said that it is to be sent, however old it is. */
export const CONFIRMED = 'confirmed';

/** Those from before a backup that was put back, of one visit or (null) of all. */
export function doubtfulEntries(sqlite: Database, subjectId: string | null): OutboxEntry[] {
  const doubtful = `state = 'dead' AND problem_code = 'REQUEST_OLD'`;
  const rows =
    subjectId === null
      ? prepared(sqlite, `SELECT * FROM intents WHERE ${doubtful}`).all()
      : prepared(sqlite, `SELECT * FROM intents WHERE subject_id = ? AND ${doubtful}`).all(subjectId);
  return (rows as Row[]).map(entryOf);
}

/** Within an open transaction: it had been delivered, as the visit's document proves. */
export function settleDoubtful(sqlite: Database, id: string, answer: string, at: string): void {
  prepared(
    sqlite,
    `UPDATE intents SET state = 'delivered', settled_at = ?, answer = ?, problem_code = NULL, problem_detail = NULL,
       problem_at = NULL WHERE id = ? AND state = 'dead' AND problem_code = 'REQUEST_OLD'`,
  ).run(at, answer, id);
}

/** As a person decided. @returns whether there was such an intent, and a person had to decide about it. */
export function decide(sqlite: Database, id: string, decision: 'waiting' | 'discarded', at: string): boolean {
  const { changes } = prepared(
    sqlite,
    decision === 'waiting'
      ? `UPDATE intents SET state = 'waiting', attempts = 0, settled_at = NULL, answer = '${CONFIRMED}', problem_code = NULL, problem_detail = NULL,
           problem_at = NULL WHERE id = @id AND state IN ('returned', 'dead')`
      : `UPDATE intents SET state = 'discarded', settled_at = @at WHERE id = @id AND state IN ('returned', 'dead')`,
  ).run({ id, ...(decision === 'waiting' ? {} : { at }) });
  // Whoever sends an old request again means those after it, too.
  if (decision === 'waiting' && changes === 1) {
    prepared(
      sqlite,
      `UPDATE intents SET answer = '${CONFIRMED}'
       WHERE state = 'waiting' AND subject_id = (SELECT subject_id FROM intents WHERE id = ?)`,
    ).run(id);
  }
  return changes === 1;
}
