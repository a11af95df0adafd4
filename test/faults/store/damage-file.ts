/** What disks, copies and people do to a file. */
import { closeSync, openSync, readSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import type { Random } from '../../fixtures/random.ts';

const SECTOR_BYTES = 512;
const PAGE_BYTES = 4096;

export interface Damage {
  /** For people, with its place. */
  readonly what: string;
  /** Bytes that are others than before, from and up to (not including); null where they are gone or all zeros. */
  readonly changed: readonly [number, number] | null;
  /** The first byte that is not as it was; 0 where the file is gone. */
  readonly from: number;
}

/** Does one thing to the file, which must not be empty. */
export function damageFile(path: string, random: Random): Damage {
  const { size } = statSync(path);
  const at = random.between(0, size - 1);
  const chance = random.next();
  if (chance < 0.45) {
    const bit = random.between(0, 7);
    change(path, at, 1, (bytes) => (bytes[0] = (bytes[0] ?? 0) ^ (1 << bit)));
    return { what: `bit ${bit} of byte ${at} of ${size} flipped`, changed: [at, at + 1], from: at };
  }
  if (chance < 0.6) {
    const length = Math.min(size - at, random.between(2, 64));
    change(path, at, length, (bytes) => bytes.forEach((byte, index) => (bytes[index] = byte ^ random.between(1, 255))));
    return { what: `${length} bytes from ${at} of ${size} changed`, changed: [at, at + length], from: at };
  }
  if (chance < 0.7) {
    const unit = random.pick([SECTOR_BYTES, PAGE_BYTES]);
    const from = Math.floor(at / unit) * unit;
    const length = Math.min(unit, size - from);
    change(path, from, length, (bytes) => bytes.fill(0));
    return { what: `${length} bytes from ${from} of ${size} zeroed`, changed: null, from };
  }
  if (chance < 0.82) {
    truncateSync(path, at);
    return { what: `cut to ${at} of ${size} bytes`, changed: null, from: at };
  }
  if (chance < 0.92) {
    const to = Math.floor(at / PAGE_BYTES) * PAGE_BYTES;
    truncateSync(path, to);
    return { what: `cut to ${to} of ${size} bytes, between pages`, changed: null, from: to };
  }
  rmSync(path);
  return { what: `taken away (${size} bytes)`, changed: null, from: 0 };
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
