/**
 * Makes a backup while the clinic works, and looks through one that is there. A backup is encrypted with the store's own key: whoever
 * has that key, or a passphrase for one of the key files in it, can restore it, and nobody else can read it.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream, existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { VantageError, equalJson } from '../../contract/index.ts';
import type { Signer } from '../audit/signer.ts';
import { headsOf } from '../store/anchor.ts';
import type { StoreHeads } from '../store/anchor.ts';
import { CHECK_FILE, STORE_FILE, checkValueOf, closeReadOnly, openCipherFile } from '../store/cipher-file.ts';
import { readIfThere, syncFolder, writeDurably } from '../store/durable-file.ts';
import { PASSPHRASE_FILE, deriveKey } from '../store/key-handling.ts';
import { RECOVERY_FILE } from '../store/recovery-key.ts';
import { FORMER_KEYS_FILE } from '../store/replace-file.ts';
import { schemaVersionOf } from '../store/migrations.ts';
import { readStationValue } from '../store/station-values.ts';
import { codeOf, storeProblem } from '../store/store-problem.ts';
import type { Store } from '../store/index.ts';
import { blobPath, blobFilesOf, bringBlobs, hasBlob, listOf } from './blob-copies.ts';
import { damagedBlobs } from './blob-content.ts';
import { STALE_KEY_FILE_KEY } from './change-key.ts';
import {
  BLOBS_FOLDER,
  FILE_LIST,
  MANIFEST_FILE,
  PARTIAL_SUFFIX,
  backupFolders,
  fileListOf,
  infoOf,
  listBackups,
  openManifest,
  sealedManifest,
  storeIdOf,
  writeVerdict,
} from './manifest.ts';
import type { BackupInfo, Manifest } from './manifest.ts';

/** Key files that a passphrase opens. The demonstration's bare key and a key ring's are of no use, or no secret, elsewhere. */
const PORTABLE_KEYS = [PASSPHRASE_FILE, RECOVERY_FILE] as const;
/** And what the key itself opens: the keys of backups from before. */
const KEY_FILES = [...PORTABLE_KEYS, FORMER_KEYS_FILE] as const;

/** Stays free, or a hundredth of a small disk: people's work comes before its copy. */
const SPARE_BYTES = 512 * 1024 * 1024;

export interface BackupProgress {
  readonly phase: 'store' | 'checking' | 'files';
  /** Bytes of the store, tables, files. */
  readonly done: number;
  readonly total: number;
}

export interface BackupWork {
  /** Stops it; nothing of it is left. */
  readonly signal?: AbortSignal;
  readonly progress?: (progress: BackupProgress) => void;
}

export interface BackupOptions extends BackupWork {
  readonly store: Pick<Store, 'snapshot' | 'storeId' | 'sqlite'>;
  /** The clinic's. */
  readonly directory: string;
  /** Where backups lie; may be on another disk. */
  readonly root: string;
  readonly masterKey: Uint8Array;
  readonly signer: Signer;
  readonly stationId: string;
  readonly now: () => Date;
}

/**
 * Copies the store as it is at one instant and the files that it names, checks the store's copy, and only then calls it a backup. The
 * files' contents are not read again: so nothing is noted as verified.
 * @throws VantageError BACKUP_FOLDER_TAKEN, STORE_DAMAGED, BACKUP_DAMAGED (the copy is not what was copied), DISK_FULL, DISK_FAILED, CANCELLED; the signal's
 * reason
 */
export async function makeBackup(options: BackupOptions): Promise<BackupInfo> {
  const { store, directory, root, masterKey, signer, stationId, now } = options;
  const madeAt = now().toISOString();
  try {
    await mkdir(join(root, BLOBS_FOLDER), { recursive: true, mode: 0o700 });
    await assertOwn(root, store.storeId);
    await removePartials(root);
    await assertRoom(root, (await stat(join(directory, STORE_FILE))).size);
    const name = await freeName(root, madeAt);
    const path = join(root, name);
    const partial = `${path}${PARTIAL_SUFFIX}`;
    await mkdir(partial, { mode: 0o700 });
    try {
      const key = deriveKey(masterKey, 'store');
      const copy = join(partial, STORE_FILE);
      const { heads } = await store.snapshot(copy, workOf('store', options));
      const { files, schema } = await checkCopy(copy, key, heads, options);
      const lost = await bringBlobs(
        files,
        join(directory, 'vault', 'blobs'),
        join(root, BLOBS_FOLDER),
        workOf('files', options),
      );
      const list = listOf(files);
      writeDurably(join(partial, FILE_LIST), list, 0o600);
      writeDurably(join(partial, CHECK_FILE), checkValueOf(key), 0o600);
      const keys = await copyKeys(directory, partial, readStationValue(store.sqlite, STALE_KEY_FILE_KEY));
      const manifest: Manifest = {
        version: 1,
        name,
        madeAt,
        storeId: store.storeId,
        stationId,
        publicKey: signer.publicKey,
        check: checkValueOf(key).toString('hex'),
        store: { bytes: (await stat(copy)).size, sha256: await hashOfFile(copy), schema },
        heads,
        files: {
          count: files.length,
          bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
          missing: lost.length,
          sha256: createHash('sha256').update(list).digest('hex'),
        },
        keys,
      };
      writeDurably(join(partial, MANIFEST_FILE), sealedManifest(manifest, masterKey, signer), 0o600);
      await rename(partial, path);
      syncFolder(root);
      return await infoOf(path, [masterKey]);
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw error;
    }
  } catch (error) {
    throw storeProblem(error);
  }
}

