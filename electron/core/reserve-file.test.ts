import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mountSmallDisk, whyNoMount } from '../../test/faults/store/small-disk.ts';
import type { ReserveFile } from './reserve-file.ts';
import { openReserveFile } from './reserve-file.ts';
import type { StoredClinic } from './vault/testing/stored-clinic.ts';
import { openStoredClinic, sessionDraft } from './vault/testing/stored-clinic.ts';

const MIB = 1024 * 1024;
const RESERVE_BYTES = 8 * MIB;
const DISK_BYTES = 48 * MIB;
const STEPS = 700;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** A disk that can be filled to the last byte. */
interface FillableDisk {
  readonly path: string;
  /** Nothing more fits, but what is given up within. */
  fill(database: Database): void;
  /** The reserve was given up: its room can be used. */
  released(): void;
  empty(): void;
  remove(): void;
}

function mountedDisk(): FillableDisk {
  const disk = mountSmallDisk('tmpfs', DISK_BYTES);
  return {
    path: disk.path,
    fill: () => disk.fill(0),
    released: () => undefined,
    empty: () => disk.makeRoom(),
    remove: () => disk.unmount(),
  };
}

/** Where nothing can be mounted: SQLite itself refuses to let its file grow, with the error that a full disk gives. */
function limitedDisk(): FillableDisk {
  const path = mkdtempSync(join(tmpdir(), 'vantage-full-'));
  let limited: Database | null = null;
  const unlimit = (): void => {
    if (limited?.open === true) limited.pragma('max_page_count = 1073741823');
  };
  return {
    path,
    fill(database) {
      limited = database;
      database.pragma('max_page_count = 1');
    },
    released: unlimit,
    empty: unlimit,
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

const KINDS: readonly (readonly [string, () => FillableDisk])[] = [
  ['a file that may not grow', limitedDisk],
  ...(whyNoMount('tmpfs') === null ? [['a mounted disk of 48 MiB', mountedDisk] as const] : []),
];

describe('the reserve file', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vantage-reserve-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('holds room: its blocks are allocated and cannot be compressed away', async () => {
    const reserve = openReserveFile({ directory, log: quiet, bytes: 2 * MIB });
    expect(reserve.isHeld()).toBe(false);
    await reserve.restore();
    expect(reserve.isHeld()).toBe(true);
    const { size, blocks, mode } = statSync(join(directory, 'reserve'));
    expect({ size, mode: mode & 0o777 }).toEqual({ size: 2 * MIB, mode: 0o600 });
    const allocated = process.platform === 'win32' ? size : blocks * 512;
    expect(allocated).toBeGreaterThanOrEqual(2 * MIB);
    expect(deflateSync(readFileSync(join(directory, 'reserve'))).length).toBeGreaterThanOrEqual(2 * MIB);
  });

  it('is given up once, made again, and taken over by the next start', async () => {
    const reserve = openReserveFile({ directory, log: quiet, bytes: MIB });
    expect(reserve.release()).toBe(false);
    await Promise.all([reserve.restore(), reserve.restore()]);
    expect([reserve.release(), reserve.release(), reserve.isHeld()]).toEqual([true, false, false]);
    await reserve.restore();
    expect(openReserveFile({ directory, log: quiet, bytes: MIB }).isHeld()).toBe(true);
  });

  it('is no reserve while it is cut, sparse or half made', async () => {
    const path = join(directory, 'reserve');
    writeFileSync(`${path}.new`, Buffer.alloc(1000));
    const reserve = openReserveFile({ directory, log: quiet, bytes: MIB });
    expect(statSync(`${path}.new`, { throwIfNoEntry: false })).toBeUndefined();
    writeFileSync(path, '');
    truncateSync(path, MIB);
    expect(reserve.isHeld()).toBe(process.platform === 'win32');
    truncateSync(path, 1000);
    expect(reserve.isHeld()).toBe(false);
    await reserve.restore();
    expect(reserve.isHeld()).toBe(true);
  });

  it('is a small share of a disk, unless told otherwise', () => {
    expect(openReserveFile({ directory, log: quiet }).bytes).toBeLessThanOrEqual(64 * MIB);
    expect(openReserveFile({ directory, log: quiet }).bytes).toBeGreaterThanOrEqual(8 * MIB);
  });

  it('leaves nothing behind when it is closed while it is being made', async () => {
    const reserve = openReserveFile({ directory, log: quiet, bytes: 64 * MIB });
    const making = reserve.restore();
    await reserve.close();
    await making;
    expect(statSync(join(directory, 'reserve.new'), { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe.each(KINDS)('%s without any room', (_kind, make) => {
  let disk: FillableDisk;
  let clinic: StoredClinic | null = null;
  let reserve: ReserveFile;
  beforeEach(() => {
    disk = make();
    reserve = openReserveFile({ directory: disk.path, log: quiet, bytes: RESERVE_BYTES });
  });
  afterEach(async () => {
    disk.empty();
    await clinic?.store.close();
    clinic = null;
    disk.remove();
  });

  function makeRoom(): boolean {
    const made = reserve.release();
    if (made) disk.released();
    return made;
  }

  it(`takes what a visit says, ${STEPS} steps of it, and no picture`, async () => {
    const { store, vault } = (clinic = await openStoredClinic(disk.path, {
      makeRoom,
      vault: { reserveBytes: 2 * RESERVE_BYTES, reserveFile: { ...reserve, release: makeRoom } },
    }));
    await reserve.restore();
    const session = await store.write('sessions', sessionDraft('full', { status: 'CAPTURING', endedAt: null }));
    disk.fill(store.sqlite);
    for (let step = 1; step <= STEPS; step += 1) {
      await store.transaction((tx) => {
        tx.update('sessions', session.id, (current) => ({ ...current, endedReason: `step ${step}` }));
        tx.audit({
          at: '2026-11-21T12:00:00.000Z',
          actorId: 'somebody',
          role: 'facilitator',
          action: 'visit.step',
          subjectKind: 'session',
          subjectId: session.id,
          detail: { step },
        });
      });
    }
    expect(reserve.isHeld()).toBe(false);
    // The limit on SQLite's file is none on pictures; a real disk refuses them long before it is full.
    const refused = await vault.grantWrite({ expectedBytes: MIB }).then(
      () => 'granted',
      (error: { code?: string }) => error.code,
    );
    expect(refused).toBe(make === mountedDisk ? 'DISK_FULL' : 'granted');
    // As it is, full, it opens again and has all of it.
    await store.close();
    const again = (clinic = await openStoredClinic(disk.path, { makeRoom }));
    expect(await again.store.get('sessions', session.id)).toMatchObject({ endedReason: `step ${STEPS}` });
    expect(again.store.audit.read({ limit: 10_000 })).toHaveLength(STEPS);
    expect(again.store.integrityCheck()).toEqual({ ok: true, problems: [] });
    disk.empty();
    await reserve.restore();
    expect(reserve.isHeld()).toBe(true);
  }, 60_000);

  it('refuses it where there is no reserve, and keeps what was there', async () => {
    const { store } = (clinic = await openStoredClinic(disk.path, { makeRoom }));
    const session = await store.write('sessions', sessionDraft('full'));
    disk.fill(store.sqlite);
    const writing = (async (): Promise<void> => {
      for (let step = 1; step <= STEPS; step += 1)
        await store.update('sessions', session.id, (now) => ({ ...now, endedReason: `${step} `.padEnd(3000, 'x') }));
      for (let step = 1; step <= STEPS; step += 1) await store.write('sessions', sessionDraft(`full ${step}`));
    })();
    await expect(writing).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(await store.get('sessions', session.id)).not.toBeNull();
    expect(store.integrityCheck()).toEqual({ ok: true, problems: [] });
    disk.empty();
    await store.write('sessions', sessionDraft('room again'));
  });
});
