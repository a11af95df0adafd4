/** The storages that are compared, and the words in which RxDB is asked. */
import BetterSqlite from 'better-sqlite3-multiple-ciphers';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createRevision, getQueryMatcher, getSortComparator, normalizeMangoQuery, now, prepareQuery } from 'rxdb';
import type { FilledMangoQuery, MangoQuery, PreparedQuery, RxStorage, RxStorageInstance } from 'rxdb';
import { SqliteConnection, getRxStorageSqlite } from '../../electron/core/store/rx-storage-sqlite/index.ts';
import type { Data, Fields, Query, Schema } from './worlds.ts';

export type Instance = RxStorageInstance<Fields, unknown, unknown>;
type Storage = RxStorage<unknown, unknown>;

export interface SqliteFile {
  readonly storage: Storage;
  close(): void;
}

/** A storage on a file of its own, which is not flushed: this is about what it answers. */
export function sqliteFile(folder: string, encrypted: boolean, cacheBytes: number): SqliteFile {
  const sqlite = new BetterSqlite(join(folder, `${randomUUID()}.db`));
  if (encrypted) {
    sqlite.pragma(`cipher = 'sqlcipher'`);
    sqlite.pragma(`key = "x'${'07'.repeat(32)}'"`);
  }
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = OFF');
  const connection = new SqliteConnection(sqlite, { cacheBytes });
  const storage: Storage = getRxStorageSqlite({ open: () => connection });
  return { storage, close: () => sqlite.close() };
}

export function instanceOf(storage: Storage, schema: Schema): Promise<Instance> {
  return storage.createStorageInstance<Fields>({
    databaseInstanceToken: 'token',
    databaseName: 'conformance',
    collectionName: `c${randomUUID()}`,
    schema,
    options: {},
    multiInstance: false,
    devMode: false,
  });
}

export function dataOf(fields: Fields, previous: Data | undefined, deleted: boolean): Data {
  const _rev = createRevision('conformance', previous);
  return { ...fields, _deleted: deleted, _attachments: {}, _meta: { lwt: now() }, _rev };
}

export function normalized(schema: Schema, query: Query): FilledMangoQuery<Fields> {
  return normalizeMangoQuery<Fields>(schema, query as unknown as MangoQuery<Fields>);
}

export function prepared(schema: Schema, query: Query): PreparedQuery<Fields> {
  return prepareQuery<Fields>(schema, normalized(schema, query));
}

/** RxDB's own definition: its matcher and its comparator over all documents, without any index. */
export function judged(schema: Schema, documents: Iterable<Data>, query: Query): Data[] {
  const filled = normalized(schema, query);
  const end = filled.limit === undefined ? undefined : filled.skip + filled.limit;
  return [...documents]
    .filter(getQueryMatcher<Fields>(schema, filled))
    .toSorted(getSortComparator<Fields>(schema, filled))
    .slice(filled.skip, end);
}
