/** Stations and the real API: what was written arrives everywhere, once, whatever the line did. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../electron/contract/index.ts';
import type { Draft } from '../../electron/core/store/index.ts';
import { pull, sessionDocument, push, rowOf } from '../../workflows/api/testing/documents.ts';
import type { TestApi } from '../../workflows/api/testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../../workflows/api/testing/test-api.ts';
import type { ReplicatingStation, StationOptions } from './testing/replicating-station.ts';
import { changeInCloud, converged, eventually, startStation } from './testing/replicating-station.ts';

let cloud: TestApi;
const open: ReplicatingStation[] = [];

const offline = async (): Promise<Response> => Promise.reject(new TypeError('fetch failed'));

beforeAll(async () => {
  cloud = await startTestApi();
});
afterEach(async () => {
  for (const station of open.splice(0)) await station.close();
});
afterAll(async () => cloud.close());

async function station(options: StationOptions = {}): Promise<ReplicatingStation> {
  const started = await startStation(cloud, NORTH_HARBOUR, options);
  open.push(started);
  return started;
}

function patient(fields: Partial<Draft<'patients'>> = {}): Draft<'patients'> {
  return {
    id: newId(),
    tenantId: NORTH_HARBOUR.tenantId,
    locationId: NORTH_HARBOUR.locationId,
    authorId: NORTH_HARBOUR.personId,
    number: 'HR-1',
    givenName: 'Amara',
    familyName: 'Exampleton',
    birthDate: '1980-01-01',
    sex: 'female',
    ...fields,
  };
}

describe('replication', { timeout: 120_000 }, () => {
  it('carries what two stations write, online and offline, to the same state', async () => {
    const [one, two] = [await station(), await station()];
    const shared = await one.store.write('patients', patient());
    await converged([one, two]);

    one.intercept = offline;
    two.intercept = offline;
    await one.store.update('patients', shared.id, (current) => ({ ...current, number: 'HR-2' }));
    await two.store.update('patients', shared.id, (current) => ({ ...current, allergies: ['Latex'] }));
    await two.store.update('patients', shared.id, (current) => ({ ...current, number: 'HR-3' }));
    for (let index = 0; index < 70; index += 1) {
      await one.store.write('patients', patient({ number: `A-${index}` }));
      await two.store.write('patients', patient({ number: `B-${index}` }));
    }
    expect([one.replication.unpushed(), two.replication.unpushed()]).toEqual([71, 71]);
    one.intercept = null;
    two.intercept = null;
    one.replication.tryNow();
    two.replication.tryNow();
    const content = await converged([one, two]);
    expect(Object.keys(content['patients'] as object).length).toBeGreaterThanOrEqual(141);
    expect((content['patients'] as Record<string, unknown>)[shared.id]).toMatchObject({
      number: 'HR-3',
      allergies: ['Latex'],
    });
  });

  it('has no second effect when the answer to a push was lost, and keeps a change that was taken back meanwhile', async () => {
    const one = await station();
    const written = await one.store.write('patients', patient({ familyName: 'First' }));
    await one.replication.drained();
    let lost = 0;
    one.intercept = async (url, send) => {
      if (!url.endsWith('/push')) return send();
      await send();
      lost += 1;
      throw new TypeError('fetch failed');
    };
    await one.store.update('patients', written.id, (current) => ({ ...current, familyName: 'Second' }));
    await eventually(() => lost > 0, 'an answer is lost');
    await one.store.update('patients', written.id, (current) => ({ ...current, familyName: 'First' }));
    // The process ends before the answer came.
    one.intercept = async () => Promise.reject(new TypeError('fetch failed'));
    await one.restart();
    one.intercept = null;
    one.replication.tryNow();
    await one.replication.drained();
    await eventually(() => one.replication.unpushed() === 0, 'all is acknowledged');
    expect((await one.store.get('patients', written.id))?.familyName).toBe('First');
    const { rows } = await pull(one.enrolled, 'patients', null, 500);
    const kept = rows.find(({ document }) => document['id'] === written.id);
    expect([kept?.document['familyName'], kept?.version]).toEqual(['First', 3]);
  });

  it('keeps what the cloud refuses as it is, says so, and asks again only when it was changed', async () => {
    const one = await station();
    const elsewhere = await one.store.write('patients', patient({ locationId: newId() }));
    await eventually(() => one.replication.quarantined(10).length === 1, 'it is refused');
    expect(one.replication.quarantined(10)).toMatchObject([
      { collection: 'patients', id: elsewhere.id, reason: 'OUT_OF_SCOPE', field: 'locationId' },
    ]);
    expect(one.replication.unpushed()).toBe(1);
    let pushes = 0;
    one.intercept = async (url, send) => {
      if (url.endsWith('/push')) pushes += 1;
      return send();
    };
    await one.restart();
    await one.replication.audit();
    const other = await one.store.write('patients', patient());
    await one.replication.drained();
    expect([pushes, one.replication.unpushed()]).toEqual([1, 1]);
    expect(await one.store.get('patients', elsewhere.id)).toEqual(elsewhere);
    await one.store.update('patients', elsewhere.id, (current) => ({
      ...current,
      locationId: NORTH_HARBOUR.locationId,
      familyName: 'Changed',
    }));
    await eventually(() => one.replication.unpushed() === 0, 'it is taken');
    const { rows } = await pull(one.enrolled, 'patients', null, 500);
    expect(rows.map(({ document }) => document['id'])).toEqual(expect.arrayContaining([elsewhere.id, other.id]));
  });

  it('takes the cloud’s own fields from the cloud, whatever else is changed here', async () => {
    const one = await station();
    const { id, ...session } = sessionDocument(NORTH_HARBOUR) as unknown as Draft<'sessions'>;
    await one.store.write('sessions', { ...session, id });
    await one.replication.drained();
    const field = `jsonb_set(document, '{cloud}', '{"syncedAt": "2026-11-21T10:00:00.000Z"}')`;
    await changeInCloud(cloud, NORTH_HARBOUR, id, field);
    await one.store.update('sessions', id, (current) => ({ ...current, reportId: newId() }));
    one.replication.tryNow();
    await eventually(
      async () => (await one.store.get('sessions', id))?.cloud?.['syncedAt'] !== undefined,
      'the field arrives',
    );
    await eventually(() => one.replication.unpushed() === 0, 'all is acknowledged');
    const { rows } = await pull(one.enrolled, 'sessions', null, 500);
    const kept = rows.find(({ document }) => document['id'] === id);
    expect(kept?.document).toMatchObject({ cloud: (await one.store.get('sessions', id))?.cloud });
  });

  it('puts aside what is no document, shows it, and reads on', async () => {
    const one = await station();
    await one.replication.drained();
    const good = Array.from({ length: 3 }, () => patient());
    await push(
      one.enrolled,
      'patients',
      good.map((fields) =>
        rowOf({
          ...fields,
          stationId: NORTH_HARBOUR.stationId,
          contractVersion: '1.0',
          hlc: {},
          createdAt: '2026-11-21T09:00:00.000Z',
          updatedAt: '2026-11-21T09:00:00.000Z',
          unknown: { deep: true },
        }),
      ),
    );
    const [broken] = good;
    await changeInCloud(cloud, NORTH_HARBOUR, broken?.id ?? '', `document - 'familyName'`);
    const two = await station();
    await eventually(() => two.replication.setAside(10).length === 1, 'it is put aside');
    expect(two.replication.setAside(10)).toMatchObject([
      { collection: 'patients', id: broken?.id, field: 'familyName' },
    ]);
    await eventually(
      async () => (await two.store.get('patients', good[2]?.id ?? ''))?.['unknown'] !== undefined,
      'the others arrive with what they have',
    );
  });
});
