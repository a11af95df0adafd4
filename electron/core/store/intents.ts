/** Intents: what should happen in the cloud, kept in the order of each subject until it is delivered. Nothing here sends. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { VantageError, canonical, intentSchema } from '../../contract/index.ts';
import type { Intent, IntentInput } from '../../contract/index.ts';
import { copierOf, REFUSED } from './document-copy.ts';
import { currentTraceparent } from '../telemetry/traces.ts';
import { prepared } from './prepared.ts';

const copy = copierOf(intentSchema);

interface IntentRow {
  readonly id: string;
  readonly kind: Intent['kind'];
  readonly subject_id: string;
  readonly ordinal: number;
  readonly payload_json: string;
  readonly state: Intent['state'];
  readonly created_at: string;
}

/**
 * Writes an intent in the transaction that is open. The same id and content again is nothing new.
 * @throws VantageError INTERNAL where the id stands for something else already; Error outside of a transaction
 */
export function writeIntent(sqlite: Database, input: IntentInput, createdAt: string): void {
  if (!sqlite.inTransaction) throw new Error('an intent is written within a transaction');
  const copied = copy(input);
  const { id, kind, subjectId, payload } = copied === REFUSED ? intentSchema.parse(input) : (copied as IntentInput);
  const traceparent = currentTraceparent();
  const payloadJson = canonical(traceparent === null ? payload : { ...payload, traceparent });
  const { changes } = prepared(
    sqlite,
    `INSERT INTO intents (id, kind, subject_id, ordinal, payload_json, state, created_at)
       VALUES (?, ?, ?, (SELECT coalesce(max(ordinal), 0) + 1 FROM intents WHERE subject_id = ?), ?, 'waiting', ?)
       ON CONFLICT (id) DO NOTHING`,
  ).run(id, kind, subjectId, subjectId, payloadJson, createdAt);
  if (changes === 1) return;
  const known = prepared(sqlite, 'SELECT * FROM intents WHERE id = ?').get(id) as IntentRow | undefined;
  if (known?.kind !== kind || known.subject_id !== subjectId || untraced(known.payload_json) !== untraced(payloadJson))
    throw new VantageError('INTERNAL', `intent ${id} was written before with other content`);
}

/** Under which trace something is asked for is no part of what. */
function untraced(payloadJson: string): string {
  const { traceparent: _, ...payload } = JSON.parse(payloadJson) as Record<string, unknown>;
  return canonical(payload);
}

/** W3C traceparent of the request that began a visit; null: it was not traced. */
export function traceparentOf(sqlite: Database, subjectId: string): string | null {
  const read = `SELECT payload_json ->> '$.traceparent' FROM intents WHERE subject_id = ? ORDER BY ordinal LIMIT 1`;
  return (prepared(sqlite, read).pluck().get(subjectId) as string | null | undefined) ?? null;
}

/** Oldest first. */
export function waitingIntents(sqlite: Database, limit = 100): Intent[] {
  return sqlite
    .prepare<[number], IntentRow>(`SELECT * FROM intents WHERE state = 'waiting' ORDER BY position LIMIT ?`)
    .all(limit)
    .map((row) => ({
      id: row.id,
      kind: row.kind,
      subjectId: row.subject_id,
      ordinal: row.ordinal,
      payload: JSON.parse(row.payload_json) as Intent['payload'],
      state: row.state,
      createdAt: row.created_at,
    }));
}
