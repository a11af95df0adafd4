/** A real file system of a few megabytes, to fill up. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type DiskKind = 'tmpfs' | 'ext4';

export interface SmallDisk {
  /** Where it is mounted. */
  readonly path: string;
  /** Leaves about so many bytes free; less, if somebody else writes meanwhile. */
  fill(freeBytes: number): void;
  /** Takes away what `fill` put there. */
  makeRoom(): void;
  unmount(): void;
}

/** mkfs.ext4 makes nothing smaller with a journal. */
const SMALLEST_BYTES = 16 * 1024 * 1024;
const PIECE = Buffer.alloc(256 * 1024, 0x55);

/** Tries one. @returns why no such file system can be mounted here, or null. */
export function whyNoMount(kind: DiskKind): string | null {
  if (process.platform !== 'linux') return 'mounting a small file system needs Linux';
  if (process.getuid?.() !== 0) return 'mounting a small file system needs root';
  try {
    mountSmallDisk(kind, SMALLEST_BYTES).unmount();
    return null;
  } catch (error) {
    return `mounting ${kind} is refused: ${(error instanceof Error ? error.message : String(error)).replaceAll('\n', ' ')}`;
  }
}

/** Makes and mounts one. @throws where `whyNoMount` says why */
export function mountSmallDisk(kind: DiskKind, bytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'vantage-disk-'));
  const path = join(folder, 'disk');
  mkdirSync(path);
  try {
    if (kind === 'tmpfs')
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path], { stdio: 'pipe' });
    else mountImage(makeImage(join(folder, 'image'), bytes), path);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const ballast = join(path, 'ballast');
  // Whoever is stopped in the middle leaves no mount behind, even while a writer still has files open there.
  const letGo = (): void => {
    execFileSync('umount', ['--lazy', path]);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', letGo);
  return {
    path,
    fill: (freeBytes) => fillUp(path, ballast, freeBytes),
    makeRoom: () => rmSync(ballast, { force: true }),
    unmount: () => {
      process.off('exit', letGo);
      unmount(path);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A file with an empty ext4 file system, nothing of it reserved for root. @returns its path */
export function makeImage(path: string, bytes: number): string {
  writeFileSync(path, '');
  truncateSync(path, bytes);
  execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', path], { stdio: 'pipe' });
  return path;
}

/** Mounts it through a loop device; the journal is replayed as after any power cut. */
export function mountImage(image: string, path: string): void {
  execFileSync('mount', ['-o', 'loop', image, path], { stdio: 'pipe' });
}

export function unmount(path: string): void {
  execFileSync('umount', [path]);
}

function fillUp(path: string, ballast: string, freeBytes: number): void {
  const handle = openSync(ballast, 'a');
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(path);
      const left = bavail * bsize - freeBytes;
      if (left <= 0) return;
      writeSync(handle, PIECE.subarray(0, Math.min(PIECE.length, left)));
    }
  } catch (error) {
    // The writer was quicker: it is full, which is what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(handle);
  }
}
