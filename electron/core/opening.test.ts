/** What a clinic finds when it opens: damaged small files, files of the vault that have gone. It says so, and says nothing else. */
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { until } from '../../test/fixtures/client.ts';
import type { TestClinic } from '../../test/fixtures/clinic.ts';
import { openTestClinic } from '../../test/fixtures/clinic.ts';
import { beginVisit, stepOf, takePicture, visitOf } from '../../test/fixtures/visit.ts';
import { configuredDevices } from './devices/configured-devices.ts';
import { openEncryptedFile } from './store/encrypted-file.ts';

const AMARA = 'HR-04127';
const PAGE_BYTES = 4096;
let station: TestClinic | null = null;

afterEach(async () => {
  await station?.close();
  station = null;
});

it.each(['', 'garbage', '\0\0\0\0'])('opens with a station id that reads %j, and puts it right', async (content) => {
  station = await openTestClinic();
  const path = join(station.directory, 'station-id');
  const before = readFileSync(path, 'utf8');
  const staff = await station.signedIn('IM');
  const sessionId = await beginVisit(staff, AMARA);
  writeFileSync(path, content);
  await station.restart();
  expect(readFileSync(path, 'utf8')).toBe(before);
  // The visit is still led from here.
  const again = await station.signedIn('IM');
  await again.visits.cancel({ sessionId, reason: 'the patient wants to go' });
});

it('says that the data are damaged although the damage lies where only a later part of the opening reads', async () => {
  station = await openTestClinic();
  const { directory, masterKey } = station;
  const file = join(directory, 'clinic.db');
  const damaged = station.restart(() => {
    const { sqlite } = openEncryptedFile(directory, masterKey, '2026-11-21T12:00:00.000Z');
    const roots = sqlite
      .prepare<[], number>(`SELECT rootpage FROM sqlite_schema WHERE tbl_name LIKE '%appointments%' AND rootpage > 0`)
      .pluck()
      .all();
    sqlite.close();
    expect(roots).not.toEqual([]);
    const bytes = readFileSync(file);
    for (const page of roots) bytes.fill(0, (page - 1) * PAGE_BYTES + 100, (page - 1) * PAGE_BYTES + 150);
    writeFileSync(file, bytes);
  });
  await expect(damaged).rejects.toMatchObject({ name: 'VantageError', code: 'STORE_DAMAGED' });
});

it('does not call a picture stored whose file has gone', async () => {
  station = await openTestClinic();
  const staff = await station.signedIn('IM');
  const sessionId = await beginVisit(staff, AMARA);
  const capture = await takePicture(staff, sessionId, 'body-front');
  const statusOf = async () => until(await station!.staff().station.watch(), () => true);
  const before = await statusOf();
  expect(before.problems).toEqual([]);
  expect(capture.receipts.onDisk).not.toBeNull();
  rmSync(join(station.directory, 'vault', 'blobs'), { recursive: true });
  await station.restart();
  const after = await statusOf();
  expect(after.problems).toMatchObject([{ code: 'BLOB_DAMAGED' }]);
  expect(after.items.onDisk).toBeLessThan(before.items.onDisk);
  const again = await station.signedIn('IM');
  const [lost] = stepOf(await visitOf(again, sessionId), 'body-front').tries;
  expect(lost).toMatchObject({
    captureId: capture.captureId,
    hasImage: false,
    hasThumbnail: false,
    receipts: { onDisk: null },
    problem: { code: 'BLOB_DAMAGED' },
  });
});

it('keeps files that only a store which was put aside names, however old, and removes them once that has gone', async () => {
  station = await openTestClinic();
  const folder = join(station.directory, 'vault', 'blobs', 'ab');
  const aside = join(station.directory, 'aside', '20261121T120000Z-before-restore');
  mkdirSync(folder, { recursive: true });
  mkdirSync(aside, { recursive: true });
  const file = join(folder, 'ab'.repeat(32));
  writeFileSync(file, 'a picture that was taken after the backup');
  utimesSync(file, 0, 0);
  writeFileSync(join(aside, 'clinic.db'), 'what lay there before');
  await station.restart();
  expect(existsSync(file)).toBe(true);
  rmSync(aside, { recursive: true });
  await station.restart();
  expect(existsSync(file)).toBe(false);
});

it('makes the report of a visit although a stored picture is damaged', async () => {
  station = await openTestClinic();
  const staff = await station.signedIn('IM');
  const sessionId = await beginVisit(staff, AMARA);
  const { captureId } = await takePicture(staff, sessionId, 'body-front');
  await staff.capture.keep({ captureId, reason: 'the patient can not stand longer' });
  const { path } = await staff.media.open({ of: 'capture', captureId, part: 'thumbnail' });
  truncateSync(station.clinic.openMedia(path, 'staff-1')?.path ?? '', 500);
  await staff.visits.end({ sessionId, reason: 'the patient has to leave' });
  await staff.visits.finish({ sessionId });
  const visit = await visitOf(staff, sessionId, (view) => view.status === 'REVIEW');
  expect(visit).toMatchObject({ problems: [], report: { version: 1 } });
});

it('says of devices.json that it can not be used, whatever is wrong with it', async () => {
  station = await openTestClinic();
  const path = join(station.directory, 'devices.json');
  const scale = {
    deviceId: '3c0d9c1e-5a54-4a52-9c3f-0a63b5f6a001',
    kind: 'scale',
    name: 'Scale',
    model: 'mt-sics-scale',
    address: { type: 'serial', path: '/dev/ttyUSB0' },
  };
  for (const text of ['', '{', '{}', '[{}]', JSON.stringify([scale, scale])]) {
    writeFileSync(path, text);
    expect(() => configuredDevices(station!.directory, [])).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  }
  rmSync(path);
  mkdirSync(path);
  expect(() => configuredDevices(station!.directory, [])).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  rmSync(path, { recursive: true });
  writeFileSync(path, JSON.stringify([scale]));
  expect(configuredDevices(station.directory, [])).toHaveLength(1);
});
