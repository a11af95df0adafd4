/** What becomes of a station when the cloud is not what it was: put back, purged, moved, of another version. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CollectionName } from '../../electron/contract/index.ts';
import { documentSchemas, newId } from '../../electron/contract/index.ts';
import { stationIdOf } from '../../electron/core/station.ts';
import type { Draft } from '../../electron/core/store/index.ts';
import { fileKeyStore } from '../../electron/core/store/index.ts';
import { PUSH_ROWS } from '../../electron/core/sync/replication/packs.ts';
import type { SeededLocation } from '../../workflows/database/testing/seed.ts';
import type { TestApi } from '../../workflows/api/testing/test-api.ts';
import { NORTH_HARBOUR, NORTH_HILL, startTestApi } from '../../workflows/api/testing/test-api.ts';
import type { ReplicatingStation, StationOptions } from './testing/replicating-station.ts';
import { changeInCloud, contentOf, converged, eventually, startStation } from './testing/replicating-station.ts';

let cloud: TestApi;
const open: ReplicatingStation[] = [];
type Fields = Readonly<Record<string, unknown>>;

const offline = async (): Promise<Response> => Promise.reject(new TypeError('fetch failed'));

beforeAll(async () => {
  cloud = await startTestApi();
});
afterEach(async () => {
  for (const station of open.splice(0)) await station.close();
});
afterAll(async () => cloud.close());

/** A clinic of the test's own. */
async function newPlace(ids: Partial<SeededLocation> = {}): Promise<SeededLocation> {
  const place = { ...NORTH_HARBOUR, tenantId: newId(), locationId: newId(), ...ids };
  await cloud.database.admin.query('INSERT INTO tenants (id, name) VALUES ($1, $2)', [place.tenantId, 'Clinic']);
  await cloud.database.admin.query('INSERT INTO document_counters (tenant_id) VALUES ($1)', [place.tenantId]);
  await cloud.database.admin.query('INSERT INTO locations (tenant_id, id, name) VALUES ($1, $2, $3)', [
    place.tenantId,
    place.locationId,
    'Location',
  ]);
  return place;
}

async function station(place: SeededLocation, options: StationOptions = {}): Promise<ReplicatingStation> {
  const started = await startStation(cloud, place, options);
  open.push(started);
  return started;
}

function patient(place: SeededLocation, fields: Partial<Draft<'patients'>> = {}): Draft<'patients'> {
  return {
    id: newId(),
    tenantId: place.tenantId,
    locationId: place.locationId,
    authorId: place.personId,
    number: 'HR-1',
    givenName: 'Amara',
    familyName: 'Exampleton',
    birthDate: '1980-01-01',
    sex: 'female',
    ...fields,
  };
}

async function changeEpoch(place: SeededLocation): Promise<void> {
  await cloud.database.admin.query('UPDATE document_counters SET epoch = $2 WHERE tenant_id = $1', [
    place.tenantId,
    newId(),
  ]);
}

/** As if more time had passed than any station may be offline. */
async function purgeDeletions(place: SeededLocation): Promise<void> {
  cloud.clock.aheadMs = 200 * 24 * 60 * 60_000;
  try {
    const cause = { workflowId: newId(), activityId: newId(), runId: newId(), workflowType: 'purge' };
    const answer = await fetch(`${cloud.base}/internal/v1/purge`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await cloud.service(place.tenantId)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ cause, olderThanDays: 180 }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([200, { tombstones: 2 }]);
  } finally {
    cloud.clock.aheadMs = 0;
  }
}

