/** How full the disk is, what that means for visits, and the one problem that stops them. */
import type { Problem, StationStatus } from '../contract/index.ts';
import { PICTURE_BYTES } from '../contract/storage.ts';
import type { ReserveFile } from './reserve-file.ts';

/** An ordinary visit: six large pictures with their thumbnails and maps, and a report. */
const VISIT_BYTES = 160 * 1024 * 1024;
/** Less than this and the next write of anything fails. */
const EXHAUSTED_BYTES = 256 * 1024;
/** Below this share of free space the station says so. */
const LOW_SHARE = 0.1;

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Stays free; see `VaultOptions.reserveBytes`. */
  readonly reserveBytes: number;
}

/**
 * The disk as the station line tells it. `full` is exactly when no picture can be begun any more; what a visit itself says is always still
 * written, out of the vault's reserve.
 */
export function diskOf({ freeBytes, totalBytes, reserveBytes }: Space): StationStatus['disk'] {
  const room = Math.max(0, freeBytes - reserveBytes);
  const share = totalBytes === 0 ? 1 : freeBytes / totalBytes;
  const visitsLeft = Math.floor(room / VISIT_BYTES);
  const state = room < PICTURE_BYTES ? 'full' : share < LOW_SHARE || visitsLeft === 0 ? 'low' : 'ok';
  return { freeBytes, totalBytes, reserveBytes, visitsLeft, state };
}

export interface DiskWatch {
  /** The disk now, and DISK_FULL with the time since which it has been so. */
  look(): Promise<{ readonly disk: StationStatus['disk']; readonly problem: Problem | null }>;
  stop(): void;
}

/**
 * Looks every `everyMs` and calls `changed` when the disk became full or is no longer; a person need not ask. Sees to the reserve
 * file as well: given up when there is nothing left, made again when there is.
 */
export function watchDisk(options: {
  readonly space: () => Promise<Space>;
  readonly now: () => Date;
  readonly changed: (isFull: boolean) => void;
  readonly reserveFile: Pick<ReserveFile, 'release' | 'restore'>;
  readonly everyMs?: number;
}): DiskWatch {
  const { space, now, changed, reserveFile, everyMs = 3000 } = options;
  let fullSince: string | null = null;

  async function look(): ReturnType<DiskWatch['look']> {
    const found = await space();
    if (found.freeBytes < EXHAUSTED_BYTES) reserveFile.release();
    const disk = diskOf(found);
    fullSince = disk.state === 'full' ? (fullSince ?? now().toISOString()) : null;
    if (fullSince === null) return { disk, problem: null };
    return { disk, problem: { code: 'DISK_FULL', detail: `${found.freeBytes} bytes free`, at: fullSince } };
  }

  async function lookAgain(): Promise<void> {
    const before = fullSince;
    // A disk that can't be asked is noticed by whoever writes to it next.
    await look().catch(() => null);
    if ((before === null) !== (fullSince === null)) changed(fullSince !== null);
    await reserveFile.restore();
  }

  const timer = setInterval(() => void lookAgain(), everyMs);
  timer.unref();
  return { look, stop: () => clearInterval(timer) };
}
