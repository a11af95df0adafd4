/** The vault's files beside backups: never changed once they are there, so one copy serves every backup that names it. */
import { link, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { copyDurably, syncFolder } from '../store/durable-file.ts';
import { codeOf } from '../store/store-problem.ts';
import { fileBytesOf } from '../vault/blob-format.ts';

export interface BlobFile {
  readonly file: string;
  /** Of the encrypted file. */
  readonly bytes: number;
}

/** What a file system says that has no hard links, or not between these two folders. */
const NO_LINKS: ReadonlySet<string> = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Every file that the store's rows name, by name. */
export function blobFilesOf(sqlite: Database): BlobFile[] {
  return sqlite
    .prepare<[], { file: string; size: number }>('SELECT file, size FROM vault_blobs ORDER BY file')
    .all()
    .map(({ file, size }) => ({ file, bytes: fileBytesOf(size) }));
}

export function listOf(files: readonly BlobFile[]): string {
  return files.map(({ file, bytes }) => `${file} ${bytes}\n`).join('');
}

/** @throws RangeError where it is no such list. */
export function parsedList(text: string): BlobFile[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, file, bytes] = /^([0-9a-f]{64}(?:-[0-9a-f]{8})?) (\d{1,15})$/.exec(line) ?? [];
      if (file === undefined) throw new RangeError('not a list of files');
      return { file, bytes: Number(bytes) };
    });
}

export function blobPath(folder: string, file: string): string {
  return join(folder, file.slice(0, 2), file);
}

/** Whether the file is there in its full length. */
export async function hasBlob(folder: string, { file, bytes }: BlobFile): Promise<boolean> {
  const found = await stat(blobPath(folder, file)).catch(() => null);
  return found !== null && found.size === bytes;
}

/**
 * Brings files from one folder of blobs into another that lacks them: as a hard link where that can be, else as a copy. What is there
 * in its full length is left alone; what is not takes its place whole or not at all.
 * @returns the files that are not to be had.
 */
export async function bringBlobs(
  files: readonly BlobFile[],
  from: string,
  to: string,
  work: { readonly signal?: AbortSignal; readonly progress?: (done: number, total: number) => void },
): Promise<BlobFile[]> {
  const missing: BlobFile[] = [];
  const touched = new Set<string>();
  for (const [index, blob] of files.entries()) {
    work.signal?.throwIfAborted();
    if (!(await hasBlob(to, blob))) {
      const target = blobPath(to, blob.file);
      if ((await hasBlob(from, blob)) && (await bring(blobPath(from, blob.file), target))) touched.add(dirname(target));
      else missing.push(blob);
    }
    work.progress?.(index + 1, files.length);
  }
  for (const folder of touched) syncFolder(folder);
  if (touched.size > 0) syncFolder(to);
  return missing;
}

/** Puts the copy of one folder in the place of another's, durably. @returns false where there is no copy. */
export async function replaceBlob(file: string, from: string, to: string): Promise<boolean> {
  const target = blobPath(to, file);
  if (!(await bring(blobPath(from, file), target))) return false;
  syncFolder(dirname(target));
  return true;
}

/** @returns false where the source has gone meanwhile. */
async function bring(source: string, target: string): Promise<boolean> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const temporary = `${target}.tmp`;
  await rm(temporary, { force: true });
  try {
    await link(source, temporary).catch(async (error: unknown) => {
      if (!NO_LINKS.has(codeOf(error))) throw error;
      await copyDurably(source, temporary);
    });
    await rename(temporary, target);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  } finally {
    // Where both names were the same file already, rename does nothing and leaves the first.
    await rm(temporary, { force: true });
  }
}
