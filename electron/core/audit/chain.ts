/**
 * The audit trail: a plain table in the encrypted file, append-only by trigger, each entry carrying the SHA-256 of the one
 * before. Entries hold ids, codes and numbers only.
 */
import { createHash } from 'node:crypto';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { auditEntrySchema, canonical } from '../../contract/index.ts';
import type { AuditEntry, AuditEntryInput } from '../../contract/index.ts';
import { copierOf, REFUSED } from '../store/document-copy.ts';
import { prepared } from '../store/prepared.ts';

/** What the first entry carries as the hash of the one before. */
export const FIRST_PREVIOUS_HASH = '0'.repeat(64);

export interface AuditRow {
  readonly sequence: number;
  readonly at: string;
  readonly actor_id: string;
  readonly role: string;
  readonly action: string;
  readonly subject_kind: string;
  readonly subject_id: string;
  readonly detail_json: string;
  readonly previous_hash: string;
  readonly hash: string;
}

export interface AuditQuery {
  /** ISO 8601 instants: from inclusive, to exclusive. */
  readonly from?: string;
  readonly to?: string;
  readonly subjectId?: string;
  /** For going on where the last page ended. */
  readonly afterSequence?: number;
  /** At most so many, oldest first; 1000 if left out. */
  readonly limit?: number;
}

export interface AuditVerdict {
  readonly entries: number;
  readonly ok: boolean;
  /** Sequence of the first entry that does not follow from the one before, or of the first that is missing. */
  readonly firstBad?: number;
}

/** SHA-256, hex, over the canonical JSON of the entry with its sequence and the hash of the one before. */
export function hashOf(entry: Omit<AuditEntry, 'hash'>): string {
  return hashWith(entry, canonical(entry.detail));
}

/** @param detailJson canonical. The names are in their order. */
function hashWith(entry: Omit<AuditEntry, 'hash'>, detailJson: string): string {
  const { sequence, at, actorId, role, action, subjectKind, subjectId, previousHash } = entry;
  const before = JSON.stringify({ action, actorId, at }).slice(0, -1);
  const after = JSON.stringify({ previousHash, role, sequence, subjectId, subjectKind }).slice(1);
  return createHash('sha256').update(`${before},"detail":${detailJson},${after}`).digest('hex');
}

const LAST = 'SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1';
const INSERT = `INSERT INTO audit (sequence, at, actor_id, role, action, subject_kind, subject_id, detail_json, previous_hash, hash)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const copy = copierOf(auditEntrySchema);

/** @throws ZodError */
function checked(input: AuditEntryInput): AuditEntryInput {
  const copied = copy(input);
  return copied === REFUSED ? auditEntrySchema.parse(input) : (copied as AuditEntryInput);
}

/** Appends to the trail of one file. Each append belongs to the transaction that is open on the handle. */
export class AuditTrail {
  /** Told of each entry within its transaction; what it throws is the failure of the whole. */
  appended: ((entry: AuditEntry) => void) | null = null;
  readonly #sqlite: Database;

  constructor(sqlite: Database) {
    this.#sqlite = sqlite;
  }

  /** @throws Error outside of a transaction (two entries could take the same place), ZodError on a malformed entry. */
  append(input: AuditEntryInput): AuditEntry {
    if (!this.#sqlite.inTransaction) throw new Error('an audit entry is appended within a transaction');
    const last = prepared(this.#sqlite, LAST).get() as { sequence: number; hash: string } | undefined;
    const { at, actorId, role, action, subjectKind, subjectId, detail } = checked(input);
    const sequence = (last?.sequence ?? 0) + 1;
    const previousHash = last?.hash ?? FIRST_PREVIOUS_HASH;
    const unhashed = { at, actorId, role, action, subjectKind, subjectId, detail, sequence, previousHash };
    const detailJson = canonical(detail);
    const entry: AuditEntry = { ...unhashed, hash: hashWith(unhashed, detailJson) };
    prepared(this.#sqlite, INSERT).run(
      entry.sequence,
      entry.at,
      entry.actorId,
      entry.role,
      entry.action,
      entry.subjectKind,
      entry.subjectId,
      detailJson,
      entry.previousHash,
      entry.hash,
    );
    this.appended?.(entry);
    return entry;
  }
}

/** Entries of a period or a subject, oldest first. */
export function readAudit(sqlite: Database, query: AuditQuery = {}): AuditEntry[] {
  const conditions = ['sequence > ?'];
  const values: (string | number)[] = [query.afterSequence ?? 0];
  if (query.from !== undefined) {
    conditions.push('at >= ?');
    values.push(query.from);
  }
  if (query.to !== undefined) {
    conditions.push('at < ?');
    values.push(query.to);
  }
  if (query.subjectId !== undefined) {
    conditions.push('subject_id = ?');
    values.push(query.subjectId);
  }
  return sqlite
    .prepare<(string | number)[], AuditRow>(
      `SELECT * FROM audit WHERE ${conditions.join(' AND ')} ORDER BY sequence LIMIT ?`,
    )
    .all(...values, query.limit ?? 1000)
    .map(entryOf);
}

/**
 * Goes through the chain and stops at the first entry that does not follow. Finds an entry that was changed, taken out, put in or
 * moved, and entries cut off at the end: SQLite's own counter remembers how many there were. `verifyTrail` says more.
 */
export function verifyAudit(store: { readonly sqlite: Database }): AuditVerdict {
  const rows = store.sqlite.prepare<[], AuditRow>('SELECT * FROM audit ORDER BY sequence').iterate();
  let entries = 0;
  let previousHash = FIRST_PREVIOUS_HASH;
  for (const row of rows) {
    entries += 1;
    if (row.sequence !== entries || row.previous_hash !== previousHash || !isUnchanged(row)) {
      return { entries, ok: false, firstBad: entries };
    }
    previousHash = row.hash;
  }
  const counted = countedBySqlite(store.sqlite, 'audit');
  return counted === entries ? { entries, ok: true } : { entries, ok: false, firstBad: entries + 1 };
}

/** How many rows a table has ever had: its own counter, kept apart from its rows. */
export function countedBySqlite(sqlite: Database, table: 'audit' | 'audit_checkpoints'): number {
  return (
    sqlite.prepare<[string], { seq: number }>('SELECT seq FROM sqlite_sequence WHERE name = ?').get(table)?.seq ?? 0
  );
}

/** Rows of the trail as they lie in the file, oldest first. */
export function auditRows(sqlite: Database, afterSequence: number, limit: number): AuditRow[] {
  return sqlite
    .prepare<[number, number], AuditRow>('SELECT * FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?')
    .all(afterSequence, limit);
}

/** Whether the row's content is what its hash was made of. */
export function isUnchanged(row: AuditRow): boolean {
  try {
    const { hash, ...entry } = entryOf(row);
    return hashOf(entry) === hash;
  } catch {
    // A detail that is no longer JSON was changed.
    return false;
  }
}

/** @throws SyntaxError when the detail is no longer JSON. */
export function entryOf(row: AuditRow): AuditEntry {
  return {
    sequence: row.sequence,
    at: row.at,
    actorId: row.actor_id,
    role: row.role,
    action: row.action,
    subjectKind: row.subject_kind,
    subjectId: row.subject_id,
    detail: JSON.parse(row.detail_json) as AuditEntry['detail'],
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}