export interface BackupVerdict {
  readonly ok: boolean;
  /** Technical, without names of people: "the store's file is not as it was", "3 files are missing", ... */
  readonly problems: readonly string[];
}

/**
 * Reads a whole backup again and compares: seal, hash, the store's pages and tables, every file's content. What was found is noted in it.
 * @param path of the backup's folder. @param masterKey that it was made under: `keyOfBackup` finds it.
 * @throws VantageError NOT_FOUND, KEY_WRONG, DISK_FAILED; the signal's reason
 */
export async function verifyBackup(
  path: string,
  masterKey: Uint8Array,
  now: () => Date,
  work: BackupWork = {},
): Promise<BackupVerdict> {
  const problems = await problemsOf(path, masterKey, work);
  const verdict = { ok: problems.length === 0, problems };
  await writeVerdict(path, { at: now().toISOString(), ok: verdict.ok }, masterKey);
  return verdict;
}

/** The files of the backup in `path` that a passphrase opens: the station's own one, then the one for recovery. */
export function passphraseFilesOf(path: string): string[] {
  return PORTABLE_KEYS.map((name) => join(path, name)).filter((file) => existsSync(file));
}

/**
 * Whether a file lies in the backup that a passphrase opens. If not, it is lost with what keeps the key: a key ring, or the demonstration's
 * file.
 */
export function hasPassphrase(path: string): boolean {
  return passphraseFilesOf(path).length > 0;
}

async function problemsOf(path: string, masterKey: Uint8Array, work: BackupWork): Promise<string[]> {
  const root = join(path, '..', BLOBS_FOLDER);
  try {
    const manifest = await openManifest(path, masterKey);
    const copy = join(path, STORE_FILE);
    if ((await hashIfThere(copy)) !== manifest.store.sha256) return ['the file of the store is not as it was'];
    const sqlite = openCipherFile(copy, deriveKey(masterKey, 'store'), { readonly: true, keyIsRight: true });
    try {
      await checkInside(sqlite, manifest.heads, work);
      await fileListOf(path);
      const there = await Promise.all(blobFilesOf(sqlite).map((blob) => hasBlob(root, blob)));
      const missing = there.filter((isThere) => !isThere).length;
      const damaged = await damagedBlobs(sqlite, masterKey, (file) => blobPath(root, file), workOf('files', work));
      return [
        ...(await damagedKeys(path, manifest)),
        ...(missing > manifest.files.missing ? [`${missing - manifest.files.missing} files are missing`] : []),
        ...(damaged.length > 0 ? [`${damaged.length} files are damaged`] : []),
      ];
    } finally {
      closeReadOnly(sqlite, copy);
    }
  } catch (error) {
    const problem = storeProblem(error);
    if (!(problem instanceof VantageError)) throw error;
    if (problem.code === 'BACKUP_DAMAGED' || problem.code === 'STORE_DAMAGED') return [problem.detail];
    throw problem;
  }
}

/** Files that lie beside the store's and say, or keep, its key: a line for each that is not as it was. @param path of the backup's folder. */
export async function damagedKeys(path: string, { check, keys = {} }: Manifest): Promise<string[]> {
  const problems: string[] = [];
  if (readIfThere(join(path, CHECK_FILE))?.toString('hex') !== check) problems.push(`${CHECK_FILE} is not as it was`);
  for (const [name, sha256] of Object.entries(keys)) {
    if ((await hashIfThere(join(path, name))) !== sha256) problems.push(`${name} is not as it was`);
  }
  return problems;
}

