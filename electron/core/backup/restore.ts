/**
 * Puts a backup in the place of the clinic's file, which nobody has open. What lies there, damaged or not, is moved to `aside/` and
 * never changed. Stopped or killed at any point, either the old file is still there untouched, or the next opening finishes it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { VantageError } from '../../contract/index.ts';
import { readAnchor } from '../store/anchor.ts';
import type { MissingChanges } from '../store/anchor.ts';
import { STORE_FILE, openCipherFile } from '../store/cipher-file.ts';
import { deriveKey } from '../store/key-handling.ts';
import { assertOwnFiles } from '../store/own-files.ts';
import {
  announceReplacement,
  asidePath,
  finishReplacement,
  formerKeysPath,
  freeAside,
  nextStorePath,
} from '../store/replace-file.ts';
import { writeDurably } from '../store/durable-file.ts';
import { codeOf, storeProblem } from '../store/store-problem.ts';
import { blobPath, bringBlobs, hasBlob, replaceBlob } from './blob-copies.ts';
import { damagedBlobs } from './blob-content.ts';
import { formerKeysWith, keyOfBackup } from './former-keys.ts';
import { BLOBS_FOLDER, fileListOf, openManifest } from './manifest.ts';
import { finishNextStore } from './next-store.ts';
import { reencrypt } from './reencrypt.ts';
import { noteVerdict, verdictOf } from './restore-verdict.ts';

/** In table `station`, JSON: what was delivered after `madeAt` is waiting again; every intent keeps its id, so twice is once. */
export const RESTORED_KEY = 'restored';

export interface RestoreOptions {
  /** The clinic's; made where it is missing. */
  readonly directory: string;
  /** The backup's folder. */
  readonly path: string;
  /** The clinic's now. A backup from before a change of keys opens with the former one, and is encrypted anew. */
  readonly masterKey: Uint8Array;
  readonly by: { readonly id: string; readonly role: string };
  readonly now: () => Date;
  /** Stops it before anything counts. */
  readonly signal?: AbortSignal;
  /** Asked when everything is copied and compared and nothing counts yet; what it throws stops it. */
  readonly decide?: () => Promise<void>;
  readonly progress?: (progress: {
    readonly phase: 'store' | 'files' | 'checking';
    readonly done: number;
    readonly total: number;
  }) => void;
}

export interface RestoreResult {
  readonly madeAt: string;
  /** Where the old files are now. */
  readonly aside: string;
  /** What the clinic had come to after the backup, as far as its anchor says; null: nothing, or not known. */
  readonly missing: MissingChanges | null;
  /** Files of the vault that neither the clinic nor the backup has. */
  readonly missingFiles: number;
  /** Those that are not what was written, neither in the clinic nor in the backup. */
  readonly damagedFiles: number;
}

