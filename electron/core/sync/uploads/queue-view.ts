/** What people are told of the queue: how many artefacts have come how far, and a page of them with their receipts. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { ArtefactQuery, ArtefactRef, CollectionName, Problem, ProblemCode } from '../../../contract/index.ts';
import { problemCodeSchema } from '../../../contract/index.ts';
import { prepared } from '../../store/prepared.ts';
import type { CloudReceipts, SyncPage, SyncState } from '../sync-reader.ts';
import { SHOWN } from './artefacts.ts';
import { QUEUE_SQL } from './upload-rows.ts';

/** Places in the queue are told up to here; what comes later is queued, and that is all. */
export const PLACES = 500;
/** Problems of single files that are told at once. */
const NEEDS = 50;

export interface Line {
  readonly id: string;
  readonly part: string;
  readonly collection: CollectionName;
  readonly sessionId: string;
  readonly visitAt: string;
  readonly sha256: string | null;
  readonly state: 'device' | 'waiting' | 'stored' | 'verified' | 'differs' | 'held' | 'gone';
  readonly acknowledgedAt: string | null;
  readonly sent: number | null;
  readonly storedAt: string | null;
  readonly verifiedAt: string | null;
}

/** What is so at this moment and stands in no table. */
export interface QueueNow {
  /** Bytes that the cloud has acknowledged of files that are being sent. */
  readonly sending: ReadonlyMap<string, number>;
  /** Contents in their order, at most {@link PLACES}. */
  readonly queue: readonly string[];
}

const FIELDS = `a.document_id AS id, a.part, a.collection, a.session_id AS sessionId, a.visit_at AS visitAt, a.sha256, a.state,
  a.acknowledged_at AS acknowledgedAt, u.sent, u.stored_at AS storedAt, u.verified_at AS verifiedAt`;
const JOINED = `artefacts AS a LEFT JOIN uploads AS u ON u.sha256 = a.sha256`;

/** Named, so that a test can ask SQLite how it finds them. */
export const VIEW_SQL = {
  counts: `SELECT shown, state, count(*) AS artefacts, coalesce(sum(size), 0) AS bytes FROM artefacts GROUP BY shown, state`,
  visits: `SELECT visit_at AS visitAt, session_id AS sessionId FROM artefacts WHERE shown > 0 AND (visit_at, session_id) < (?, ?)
    ORDER BY visit_at DESC, session_id DESC LIMIT 1`,
  ofVisit: `SELECT ${FIELDS} FROM ${JOINED} WHERE a.shown > 0 AND a.visit_at = ? AND a.session_id = ? ORDER BY a.document_id, a.part`,
  ofContent: `SELECT ${FIELDS} FROM ${JOINED} WHERE a.sha256 = ? AND a.sha256 IS NOT NULL AND a.shown > 0 ORDER BY a.document_id, a.part`,
  ofPart: `SELECT ${FIELDS} FROM ${JOINED} WHERE a.document_id = ? AND a.part = ?`,
  inState: `SELECT ${FIELDS} FROM ${JOINED} WHERE a.shown = ? AND a.state = ? ORDER BY a.visit_at, a.document_id, a.part LIMIT ?`,
  problems: `SELECT u.sha256, u.problem_code AS code, u.problem_detail AS detail, u.problem_at AS at
    FROM uploads AS u WHERE u.state = ? AND u.problem_code IS NOT NULL LIMIT ?`,
} as const;

export type QueueSteps = SyncState['steps'] & { readonly onlyOnDevice: number };

/** Files and values; what people see as part of another (small pictures) is not counted, but its bytes are left to be sent. */
export function queueSteps(sqlite: Database): QueueSteps {
  const rows = prepared(sqlite, VIEW_SQL.counts).all() as {
    readonly shown: number;
    readonly state: Line['state'];
    readonly artefacts: number;
    readonly bytes: number;
  }[];
  const count = (...states: readonly Line['state'][]): number =>
    rows.reduce((sum, row) => (row.shown > 0 && states.includes(row.state) ? sum + row.artefacts : sum), 0);
  const records = rows.find(({ shown, state }) => shown === SHOWN.record && state === 'waiting')?.bytes ?? 0;
  return {
    onlyOnDevice: count('device'),
    onDisk: count('waiting', 'differs', 'held', 'stored', 'verified'),
    inCloud: count('stored', 'verified', 'gone'),
    verified: count('verified', 'gone'),
    left: { artefacts: count('waiting', 'differs', 'held'), bytes: records + unsentOf(sqlite).bytes, seconds: null },
    comparing: count('stored'),
    differing: count('differs'),
  };
}

