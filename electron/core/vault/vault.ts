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
import { VantageError } from '../../contract/index.ts';
import type { ReadGrant } from '../../../native/inference/inference-api.ts';
import { createBlobWriter, openBlob, pieces } from './blob-file.ts';
import { KEY_BYTES, damaged } from './blob-format.ts';
import { asDiskProblem } from './disk-problem.ts';
import type {
  NameWatch,
  PendingBlob,
  PreparedBlob,
  RecoveredBlob,
  Vault,
  VaultOptions,
  WrittenContent,
} from './vault-api.ts';
import { openVaultFiles } from './vault-files.ts';
import { blobContext, deriveVaultKeys, nameKeyOf, pendingContext } from './vault-keys.ts';
import { vaultRows } from './vault-rows.ts';
import type { BlobRow, PendingRow, StoredBlob } from './vault-rows.ts';
import { removeErased, sweep } from './vault-sweep.ts';
import type { SweepResult } from './vault-sweep.ts';

/**
 * Opens the vault, making its folders where they are missing, and sweeps it.
 * @throws VantageError KEY_WRONG (the master key is not this vault's; nothing was touched), DISK_FULL, DISK_FAILED.
 */
export async function openVault(options: VaultOptions): Promise<Vault> {
  const { database, now, log } = options;
  const keys = deriveVaultKeys(options.masterKey, nameKeyOf(database));
  const rows = vaultRows(database);
  const oneBlob = rows.oneBlob();
  if (oneBlob) keys.unwrap(oneBlob.wrappedKey, blobContext(oneBlob.blobId));
  const files = await openVaultFiles(options.directory);
  const swept = {
    files,
    rows,
    now,
    log,
    orphanAgeMs: options.orphanAgeMs ?? 3_600_000,
    lostAgeMs: options.lostAgeMs ?? 30 * 86_400_000,
  };
  const sweptAtOpening = await sweep(swept);
  let sweeping: Promise<SweepResult> | null = null;
  /** Contents on their way to a row, by grant: a row that they count on must not be erased under them. */
  const preparing = new Map<string, string>();
  const watches = new Set<Set<string>>();
  /** Keys of erased rows lie in the log of writes, until it is emptied. */
  let areKeysInLog = false;

  const blobGrant = (blob: StoredBlob): ReadGrant => ({
    path: files.storedPath(blob.file),
    key: keys.unwrap(blob.wrappedKey, blobContext(blob.blobId)),
  });
  const pendingKey = (row: PendingRow): string => keys.unwrap(row.wrappedKey, pendingContext(row.pendingId));
  /** For rows. When the disk has nothing left, room is made once, if there is any to be made. */
  const onDisk = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      const problem = asDiskProblem(error);
      if (problem.code !== 'DISK_FULL' || options.reserveFile?.release() !== true) throw problem;
    }
    try {
      return work();
    } catch (error) {
      throw asDiskProblem(error);
    }
  };
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
    const isTaken = rows.isNamed(blobId) || rows.isErased(blobId);
    const file = isTaken ? `${blobId}-${row.pendingId.slice(0, 8)}` : blobId;
    rows.nameFile(row.pendingId, file);
    return file;
  }

  async function prepareCommit(pendingId: string, content: WrittenContent): Promise<PreparedBlob> {
    const row = mustBePending(pendingId);
    const blobId = keys.nameOf(content.sha256);
    preparing.set(pendingId, blobId);
    try {
      const { path, moved } = await locate(row);
      const reader = await openBlob({ path, key: pendingKey(row) });
      await reader.close();
      if (reader.size !== content.size) throw damaged(`${reader.size} bytes instead of ${content.size}`);
      const known = rows.blob(blobId);
      const replacesFile = known && (rows.isDamaged(blobId) || !(await opens(known))) ? known.file : null;
      if (!known || replacesFile !== null) {
        const file = onDisk(() => nameFor(mustBePending(pendingId), blobId));
        await files.settle(pendingId, file, moved);
      }
      const { sha256, size, mediaType } = content;
      return { pendingId, blobId, sha256, size, mediaType, replacesFile };
    } catch (error) {
      preparing.delete(pendingId);
      throw error;
    }
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
    for (const named of watches) named.add(blobId);
    // The second file of a content, or the damaged one that was replaced.
    const { file: kept } = blob;
    const left = [row.file, known?.file ?? null].filter((file) => file !== null && file !== kept) as string[];
    for (const file of left) rows.addErased(file);
    tidyLater(pendingId, left);
    return publicRow(blob);
  });

  /**
   * Removes what a commit left over, once the surrounding transaction is over; asks the tables again, since it may have been
   * rolled back. Whatever this misses is the next sweep's.
   * @param left files of its content that are not the blob's
   */
  function tidyLater(pendingId: string, left: readonly string[]): void {
    setImmediate(() => {
      if (!database.open || database.inTransaction || rows.pending(pendingId)) return;
      preparing.delete(pendingId);
      void (async () => {
        files.remove(files.incomingPath(pendingId));
        await removeErased(swept, left);
      })().catch((error: unknown) => {
        if (!database.open) return;
        log.warn({ code: asDiskProblem(error).code }, 'a doubled file could not be removed; the next sweep will');
      });
    });
  }

  function eraseRows(blobIds: Iterable<string>, watch: NameWatch): readonly BlobRow[] {
    const before = Number(database.pragma('secure_delete', { simple: true }));
    // What a deleted row leaves in its page is overwritten: the key is gone, not only out of reach.
    database.pragma('secure_delete = ON');
    try {
      return [...new Set(blobIds)].flatMap((blobId) => {
        const blob = rows.blob(blobId);
        if (!blob || watch.named.has(blobId) || [...preparing.values()].includes(blobId)) return [];
        rows.eraseBlob(blob);
        areKeysInLog = true;
        return [publicRow(blob)];
      });
    } finally {
      database.pragma(`secure_delete = ${before}`);
    }
  }

  /** A file that was replaced by a better copy while it was read is not what is asked about. */
  async function verify(blobId: string, paced?: (bytes: number) => Promise<void>): Promise<void> {
    const blob = mustHave(blobId);
    try {
      const { sha256 } = await hashOf(blobGrant(blob), paced);
      if (sha256 !== blob.sha256) throw damaged('another content than its row says');
    } catch (error) {
      if (mustHave(blobId).file === blob.file) throw error;
      await verify(blobId, paced);
    }
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
    preparing.delete(pendingId);
    if (!row) return;
    onDisk(
      database.transaction(() => {
        rows.dropPending(pendingId);
        if (row.file !== null) rows.addErased(row.file);
      }),
    );
    files.remove(files.incomingPath(pendingId));
    if (row.file !== null) await removeErased(swept, [row.file]);
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
    const { reserveFile, reserveBytes = Math.max(512 * 1024 * 1024, found.totalBytes / 100) } = options;
    const heldBytes = reserveFile?.isHeld() === true ? reserveFile.bytes : 0;
    return { ...found, reserveBytes: Math.max(0, reserveBytes - heldBytes) };
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
    verify,
    watchNames() {
      const named = new Set<string>();
      watches.add(named);
      return { named, stop: () => void watches.delete(named) };
    },
    eraseRows,
    async removeErased() {
      const removed = await removeErased(swept);
      // Whoever removed the files: a sweep may have been first, or a crash came before this.
      if (areKeysInLog || removed.files > 0) onDisk(() => database.pragma('wal_checkpoint(TRUNCATE)'));
      areKeysInLog = false;
      return removed;
    },
    sweep() {
      sweeping ??= sweep(swept).finally(() => {
        sweeping = null;
      });
      return sweeping;
    },
    space,
    assertRoom,
    swept: sweptAtOpening,
  };
}

async function hashOf(
  grant: ReadGrant,
  paced?: (bytes: number) => Promise<void>,
): Promise<{ readonly sha256: string; readonly size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of pieces(grant)) {
    hash.update(piece);
    size += piece.length;
    await paced?.(piece.length);
  }
  return { sha256: hash.digest('hex'), size };
}

function publicRow({ blobId, sha256, size, mediaType, createdAt }: StoredBlob): BlobRow {
  return { blobId, sha256, size, mediaType, createdAt };
}

function publicOrNull(blob: StoredBlob | undefined): BlobRow | null {
  return blob ? publicRow(blob) : null;
}