describe('a cloud that has to be read again', { timeout: 120_000 }, () => {
  it('gets back what it had acknowledged and lost, and the later of two states', async () => {
    const place = await newPlace();
    const one = await station(place);
    const [lost, older, changed] = [patient(place), patient(place), patient(place)];
    for (const each of [lost, older, changed]) await one.store.write('patients', each);
    await one.replication.drained();
    await one.store.update('patients', older.id, (current) => ({ ...current, familyName: 'Later' }));
    await one.replication.drained();
    const { rows } = await cloud.database.admin.query<{ document: unknown }>(
      'SELECT document FROM documents WHERE id = $1',
      [older.id],
    );
    const [kept] = rows;
    one.intercept = offline;
    await one.store.update('patients', changed.id, (current) => ({ ...current, number: 'HR-9' }));
    // As if the database had been put back from a backup of before.
    const before = { ...(kept?.document as object), familyName: 'Exampleton', hlc: {} };
    await changeInCloud(cloud, place, older.id, `'${JSON.stringify(before)}'::jsonb`);
    await cloud.database.admin.query('DELETE FROM documents WHERE id = $1', [lost.id]);
    await changeEpoch(place);
    one.intercept = null;
    one.replication.tryNow();
    const two = await station(place);
    await eventually(async () => (await two.store.get('patients', lost.id)) !== null, 'what was lost is back');
    const content = (await converged([one, two]))['patients'] as Record<string, unknown>;
    expect(content[lost.id]).toMatchObject({ id: lost.id });
    expect(content[older.id]).toMatchObject({ familyName: 'Later' });
    expect(content[changed.id]).toMatchObject({ number: 'HR-9' });
  });

  it('lets go of what was deleted and purged, and keeps what was changed here', async () => {
    const place = await newPlace();
    const [one, two] = [await station(place), await station(place)];
    const [gone, changed, stays] = [patient(place), patient(place), patient(place)];
    for (const each of [gone, changed, stays]) await one.store.write('patients', each);
    await converged([one, two]);
    two.intercept = offline;
    await two.store.update('patients', changed.id, (current) => ({ ...current, number: 'HR-9' }));
    for (const { id } of [gone, changed]) await one.store.transaction((tx) => tx.remove('patients', id));
    await one.store.update('patients', stays.id, (current) => ({ ...current, number: 'HR-5' }));
    await one.replication.drained();
    await purgeDeletions(place);
    two.intercept = null;
    two.replication.tryNow();
    await eventually(async () => (await two.store.get('patients', gone.id)) === null, 'it is let go of');
    await eventually(async () => (await one.store.get('patients', changed.id))?.number === 'HR-9', 'it is kept');
    const content = (await converged([one, two]))['patients'] as Record<string, unknown>;
    expect(Object.keys(content).toSorted()).toEqual([changed.id, stays.id].toSorted());
  });

  it('takes what left its location away, but never what was changed here meanwhile', async () => {
    const one = await station(NORTH_HARBOUR);
    const [moved, changed] = [patient(NORTH_HARBOUR), patient(NORTH_HARBOUR)];
    for (const each of [moved, changed]) await one.store.write('patients', each);
    await one.replication.drained();
    one.intercept = offline;
    await one.store.update('patients', changed.id, (current) => ({ ...current, number: 'HR-9' }));
    for (const { id } of [moved, changed]) {
      await moveInCloud(id);
    }
    one.intercept = null;
    one.replication.tryNow();
    await eventually(async () => (await one.store.get('patients', moved.id)) === null, 'it goes away');
    await eventually(() => one.replication.quarantined(10).some(({ id }) => id === changed.id), 'the other is refused');
    expect((await one.store.get('patients', changed.id))?.number).toBe('HR-9');
  });
});

