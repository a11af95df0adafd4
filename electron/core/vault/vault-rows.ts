/** The vault's tables (`store/migrations.ts`): blobs that are there, grants that have not been settled yet, files that go. */
import type { Database } from 'better-sqlite3-multiple-ciphers';

/** A blob that is durable. */
export interface BlobRow {
  /** Its id and, nearly always, its file's name: an HMAC of the content's hash. */
  readonly blobId: string;
  readonly sha256: string;
  /** Bytes of content. */
  readonly size: number;
  readonly mediaType: string;
  readonly createdAt: string;
}

export interface StoredBlob extends BlobRow {
  readonly file: string;
  readonly wrappedKey: Buffer;
}

export interface PendingRow {
  readonly pendingId: string;
  readonly subject: string | null;
  readonly wrappedKey: Buffer;
  readonly grantedAt: string;
  /** The stored name it has been given, once it is known; the file may still lie in `incoming`. */
  readonly file: string | null;
}

const BLOB = `blob_id AS blobId, sha256, size, media_type AS mediaType, created_at AS createdAt, file, wrapped_key AS wrappedKey`;
const PENDING = `pending_id AS pendingId, subject, wrapped_key AS wrappedKey, granted_at AS grantedAt, file`;

/** Prepared statements; all synchronous, all fit to run inside somebody else's transaction. */
export function vaultRows(database: Database) {
  const blobById = database.prepare<[string], StoredBlob>(`SELECT ${BLOB} FROM vault_blobs WHERE blob_id = ?`);
  const blobBySha = database.prepare<[string], StoredBlob>(`SELECT ${BLOB} FROM vault_blobs WHERE sha256 = ?`);
  const blobsAfter = database.prepare<[string, number], Pick<StoredBlob, 'blobId' | 'file'>>(
    `SELECT blob_id AS blobId, file FROM vault_blobs WHERE blob_id > ? ORDER BY blob_id LIMIT ?`,
  );
  const oneBlob = database.prepare<[], StoredBlob>(`SELECT ${BLOB} FROM vault_blobs LIMIT 1`);
  const dropBlob = database.prepare<[string]>(`DELETE FROM vault_blobs WHERE blob_id = ?`);
  const dropCheck = database.prepare<[string]>(`DELETE FROM vault_checks WHERE blob_id = ?`);
  const damageOf = database
    .prepare<[string], string>(`SELECT damage FROM vault_checks WHERE blob_id = ? AND damage IS NOT NULL`)
    .pluck();
  const addErased = database.prepare<[string]>(
    `INSERT OR IGNORE INTO vault_erased (file, erased_at) VALUES (?, strftime('%Y-%m-%dT%H:%M:%fZ'))`,
  );
  const allErased = database.prepare<[], string>(`SELECT file FROM vault_erased ORDER BY file`).pluck();
  const isErased = database
    .prepare<[string], number>(`SELECT EXISTS (SELECT 1 FROM vault_erased WHERE file = ?)`)
    .pluck();
  const dropErased = database.prepare<[string]>(`DELETE FROM vault_erased WHERE file = ?`);
  const putBlob = database.prepare<[string, string, number, string, string, Buffer, string]>(
    `INSERT INTO vault_blobs (blob_id, sha256, size, media_type, file, wrapped_key, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (blob_id) DO UPDATE SET file = excluded.file, wrapped_key = excluded.wrapped_key`,
  );
  const pendingById = database.prepare<[string], PendingRow>(
    `SELECT ${PENDING} FROM vault_pending WHERE pending_id = ?`,
  );
  const allPending = database.prepare<[], PendingRow>(
    `SELECT ${PENDING} FROM vault_pending ORDER BY granted_at, pending_id`,
  );
  const addPending = database.prepare<[string, string | null, Buffer, string]>(
    `INSERT INTO vault_pending (pending_id, subject, wrapped_key, granted_at, file) VALUES (?, ?, ?, ?, NULL)`,
  );
  const nameFile = database.prepare<[string, string]>(`UPDATE vault_pending SET file = ? WHERE pending_id = ?`);
  const dropPending = database.prepare<[string]>(`DELETE FROM vault_pending WHERE pending_id = ?`);
  const fileNamed = database
    .prepare<[string, string], number>(
      `SELECT EXISTS (SELECT 1 FROM vault_blobs WHERE file = ?) OR EXISTS (SELECT 1 FROM vault_pending WHERE file = ?)`,
    )
    .pluck();
  return {
    blob: (blobId: string): StoredBlob | undefined => blobById.get(blobId),
    blobOfContent: (sha256: string): StoredBlob | undefined => blobBySha.get(sha256),
    /** Any; a master key that does not open it is not this vault's. */
    oneBlob: (): StoredBlob | undefined => oneBlob.get(),
    /** A page of blobs, in the order of their ids. */
    blobsAfter: (blobId: string, limit: number): readonly Pick<StoredBlob, 'blobId' | 'file'>[] =>
      blobsAfter.all(blobId, limit),
    /** What was found of an earlier file of this content says nothing about this one. */
    putBlob: (blob: StoredBlob): void => {
      if (blobById.get(blob.blobId)?.file !== blob.file) dropCheck.run(blob.blobId);
      putBlob.run(blob.blobId, blob.sha256, blob.size, blob.mediaType, blob.file, blob.wrappedKey, blob.createdAt);
    },
    /** Row and key go, and the file is written down to be removed. */
    eraseBlob: (blob: StoredBlob): void => {
      addErased.run(blob.file);
      dropCheck.run(blob.blobId);
      dropBlob.run(blob.blobId);
    },
    isDamaged: (blobId: string): boolean => damageOf.get(blobId) !== undefined,
    addErased: (file: string): void => {
      addErased.run(file);
    },
    erased: (): readonly string[] => allErased.all(),
    isErased: (file: string): boolean => isErased.get(file) === 1,
    dropErased: (file: string): void => {
      dropErased.run(file);
    },
    pending: (pendingId: string): PendingRow | undefined => pendingById.get(pendingId),
    allPending: (): readonly PendingRow[] => allPending.all(),
    addPending: (row: PendingRow): void => {
      addPending.run(row.pendingId, row.subject, row.wrappedKey, row.grantedAt);
    },
    nameFile: (pendingId: string, file: string): void => {
      nameFile.run(file, pendingId);
    },
    dropPending: (pendingId: string): void => {
      dropPending.run(pendingId);
    },
    /** Whether a blob or a grant lays claim to the stored name. */
    isNamed: (file: string): boolean => fileNamed.get(file, file) === 1,
  };
}
export type VaultRows = ReturnType<typeof vaultRows>;
