/**
 * Looks at a clinic that nobody has open, from the bytes of its file to the vault's. Nothing that was stored is changed, not even to a
 * newer version; a log that a killed station left beside the file is read and stays where it is.
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { VantageError } from '../../contract/index.ts';
import type { ProblemCode } from '../../contract/index.ts';
import { verifyAudit } from '../audit/index.ts';
import { anchorPath } from '../store/anchor.ts';
import { checkAnchor, damagedLog, problemOf } from '../store/anchor-check.ts';
import { STORE_FILE, closeReadOnly, openCipherFile } from '../store/cipher-file.ts';
import { copyDurably, syncFolder } from '../store/durable-file.ts';
import { deriveKey } from '../store/key-handling.ts';
import { readLog } from '../store/log-frames.ts';
import { MIGRATIONS, schemaVersionOf } from '../store/migrations.ts';
import { assertOwnFiles } from '../store/own-files.ts';
import { asidePath, freeAside } from '../store/replace-file.ts';
import { storeProblem } from '../store/store-problem.ts';
import { blobFilesOf, blobPath, hasBlob } from './blob-copies.ts';
import { damagedBlobs } from './blob-content.ts';
import type { BackupWork } from './backup.ts';
import { formerKeysDamaged } from './former-keys.ts';
import { findDamage } from './salvage.ts';

export interface CheckReport {
  readonly pages: number;
  /** Numbers of the pages that are not as they were written. */
  readonly damagedPages: readonly number[];
  readonly schema: number | null;
  readonly auditEntries: number | null;
  readonly files: number | null;
  /** One line each: a code and what it is about. Empty: all is well. */
  readonly problems: readonly { readonly code: ProblemCode; readonly detail: string }[];
}

/** @throws VantageError KEY_WRONG, NOT_FOUND (no clinic there), STORE_OBSTRUCTED, SECOND_INSTANCE; the signal's reason */
export async function checkClinic(
  directory: string,
  masterKey: Uint8Array,
  now: () => Date,
  work: BackupWork = {},
): Promise<CheckReport> {
  assertOwnFiles(directory);
  const { pages, damaged, saltDamaged } = findDamage(directory, masterKey);
  const log = readLog(join(directory, `${STORE_FILE}-wal`));
  const problems: { readonly code: ProblemCode; readonly detail: string }[] = [];
  if (saltDamaged)
    problems.push({ code: 'STORE_DAMAGED', detail: 'the first bytes are damaged; salvage puts them right' });
  if (damaged.length > 0) problems.push({ code: 'STORE_DAMAGED', detail: `pages ${some(damaged)} are damaged` });
  if (log.isCertain) problems.push({ code: 'STORE_DAMAGED', detail: damagedLog(log) });
  if (formerKeysDamaged(directory, masterKey))
    problems.push({
      code: 'BACKUP_DAMAGED',
      detail: 'clinic.former-keys can not be read: backups from before the last change of the key do not open',
    });
  const found = { pages, damagedPages: damaged };
  try {
    const inside = await lookInside(directory, masterKey, now, work);
    return { ...found, ...inside, problems: [...problems, ...inside.problems] };
  } catch (error) {
    const problem = storeProblem(error);
    if (!(problem instanceof VantageError) || problem.code === 'SECOND_INSTANCE') throw error;
    problems.push({ code: problem.code, detail: problem.detail });
    return { ...found, schema: null, auditEntries: null, files: null, problems };
  }
}

