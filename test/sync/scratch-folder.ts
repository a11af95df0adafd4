/** Where a proof's files lie. */
import { mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY_DISK = '/dev/shm';
/** What stations and clouds want free before they take anything, and then some. */
const ROOM_BYTES = 4 * 1024 ** 3;

/** A new folder, on a disk in memory where there is one with room: for proofs of which loss of power is no part. */
export function scratchFolder(prefix: string): string {
  return mkdtempSync(join(hasRoom(MEMORY_DISK) ? MEMORY_DISK : tmpdir(), prefix));
}

function hasRoom(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}
