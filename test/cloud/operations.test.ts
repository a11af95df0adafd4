/** What operations is told, of a real station and the real API: in the contract's shape, and from receipts only. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ArtefactRow, SyncView } from '../../electron/contract/index.ts';
import { artefactPageSchema, syncViewSchema } from '../../electron/contract/index.ts';
import { artefactPage, onlyOnDevice } from '../../electron/core/sync/artefacts.ts';
import type { Fetch } from '../../electron/core/sync/cloud-client.ts';
import { sessionDraft, storePicture } from '../../electron/core/vault/testing/stored-clinic.ts';
import { openVault } from '../../electron/core/vault/index.ts';
import type { TestApi } from '../../workflows/api/testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../../workflows/api/testing/test-api.ts';
import type { RunningStation } from './station.ts';
import { BY, startStation, stopStations, until } from './station.ts';

let cloud: TestApi;
beforeAll(async () => {
  cloud = await startTestApi();
});
afterAll(async () => cloud.close());
afterEach(stopStations);

/** As the station's router puts it together; throws where it is not as the contract says. */
async function viewOf({ sync, store }: RunningStation): Promise<SyncView> {
  const { steps, ...state } = await sync.state();
  return syncViewSchema.parse({
    ...state,
    at: new Date().toISOString(),
    steps: { ...steps, onlyOnDevice: await onlyOnDevice(store) },
  });
}

async function rowsOf({ sync, store }: RunningStation, filter: 'all' | 'on-the-way'): Promise<ArtefactRow[]> {
  const sources = { store, sync, lostBlobs: { has: () => false } };
  const { page } = await artefactPage(sources, { filter, cursor: null, limit: 50 }, false);
  return artefactPageSchema.parse(page).rows;
}

async function takePicture({ directory, store, station }: RunningStation, name: string): Promise<void> {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const vault = await openVault({
    directory: join(directory, 'vault'),
    database: store.sqlite,
    masterKey: new Uint8Array(32).fill(9),
    now: () => new Date(),
    log,
    reserveBytes: 0,
  });
  const ids = { tenantId: station.tenantId, locationId: station.locationId };
  const session = sessionDraft(name, ids);
  await store.write('sessions', session);
  const contents = { image: Buffer.alloc(300_000, name), thumbnail: Buffer.from(`small ${name}`), overlay: null };
  await storePicture({ store, vault }, session, 'retina-left', contents, ids);
}

it('follows a picture from this disk to a copy that the cloud has read again, and back off the line', async () => {
  let isCut = false;
  const line: Fetch = async (input, init) => {
    if (isCut) throw new TypeError('fetch failed');
    return fetch(input, init);
  };
  const station = await startStation({ fetch: line });
  expect((await viewOf(station)).line.state).toBe('not-configured');

  await station.sync.enrol({ address: cloud.base, code: await cloud.enrolmentCode(NORTH_HARBOUR) }, BY);
  await takePicture(station, 'one');
  await until(async () => (await rowsOf(station, 'all')).some(({ verified }) => verified.state === 'done'));
  await until(async () => {
    const { unpushed, steps } = await viewOf(station);
    return unpushed.documents + unpushed.files + unpushed.auditEntries + steps.left.artefacts + steps.comparing === 0;
  });
  const online = await viewOf(station);
  expect(online.line).toMatchObject({ state: 'online', problem: null });
  expect(online.clock.state).toBe('trusted');
  expect(online.needs).toEqual([]);
  expect(online.steps.onDisk).toBe(online.steps.verified);
  const [row] = (await rowsOf(station, 'all')).filter(({ artefact }) => artefact.part === 'image');
  expect(row).toMatchObject({
    stepId: 'retina-left',
    size: 300_000,
    patient: null,
    onDisk: { state: 'done' },
    inCloud: { state: 'done' },
    verified: { state: 'done' },
  });

  isCut = true;
  await takePicture(station, 'two');
  station.sync.tryNow();
  await until(async () => (await viewOf(station)).line.state === 'offline');
  const offline = await viewOf(station);
  // What was verified stays so; what came since waits, and is claimed nowhere else.
  expect(offline.steps.verified).toBe(online.steps.verified);
  expect(offline.steps.left.artefacts).toBeGreaterThan(0);
  expect(offline.unpushed.files).toBeGreaterThan(0);
  const waiting = await rowsOf(station, 'on-the-way');
  expect(waiting.length).toBeGreaterThan(0);
  expect(waiting.every(({ inCloud, verified }) => inCloud.state !== 'done' && verified.state !== 'done')).toBe(true);

  isCut = false;
  station.sync.tryNow();
  await until(async () => (await rowsOf(station, 'on-the-way')).length === 0);
  expect((await viewOf(station)).line).toMatchObject({ state: 'online' });
});
