/** What disks, copies and people do to a file. */
import { closeSync, openSync, readSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import type { Random } from '../../fixtures/random.ts';

const SECTOR_BYTES = 512;
const PAGE_BYTES = 4096;

/** Does one thing to the file, which must not be empty. @returns what, with its place */
export function damageFile(path: string, random: Random): string {
  const { size } = statSync(path);
  const at = random.between(0, size - 1);
  const chance = random.next();
  if (chance < 0.45) {
    const bit = random.between(0, 7);
    change(path, at, 1, (bytes) => (bytes[0] = (bytes[0] ?? 0) ^ (1 << bit)));
    return `bit ${bit} of byte ${at} of ${size} flipped`;
  }
  if (chance < 0.6) {
    const length = Math.min(size - at, random.between(2, 64));
    change(path, at, length, (bytes) => bytes.forEach((byte, index) => (bytes[index] = byte ^ random.between(1, 255))));
    return `${length} bytes from ${at} of ${size} changed`;
  }
  if (chance < 0.7) {
    const unit = random.pick([SECTOR_BYTES, PAGE_BYTES]);
    const from = Math.floor(at / unit) * unit;
    const length = Math.min(unit, size - from);
    change(path, from, length, (bytes) => bytes.fill(0));
    return `${length} bytes from ${from} of ${size} zeroed`;
  }
  if (chance < 0.82) {
    truncateSync(path, at);
    return `cut to ${at} of ${size} bytes`;
  }
  if (chance < 0.92) {
    const to = Math.floor(at / PAGE_BYTES) * PAGE_BYTES;
    truncateSync(path, to);
    return `cut to ${to} of ${size} bytes, between pages`;
  }
  rmSync(path);
  return `taken away (${size} bytes)`;
}

function change(path: string, at: number, length: number, make: (bytes: Buffer) => unknown): void {
  const handle = openSync(path, 'r+');
  try {
    const bytes = Buffer.alloc(length);
    readSync(handle, bytes, 0, length, at);
    make(bytes);
    writeSync(handle, bytes, 0, length, at);
  } finally {
    closeSync(handle);
  }
}
