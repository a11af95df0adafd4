/** Small files that are there whole or not at all: temporary file, fsync, rename, fsync of the folder. */
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { VantageError } from '../../contract/index.ts';

/** Replaces or makes `path`. @param mode permission bits, e.g. 0o600. @throws VantageError STORE_OBSTRUCTED; Error of the file system */
export function writeDurably(path: string, bytes: Uint8Array | string, mode: number): void {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    writeFileSync(temporary, bytes, { mode, flag: 'wx', flush: true });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw namedFolder(path, error);
  }
  syncFolder(dirname(path));
}

const LEFTOVER = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/**
 * Removes what a kill in the middle of `writeDurably` left in a folder. Only while nobody else writes there.
 * @param names of what lies there
 */
export function removeLeftovers(directory: string, names = namesIn(directory)): void {
  for (const name of names) {
    if (LEFTOVER.test(name)) rmSync(join(directory, name), { force: true });
  }
}

/** Copies the bytes and makes them durable, not the name; where the file system can, they are shared until one of both changes. */
export async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  const handle = await open(to, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The same, and nobody gets a turn meanwhile: for what has to be safe before a file is opened. */
export function copyDurablyNow(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  const handle = openSync(to, 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Makes new names in a folder survive a power cut. Windows has no such call and needs none. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** What lies in a folder; nothing where there is none. */
export function namesIn(directory: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(directory));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Set();
    throw error;
  }
}

/** @returns null where there is no such file. @throws VantageError STORE_OBSTRUCTED where a folder has its name */
export function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw namedFolder(path, error);
  }
}

/** The error, or what it means where a folder has the file's name. Windows says EPERM of that. */
function namedFolder(path: string, error: unknown): unknown {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return error;
  return new VantageError('STORE_OBSTRUCTED', `${basename(path)} is a folder`, { cause: error });
}
