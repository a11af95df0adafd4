/** What the scrub remembers: per blob when it was last read and what was wrong with it, and how far the round has come. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { readStationValue, writeStationValue } from '../store/station-values.ts';

/** A blob whose turn it is. */
export interface DueBlob {
  readonly blobId: string;
  readonly file: string;
  /** Bytes of content. */
  readonly size: number;
}

/** What reading a blob again showed. `damage` null: it is what was written. */
export interface CheckedBlob extends DueBlob {
  readonly at: string;
  readonly damage: string | null;
}

export interface DamagedRow {
  readonly blobId: string;
  readonly size: number;
  readonly damage: string;
  readonly damagedAt: string;
}

export interface ScrubRound {
  readonly number: number;
  readonly startedAt: string | null;
  /** Null while the round is under way. */
  readonly endedAt: string | null;
  readonly lastCompleteAt: string | null;
}

interface RoundCount {
  readonly checked: number;
  readonly total: number;
  readonly checkedBytes: number;
  readonly totalBytes: number;
}

const ROUND_KEY = 'scrub';
const NO_ROUND: ScrubRound = { number: 0, startedAt: null, endedAt: null, lastCompleteAt: null };

/** Prepared statements; all synchronous, all fit to run inside somebody else's transaction. */
export function scrubRows(database: Database) {
  const due = database.prepare<[number, string, number], DueBlob>(
    `SELECT blob_id AS blobId, file, size FROM vault_blobs LEFT JOIN vault_checks USING (blob_id)
     WHERE (round IS NULL OR round < ?) AND blob_id > ? ORDER BY blob_id LIMIT ?`,
  );
  const count = database.prepare<[number], RoundCount>(
    `SELECT count(*) AS total, coalesce(sum(size), 0) AS totalBytes, count(round) AS checked,
       coalesce(sum(CASE WHEN round IS NULL THEN 0 ELSE size END), 0) AS checkedBytes
     FROM vault_blobs LEFT JOIN (SELECT blob_id, round FROM vault_checks WHERE round >= ?) USING (blob_id)`,
  );
  // Only of the file that was read: it may have been replaced or erased meanwhile.
  const put = database.prepare<[number, string, string | null, string | null, string, string]>(
    `INSERT INTO vault_checks (blob_id, round, checked_at, damage, damaged_at)
     SELECT blob_id, ?, ?, ?, ? FROM vault_blobs WHERE blob_id = ? AND file = ?
     ON CONFLICT (blob_id) DO UPDATE SET round = excluded.round, checked_at = excluded.checked_at, damage = excluded.damage,
       damaged_at = CASE WHEN excluded.damage IS NULL THEN NULL ELSE coalesce(damaged_at, excluded.damaged_at) END`,
  );
  const damaged = database.prepare<[], DamagedRow>(
    `SELECT blob_id AS blobId, size, damage, damaged_at AS damagedAt
     FROM vault_checks JOIN vault_blobs USING (blob_id) WHERE damage IS NOT NULL ORDER BY damaged_at, blob_id`,
  );
  const damageOf = database
    .prepare<[string], string>(`SELECT damage FROM vault_checks WHERE blob_id = ? AND damage IS NOT NULL`)
    .pluck();
  const blob = database.prepare<[string], DueBlob>(
    `SELECT blob_id AS blobId, file, size FROM vault_blobs WHERE blob_id = ?`,
  );
  return {
    /** Blobs not yet read in this round, in the order of their ids, after the one given. */
    due: (round: number, after: string, limit: number): readonly DueBlob[] => due.all(round, after, limit),
    count: (round: number): RoundCount => count.get(round) ?? { checked: 0, total: 0, checkedBytes: 0, totalBytes: 0 },
    /** @returns whether it still is the file that was read. */
    put: (round: number, { blobId, file, at, damage }: CheckedBlob): boolean =>
      put.run(round, at, damage, damage === null ? null : at, blobId, file).changes === 1,
    damaged: (): readonly DamagedRow[] => damaged.all(),
    damageOf: (blobId: string): string | null => damageOf.get(blobId) ?? null,
    blob: (blobId: string): DueBlob | null => blob.get(blobId) ?? null,
    round(): ScrubRound {
      const value = readStationValue(database, ROUND_KEY);
      return value === null ? NO_ROUND : (JSON.parse(value) as ScrubRound);
    },
    putRound(round: ScrubRound): void {
      writeStationValue(database, ROUND_KEY, JSON.stringify(round));
    },
  };
}
