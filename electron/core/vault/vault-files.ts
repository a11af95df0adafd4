/** Where the vault's files lie, and the moves that survive a power cut. Knows names, no keys and no database. */
import { unlinkSync } from 'node:fs';
import { mkdir, open, readdir, rename, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '../store/store-problem.ts';
import { asDiskProblem } from './disk-problem.ts';

interface VaultFile {
  readonly kind: 'incoming' | 'stored';
  readonly name: string;
  readonly path: string;
}

export interface VaultFiles {
  /** Where a granted file is written. */
  incomingPath(pendingId: string): string;
  /** Where it stays. 256 folders by the name's first two letters keep listings short. */
  storedPath(file: string): string;
  exists(path: string): Promise<boolean>;
  /**
   * Flushes the file, moves it to its place (unless it was `moved` before a crash) and flushes the folders: after this the
   * bytes and the name survive a power cut.
   */
  settle(pendingId: string, file: string, moved: boolean): Promise<void>;
  /**
   * Idempotent. At once, so that nothing can come between finding that nobody names a file and removing it: an unlink that waits
   * for its turn could meet the next file of that name. @throws VantageError DISK_FAILED.
   */
  remove(path: string): void;
  list(): Promise<readonly VaultFile[]>;
  /** Bytes and ms since 1970, or null when it has gone. */
  measure(path: string): Promise<{ readonly bytes: number; readonly modifiedMs: number } | null>;
  space(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
}

/** Makes the folders (mode 0700) where they are missing. @throws VantageError DISK_FULL, DISK_FAILED. */
export async function openVaultFiles(directory: string): Promise<VaultFiles> {
  const incoming = join(directory, 'incoming');
  const stored = join(directory, 'blobs');
  const incomingPath = (pendingId: string): string => join(incoming, pendingId);
  const storedPath = (file: string): string => join(stored, file.slice(0, 2), file);
  await onDisk(async () => {
    await mkdir(incoming, { recursive: true, mode: 0o700 });
    await mkdir(stored, { recursive: true, mode: 0o700 });
    for (const folder of [dirname(directory), directory]) await flushFolder(folder);
  });
  return {
    incomingPath,
    storedPath,
    exists: async (path) => (await measure(path)) !== null,
    async settle(pendingId, file, moved) {
      const target = storedPath(file);
      await onDisk(async () => {
        await flushFile(moved ? target : incomingPath(pendingId));
        const made = await mkdir(dirname(target), { recursive: true, mode: 0o700 });
        if (!moved) await rename(incomingPath(pendingId), target);
        if (moved || made !== undefined) await flushFolder(stored);
        await flushFolder(dirname(target));
        await flushFolder(incoming);
      });
    },
    remove(path) {
      try {
        unlinkSync(path);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw asDiskProblem(error);
      }
    },
    list: () =>
      onDisk(async () => {
        const all: VaultFile[] = [];
        // What is not the vault's (a file browser's own, lost+found, a link) is left alone, and keeps nobody from opening it.
        for (const name of await filesIn(incoming)) all.push({ kind: 'incoming', name, path: incomingPath(name) });
        for (const folder of await readdir(stored, { withFileTypes: true })) {
          if (!folder.isDirectory() || !/^[0-9a-f]{2}$/.test(folder.name)) continue;
          for (const name of await filesIn(join(stored, folder.name))) {
            all.push({ kind: 'stored', name, path: join(stored, folder.name, name) });
          }
        }
        return all;
      }),
    measure,
    space: () =>
      onDisk(async () => {
        const { bavail, blocks, bsize } = await statfs(directory);
        return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
      }),
  };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

async function measure(path: string): Promise<{ readonly bytes: number; readonly modifiedMs: number } | null> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { bytes: size, modifiedMs: mtimeMs };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw asDiskProblem(error);
  }
}

async function flushFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A rename is durable only when its folder is (POSIX fsync). Windows has no such call; NTFS journals names by itself. */
async function flushFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asDiskProblem(error);
  }
}
