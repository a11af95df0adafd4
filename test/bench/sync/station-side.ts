/** The product's replication between a station's store and the API. */
import { createPrivateKey } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { StationPublicKey } from '../../../electron/contract/index.ts';
import type { Store } from '../../../electron/core/store/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import { KEY, temporaryFolder } from '../../../electron/core/store/testing/documents.ts';
import { systemClock } from '../../../electron/core/sync/clock.ts';
import { createCloudClient } from '../../../electron/core/sync/cloud-client.ts';
import type { Replication } from '../../../electron/core/sync/replication/index.ts';
import { startReplication } from '../../../electron/core/sync/replication/index.ts';
import { collectGarbage } from '../store/worker.ts';
import { capturesOf } from './captures.ts';
import type { BenchStation } from './real-cloud.ts';
import type { Transfer, Transferred } from './stock-side.ts';

/** A station with its key as text: what can be passed to another process. */
export interface PassedStation {
  readonly stationId: string;
  readonly privateKey: string;
  readonly publicKey: StationPublicKey;
  readonly keyId: string;
}

export function passed({ stationId, key }: BenchStation): PassedStation {
  const privateKey = key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { stationId, privateKey, publicKey: key.publicKey, keyId: key.keyId };
}

export interface StationTransfer extends Transfer {
  readonly station: PassedStation;
}

/** How often it is looked whether everything is there, ms. */
const LOOK_MS = 20;

/** Sends them from a store that has them all. */
export async function stationUp(transfer: StationTransfer): Promise<Transferred> {
  return withStore(transfer, async (store) => {
    const { documents, round, place } = transfer;
    await store.writeMany(capturesOf(documents, round, place).map((document) => ({ name: 'captures', document })));
    const bytes = Buffer.byteLength(JSON.stringify(await store.find('captures', {})));
    const ms = await replicated(transfer, store, async (replication) => {
      await replication.drained();
      if (replication.unpushed() > 0) throw new Error(`${replication.unpushed()} documents were not taken`);
    });
    return { ms, bytes };
  });
}

/** Fetches them into an empty store. */
export async function stationDown(transfer: StationTransfer): Promise<Transferred> {
  return withStore(transfer, async (store) => {
    const there = store.sqlite
      .prepare<[], number>(`SELECT count(*) FROM sync_documents WHERE collection = 'captures' AND acked IS rev`)
      .pluck();
    const isThere = (replication: Replication): boolean => {
      const captures = replication.perCollection().find(({ name }) => name === 'captures');
      return captures?.state === 'settled' && there.get() === transfer.documents;
    };
    const ms = await replicated(transfer, store, async (replication) => {
      while (!isThere(replication)) await pause(LOOK_MS);
    });
    return { ms, bytes: 0 };
  });
}

async function replicated(
  { url, station, place }: StationTransfer,
  store: Store,
  done: (replication: Replication) => Promise<void>,
): Promise<number> {
  const key = {
    privateKey: createPrivateKey(station.privateKey),
    publicKey: station.publicKey,
    keyId: station.keyId,
  };
  const cloud = createCloudClient({
    address: url,
    stationId: station.stationId,
    keys: { current: () => key, next: () => null, promote: () => undefined },
    clock: systemClock,
  });
  collectGarbage();
  const started = performance.now();
  const replication = startReplication({ store, cloud, scope: place, clock: systemClock, random: Math.random });
  await done(replication);
  const ms = performance.now() - started;
  await replication.close();
  await cloud.close();
  return ms;
}

async function withStore<T>(
  { station: { stationId } }: StationTransfer,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const folder = temporaryFolder();
  const store = await openStore({ directory: folder.path, key: KEY, now: () => Date.now(), stationId });
  try {
    return await work(store);
  } finally {
    await store.close();
    folder.remove();
  }
}
