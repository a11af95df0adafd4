/**
 * A file that holds room on the disk, so that what a visit says can still be written when nothing else can: it is given up when
 * the disk has nothing left, and made again when there is room. Pictures never get this room, the vault's reserve keeps them off.
 */
import { randomFillSync } from 'node:crypto';
import { rmSync, statfsSync, statSync, unlinkSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from './clinic-api.ts';
import { codeOf } from './store/store-problem.ts';

const MIB = 1024 * 1024;
/** The most that is held: many thousand steps of visits, with their audit entries. */
const DEFAULT_BYTES = 64 * MIB;
/** No more than this share of a small disk, but at least twice what the store's log of writes takes before it is folded back. */
const SHARE = 1 / 64;
const LEAST_BYTES = 8 * MIB;
const NAME = 'reserve';

export interface ReserveFileOptions {
  /** The clinic's; made before. */
  readonly directory: string;
  readonly log: Log;
  /** Default: 64 MiB, or a 64th of a disk smaller than 4 GiB, at least 8 MiB. */
  readonly bytes?: number;
}

export interface ReserveFile {
  readonly bytes: number;
  /** Whether it is there, whole. */
  isHeld(): boolean;
  /** Gives the room back, at once. @returns whether there was any to give. */
  release(): boolean;
  /**
   * Makes it where it is missing and as much again is left for others; does nothing otherwise. Never throws: a disk that does not
   * take it now may take it later.
   */
  restore(): Promise<void>;
  /** Ends what `restore` is at. */
  close(): Promise<void>;
}

/** Takes over the file of an earlier start; makes none. @throws what the file system throws when the directory is not there. */
export function openReserveFile({ directory, log, bytes }: ReserveFileOptions): ReserveFile {
  const path = join(directory, NAME);
  const size = bytes ?? defaultBytes(directory);
  let making: Promise<void> | null = null;
  let stop = new AbortController();
  // What a crash left of a reserve that was being made holds room for nobody.
  rmSync(`${path}.new`, { force: true });

  function isHeld(): boolean {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.size < size) return false;
    // Room counts only where blocks are allocated; Windows does not tell.
    return process.platform === 'win32' || found.blocks * 512 >= size;
  }

  return {
    bytes: size,
    isHeld,
    release() {
      stop.abort();
      try {
        unlinkSync(path);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') log.error({ code: codeOf(error) }, 'the reserve could not be given up');
        return false;
      }
      log.warn({ bytes: size }, 'the disk is full: the reserve was given up, so that visits can be closed');
      return true;
    },
    restore() {
      if (isHeld() || freeBytes(directory) < 2 * size) return making ?? Promise.resolve();
      making ??= make().finally(() => {
        making = null;
      });
      return making;
    },
    async close() {
      stop.abort();
      await making;
    },
  };

  async function make(): Promise<void> {
    stop = new AbortController();
    try {
      await fill(`${path}.new`, size, stop.signal);
      await rename(`${path}.new`, path);
      log.info({ bytes: size }, 'room is held in reserve');
    } catch (error) {
      await rm(`${path}.new`, { force: true }).catch(() => undefined);
      if (!stop.signal.aborted)
        log.warn({ code: codeOf(error) }, 'no room could be held in reserve; trying again later');
    }
  }
}

/** Random bytes: a file system that compresses, or leaves out zeros, would hold nothing for us. */
async function fill(path: string, bytes: number, signal: AbortSignal): Promise<void> {
  const handle = await open(path, 'w', 0o600);
  try {
    const piece = Buffer.allocUnsafe(MIB);
    for (let left = bytes; left > 0; left -= piece.length) {
      signal.throwIfAborted();
      randomFillSync(piece);
      await handle.appendFile(piece.subarray(0, Math.min(piece.length, left)));
    }
    await handle.sync();
    signal.throwIfAborted();
  } finally {
    await handle.close();
  }
}

function defaultBytes(directory: string): number {
  const { blocks, bsize } = statfsSync(directory);
  return Math.max(LEAST_BYTES, Math.min(DEFAULT_BYTES, Math.floor(blocks * bsize * SHARE)));
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
