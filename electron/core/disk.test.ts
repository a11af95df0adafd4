import { describe, expect, it } from 'vitest';
import type { Space } from './disk.ts';
import { PICTURE_BYTES } from '../contract/storage.ts';
import { diskOf, watchDisk } from './disk.ts';

const GB = 1e9;
const MIB = 1024 * 1024;
const space = (freeBytes: number): Space => ({ freeBytes, totalBytes: 100 * GB, reserveBytes: GB });

describe('the disk', () => {
  it('is full exactly when no picture can be begun above the reserve', () => {
    expect(diskOf(space(GB + PICTURE_BYTES)).state).toBe('low');
    expect(diskOf(space(GB + PICTURE_BYTES - 1))).toMatchObject({ state: 'full', visitsLeft: 0 });
    expect(diskOf(space(0))).toMatchObject({ state: 'full', visitsLeft: 0 });
  });

  it('counts visits above the reserve only', () => {
    expect(diskOf(space(GB + 3 * 160 * MIB)).visitsLeft).toBe(3);
    expect(diskOf(space(60 * GB)).state).toBe('ok');
  });

  it('keeps the time since which it has been full, and tells when that begins and ends', async () => {
    let free = 60 * GB;
    let clock = 0;
    let told = 0;
    const { promise: full, resolve: isFull } = Promise.withResolvers<void>();
    const { promise: roomy, resolve: isRoomy } = Promise.withResolvers<void>();
    let released = 0;
    let restored = 0;
    const watch = watchDisk({
      reserveFile: {
        release: () => {
          released += 1;
          return true;
        },
        restore: async () => {
          restored += 1;
        },
      },
      space: async () => space(free),
      now: () => new Date(Date.UTC(2026, 10, 21, 9, 0, (clock += 1))),
      changed: () => {
        told += 1;
        (told === 1 ? isFull : isRoomy)();
      },
      everyMs: 5,
    });
    expect((await watch.look()).problem).toBeNull();
    free = 0;
    await full;
    const first = (await watch.look()).problem;
    const later = (await watch.look()).problem;
    expect(first).toMatchObject({ code: 'DISK_FULL' });
    expect(later?.at).toBe(first?.at);
    free = 60 * GB;
    await roomy;
    expect((await watch.look()).problem).toBeNull();
    expect(told).toBe(2);
    expect(released).toBeGreaterThan(0);
    expect(restored).toBeGreaterThan(0);
    watch.stop();
  });
});
