import { cpSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { AuditEntry } from '../../electron/contract/index.ts';
import type { TestApi } from '../../workflows/api/testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../../workflows/api/testing/test-api.ts';
import type { RunningStation } from './station.ts';
import { BY, newFolder, startStation, stopStations, until } from './station.ts';

let cloud: TestApi;
beforeAll(async () => {
  cloud = await startTestApi();
});
afterAll(async () => cloud.close());
afterEach(stopStations);

async function enrolled(): Promise<RunningStation> {
  const station = await startStation();
  await station.sync.enrol({ address: cloud.base, code: await cloud.enrolmentCode(NORTH_HARBOUR) }, BY);
  return station;
}

async function write(station: RunningStation, count: number, action = 'patient.read'): Promise<void> {
  const entry = {
    at: new Date().toISOString(),
    actorId: 'a',
    role: 'r',
    action,
    subjectKind: 'patient',
    subjectId: 'p',
  };
  await station.store.audit.append(...Array.from({ length: count }, () => ({ ...entry, detail: {} })));
}

async function inCloud(stationId: string): Promise<AuditEntry[]> {
  const { rows } = await cloud.database.admin.query<{ entry: AuditEntry }>(
    'SELECT entry FROM audit_entries WHERE station_id = $1 ORDER BY sequence',
    [stationId],
  );
  return rows.map(({ entry }) => entry);
}

/** Sends now what would be gathered for a while. */
async function sent(station: RunningStation): Promise<void> {
  await until(async () => {
    station.sync.running?.audit.tryNow();
    return (await station.sync.state()).unpushed.auditEntries === 0;
  });
}

const problemOf = (station: RunningStation): string | null => station.sync.running?.audit.problem?.code ?? null;

/** A station whose folder is an older copy than what it had sent already, `whole`. */
async function withOlderCopy() {
  const station = await enrolled();
  const { stationId } = station.station;
  const { directory } = station;
  await write(station, 3);
  await sent(station);
  await station.stop();
  const older = newFolder();
  cpSync(directory, older, { recursive: true });
  const later = await startStation({ directory, stationId });
  await write(later, 10);
  await sent(later);
  await later.stop();
  const whole = await inCloud(stationId);
  const restored = await startStation({ directory: older, stationId });
  await until(() => problemOf(restored) === 'TRAIL_BEHIND');
  return { stationId, whole, restored };
}

it('gets to the cloud as it is, in segments, from where the last ended', async () => {
  const station = await enrolled();
  const { stationId } = station.station;
  await write(station, 2300);
  expect((await station.sync.state()).unpushed.auditEntries).toBeGreaterThan(1000);
  await sent(station);
  expect(await inCloud(stationId)).toEqual(station.store.audit.read({ limit: 10_000 }));
  const { directory } = station;
  await station.stop();
  const again = await startStation({ directory, stationId });
  await write(again, 5);
  await sent(again);
  expect(await inCloud(stationId)).toHaveLength(2306);
  expect(problemOf(again)).toBeNull();
});

it('is sent again from where the cloud’s copy ends, when the cloud came back from a copy of its own', async () => {
  const station = await enrolled();
  const { stationId } = station.station;
  await write(station, 20);
  await sent(station);
  await cloud.database.admin.query('ALTER TABLE audit_entries DISABLE TRIGGER USER');
  await cloud.database.admin.query('DELETE FROM audit_entries WHERE station_id = $1 AND sequence > 8', [stationId]);
  await cloud.database.admin.query('ALTER TABLE audit_entries ENABLE TRIGGER USER');
  await write(station, 1);
  await sent(station);
  expect(await inCloud(stationId)).toEqual(station.store.audit.read({ limit: 100 }));
  expect(problemOf(station)).toBeNull();
});

it('that is shorter than the cloud’s, as after an older copy was put back, is told and nothing is overwritten', async () => {
  const { stationId, whole, restored } = await withOlderCopy();
  expect(restored.sync.problems).toMatchObject([{ code: 'TRAIL_BEHIND' }]);
  // Not even when it has grown past that: two trails are not made into one.
  await write(restored, 20, 'patient.changed');
  restored.sync.tryNow();
  await until(() => problemOf(restored) === 'TRAIL_BROKEN');
  expect(await inCloud(stationId)).toEqual(whole);
  expect((await restored.sync.state()).unpushed.auditEntries).toBeGreaterThan(0);
});

it('goes on as a branch after a backup was put back, which the trail itself says', async () => {
  const { stationId, whole, restored } = await withOlderCopy();
  await write(restored, 1, 'store.restored');
  await write(restored, 4);
  await sent(restored);
  expect(problemOf(restored)).toBeNull();
  const { rows } = await cloud.database.admin.query<{ entry: AuditEntry; branch: number }>(
    'SELECT entry, branch FROM audit_entries WHERE station_id = $1 ORDER BY branch, sequence',
    [stationId],
  );
  expect(rows.filter(({ branch }) => branch === 0).map(({ entry }) => entry)).toEqual(whole);
  const own = restored.store.audit.read({ limit: 100 });
  expect(rows.filter(({ branch }) => branch === 1).map(({ entry }) => entry)).toEqual(own.slice(-5));
});

it('that was rewritten here is told', async () => {
  const station = await enrolled();
  const { stationId } = station.station;
  await write(station, 10);
  await sent(station);
  const { directory } = station;
  await station.stop();
  const again = await startStation({ directory, stationId });
  again.store.sqlite.exec('DROP TRIGGER IF EXISTS audit_no_update');
  again.store.sqlite.prepare(`UPDATE audit SET actor_id = 'somebody else' WHERE sequence = ?`).run(11);
  again.sync.tryNow();
  await until(() => problemOf(again) === 'TRAIL_BROKEN');
  expect((await inCloud(stationId)).at(-1)?.actorId).toBe('a');
});
