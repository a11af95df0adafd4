/**
 * Encrypted, content-addressed files. The way of every picture, in this order:
 *
 *     grant written down -> temporary file -> hash -> fsync -> rename -> row -> only then acknowledged
 *
 * `grantWrite` writes the blob's key (wrapped) down before the grant leaves; the writer fills `incoming/<pendingId>`, hashes and
 * flushes it; `prepareCommit` checks it, gives it its name and makes that name durable; `insertRow`, inside the transaction of the
 * document that names the blob, makes it exist. A crash between any two leaves either nothing, or a grant that `recoverPending`
 * finds with its bytes. There is never a row without a whole file.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { VantageError } from '../../contract/index.ts';
import type { ReadGrant } from '../../../native/inference/inference-api.ts';
import type { WriteGrant } from '../../../native/supervisor/devices-api.ts';
import type { Log } from '../clinic-api.ts';
import { createBlobWriter, openBlob, pieces } from './blob-file.ts';
import { KEY_BYTES, damaged } from './blob-format.ts';
import { asDiskProblem } from './disk-problem.ts';
import { openVaultFiles } from './vault-files.ts';
import { deriveVaultKeys } from './vault-keys.ts';
import { vaultRows } from './vault-rows.ts';
import type { BlobRow, PendingRow, StoredBlob } from './vault-rows.ts';
import { sweep } from './vault-sweep.ts';
import type { SweepResult } from './vault-sweep.ts';

export interface VaultOptions {
  readonly directory: string;
  /** The store's own handle: tables of `store/migrations.ts`, so that a blob's row and the document naming it commit together. */
  readonly database: Database;
  /** 256 bits. Not kept; only keys derived from it are. */
  readonly masterKey: Uint8Array;
  readonly now: () => Date;
  readonly log: Log;
  /** Bytes that stay free; below, nothing new is granted. Default: the greater of 512 MiB and 1 % of the disk. */
  readonly reserveBytes?: number;
  /** Files that never got a name are removed at opening when they are older than this. Default one hour. */
  readonly orphanAgeMs?: number;
  /**
   * Files that had a name and that no row names are removed at opening when they are older than this. Default thirty days: after
   * an older copy of the database was put back, the pictures taken since must still be there when the newer one comes back.
   */
  readonly lostAgeMs?: number;
}

interface PendingBlob {
  readonly pendingId: string;
  readonly grant: WriteGrant;
}

/** What a writer reported about the content that it wrote. */
export interface WrittenContent {
  readonly sha256: string;
  readonly size: number;
  readonly mediaType: string;
}

/** A blob whose bytes and name are durable and which only lacks its row. */
export interface PreparedBlob extends WrittenContent {
  readonly pendingId: string;
  readonly blobId: string;
  /** The file of an earlier copy of this content that does not open any more: this one takes its place. */
  readonly replacesFile: string | null;
}

/** A grant that was neither committed nor abandoned before the last stop. */
interface RecoveredBlob {
  readonly pendingId: string;
  readonly subject: string | null;
  readonly grantedAt: string;
  /** `incomplete`: cut short, or its writer lives and is still at it. `absent`: nothing was written. */
  readonly state: 'complete' | 'incomplete' | 'absent';
  /** For `complete`: hash and size, read back just now; with a media type they go to `prepareCommit`. */
  readonly content: { readonly sha256: string; readonly size: number } | null;
}

export interface Vault {
  /**
   * Permission to write one blob. @param options `subject`: who it is for (a capture's id), so that recovery finds the way back;
   * `expectedBytes`: as far as known. @throws VantageError DISK_FULL, DISK_FAILED.
   */
  grantWrite(options?: { readonly subject?: string; readonly expectedBytes?: number }): Promise<PendingBlob>;
  /**
   * Checks that the file is whole and of the size reported, then makes its place and name durable. Safe to repeat.
   * @throws NOT_FOUND (grant unknown or settled), BLOB_DAMAGED (missing, cut, another size), DISK_FULL, DISK_FAILED.
   */
  prepareCommit(pendingId: string, content: WrittenContent): Promise<PreparedBlob>;
  /**
   * Makes it exist. Synchronous, to run inside the transaction of the document that names the blob. Content that is here already
   * keeps its first file and media type; the second file goes. @throws NOT_FOUND.
   */
  insertRow(prepared: PreparedBlob): BlobRow;
  /** Both, in a transaction of its own. */
  commit(pendingId: string, content: WrittenContent): Promise<BlobRow>;
  /** Writes bytes that core itself made (a report), up to `insertRow`. */
  prepareBytes(bytes: Uint8Array, mediaType: string, subject?: string): Promise<PreparedBlob>;
  /** Gives a grant back and removes what was written under it. Does nothing when it is settled or unknown. */
  abandon(pendingId: string): Promise<void>;
  /** Open grants, oldest first, each read back. For the start, before new grants are given. */
  recoverPending(): Promise<readonly RecoveredBlob[]>;
  /** Permission to read one blob. @throws NOT_FOUND, KEY_WRONG. */
  grantRead(blobId: string): ReadGrant;
  /** The blob with this content, if it is here. */
  find(sha256: string): BlobRow | null;
  has(sha256: string): boolean;
  stat(blobId: string): BlobRow | null;
  /** Reads it all and compares the hash. @throws NOT_FOUND, BLOB_DAMAGED, DISK_FAILED. */
  verify(blobId: string): Promise<void>;
  /** `reserveBytes` of the free ones are never granted. */
  space(): Promise<{ readonly freeBytes: number; readonly totalBytes: number; readonly reserveBytes: number }>;
  /** @throws DISK_FULL when fewer than `bytes` (default 0) are left above the reserve. */
  assertRoom(bytes?: number): Promise<void>;
  /** What the sweep at opening removed, and which blobs' files it missed. */
  readonly swept: SweepResult;
}

