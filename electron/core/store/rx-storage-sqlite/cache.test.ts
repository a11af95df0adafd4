import BetterSqlite from 'better-sqlite3-multiple-ciphers';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/documents.ts';
import { insertThings, preparedThings, thingData, thingInstance } from '../testing/rx-storages.ts';
import type { ThingData } from '../testing/rx-storages.ts';
import { SqliteConnection, SqliteStorageInstance, getRxStorageSqlite } from './index.ts';

const CACHE_BYTES = 200_000;
const ALL = preparedThings({ selector: { _deleted: { $eq: false } } });

describe('the cache of parsed documents', () => {
  const folder = temporaryFolder();
  let connection: SqliteConnection;

  beforeAll(() => {
    const sqlite = new BetterSqlite(join(folder.path, 'cache.db'));
    sqlite.pragma('journal_mode = WAL');
    connection = new SqliteConnection(sqlite, { cacheBytes: CACHE_BYTES });
  });
  afterAll(() => {
    connection.sqlite.close();
    folder.remove();
  });

  const opened = (): ReturnType<typeof thingInstance> => thingInstance(getRxStorageSqlite({ open: () => connection }));

  it('never takes more than it may, however much is read, and answers the same', async () => {
    const instances = [await opened(), await opened()];
    for (const instance of instances) {
      await insertThings(
        instance,
        Array.from({ length: 300 }, (_, index) => ({ id: `t${index}`, text: 'x'.repeat(index * 3) })),
      );
    }
    for (let round = 0; round < 4; round += 1) {
      for (const instance of instances) {
        const { documents } = await instance.query(ALL);
        expect(documents.map(({ id, text }) => [id, String(text).length])).toEqual(
          documents.map(({ id }) => [id, Number(id.slice(1)) * 3]),
        );
        expect(documents).toHaveLength(300);
        expect(connection.caches.bytes).toBeLessThanOrEqual(CACHE_BYTES);
        expect(connection.caches.bytes).toBeGreaterThan(CACHE_BYTES / 4);
      }
    }
    for (const instance of instances) await instance.remove();
  });

  it('leaves out a document that would fill it', async () => {
    const instance = await opened();
    await insertThings(instance, [{ id: 'a' }, { id: 'large', text: 'x'.repeat(CACHE_BYTES) }]);
    const [small] = await instance.findDocumentsById(['a'], false);
    await instance.findDocumentsById(['large'], false);
    expect((await instance.findDocumentsById(['a'], false))[0]).toBe(small);
    expect(connection.caches.bytes).toBeLessThanOrEqual(CACHE_BYTES);
    await instance.remove();
  });

  it('keeps nothing of a transaction that was rolled back, even if it was read within', async () => {
    const instance = await opened();
    if (!(instance instanceof SqliteStorageInstance)) throw new Error('it is ours');
    const [before] = (await insertThings(instance, [{ id: 'a', age: 1 }])) as [ThingData];
    expect(() =>
      connection.transaction(() => {
        instance.writeNow([{ previous: before, document: thingData({ id: 'a', age: 2 }, before) }], '');
        instance.writeNow([{ document: thingData({ id: 'b' }) }], '');
        expect(instance.readNow(['a', 'b'], false)).toMatchObject([{ age: 2 }, { id: 'b' }]);
        throw new Error('on purpose');
      }),
    ).toThrow('on purpose');
    expect(instance.readNow(['a', 'b'], true)).toEqual([before]);
    await instance.remove();
  });

  it('gives a purged document no longer', async () => {
    const instance = await opened();
    const old = { ...thingData({ id: 'a' }, undefined, true), _meta: { lwt: 1000 } };
    await instance.bulkWrite([{ document: old }], '');
    expect(await instance.findDocumentsById(['a'], true)).toHaveLength(1);
    await instance.cleanup(0);
    expect(await instance.findDocumentsById(['a'], true)).toEqual([]);
    await instance.remove();
  });
});
