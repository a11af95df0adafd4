/**
 * The first page of a damaged file, taken from a backup of it. It says where every table and index begins, and nothing else that is needed
 * to read them; that is the same in a backup, as long as no table was made or dropped since. How many pages the file has stands in it, too,
 * encrypted with the rest: so a copy of the backup is first made as long as the damaged file, by SQLite itself.
 */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { VantageError } from '../../contract/index.ts';
import { STORE_FILE, closeReadOnly, openCipherFile } from '../store/cipher-file.ts';
import { CipherPages, PAGE_BYTES } from '../store/cipher-pages.ts';
import { copyDurably } from '../store/durable-file.ts';
import { storeProblem } from '../store/store-problem.ts';
import { BACKUPS_FOLDER } from './manifest.ts';

const SALT_BYTES = 16;

interface BackupFile {
  /** Of the backup. */
  readonly name: string;
  readonly path: string;
  /** Its first. Not verified. */
  readonly page: Buffer;
}

/** The files of the backups in the clinic's own folder, newest first. */
export function backupFiles(directory: string): BackupFile[] {
  const root = join(directory, BACKUPS_FOLDER);
  const names = existsSync(root) ? readdirSync(root).toSorted().toReversed() : [];
  return names.flatMap((name) => {
    const path = join(root, name, STORE_FILE);
    if (!existsSync(path)) return [];
    const page = firstPageOf(path);
    return page === null ? [] : [{ name, path, page }];
  });
}

/**
 * @param source a copy of the damaged file, with its log beside it; `<source>-first` is used meanwhile. @param salt of the file.
 * @returns the backup that the page was taken from; null where the log has the page. @throws VantageError STORE_DAMAGED where none has it
 */
export async function mendFirstPage(
  directory: string,
  source: string,
  key: Uint8Array,
  salt: Buffer,
): Promise<string | null> {
  if (isReadable(source, key)) return null;
  const pages = new CipherPages(key, salt);
  const found = backupFiles(directory).find(
    ({ page }) => page.subarray(0, SALT_BYTES).equals(salt) && pages.stateOf(1, page) === 'whole',
  );
  if (found === undefined)
    throw new VantageError(
      'STORE_DAMAGED',
      'the first page, which says where all else is, can not be read, and no backup of this file has it: restore a backup',
    );
  const descriptor = openSync(source, 'r+');
  try {
    const needed = Math.ceil(fstatSync(descriptor).size / PAGE_BYTES);
    const { page, count } = await firstPageFor(needed, found.path, `${source}-first`, key);
    writeSync(descriptor, page, 0, PAGE_BYTES, 0);
    // SQLite refuses a file that is shorter than it says; nothing leads to the pages behind its end.
    if (count > needed) ftruncateSync(descriptor, count * PAGE_BYTES);
    return found.name;
  } finally {
    closeSync(descriptor);
  }
}

/** The backup's first page, as it is in a file of at least so many pages. */
async function firstPageFor(
  needed: number,
  backup: string,
  copy: string,
  key: Uint8Array,
): Promise<{ readonly page: Buffer; readonly count: number }> {
  await copyDurably(backup, copy);
  const sqlite = openCipherFile(copy, key, { keyIsRight: true });
  let count: number;
  try {
    const pageCount = (): number => Number(sqlite.pragma('page_count', { simple: true }));
    const grow = sqlite.prepare<[string, number]>(
      `INSERT INTO station (key, value) VALUES (?, printf('%.*c', ?, 'x'))`,
    );
    for (count = pageCount(); count < needed; count = pageCount())
      grow.run(`first page ${count}`, (needed - count) * PAGE_BYTES);
  } finally {
    sqlite.close();
  }
  const page = firstPageOf(copy);
  if (page === null) throw new VantageError('STORE_DAMAGED', 'the backup’s file has no page');
  return { page, count };
}

function firstPageOf(path: string): Buffer | null {
  const page = Buffer.alloc(PAGE_BYTES);
  const descriptor = openSync(path, 'r');
  try {
    return readSync(descriptor, page, 0, PAGE_BYTES, 0) === PAGE_BYTES ? page : null;
  } finally {
    closeSync(descriptor);
  }
}

function isReadable(path: string, key: Uint8Array): boolean {
  try {
    closeReadOnly(openCipherFile(path, key, { readonly: true, keyIsRight: true }), path);
    return true;
  } catch (error) {
    const problem = storeProblem(error);
    if (problem instanceof VantageError && problem.code === 'STORE_DAMAGED') return false;
    throw error;
  }
}
