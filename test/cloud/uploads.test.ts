/** A station's files and the real API: its client and its uploads, a line that is cut, and what the cloud keeps in the end. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { temporaryFolder } from '../../electron/core/store/testing/documents.ts';
import { systemClock } from '../../electron/core/sync/clock.ts';
import { createCloudClient } from '../../electron/core/sync/cloud-client.ts';
import type { StationClient } from '../../electron/core/sync/cloud-client.ts';
import { Retention } from '../../electron/core/retention/retention.ts';
import { startCuttingProxy } from '../../electron/core/sync/uploads/testing/cutting-proxy.ts';
import type { CuttingProxy } from '../../electron/core/sync/uploads/testing/cutting-proxy.ts';
import { openSendingStation, takePicture } from '../../electron/core/sync/uploads/testing/sending-station.ts';
import type { SendingStation } from '../../electron/core/sync/uploads/testing/sending-station.ts';
import type { TestStation } from '../../workflows/api/testing/station.ts';
import type { TestApi } from '../../workflows/api/testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../../workflows/api/testing/test-api.ts';

const MIB = 1024 * 1024;

let api: TestApi;
let enrolled: TestStation;
let folder: ReturnType<typeof temporaryFolder>;
let proxy: CuttingProxy;
/** Bytes from one cut of the line to the next. */
let cutsAt: number[] = [];
let client: StationClient | null = null;
let station: SendingStation | null = null;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(async () => api.close());
beforeEach(async () => {
  folder = temporaryFolder();
  cutsAt = [];
  proxy = await startCuttingProxy(api.base, () => proxy.cutAfter(cutsAt.shift() ?? null));
  enrolled = await api.station(NORTH_HARBOUR);
});
afterEach(async () => {
  await stop();
  await proxy.close();
  folder.remove();
});

async function start(concurrency = 2): Promise<SendingStation> {
  client = createCloudClient({
    address: proxy.url,
    stationId: enrolled.stationId,
    keys: { current: () => enrolled.key, next: () => null, promote: () => undefined },
    clock: systemClock,
    fetch: async (input, init) => {
      const headers = new Headers(init?.headers);
      headers.set('x-forwarded-for', enrolled.address);
      return fetch(input, { ...init, headers });
    },
  });
  station = await openSendingStation(folder.path, () => proxy.url, { cloud: client, clock: systemClock, concurrency });
  return station;
}

async function stop(): Promise<void> {
  await station?.close();
  await client?.close();
  station = null;
  client = null;
}

it('arrive whole and are verified by the cloud’s own reading, whatever the line does', async () => {
  cutsAt = [1_000_000, 3_000_000, 500_001];
  const cuts = cutsAt.length + 1;
  proxy.cutAfter(200_000);
  const at = await start(1);
  const picture = await takePicture(at, 'one', 12 * MIB + 12_345);
  await at.uploads.drained();
  expect(at.uploads.verifiedAt(picture.sha256 ?? '')).toMatch(/^\d{4}-/);
  expect(at.uploads.needs()).toEqual([]);
  expect(at.uploads.steps()).toMatchObject({ onDisk: 2, inCloud: 2, verified: 2, left: { artefacts: 0, bytes: 0 } });
  expect(proxy.cuts()).toBe(cuts);
});

it('are not sent again by a station that has forgotten that they were', async () => {
  const first = await start();
  const picture = await takePicture(first, 'two', 3 * MIB);
  await first.uploads.drained();
  first.store.sqlite.exec(`UPDATE uploads SET state = 'waiting', sent = 0, stored_at = NULL, verified_at = NULL`);
  await stop();
  const before = proxy.passed();
  const again = await start();
  await again.uploads.drained();
  expect(again.uploads.verifiedAt(picture.sha256 ?? '')).not.toBeNull();
  expect(proxy.passed() - before).toBeLessThan(100_000);
});

it('may be deleted here when the cloud has verified them, and not before', async () => {
  const at = await start();
  const picture = await takePicture(at, 'three', MIB);
  const later = new Date(Date.now() + 400 * 86_400_000);
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const retention = new Retention({
    ...at,
    verifiedAt: (sha256) => at.uploads.verifiedAt(sha256),
    now: () => later,
    log,
  });
  await at.uploads.drained();
  expect(await retention.run()).toMatchObject({ visits: 1 });
  expect(at.vault.stat(picture.blobId ?? '')).toBeNull();
  expect(at.uploads.steps()).toMatchObject({ onDisk: 1, verified: 2 });
});
