import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PushRequest, PushResponse } from '../../../contract/index.ts';
import { COLLECTION_NAMES } from '../../store/schemas.ts';
import type { Store } from '../../store/index.ts';
import {
  LOCATION,
  STATION,
  TENANT,
  openTestStore,
  patientDraft,
  temporaryFolder,
} from '../../store/testing/documents.ts';
import { replicationPath } from '../../../contract/index.ts';
import { systemClock } from '../clock.ts';
import type { SyncClock } from '../clock.ts';
import type { StationClient } from '../cloud-client.ts';
import { createCloudClient } from '../cloud-client.ts';
import { newKeyPem, stationKeyOf } from '../station-key.ts';
import type { ScriptedCloud } from '../testing/scripted-cloud.ts';
import { json, startScriptedCloud } from '../testing/scripted-cloud.ts';
import type { Replication } from './replication.ts';
import { startReplication } from './replication.ts';

/** Waits are short here: retries come after milliseconds. */
const hastyClock: SyncClock = {
  ...systemClock,
  sleep: async (ms, signal) => systemClock.sleep(ms >= 60_000 ? ms : ms / 200, signal),
};

let folder: ReturnType<typeof temporaryFolder>;
let cloud: ScriptedCloud;
let store: Store;
let client: StationClient;
let replication: Replication;
/** What the cloud fails on. */
let fails: (ids: readonly string[]) => boolean;
/** Ids of each push, in order. */
let pushes: string[][];

beforeEach(async () => {
  fails = () => false;
  pushes = [];
  folder = temporaryFolder();
  cloud = await startScriptedCloud();
  for (const name of COLLECTION_NAMES) {
    const checkpoint = { seq: 0, epoch: 'one' };
    cloud.on(replicationPath(name, 'pull'), (_request, response) =>
      json(response, 200, { rows: [], checkpoint, resync: null }),
    );
    cloud.on(replicationPath(name, 'push'), (_request, response, body) => {
      const { rows } = JSON.parse(body) as PushRequest;
      const ids = rows.map((row) => (row as { readonly document: { readonly id: string } }).document.id);
      pushes.push(ids);
      if (fails(ids)) return json(response, 500, { code: 'INTERNAL', detail: '', requestId: 'request' });
      const verdicts = ids.map((id) => ({ verdict: 'accepted' as const, id, version: 1 }));
      return json(response, 200, { verdicts, resync: null } satisfies PushResponse);
    });
  }
  store = await openTestStore(folder.path, { now: () => Date.now() });
});

afterEach(async () => {
  await replication.close();
  await client.close();
  await store.close();
  await cloud.close();
  folder.remove();
});

function start(): void {
  const key = stationKeyOf(newKeyPem());
  client = createCloudClient({
    address: cloud.address,
    stationId: STATION,
    keys: { current: () => key, next: () => null, promote: () => undefined },
    clock: systemClock,
  });
  replication = startReplication({
    store,
    cloud: client,
    scope: { tenantId: TENANT, locationId: LOCATION },
    clock: hastyClock,
    random: () => 0.5,
  });
}

async function writePatients(count: number): Promise<string[]> {
  const written = [];
  for (let index = 0; index < count; index += 1) written.push(await store.write('patients', patientDraft(index)));
  return written.map(({ id }) => id);
}

const ofPatients = () => replication.perCollection().find(({ name }) => name === 'patients');
const keptBack = () => replication.quarantined(10).map(({ collection, id, reason }) => ({ collection, id, reason }));

describe('a cloud that fails on one document for ever', () => {
  it('gets all the others; that one is counted, shown, and there once the cloud takes it', async () => {
    const ids = await writePatients(40);
    const bad = ids[17] ?? '';
    fails = (pushed) => pushed.includes(bad);
    start();
    await replication.drained();
    expect(keptBack()).toEqual([{ collection: 'patients', id: bad, reason: 'CLOUD_FAILED' }]);
    expect(ofPatients()).toMatchObject({ unpushed: 1, quarantined: 1, problem: null });
    expect(replication.unpushed()).toBe(1);
    // What is written afterwards does not wait for it, nor is it asked again with that.
    const before = pushes.length;
    await store.write('patients', patientDraft('later'));
    await replication.drained();
    expect(pushes.slice(before).flat()).not.toContain(bad);
    fails = () => false;
    replication.tryNow();
    await replication.drained();
    expect([replication.unpushed(), keptBack()]).toEqual([0, []]);
  });

  it('is asked again by the next run of the program, and when the document was changed', async () => {
    const [bad = ''] = await writePatients(1);
    fails = (pushed) => pushed.includes(bad);
    start();
    await replication.drained();
    expect(keptBack()).toHaveLength(1);
    await replication.close();
    await client.close();
    const asked = pushes.flat().length;
    start();
    await replication.drained();
    expect(keptBack()).toHaveLength(1);
    expect(pushes.flat().length).toBeGreaterThan(asked);
    fails = () => false;
    await store.update('patients', bad, (current) => ({ ...current, familyName: 'Changed' }));
    await replication.drained();
    expect([replication.unpushed(), keptBack()]).toEqual([0, []]);
  });
});

describe('a cloud that fails on everything', () => {
  it('is waited for, and no document is blamed', async () => {
    await writePatients(5);
    const enough = Promise.withResolvers<void>();
    fails = () => {
      if (pushes.length >= 25) enough.resolve();
      return true;
    };
    start();
    await enough.promise;
    expect([replication.unpushed(), keptBack()]).toEqual([5, []]);
    expect(ofPatients()).toMatchObject({ state: 'waiting', problem: { code: 'INTERNAL' } });
    fails = () => false;
    await replication.drained();
    expect([replication.unpushed(), keptBack()]).toEqual([0, []]);
  });
});