/** Contents, each once, that are not whole in the cloud, and their bytes that it has not acknowledged. */
export function unsentOf(sqlite: Database): { readonly files: number; readonly bytes: number } {
  const rows = prepared(sqlite, QUEUE_SQL.totals).all() as {
    readonly state: Line['state'];
    readonly files: number;
    readonly bytes: number;
    readonly sent: number;
  }[];
  const unsent = rows.filter(({ state }) => state === 'waiting' || state === 'differs' || state === 'held');
  return {
    files: unsent.reduce((sum, { files }) => sum + files, 0),
    bytes: unsent.reduce((sum, { bytes, sent }) => sum + bytes - sent, 0),
  };
}

/** Files that need somebody, with what they are part of. */
export function queueProblems(sqlite: Database): readonly { problem: Problem; artefact: ArtefactRef | null }[] {
  return (['held', 'differs'] as const).flatMap((state) => {
    const rows = prepared(sqlite, VIEW_SQL.problems).all(state, NEEDS) as {
      readonly sha256: string;
      readonly code: string;
      readonly detail: string | null;
      readonly at: string;
    }[];
    return rows.map(({ sha256, code, detail, at }) => {
      const known = problemCodeSchema.safeParse(code);
      const problem: Problem = {
        code: known.success ? known.data : ('INTERNAL' satisfies ProblemCode),
        detail: detail ?? '',
        at,
      };
      const [line] = prepared(sqlite, VIEW_SQL.ofContent).all(sha256) as Line[];
      return { problem, artefact: line === undefined ? null : refOf(line) };
    });
  });
}

/** When the cloud said that it has a file, and that its copy is the same, ISO 8601; null: it has not. */
export interface CloudTimes {
  readonly inCloud: string | null;
  readonly verified: string | null;
}

/** @param id of the document that the file is part of. @param part as in `ArtefactRef` */
export function cloudTimes(sqlite: Database, id: string, part: string): CloudTimes {
  const line = prepared(sqlite, VIEW_SQL.ofPart).get(id, part) as Line | undefined;
  if (line === undefined) return { inCloud: null, verified: null };
  const { inCloud, verified } = receiptsOf(line, { sending: new Map(), queue: [] }, new Map());
  return { inCloud: inCloud.at, verified: verified.at };
}

/** @param total of what the filter has, as `queueSteps` counted it. */
export function queuePage(sqlite: Database, { filter, cursor, limit }: ArtefactQuery, now: QueueNow): SyncPage {
  const places = new Map(now.queue.map((sha256, index) => [sha256, index + 1]));
  const item = (line: Line): SyncPage['items'][number] => ({ artefact: refOf(line), ...receiptsOf(line, now, places) });
  const counts = prepared(sqlite, VIEW_SQL.counts).all() as {
    shown: number;
    state: Line['state'];
    artefacts: number;
  }[];
  const total = (isWanted: (line: { readonly shown: number; readonly state: Line['state'] }) => boolean): number =>
    counts.reduce((sum, row) => (isWanted(row) ? sum + row.artefacts : sum), 0);
  if (filter === 'all') {
    const { lines, next } = wholeVisits(sqlite, cursor, limit);
    return { items: lines.map(item), next, total: total(({ shown }) => shown > 0) };
  }
  const isWanted =
    filter === 'care'
      ? ({ state }: { readonly state: Line['state'] }) => state === 'held' || state === 'differs'
      : ({ state }: { readonly state: Line['state'] }) => state !== 'verified' && state !== 'gone';
  // What moves while it is read has no fixed place: a cursor is how many came before.
  const from = Number(cursor ?? 0);
  const lines = filter === 'care' ? careLines(sqlite, from + limit + 1) : waitingLines(sqlite, now, from + limit + 1);
  return {
    items: lines.slice(from, from + limit).map(item),
    next: lines.length > from + limit ? String(from + limit) : null,
    total: total((row) => row.shown > 0 && isWanted(row)),
  };
}

