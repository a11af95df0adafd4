/** Where a proof's files lie. */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY_DISK = '/dev/shm';
/** What stations and clouds want free before they take anything, and then some. */
const ROOM_BYTES = 4 * 1024 ** 3;

/**
 * A new folder, on a disk in memory where there is one with room: for proofs of which loss of power is no part. It is gone with the
 * process at the latest.
 */
export function scratchFolder(prefix: string): string {
  const folder = mkdtempSync(join(hasRoom(MEMORY_DISK) ? MEMORY_DISK : tmpdir(), prefix));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function hasRoom(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}
