/**
 * Checkpoints: at times the station signs how far the trail has come and what its last entry is. Whoever kept a checkpoint (in an
 * export, beside a backup) can tell later whether the trail still holds what it held then.
 */
import { createHash } from 'node:crypto';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { z } from 'zod';
import type { AuditEntry } from '../../contract/index.ts';
import { canonical } from '../../contract/index.ts';
import { FIRST_PREVIOUS_HASH } from './chain.ts';
import type { Signer } from './signer.ts';
import { isSignedBy } from './signer.ts';

/** A checkpoint is made with each entry whose sequence this divides. */
export const CHECKPOINT_EVERY = 256;

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** `count`: so many entries; `day`: the first of a day; `closed`: the station stopped; `exported`: somebody took a copy. */
const causeSchema = z.enum(['count', 'day', 'closed', 'exported']);
type CheckpointCause = z.infer<typeof causeSchema>;

export const checkpointSchema = z.object({
  /** From 1, without gaps. */
  number: z.number().int().positive(),
  at: z.iso.datetime(),
  cause: causeSchema,
  stationId: z.string(),
  /** The last entry that it covers, and that entry's hash. */
  sequence: z.number().int().positive(),
  headHash: hash,
  /** `checkpointHashOf` the one before; zeros for the first. */
  previousHash: hash,
  keyId: hash,
  /** Ed25519 over `statementOf`, base64. */
  signature: z.base64(),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

interface CheckpointRow {
  readonly number: number;
  readonly at: string;
  readonly cause: string;
  readonly station_id: string;
  readonly sequence: number;
  readonly head_hash: string;
  readonly previous_hash: string;
  readonly key_id: string;
  readonly signature: string;
}

/** What is signed. The type keeps a signature over this from being taken for one over something else. */
function statementOf({ signature: _signature, ...signed }: Omit<Checkpoint, 'signature'> & { signature?: string }) {
  return { type: 'vantage-audit-checkpoint', version: 1, ...signed };
}

/** SHA-256, hex, over the canonical JSON of the whole checkpoint with its signature. */
export function checkpointHashOf(checkpoint: Checkpoint): string {
  return createHash('sha256').update(canonical(checkpoint)).digest('hex');
}

/** Whether the station with this key made the checkpoint as it stands. @param publicKey DER, base64. */
export function isGenuine(checkpoint: Checkpoint, publicKey: string): boolean {
  return isSignedBy(publicKey, statementOf(checkpoint), checkpoint.signature);
}

/** Checkpoints in order. @param fromSequence only those that cover this entry or a later one. */
export function readCheckpoints(sqlite: Database, fromSequence = 0): Checkpoint[] {
  return sqlite
    .prepare<[number], CheckpointRow>('SELECT * FROM audit_checkpoints WHERE sequence >= ? ORDER BY number')
    .all(fromSequence)
    .map((row) => checkpointOf(row));
}

/** The last one, or null before the first. */
export function lastCheckpoint(sqlite: Database): Checkpoint | null {
  const row = sqlite.prepare<[], CheckpointRow>('SELECT * FROM audit_checkpoints ORDER BY number DESC LIMIT 1').get();
  return row === undefined ? null : checkpointOf(row);
}

/** What this needs of the store, which lies above. */
interface TrailStore {
  readonly sqlite: Database;
  transaction<T>(run: () => T): Promise<T>;
  readonly audit: { onAppended(listener: (entry: AuditEntry) => void): void };
}

export interface CheckpointsOptions {
  readonly store: TrailStore;
  readonly signer: Signer;
  readonly stationId: string;
  readonly now: () => Date;
}

/** Makes checkpoints: by count within the transaction of the entry itself, daily, and whenever asked. */
export class Checkpoints {
  readonly #options: CheckpointsOptions;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    options.store.audit.onAppended((entry) => {
      if (entry.sequence % CHECKPOINT_EVERY === 0) this.#insert(entry, 'count');
    });
  }

  /** Covers everything until now. @returns the last checkpoint; null only where the trail has no entry. */
  async make(cause: CheckpointCause): Promise<Checkpoint | null> {
    const { store } = this.#options;
    return store.transaction(() => {
      const head = auditHead(store.sqlite);
      const last = lastCheckpoint(store.sqlite);
      if (head === null || last?.sequence === head.sequence) return last;
      return this.#insert(head, cause);
    });
  }

  /** Once for each day (UTC) that has entries; asked every minute. */
  async daily(): Promise<void> {
    const today = this.#options.now().toISOString().slice(0, 10);
    if (lastCheckpoint(this.#options.store.sqlite)?.at.slice(0, 10) !== today) await this.make('day');
  }

  #insert(head: { readonly sequence: number; readonly hash: string }, cause: CheckpointCause): Checkpoint {
    const { store, signer, stationId, now } = this.#options;
    const last = lastCheckpoint(store.sqlite);
    const unsigned = {
      number: (last?.number ?? 0) + 1,
      at: now().toISOString(),
      cause,
      stationId,
      sequence: head.sequence,
      headHash: head.hash,
      previousHash: last === null ? FIRST_PREVIOUS_HASH : checkpointHashOf(last),
      keyId: signer.keyId,
    };
    const checkpoint: Checkpoint = { ...unsigned, signature: signer.sign(statementOf(unsigned)) };
    store.sqlite
      .prepare(
        `INSERT INTO audit_checkpoints (number, at, cause, station_id, sequence, head_hash, previous_hash, key_id, signature)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        checkpoint.number,
        checkpoint.at,
        checkpoint.cause,
        checkpoint.stationId,
        checkpoint.sequence,
        checkpoint.headHash,
        checkpoint.previousHash,
        checkpoint.keyId,
        checkpoint.signature,
      );
    return checkpoint;
  }
}

/** The last entry's place and hash; null where there is none. */
export function auditHead(
  sqlite: Database,
): { readonly sequence: number; readonly hash: string; readonly at: string } | null {
  const row = sqlite
    .prepare<[], { sequence: number; hash: string; at: string }>(
      'SELECT sequence, hash, at FROM audit ORDER BY sequence DESC LIMIT 1',
    )
    .get();
  return row ?? null;
}

/** A row as it lies in the file; whether it is genuine the signature tells. */
function checkpointOf(row: CheckpointRow): Checkpoint {
  return {
    number: row.number,
    at: row.at,
    cause: row.cause as CheckpointCause,
    stationId: row.station_id,
    sequence: row.sequence,
    headHash: row.head_hash,
    previousHash: row.previous_hash,
    keyId: row.key_id,
    signature: row.signature,
  };
}