function careLines(sqlite: Database, limit: number): Line[] {
  return linesIn(sqlite, SHOWN.file, ['held', 'differs'], limit);
}

function waitingLines(sqlite: Database, now: QueueNow, limit: number): Line[] {
  const lines = new Map<string, Line>();
  const add = (found: readonly Line[]): void => {
    for (const line of found) lines.set(`${line.id} ${line.part}`, line);
  };
  for (const sha256 of now.queue) {
    if (lines.size >= limit) break;
    add(prepared(sqlite, VIEW_SQL.ofContent).all(sha256) as Line[]);
  }
  add(linesIn(sqlite, SHOWN.file, ['waiting', 'differs'], limit));
  add(linesIn(sqlite, SHOWN.record, ['waiting'], limit));
  add(linesIn(sqlite, SHOWN.file, ['stored', 'held', 'device'], limit));
  return [...lines.values()].slice(0, limit);
}

function linesIn(sqlite: Database, shown: number, states: readonly Line['state'][], limit: number): Line[] {
  return states.flatMap((state) => prepared(sqlite, VIEW_SQL.inState).all(shown, state, limit) as Line[]);
}

function wholeVisits(
  sqlite: Database,
  cursor: string | null,
  limit: number,
): { readonly lines: readonly Line[]; readonly next: string | null } {
  const [, visitAt = '~', sessionId = '~'] = /^(\S+ \S+) (\S+)$/.exec(cursor ?? '') ?? [];
  let at: { readonly visitAt: string; readonly sessionId: string } | undefined = { visitAt, sessionId };
  const before = (place: { readonly visitAt: string; readonly sessionId: string }) =>
    prepared(sqlite, VIEW_SQL.visits).get(place.visitAt, place.sessionId) as typeof at;
  const lines: Line[] = [];
  for (at = before(at); at !== undefined; at = before(at)) {
    lines.push(...(prepared(sqlite, VIEW_SQL.ofVisit).all(at.visitAt, at.sessionId) as Line[]));
    if (lines.length < limit) continue;
    return { lines, next: before(at) === undefined ? null : `${at.visitAt} ${at.sessionId}` };
  }
  return { lines, next: null };
}

const KINDS: Readonly<Partial<Record<CollectionName, ArtefactRef['kind']>>> = {
  captures: 'capture',
  reports: 'report',
  findings: 'finding',
  sessions: 'session',
};

function refOf({ collection, id, part }: Line): ArtefactRef {
  return { kind: KINDS[collection] ?? 'session', id, part };
}

function receiptsOf(line: Line, { sending }: QueueNow, places: ReadonlyMap<string, number>): CloudReceipts {
  const { state, sha256, acknowledgedAt, storedAt, verifiedAt, sent } = line;
  const none = { at: null, sentBytes: null, position: null };
  if (sha256 === null) {
    // A document is in the cloud when the cloud has said that it has this state of it: there is nothing left to be compared.
    const isThere = state === 'verified';
    const step = isThere ? ('done' as const) : ('not-yet' as const);
    const at = isThere ? acknowledgedAt : null;
    const inCloud = state === 'device' || isThere ? step : ('queued' as const);
    return { inCloud: { ...none, state: inCloud, at }, verified: { state: step, at } };
  }
  switch (state) {
    case 'verified':
    case 'gone':
      return {
        inCloud: { ...none, state: 'done', at: storedAt },
        verified: verifiedAt === null ? { state: 'not-yet', at: null } : { state: 'done', at: verifiedAt },
      };
    case 'stored':
      return { inCloud: { ...none, state: 'done', at: storedAt }, verified: { state: 'comparing', at: null } };
    case 'held':
      return { inCloud: { ...none, state: 'held' }, verified: { state: 'not-yet', at: null } };
    default: {
      const reached = sending.get(sha256);
      const verified = { state: state === 'differs' ? ('differs' as const) : ('not-yet' as const), at: null };
      if (reached !== undefined) {
        return { inCloud: { state: 'sending', at: null, sentBytes: reached, position: null }, verified };
      }
      const sentBytes = sent === null || sent === 0 ? null : sent;
      return { inCloud: { state: 'queued', at: null, sentBytes, position: places.get(sha256) ?? null }, verified };
    }
  }
}
