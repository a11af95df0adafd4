/** RxDB's own replication of a collection, with handlers as its tutorial on HTTP replication shows them. Storage: the product's. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createRxDatabase } from 'rxdb';
import type { RxCollection, RxDatabase, WithDeleted } from 'rxdb';
import { replicateRxCollection } from 'rxdb/plugins/replication';
import type { DocumentOf } from '../../../electron/contract/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import { SqliteConnection, getRxStorageSqlite } from '../../../electron/core/store/rx-storage-sqlite/index.ts';
import { rxSchemaOf } from '../../../electron/core/store/schemas.ts';
import { KEY, temporaryFolder } from '../../../electron/core/store/testing/documents.ts';
import { STATION_ID } from '../store/clinic-data.ts';
import { openLikeTheClinic } from '../store/files.ts';
import { collectGarbage } from '../store/worker.ts';
import { capturesOf } from './captures.ts';
import type { BenchPlace } from './real-cloud.ts';

export type StockDocument = WithDeleted<DocumentOf<'captures'>>;

export interface StockCheckpoint {
  readonly updatedAt: string;
  readonly id: string;
}

export interface Transfer {
  readonly documents: number;
  readonly round: number;
  readonly place: BenchPlace;
  readonly url: string;
}

export interface StockTransfer extends Transfer {
  /** Of the pushes. */
  readonly pushPath: '/push' | '/push-in-one';
}

export interface Transferred {
  readonly ms: number;
  /** Of the documents' JSON. */
  readonly bytes: number;
}

/** Sends them from a file that has them all. */
export async function stockUp(transfer: StockTransfer): Promise<Transferred> {
  // The documents as the product keeps them, so that both send the same.
  const documents = await asKept(transfer);
  return withCollection(async (collection) => {
    const { error } = await collection.bulkInsert(documents);
    if (error.length > 0) throw new Error(`${error.length} documents could not be written`);
    const ms = await replicated(collection, transfer);
    return { ms, bytes: Buffer.byteLength(JSON.stringify(documents)) };
  });
}

/** Fetches them into an empty file. */
export async function stockDown(transfer: StockTransfer): Promise<Transferred> {
  return withCollection(async (collection) => {
    const ms = await replicated(collection, transfer);
    const there = await collection.count().exec();
    if (there !== transfer.documents) throw new Error(`${there} documents came`);
    return { ms, bytes: 0 };
  });
}

async function replicated(
  collection: RxCollection<DocumentOf<'captures'>>,
  { url, pushPath }: StockTransfer,
): Promise<number> {
  collectGarbage();
  const started = performance.now();
  const state = replicateRxCollection<DocumentOf<'captures'>, StockCheckpoint>({
    collection,
    replicationIdentifier: 'stock',
    pull: {
      handler: async (checkpoint, batchSize) => {
        const { updatedAt, id } = checkpoint ?? { updatedAt: '', id: '' };
        const asked = new URLSearchParams({ updatedAt, id, limit: String(batchSize) });
        const response = await fetch(`${url}/pull?${asked}`);
        return (await response.json()) as { documents: StockDocument[]; checkpoint: StockCheckpoint };
      },
    },
    push: {
      handler: async (rows) => {
        const response = await fetch(`${url}${pushPath}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(rows),
        });
        return (await response.json()) as StockDocument[];
      },
    },
  });
  state.error$.subscribe((error) => {
    throw error;
  });
  await state.awaitInitialReplication();
  await state.awaitInSync();
  const ms = performance.now() - started;
  await state.cancel();
  return ms;
}

async function withCollection<T>(work: (collection: RxCollection<DocumentOf<'captures'>>) => Promise<T>): Promise<T> {
  const folder = temporaryFolder();
  const storage = getRxStorageSqlite({
    open: (name) => new SqliteConnection(openLikeTheClinic(join(folder.path, `${name}.db`), KEY)),
    close: ({ sqlite }) => {
      sqlite.close();
    },
  });
  let database: RxDatabase | undefined;
  try {
    database = await createRxDatabase({ name: 'stock', storage, multiInstance: false });
    const { captures } = await database.addCollections({ captures: { schema: rxSchemaOf('captures') } });
    return await work(captures);
  } finally {
    await database?.close();
    rmSync(folder.path, { recursive: true, force: true });
  }
}

async function asKept({ documents, round, place }: Transfer): Promise<DocumentOf<'captures'>[]> {
  const folder = temporaryFolder();
  const store = await openStore({ directory: folder.path, key: KEY, now: () => Date.now(), stationId: STATION_ID });
  try {
    await store.writeMany(capturesOf(documents, round, place).map((document) => ({ name: 'captures', document })));
    return await store.find('captures', {});
  } finally {
    await store.close();
    folder.remove();
  }
}
