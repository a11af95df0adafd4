/** A station with a store of its own that replicates with the real API: everything real but its line, which can be cut. */
import { rmSync } from 'node:fs';
import type { CollectionName } from '../../../electron/contract/index.ts';
import { canonical, documentSchemas } from '../../../electron/contract/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import type { Store } from '../../../electron/core/store/index.ts';
import { KEY, temporaryFolder } from '../../../electron/core/store/testing/documents.ts';
import { systemClock } from '../../../electron/core/sync/clock.ts';
import type { SyncClock } from '../../../electron/core/sync/clock.ts';
import type { StationClient } from '../../../electron/core/sync/cloud-client.ts';
import { createCloudClient } from '../../../electron/core/sync/cloud-client.ts';
import type { Fetch } from '../../../electron/core/sync/cloud-client.ts';
import { startReplication } from '../../../electron/core/sync/replication/index.ts';
import type { Replication, ReplicationOptions } from '../../../electron/core/sync/replication/index.ts';
import type { SeededLocation } from '../../../workflows/database/testing/seed.ts';
import type { TestStation } from '../../../workflows/api/testing/station.ts';
import type { TestApi } from '../../../workflows/api/testing/test-api.ts';

/** What waits is short here: retries come after milliseconds. */
export const hastyClock: SyncClock = {
  ...systemClock,
  sleep: async (ms, signal) => systemClock.sleep(ms >= 30_000 ? ms : Math.max(1, ms / 100), signal),
};

export interface ReplicatingStation {
  readonly store: Store;
  readonly replication: Replication;
  readonly enrolled: TestStation;
  readonly place: SeededLocation;
  /** What happens to requests; a real one where it gives null. */
  intercept: ((url: string, send: () => Promise<Response>) => Promise<Response>) | null;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface StationOptions {
  readonly directory?: string;
  readonly key?: Uint8Array;
  readonly replication?: Partial<ReplicationOptions>;
}

/** Enrolled at `place`, with an empty store unless a directory is given. */
export async function startStation(
  api: TestApi,
  place: SeededLocation,
  options: StationOptions = {},
): Promise<ReplicatingStation> {
  const folder = options.directory === undefined ? temporaryFolder() : null;
  const directory = options.directory ?? folder?.path ?? '';
  const enrolled = await api.station(place);
  const station = { intercept: null } as { intercept: ReplicatingStation['intercept'] };
  const fetch: Fetch = async (input, init) => {
    const url = input as string;
    const send = async (): Promise<Response> =>
      globalThis.fetch(url, { ...init, headers: withAddress(init?.headers, enrolled.address) });
    return station.intercept === null ? send() : station.intercept(url, send);
  };

  let store: Store;
  let client: StationClient;
  let replication: Replication;
  const open = async (): Promise<void> => {
    store = await openStore({
      directory,
      key: options.key ?? KEY,
      now: () => Date.now(),
      stationId: enrolled.stationId,
    });
    client = createCloudClient({
      address: api.base,
      stationId: enrolled.stationId,
      keys: { current: () => enrolled.key, next: () => null, promote: () => undefined },
      clock: systemClock,
      fetch,
    });
    replication = startReplication({
      store,
      cloud: client,
      scope: place,
      clock: hastyClock,
      random: () => 0.5,
      ...options.replication,
    });
  };
  const shut = async (): Promise<void> => {
    await replication.close();
    await client.close();
    await store.close();
  };
  await open();
  return {
    get intercept() {
      return station.intercept;
    },
    set intercept(intercept) {
      station.intercept = intercept;
    },
    get store() {
      return store;
    },
    get replication() {
      return replication;
    },
    enrolled,
    place,
    restart: async () => {
      await shut();
      await open();
    },
    close: async () => {
      await shut();
      folder?.remove();
      if (options.directory !== undefined) rmSync(options.directory, { recursive: true, force: true });
    },
  };
}

function withAddress(headers: ConstructorParameters<typeof Headers>[0], address: string): Headers {
  const all = new Headers(headers);
  all.set('x-forwarded-for', address);
  return all;
}

/** After so long something hangs. */
const PATIENCE_MS = 50_000;

/** Resolves once `check` holds, looked at whenever something changed, and every few milliseconds. */
export async function eventually(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (!(await check())) {
    if (performance.now() > until) throw new Error(`did not happen: ${what}`);
    await systemClock.sleep(10);
  }
}

/** Everything that is not deleted, by collection and id. */
export async function contentOf(store: Store): Promise<Readonly<Record<string, unknown>>> {
  const entries = await Promise.all(
    (Object.keys(documentSchemas) as CollectionName[]).map(async (name) => {
      const found = await store.find(name, {});
      return [name, Object.fromEntries(found.map((document) => [document.id, document]))] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/** Until nothing is unpushed anywhere and all hold the same. */
export async function converged(stations: readonly ReplicatingStation[]): Promise<Readonly<Record<string, unknown>>> {
  try {
    await eventually(async () => {
      if (stations.some(({ replication }) => replication.unpushed() > 0)) return false;
      const contents = await Promise.all(stations.map(async ({ store }) => canonical(await contentOf(store))));
      return new Set(contents).size === 1;
    }, 'stations converge');
  } catch (error) {
    const states = stations.map(({ replication }) =>
      replication.perCollection().filter(({ state }) => state !== 'settled'),
    );
    throw new Error(`stations converge: ${JSON.stringify(states)}`, { cause: error });
  }
  const [first] = stations;
  if (first === undefined) throw new Error('no stations');
  return contentOf(first.store);
}

/** Changes a document in the cloud, as somebody else would. @param sql what its `document` becomes; may name `document` */
export async function changeInCloud(api: TestApi, place: SeededLocation, id: string, sql: string): Promise<void> {
  const client = await api.database.admin.connect();
  try {
    await client.query('BEGIN');
    await client.query(
      `SELECT set_config('vantage.tenant', $1, true), set_config('vantage.locations', '*', true),
              set_config('vantage.role', 'service', true), set_config('vantage.actor', 'test', true)`,
      [place.tenantId],
    );
    await client.query('SELECT lock_writes()');
    await client.query(`UPDATE documents SET document = ${sql} WHERE id = $1`, [id]);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}