async function lookInside(
  directory: string,
  masterKey: Uint8Array,
  now: () => Date,
  work: BackupWork,
): Promise<Omit<CheckReport, 'pages' | 'damagedPages'>> {
  const problems: { readonly code: ProblemCode; readonly detail: string }[] = [];
  const path = join(directory, STORE_FILE);
  const sqlite = openCipherFile(path, deriveKey(masterKey, 'store'), {
    readonly: true,
    keyIsRight: true,
  });
  try {
    const schema = schemaVersionOf(sqlite);
    if (schema > MIGRATIONS.length) throw new VantageError('STORE_NEWER', `schema ${schema}`);
    const lines = sqlite.prepare<[], string>('PRAGMA integrity_check').pluck().all();
    if (lines.some((line) => line !== 'ok'))
      problems.push({ code: 'STORE_DAMAGED', detail: 'tables and indexes do not agree' });
    const { anchor, found } = checkAnchor(sqlite, directory, masterKey, now().toISOString());
    for (const finding of [...(anchor?.findings ?? []), ...(found === null ? [] : [found])])
      problems.push(problemOf(finding));
    const audit = verifyAudit({ sqlite });
    if (!audit.ok)
      problems.push({ code: 'STORE_DAMAGED', detail: `the audit trail is broken at entry ${audit.firstBad}` });
    const vault = join(directory, 'vault', 'blobs');
    const files = blobFilesOf(sqlite);
    const there = await Promise.all(files.map((blob) => hasBlob(vault, blob)));
    const missing = there.filter((isThere) => !isThere).length;
    if (missing > 0) problems.push({ code: 'BLOB_DAMAGED', detail: `${missing} files are missing or cut` });
    const wrong = await damagedBlobs(sqlite, masterKey, (file) => blobPath(vault, file), {
      ...(work.signal === undefined ? {} : { signal: work.signal }),
      progress: (done, total) => work.progress?.({ phase: 'files', done, total }),
    });
    if (wrong.length > 0)
      problems.push({ code: 'BLOB_DAMAGED', detail: `${wrong.length} files are not as they were written` });
    return { schema, auditEntries: audit.entries, files: files.length, problems };
  } finally {
    closeReadOnly(sqlite, path);
  }
}

/**
 * Copies the clinic's file with what belongs to it, as it is, into a new folder under `to`; no keys. For whoever looks at the damage.
 * @returns the folder. @throws VantageError NOT_FOUND, DISK_FULL, DISK_FAILED
 */
export async function copyStoreFiles(directory: string, to: string, now: () => Date): Promise<string> {
  try {
    const names = await readdir(directory);
    const files = names.filter((name) => name.startsWith('clinic.') && name !== 'clinic.former-keys');
    if (!files.includes(STORE_FILE)) throw new VantageError('NOT_FOUND', 'there is no file');
    const folder = join(
      to,
      `clinic-${now()
        .toISOString()
        .replaceAll(/[-:]|\.\d+/g, '')}`,
    );
    await mkdir(to, { recursive: true, mode: 0o700 });
    await mkdir(folder, { mode: 0o700 });
    for (const name of files) await copyDurably(join(directory, name), join(folder, name));
    await copyFile(join(directory, 'station-id'), join(folder, 'station-id')).catch(() => undefined);
    syncFolder(folder);
    return folder;
  } catch (error) {
    throw storeProblem(error);
  }
}

/**
 * An operator says that the file which lies here is the right one, though the anchor says otherwise. The anchor is put aside; at the next
 * opening a person is told that it is missing, and confirms.
 * @returns whether there was one.
 */
export function acceptStoreAsItIs(directory: string, now: () => Date): boolean {
  if (!existsSync(anchorPath(directory))) return false;
  const aside = asidePath(
    directory,
    freeAside(
      directory,
      `${now()
        .toISOString()
        .replaceAll(/[-:]|\.\d+/g, '')}-anchor`,
    ),
  );
  mkdirSync(aside, { recursive: true, mode: 0o700 });
  renameSync(anchorPath(directory), join(aside, 'clinic.anchor'));
  syncFolder(directory);
  return true;
}

function some(numbers: readonly number[]): string {
  const more = numbers.length > 20 ? ` and ${numbers.length - 20} more` : '';
  return `${numbers.slice(0, 20).join(', ')}${more}`;
}
