/** Segments as files of a folder: `<tenant>/<two letters of the file>/<file>/<object>`. */
import { open, mkdir, readFile, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { SegmentName, SegmentStore } from './segment-store.ts';
import { StoreFullError, StoreUnavailableError } from './segment-store.ts';

export interface FolderStoreOptions {
  readonly folder: string;
  /** What stays free on its disk. */
  readonly freeBytes: number;
}

/** Tells the folder from an empty one that stands in its place when its disk is not mounted. */
const MARK = 'vantage-files.json';
const HALF = '.part';

/** Makes the folder when there is none. @throws StoreUnavailableError when something else lies there */
export async function openFolderStore({ folder, freeBytes }: FolderStoreOptions): Promise<SegmentStore> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  const there = await readdir(folder);
  if (!there.includes(MARK)) {
    if (there.length > 0) throw new StoreUnavailableError('the folder for files holds something else');
    await writeFile(join(folder, MARK), '{"format":1}\n', { flush: true, mode: 0o600 });
    await syncFolders(folder, made === undefined ? folder : dirname(made));
  }
  const fileFolder = ({ tenantId, fileId }: Pick<SegmentName, 'tenantId' | 'fileId'>): string =>
    join(folder, tenantId, fileId.slice(0, 2), fileId);
  const pathOf = (name: SegmentName): string => join(fileFolder(name), name.objectId);
  const check = async (): Promise<void> => {
    await readFile(join(folder, MARK)).catch((error: unknown) => {
      throw new StoreUnavailableError('the folder for files is not there', { cause: error });
    });
  };
  return {
    check,
    put: async (name, bytes) => {
      await check();
      const { bavail, bsize } = await statfs(folder);
      if (bavail * bsize - bytes.length < freeBytes) throw new StoreFullError('little room is left for files');
      const path = pathOf(name);
      try {
        const first = await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        if (first !== undefined) await syncFolders(dirname(path), dirname(first));
        await writeFile(path + HALF, bytes, { flush: true, mode: 0o600 });
        await rename(path + HALF, path);
        await syncFolder(dirname(path));
      } catch (error) {
        await rm(path + HALF, { force: true }).catch(() => {});
        throw isFull(error)
          ? new StoreFullError('no room is left for files', { cause: error })
          : new StoreUnavailableError('a segment was not written', { cause: error });
      }
    },
    get: async (name) => {
      try {
        return await readFile(pathOf(name));
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw new StoreUnavailableError('a segment was not read', { cause: error });
        await check();
        return null;
      }
    },
    remove: async (names) => {
      await check();
      for (const name of names) await rm(pathOf(name), { force: true });
    },
    keepOnly: async (file, objectIds) => {
      await check();
      const own = fileFolder(file);
      const names = await readdir(own).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return [];
        throw new StoreUnavailableError('segments were not listed', { cause: error });
      });
      for (const name of names.filter((found) => !objectIds.has(found))) await rm(join(own, name), { force: true });
      if (objectIds.size === 0) await rm(own, { recursive: true, force: true });
    },
    close: () => {},
  };
}

/** What a folder lists is durable only after it was synced itself. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** From one folder up to another above it, both included. */
async function syncFolders(from: string, to: string): Promise<void> {
  const steps = relative(to, from).split(sep).filter(Boolean).length;
  for (let path = from, left = steps; left >= 0; path = dirname(path), left -= 1) await syncFolder(path);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error));
}