/**
 * @throws VantageError NOT_FOUND, KEY_WRONG, BACKUP_DAMAGED, STORE_OBSTRUCTED, DISK_FULL, DISK_FAILED; the signal's reason. The clinic's file is as it was.
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreResult> {
  const { directory, path, masterKey, by, now, signal, progress } = options;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const key = deriveKey(masterKey, 'store');
    assertOwnFiles(directory);
    finishReplacement(directory, key);
    const backupKey = await keyOfBackup(directory, path, masterKey);
    const manifest = await openManifest(path, backupKey);
    const next = nextStorePath(directory);
    let result: Omit<RestoreResult, 'aside'>;
    const at = now().toISOString();
    try {
      const sha256 = await copyStore(join(path, STORE_FILE), next, manifest.store.bytes, options);
      if (sha256 !== manifest.store.sha256)
        throw new VantageError('BACKUP_DAMAGED', 'the file of the store is not as it was');
      if (backupKey !== masterKey) reencrypt(next, backupKey, masterKey);

      const before = await fileListOf(path);
      const vault = join(directory, 'vault', 'blobs');
      await mkdir(vault, { recursive: true, mode: 0o700 });
      const there = await Promise.all(before.map((blob) => hasBlob(vault, blob)));
      const lacking = before.filter((_blob, index) => there[index] === false);
      const lost = await bringBlobs(lacking, join(path, '..', BLOBS_FOLDER), vault, {
        ...(signal === undefined ? {} : { signal }),
        progress: (done, total) => progress?.({ phase: 'files', done, total }),
      });
      const sqlite = openCipherFile(next, key, { keyIsRight: true });
      const found = await mended(sqlite, vault, options)
        .then((all) => {
          noteDamaged(sqlite, all.left, at);
          return all;
        })
        .finally(() => sqlite.close());
      const verdict = await verdictOf({
        path,
        manifest,
        files: before,
        vault,
        fromBackup: new Set([...lacking.map(({ file }) => file), ...found.readThere]),
        isDamaged: found.badThere,
      });
      if (verdict !== null) await noteVerdict(path, verdict, at, backupKey);

      await options.decide?.();
      const anchor = readAnchor(directory, masterKey);
      const missing = finishNextStore({
        directory,
        masterKey,
        at,
        action: 'store.restored',
        detail: {
          backup: manifest.name,
          madeAt: manifest.madeAt,
          missingFiles: lost.length,
          damagedFiles: found.left.length,
        },
        by,
        former: anchor === 'damaged' ? null : anchor,
        // Nobody has confirmed them yet, and a restore is no confirmation.
        findings: anchor === 'damaged' || anchor === null || anchor.storeId !== manifest.storeId ? [] : anchor.findings,
        values: { [RESTORED_KEY]: JSON.stringify({ at, backupMadeAt: manifest.madeAt }) },
      });
      const former = formerKeysWith(directory, path, masterKey);
      if (former !== null) writeDurably(`${formerKeysPath(directory)}.next`, former, 0o600);
      result = { madeAt: manifest.madeAt, missing, missingFiles: lost.length, damagedFiles: found.left.length };
    } catch (error) {
      if (error instanceof VantageError && error.code === 'BACKUP_DAMAGED')
        await noteVerdict(path, false, at, backupKey);
      for (const suffix of ['', '-journal', '-wal']) await rm(`${next}${suffix}`, { force: true });
      throw error;
    }
    const aside = freeAside(directory, `${at.replaceAll(/[-:]|\.\d+/g, '')}-before-restore`);
    announceReplacement(directory, key, aside);
    finishReplacement(directory, key);
    return { ...result, aside: asidePath(directory, aside) };
  } catch (error) {
    throw storeProblem(error);
  }
}

/**
 * Reads all files of the vault that the restored store names. Where one is not what was written and the backup's copy is, that copy
 * takes its place.
 * @returns the names of those that stay damaged (`left`), and of those whose copies in the backup were read, too (`readThere`); whether one of
 * the copies is damaged (`badThere`).
 */
async function mended(
  sqlite: Database,
  vault: string,
  { path, masterKey, signal, progress }: RestoreOptions,
): Promise<{ readonly left: readonly string[]; readonly readThere: readonly string[]; readonly badThere: boolean }> {
  const signalled = signal === undefined ? {} : { signal };
  const damaged = await damagedBlobs(sqlite, masterKey, (file) => blobPath(vault, file), {
    ...signalled,
    progress: (done, total) => progress?.({ phase: 'checking', done, total }),
  });
  if (damaged.length === 0) return { left: [], readThere: [], badThere: false };
  const copies = join(path, '..', BLOBS_FOLDER);
  const only = new Set(damaged);
  const bad = new Set(await damagedBlobs(sqlite, masterKey, (file) => blobPath(copies, file), { ...signalled, only }));
  const left: string[] = [];
  for (const file of damaged) {
    if (bad.has(file) || !(await replaceBlob(file, copies, vault))) left.push(file);
  }
  return { left, readThere: damaged, badThere: bad.size > 0 };
}

/** So that the screens name them from the first start on, and not only when the scrub comes to them. */
function noteDamaged(sqlite: Database, files: readonly string[], at: string): void {
  // A backup of an older version gets this table at its first opening.
  const hasTable = sqlite.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'vault_checks'`).get() !== undefined;
  if (!hasTable || files.length === 0) return;
  const note = sqlite.prepare<[string, string, string]>(
    `INSERT INTO vault_checks (blob_id, round, checked_at, damage, damaged_at)
     SELECT blob_id, 0, ?, 'found when the backup was restored', ? FROM vault_blobs WHERE file = ?
     ON CONFLICT (blob_id) DO UPDATE SET damage = excluded.damage, damaged_at = excluded.damaged_at`,
  );
  sqlite
    .transaction(() => {
      for (const file of files) note.run(at, at, file);
    })
    .immediate();
}

/** @returns the SHA-256 of what was copied. */
async function copyStore(
  from: string,
  to: string,
  bytes: number,
  work: Pick<RestoreOptions, 'signal' | 'progress'>,
): Promise<string> {
  const hash = createHash('sha256');
  const target = await open(to, 'w', 0o600);
  try {
    let done = 0;
    for await (const piece of createReadStream(from, { highWaterMark: 1024 * 1024 })) {
      work.signal?.throwIfAborted();
      hash.update(piece as Buffer);
      await target.writeFile(piece as Buffer);
      done += (piece as Buffer).length;
      work.progress?.({ phase: 'store', done, total: bytes });
    }
    await target.sync();
    return hash.digest('hex');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new VantageError('BACKUP_DAMAGED', 'the file of the store is gone');
    throw error;
  } finally {
    await target.close();
  }
}
