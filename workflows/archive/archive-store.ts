/** Where archived histories lie: objects that are written once, whole, and never changed. Names are paths of at most three parts. */
import { mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface ArchiveStore {
  /** Durable when it resolves. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Null: it is not there. */
  get(name: string): Promise<Buffer | null>;
  /** Names directly below, sorted; of folders, too. */
  list(folder: string): Promise<readonly string[]>;
  /** With everything below. */
  remove(name: string): Promise<void>;
}

const HALF = '.part';

/** A folder, or a file system that is mounted there; one that writes once (WORM) keeps others from changing what is archived. */
export function folderArchiveStore(folder: string): ArchiveStore {
  return {
    put: async (name, bytes) => {
      const path = join(folder, name);
      const first = await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // Of one that was killed meanwhile: it can only be read.
      await rm(path + HALF, { force: true });
      await writeFile(path + HALF, bytes, { flush: true, mode: 0o400 });
      await rename(path + HALF, path);
      await sync(dirname(path));
      if (first !== undefined) await sync(dirname(first));
    },
    get: async (name) => orNull(readFile(join(folder, name))),
    list: async (below) => {
      const names = (await orNull(readdir(join(folder, below)))) ?? [];
      return names.filter((name) => !name.endsWith(HALF)).sort();
    },
    remove: async (name) => rm(join(folder, name), { recursive: true, force: true }),
  };
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** What a folder lists is durable only after it was synced itself. */
async function sync(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