async function hashIfThere(path: string): Promise<string | null> {
  return hashOfFile(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
}

/**
 * Removes all but the newest `keep` backups, and the files that none of those that stay names. A backup from after `now` was made under a
 * clock that was wrong, then or now: it counts as the oldest, or it would outlive all that are made from here on. Where what a backup
 * names can't be told, no file goes.
 * @returns how many backups and files went.
 */
export async function pruneBackups(
  root: string,
  keep: number,
  now: () => Date,
): Promise<{ readonly backups: number; readonly files: number }> {
  const nowMs = now().getTime();
  const all = await listBackups(root, []);
  const isAhead = ({ madeAt }: BackupInfo): boolean => Date.parse(madeAt) > nowMs;
  const old = [...all.filter((one) => !isAhead(one)), ...all.filter(isAhead)].slice(keep);
  for (const { path } of old) await rm(path, { recursive: true, force: true });
  const named = await namedFiles(root);
  if (named === null) return { backups: old.length, files: 0 };
  let files = 0;
  for (const folder of await readdir(join(root, BLOBS_FOLDER)).catch(() => [])) {
    for (const file of await readdir(join(root, BLOBS_FOLDER, folder))) {
      if (named.has(file)) continue;
      await rm(join(root, BLOBS_FOLDER, folder, file), { force: true });
      files += 1;
    }
  }
  return { backups: old.length, files };
}

/** @returns null where a backup can't be read, or its list is not what its manifest says. */
async function namedFiles(root: string): Promise<ReadonlySet<string> | null> {
  const named = new Set<string>();
  for (const path of await backupFolders(root)) {
    const list = await fileListOf(path).catch(() => null);
    if (list === null) return null;
    for (const { file } of list) named.add(file);
  }
  return named;
}

/**
 * Opens the copy, checks every table on its own so that others get their turn in between, and leaves it as a plain single file.
 * @throws VantageError BACKUP_DAMAGED
 */
async function checkCopy(
  path: string,
  key: Uint8Array,
  heads: StoreHeads,
  work: BackupWork,
): Promise<{ readonly files: ReturnType<typeof blobFilesOf>; readonly schema: number }> {
  const sqlite = openCipherFile(path, key, { keyIsRight: true });
  try {
    await checkInside(sqlite, heads, work);
    const found = { files: blobFilesOf(sqlite), schema: schemaVersionOf(sqlite) };
    sqlite.pragma('journal_mode = DELETE');
    return found;
  } finally {
    sqlite.close();
  }
}

/** @throws VantageError BACKUP_DAMAGED */
async function checkInside(sqlite: Database, heads: StoreHeads, work: BackupWork): Promise<void> {
  await checkTables(sqlite, work);
  if (!equalJson(headsOf(sqlite), heads))
    throw new VantageError('BACKUP_DAMAGED', 'rows are missing, or others are there');
}

async function checkTables(sqlite: Database, work: BackupWork): Promise<void> {
  const tables = sqlite.prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all();
  for (const [index, table] of ['sqlite_schema', ...tables].entries()) {
    work.signal?.throwIfAborted();
    const lines = sqlite.prepare<[], string>(`PRAGMA integrity_check("${table}")`).pluck().all();
    if (lines.some((line) => line !== 'ok'))
      throw new VantageError('BACKUP_DAMAGED', `table ${table} is not consistent`);
    work.progress?.({ phase: 'checking', done: index + 1, total: tables.length + 1 });
    await new Promise(setImmediate);
  }
}

function workOf(
  phase: BackupProgress['phase'],
  work: BackupWork,
): { readonly signal?: AbortSignal; readonly progress: (done: number, total: number) => void } {
  return {
    ...(work.signal === undefined ? {} : { signal: work.signal }),
    progress: (done, total) => work.progress?.({ phase, done, total }),
  };
}

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/**
 * @param stale SHA-256 of a `station.key` that opens a former key: whoever had only the backup would enter its passphrase in vain.
 * @returns SHA-256 of each, by name.
 */
async function copyKeys(from: string, to: string, stale: string | null): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of KEY_FILES) {
    try {
      await copyFile(join(from, name), join(to, name), constants.COPYFILE_EXCL);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') continue;
      throw error;
    }
    const hash = await hashOfFile(join(to, name));
    if (name === PASSPHRASE_FILE && hash === stale) await rm(join(to, name));
    else hashes[name] = hash;
  }
  return hashes;
}

/** `20261121T120000Z`, or with a number where that one is taken. */
async function freeName(root: string, madeAt: string): Promise<string> {
  const base = madeAt.replaceAll(/[-:]|\.\d+/g, '');
  const taken = new Set(await readdir(root));
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(name)) return name;
  }
}

/** The vault's files take room only on another disk, and then say so themselves. @throws VantageError DISK_FULL */
async function assertRoom(root: string, storeBytes: number): Promise<void> {
  const { bavail, blocks, bsize } = await statfs(root);
  const spare = Math.min(SPARE_BYTES, (blocks * bsize) / 100);
  if (bavail * bsize < 2 * storeBytes + spare) throw new VantageError('DISK_FULL', `${bavail * bsize} bytes free`);
}

/** One clinic would take the other's backups for its own old ones, and remove them. @throws VantageError BACKUP_FOLDER_TAKEN */
async function assertOwn(root: string, storeId: string): Promise<void> {
  for (const path of await backupFolders(root)) {
    const other = await storeIdOf(path).catch(() => null);
    if (other !== null && other !== storeId)
      throw new VantageError('BACKUP_FOLDER_TAKEN', `the backup ${basename(path)} is of another clinic`);
  }
}

/** What a stop in the middle left behind. */
async function removePartials(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (name.endsWith(PARTIAL_SUFFIX)) await rm(join(root, name), { recursive: true, force: true });
  }
}