/**
 * Opens the vault, making its folders where they are missing, and sweeps it.
 * @throws VantageError KEY_WRONG (the master key is not this vault's; nothing was touched), DISK_FULL, DISK_FAILED.
 */
export async function openVault(options: VaultOptions): Promise<Vault> {
  const { database, now, log } = options;
  const keys = deriveVaultKeys(options.masterKey);
  const rows = vaultRows(database);
  const oneBlob = rows.blobs()[0];
  if (oneBlob) keys.unwrap(oneBlob.wrappedKey, blobContext(oneBlob.blobId));
  const files = await openVaultFiles(options.directory);
  const swept = await sweep({
    files,
    rows,
    now,
    log,
    orphanAgeMs: options.orphanAgeMs ?? 3_600_000,
    lostAgeMs: options.lostAgeMs ?? 30 * 86_400_000,
  });

  const blobGrant = (blob: StoredBlob): ReadGrant => ({
    path: files.storedPath(blob.file),
    key: keys.unwrap(blob.wrappedKey, blobContext(blob.blobId)),
  });
  const pendingKey = (row: PendingRow): string => keys.unwrap(row.wrappedKey, pendingContext(row.pendingId));
  const mustHave = (blobId: string): StoredBlob => {
    const blob = rows.blob(blobId);
    if (!blob) throw new VantageError('NOT_FOUND', 'no such blob');
    return blob;
  };
  const mustBePending = (pendingId: string): PendingRow => {
    const row = rows.pending(pendingId);
    if (!row) throw new VantageError('NOT_FOUND', 'no such grant, or it is settled');
    return row;
  };

  /** Where a grant's bytes are. `incoming` first: the name may have been given without the move having happened. */
  async function locate(row: PendingRow): Promise<{ readonly path: string; readonly moved: boolean }> {
    const incoming = files.incomingPath(row.pendingId);
    if (row.file === null || (await files.exists(incoming))) return { path: incoming, moved: false };
    return { path: files.storedPath(row.file), moved: true };
  }

  /** Whether a stored blob opens: header and last chunk authenticate. A copy that does not must not swallow a good one. */
  async function opens(blob: StoredBlob): Promise<boolean> {
    try {
      const reader = await openBlob(blobGrant(blob));
      await reader.close();
      return true;
    } catch (error) {
      if (error instanceof VantageError && error.code === 'BLOB_DAMAGED') return false;
      throw error;
    }
  }

  /** Synchronous, so that two commits of the same content can never be given one name with two keys. */
  function nameFor(row: PendingRow, blobId: string): string {
    if (row.file !== null) return row.file;
    const file = rows.isNamed(blobId) ? `${blobId}-${row.pendingId.slice(0, 8)}` : blobId;
    rows.nameFile(row.pendingId, file);
    return file;
  }

  async function prepareCommit(pendingId: string, content: WrittenContent): Promise<PreparedBlob> {
    const row = mustBePending(pendingId);
    const { path, moved } = await locate(row);
    const reader = await openBlob({ path, key: pendingKey(row) });
    await reader.close();
    if (reader.size !== content.size) throw damaged(`${reader.size} bytes instead of ${content.size}`);
    const blobId = keys.nameOf(content.sha256);
    const known = rows.blob(blobId);
    const replacesFile = known && !(await opens(known)) ? known.file : null;
    if (!known || replacesFile !== null) {
      const file = onDisk(() => nameFor(mustBePending(pendingId), blobId));
      await files.settle(pendingId, file, moved);
    }
    const { sha256, size, mediaType } = content;
    return { pendingId, blobId, sha256, size, mediaType, replacesFile };
  }

  const insertRow = database.transaction((prepared: PreparedBlob): BlobRow => {
    const { pendingId, blobId, sha256, size, mediaType } = prepared;
    const row = mustBePending(pendingId);
    const known = rows.blob(blobId);
    let blob = known;
    if (row.file !== null && (!known || known.file === prepared.replacesFile)) {
      blob = {
        blobId,
        sha256,
        size,
        mediaType: known?.mediaType ?? mediaType,
        createdAt: known?.createdAt ?? now().toISOString(),
        file: row.file,
        wrappedKey: keys.wrap(pendingKey(row), blobContext(blobId)),
      };
    }
    if (!blob) throw new VantageError('NOT_FOUND', 'the blob was not prepared');
    rows.dropPending(pendingId);
    rows.putBlob(blob);
    tidyLater(pendingId, row.file, known?.file ?? null);
    return publicRow(blob);
  });

  /**
   * Removes files that lost their name, once the surrounding transaction is over; asks the tables again, since it may have been
   * rolled back. Whatever this misses is the next sweep's.
   */
  function tidyLater(pendingId: string, ...names: readonly (string | null)[]): void {
    setImmediate(() => {
      if (!database.open || database.inTransaction || rows.pending(pendingId)) return;
      const paths = names.flatMap((name) => (name !== null && !rows.isNamed(name) ? [files.storedPath(name)] : []));
      void Promise.all([files.incomingPath(pendingId), ...paths].map((path) => files.remove(path))).catch(
        (error: unknown) => {
          log.warn({ code: asDiskProblem(error).code }, 'a doubled file could not be removed; the next sweep will');
        },
      );
    });
  }

  async function grantWrite(
    wish: { readonly subject?: string; readonly expectedBytes?: number } = {},
  ): Promise<PendingBlob> {
    await assertRoom(wish.expectedBytes ?? 0);
    const pendingId = randomUUID();
    const key = randomBytes(KEY_BYTES).toString('base64');
    onDisk(() => {
      rows.addPending({
        pendingId,
        subject: wish.subject ?? null,
        wrappedKey: keys.wrap(key, pendingContext(pendingId)),
        grantedAt: now().toISOString(),
        file: null,
      });
    });
    return { pendingId, grant: { path: files.incomingPath(pendingId), key } };
  }

  async function abandon(pendingId: string): Promise<void> {
    const row = rows.pending(pendingId);
    if (!row) return;
    onDisk(() => rows.dropPending(pendingId));
    await files.remove(files.incomingPath(pendingId));
    if (row.file !== null && !rows.isNamed(row.file)) await files.remove(files.storedPath(row.file));
  }

  async function recover(row: PendingRow): Promise<RecoveredBlob> {
    const { pendingId, subject, grantedAt } = row;
    const { path } = await locate(row);
    if (!(await files.exists(path))) return { pendingId, subject, grantedAt, state: 'absent', content: null };
    try {
      const content = await hashOf({ path, key: pendingKey(row) });
      return { pendingId, subject, grantedAt, state: 'complete', content };
    } catch (error) {
      if (!(error instanceof VantageError) || error.code !== 'BLOB_DAMAGED') throw error;
      return { pendingId, subject, grantedAt, state: 'incomplete', content: null };
    }
  }

  async function space(): ReturnType<Vault['space']> {
    const found = await files.space();
    return { ...found, reserveBytes: options.reserveBytes ?? Math.max(512 * 1024 * 1024, found.totalBytes / 100) };
  }

  async function assertRoom(bytes = 0): Promise<void> {
    const { freeBytes, reserveBytes } = await space();
    if (freeBytes - bytes < reserveBytes) throw new VantageError('DISK_FULL', `${freeBytes} bytes free`);
  }

  return {
    grantWrite,
    prepareCommit,
    insertRow,
    async commit(pendingId, content) {
      const prepared = await prepareCommit(pendingId, content);
      return onDisk(() => insertRow(prepared));
    },
    async prepareBytes(bytes, mediaType, subject) {
      const { pendingId, grant } = await grantWrite({ expectedBytes: bytes.length, ...(subject ? { subject } : {}) });
      const sink = await createBlobWriter(grant);
      try {
        await sink.write(bytes);
        return await prepareCommit(pendingId, { ...(await sink.finish()), mediaType });
      } catch (error) {
        await sink.abort();
        await abandon(pendingId);
        throw error;
      }
    },
    abandon,
    async recoverPending() {
      const found: RecoveredBlob[] = [];
      for (const row of rows.allPending()) found.push(await recover(row));
      return found;
    },
    grantRead: (blobId) => blobGrant(mustHave(blobId)),
    find: (sha256) => publicOrNull(rows.blobOfContent(sha256)),
    has: (sha256) => rows.blobOfContent(sha256) !== undefined,
    stat: (blobId) => publicOrNull(rows.blob(blobId)),
    async verify(blobId) {
      const blob = mustHave(blobId);
      const { sha256 } = await hashOf(blobGrant(blob));
      if (sha256 !== blob.sha256) throw damaged('another content than its row says');
    },
    space,
    assertRoom,
    swept,
  };
}

async function hashOf(grant: ReadGrant): Promise<{ readonly sha256: string; readonly size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of pieces(grant)) {
    hash.update(piece);
    size += piece.length;
  }
  return { sha256: hash.digest('hex'), size };
}

/** A wrapped key fits one row of one table only. */
function blobContext(blobId: string): string {
  return `blob:${blobId}`;
}

function pendingContext(pendingId: string): string {
  return `pending:${pendingId}`;
}

function publicRow({ blobId, sha256, size, mediaType, createdAt }: StoredBlob): BlobRow {
  return { blobId, sha256, size, mediaType, createdAt };
}

function publicOrNull(blob: StoredBlob | undefined): BlobRow | null {
  return blob ? publicRow(blob) : null;
}

function onDisk<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asDiskProblem(error);
  }
}
