import { afterEach, expect, it } from 'vitest';
import { DailyBackup } from './daily-backup.ts';
import type { BackupInfo } from './manifest.ts';

const HOUR_MS = 3_600_000;
let daily: DailyBackup | null = null;

afterEach(() => {
  daily?.stop();
  daily = null;
});

function backupOf(madeAt: string): BackupInfo {
  return {
    name: '',
    path: '',
    madeAt,
    storeBytes: 0,
    fileBytes: 0,
    files: 0,
    missingFiles: 0,
    verified: null,
    key: null,
  };
}

it('begins one when the last is a day old, says when none came of it, and takes that back', async () => {
  let nowMs = Date.parse('2026-11-21T12:00:00.000Z');
  let list: readonly BackupInfo[] = [];
  let begun = 0;
  let changes = 0;
  daily = new DailyBackup({
    list: async () => list,
    begin: () => {
      begun += 1;
    },
    now: () => new Date(nowMs),
    changed: () => {
      changes += 1;
    },
    firstLookMs: 1e9,
  });
  await daily.look();
  expect([begun, daily.problem]).toEqual([1, null]);
  nowMs += HOUR_MS;
  await daily.look();
  expect([begun, daily.problem]).toEqual([
    2,
    { code: 'BACKUP_LATE', detail: 'there is no backup', at: '2026-11-21T12:00:00.000Z' },
  ]);
  list = [backupOf('2026-11-21T13:30:00.000Z')];
  nowMs += HOUR_MS;
  await daily.look();
  expect([begun, daily.problem, changes]).toEqual([2, null, 2]);
  nowMs += 23 * HOUR_MS;
  await daily.look();
  expect(begun).toBe(2);
  nowMs += HOUR_MS;
  await daily.look();
  expect([begun, daily.problem]).toEqual([3, null]);
});

it('takes a folder that can not be read for one without backups', async () => {
  let begun = 0;
  daily = new DailyBackup({
    list: async () => Promise.reject(new Error('EIO')),
    begin: () => {
      begun += 1;
    },
    now: () => new Date(0),
    changed: () => undefined,
    firstLookMs: 1e9,
  });
  await daily.look();
  expect(begun).toBe(1);
});

it('does not wait for the time of a backup that was made under a clock that ran ahead', async () => {
  const nowMs = Date.parse('2026-11-21T12:00:00.000Z');
  let list = [backupOf('2027-11-21T12:00:00.000Z')];
  let begun = 0;
  daily = new DailyBackup({
    list: async () => list,
    begin: () => {
      begun += 1;
    },
    now: () => new Date(nowMs),
    changed: () => undefined,
    firstLookMs: 1e9,
  });
  await daily.look();
  expect(begun).toBe(1);
  list = [...list, backupOf('2026-11-21T12:00:00.000Z')];
  await daily.look();
  expect([begun, daily.problem]).toEqual([1, null]);
});