/** To another location of the same clinic. */
async function moveInCloud(id: string): Promise<void> {
  const client = await cloud.database.admin.connect();
  try {
    await client.query('BEGIN');
    await client.query(
      `SELECT set_config('vantage.tenant', $1, true), set_config('vantage.locations', '*', true),
              set_config('vantage.role', 'service', true), set_config('vantage.actor', 'test', true)`,
      [NORTH_HARBOUR.tenantId],
    );
    await client.query('SELECT lock_writes()');
    await client.query(
      `UPDATE documents SET location_id = $2::text::uuid, document = jsonb_set(document, '{locationId}', to_jsonb($2::text)) WHERE id = $1`,
      [id, NORTH_HILL.locationId],
    );
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

describe('a cloud of another version', { timeout: 120_000 }, () => {
  it('stops it with that problem, and it goes on once it is served', async () => {
    const place = await newPlace();
    const one = await station(place);
    await one.replication.drained();
    one.intercept = async () =>
      Response.json({ code: 'UPDATE_NEEDED', detail: '', requestId: 'test' }, { status: 426 });
    const written = await one.store.write('patients', patient(place));
    const ofPatients = () => one.replication.perCollection().find(({ name }) => name === 'patients');
    await eventually(() => ofPatients()?.problem?.code === 'UPDATE_NEEDED', 'it is said');
    expect(ofPatients()).toMatchObject({ state: 'stopped', unpushed: 1 });
    one.intercept = null;
    one.replication.tryNow();
    await one.replication.drained();
    expect(ofPatients()).toMatchObject({ unpushed: 0, problem: null });
    const two = await station(place);
    await eventually(async () => (await two.store.get('patients', written.id)) !== null, 'it arrives');
  });
});

describe('a long time offline', { timeout: 120_000 }, () => {
  it('sends visits in review and what belongs to them before everything else', async () => {
    const place = await newPlace();
    const one = await station(place);
    await one.replication.drained();
    one.intercept = offline;
    const [sessionId, patientId] = [newId(), newId()];
    for (let index = 0; index < 130; index += 1) await one.store.write('patients', patient(place));
    await one.store.write('patients', patient(place, { id: patientId, familyName: 'In review' }));
    for (let index = 0; index < 70; index += 1) await one.store.write('sessions', visit(place, newId(), 'COMPLETED'));
    await one.store.write('sessions', visit(place, sessionId, 'REVIEW', patientId));
    await one.restart();
    const order: string[] = [];
    one.intercept = async (url, send) => {
      const answer = await send();
      if (url.endsWith('/push')) order.push(`${url.split('/').at(-2)}`);
      return answer;
    };
    one.replication.tryNow();
    await eventually(async () => {
      const { rows } = await cloud.database.admin.query('SELECT 1 FROM documents WHERE id = ANY($1)', [
        [sessionId, patientId],
      ]);
      return rows.length === 2;
    }, 'the visit in review has arrived');
    const { rows } = await cloud.database.admin.query<{ id: string }>(
      'SELECT id FROM documents WHERE tenant_id = $1 ORDER BY seq LIMIT 2',
      [place.tenantId],
    );
    // They go at once; which of the two is kept first is the cloud's affair.
    expect(rows.map(({ id }) => id).toSorted()).toEqual([sessionId, patientId].toSorted());
    await one.replication.drained();
    expect(one.replication.unpushed()).toBe(0);
    expect(order.slice(0, 2).toSorted()).toEqual(['patients', 'sessions']);
  });

  it('sends them before all but what was ready to go, where the line was only waited for and nothing had failed', async () => {
    const place = await newPlace();
    const line = { back: Promise.withResolvers<void>() };
    line.back.resolve();
    const one = await station(place, { replication: { ready: async () => line.back.promise } });
    await one.replication.drained();
    line.back = Promise.withResolvers();
    for (let index = 0; index < 150; index += 1) await one.store.write('sessions', visit(place, newId(), 'COMPLETED'));
    const { id } = await one.store.write('sessions', visit(place, newId(), 'REVIEW'));
    one.replication.tryNow();
    line.back.resolve();
    await one.replication.drained();
    const { rows } = await cloud.database.admin.query<{ id: string }>(
      'SELECT id FROM documents WHERE tenant_id = $1 ORDER BY seq',
      [place.tenantId],
    );
    expect(rows).toHaveLength(151);
    // Two requests at a time, each with so many.
    expect(rows.findIndex((row) => row.id === id)).toBeLessThanOrEqual(2 * PUSH_ROWS);
  });
});

function visit(
  place: SeededLocation,
  id: string,
  status: 'REVIEW' | 'COMPLETED',
  patientId: string = newId(),
): Draft<'sessions'> {
  return {
    id,
    tenantId: place.tenantId,
    locationId: place.locationId,
    authorId: place.personId,
    appointmentId: newId(),
    patientId,
    protocolId: 'wellness-short',
    protocolVersion: '1',
    day: '2026-11-21',
    status,
    leadStationId: place.stationId,
    checkedInAt: null,
    startedAt: null,
    pausedAt: null,
    capturedAt: null,
    endedAt: null,
    endedReason: null,
    consentId: null,
    steps: {},
    reportId: null,
    endsLocally: false,
  };
}

/** Without what the cloud adds, and what each write changes. */
function withoutClouds(document: Fields): Fields {
  const { cloud: _cloud, hlc: _hlc, updatedAt: _updatedAt, ...fields } = document;
  return fields;
}

describe('a clinic that the first version wrote', { timeout: 120_000 }, () => {
  it('arrives whole', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vantage-first-'));
    rmSync(directory, { recursive: true });
    cpSync(join(import.meta.dirname, '../fixtures/first-landing/clinic'), directory, { recursive: true });
    const key = await fileKeyStore(join(directory, 'demonstration.key')).load();
    if (key === null) throw new Error('the fixture lacks its key');
    const { openStore } = await import('../../electron/core/store/index.ts');
    const store = await openStore({ directory, key, now: () => Date.now(), stationId: stationIdOf(directory) });
    const written = await contentOf(store);
    const [{ tenantId, locationId } = { tenantId: '', locationId: '' }] = await store.find('patients', { limit: 1 });
    await store.close();
    const place = await newPlace({ tenantId, locationId });
    const one = await station(place, { directory, key });
    await one.replication.drained();
    expect(one.replication.quarantined(10)).toEqual([]);
    expect(one.replication.unpushed()).toBe(0);
    const two = await station(place);
    await converged([one, two]);
    const arrived = await contentOf(two.store);
    for (const name of Object.keys(documentSchemas) as CollectionName[]) {
      expect(Object.keys(arrived[name] as object)).toEqual(Object.keys(written[name] as object));
    }
    const now = await contentOf(one.store);
    for (const name of Object.keys(written) as CollectionName[]) {
      // What this version has a default for was not in them.
      const then = Object.values(written[name] as object).map((each) => documentSchemas[name].parse(each));
      const kept = Object.values(now[name] as object) as Fields[];
      expect(kept.map(withoutClouds)).toEqual((then as Fields[]).map(withoutClouds));
    }
  });
});
