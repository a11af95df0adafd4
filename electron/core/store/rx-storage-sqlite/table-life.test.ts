import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../testing/documents.ts';
import { thingData, thingInstance } from '../testing/rx-storages.ts';
import type { Thing } from '../testing/rx-storages.ts';
import { SqliteConnection, SqliteStorageInstance, getRxStorageSqlite } from './index.ts';
import { openFile } from './open-file.ts';

let folder: ReturnType<typeof temporaryFolder>;
let connections: SqliteConnection[];
beforeEach(() => {
  folder = temporaryFolder();
  connections = [];
});
afterEach(() => {
  for (const { sqlite } of connections) sqlite.close();
  folder.remove();
});

/** An instance of the same collection on a connection of its own. */
async function opened(): Promise<SqliteStorageInstance<Thing>> {
  const connection = openFile(join(folder.path, 'things.sqlite'), {});
  connections.push(connection);
  const storage = getRxStorageSqlite({ open: () => connection });
  const instance = await thingInstance(storage, { collectionName: 'things' });
  if (!(instance instanceof SqliteStorageInstance)) throw new Error('not ours');
  return instance as SqliteStorageInstance<Thing>;
}

function write(instance: SqliteStorageInstance<Thing>, ...ids: string[]): void {
  const refused = instance.writeNow(
    ids.map((id) => ({ document: thingData({ id }) })),
    '',
  );
  expect(refused).toEqual([]);
}

function tables({ internals }: SqliteStorageInstance<Thing>): unknown[] {
  const { sqlite } = internals.connection;
  return sqlite.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'rx:things%'`).pluck().all();
}

/** Indexes of which the file says what they are worth. */
function described({ internals }: SqliteStorageInstance<Thing>): number {
  const { sqlite } = internals.connection;
  const isThere = sqlite.prepare(`SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'`).pluck().get();
  if (isThere === 0) return 0;
  return sqlite.prepare<[], number>(`SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'rx:things:0'`).pluck().get() ?? 0;
}

async function found(instance: SqliteStorageInstance<Thing>): Promise<number> {
  const query = { selector: { _deleted: { $eq: false } }, sort: [{ id: 'asc' as const }], skip: 0 };
  return (await instance.count({ query })).count;
}

async function checkpointOf(instance: SqliteStorageInstance<Thing>): Promise<unknown> {
  return (await instance.getChangedDocumentsSince(100)).checkpoint;
}

describe('the table of a collection', () => {
  it('is made by what is first done with it', async () => {
    const [writer, reader] = [await opened(), await opened()];
    expect(tables(writer)).toEqual([]);
    expect(reader.readNow(['a'], true)).toEqual([]);
    expect(tables(writer)).toEqual(['rx:things:0']);
    write(writer, 'a');
    expect(reader.readNow(['a'], true)).toMatchObject([{ id: 'a' }]);
  });

  it('is looked for a moment after the collection was opened, and not made by that where others may have the file', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const writer = await opened();
      vi.runAllTimers();
      expect(tables(writer)).toEqual([]);
      write(writer, 'a');
      const reader = await opened();
      vi.runAllTimers();
      const asked = vi.spyOn(reader.internals.connection, 'plucked');
      expect(reader.readNow(['a'], true)).toMatchObject([{ id: 'a' }]);
      expect(asked.mock.calls.filter(([sql]) => sql.includes('sqlite_schema'))).toEqual([]);
      await (await opened()).close();
      vi.runAllTimers();
    } finally {
      vi.useRealTimers();
    }
  });

  it('is made a moment after the collection was opened where nobody else has the file', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const connection = openFile(join(folder.path, 'alone.sqlite'), {});
      connection.sqlite.pragma('locking_mode = EXCLUSIVE');
      connections.push(new SqliteConnection(connection.sqlite));
      const storage = getRxStorageSqlite({ open: () => connections[0] as SqliteConnection });
      const instance = (await thingInstance(storage, { collectionName: 'things' })) as SqliteStorageInstance<Thing>;
      expect(tables(instance)).toEqual([]);
      vi.runAllTimers();
      expect(tables(instance)).toEqual(['rx:things:0']);
      write(instance, 'a');
      expect(instance.readNow(['a'], true)).toMatchObject([{ id: 'a' }]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is gone with the transaction that made it, and made again by the next', async () => {
    const instance = await opened();
    const { connection } = instance.internals;
    const failing = (): never => {
      write(instance, 'a', 'b');
      throw new Error('no');
    };
    expect(() => connection.transaction(failing)).toThrow('no');
    expect(tables(instance)).toEqual([]);
    write(instance, 'c');
    expect(instance.readNow(['a', 'b', 'c'], true)).toMatchObject([{ id: 'c' }]);
    expect(await checkpointOf(instance)).toEqual({ seq: 1 });
  });
});

describe('what the indexes are worth', () => {
  it('is said before the first query, once, and not by what only writes or reads by id', async () => {
    const instance = await opened();
    write(instance, 'a', 'b');
    expect(instance.readNow(['a'], true)).toHaveLength(1);
    expect(described(instance)).toBe(0);
    expect(await found(instance)).toBe(2);
    expect(described(instance)).toBeGreaterThan(2);
    const again = await opened();
    const run = vi.spyOn(again.internals.connection, 'transaction');
    expect(await found(again)).toBe(2);
    expect(run).not.toHaveBeenCalled();
  });

  it('goes with a transaction that is taken back, and is said again', async () => {
    const instance = await opened();
    write(instance, 'a');
    const failing = (): never => {
      void found(instance);
      expect(described(instance)).toBeGreaterThan(2);
      throw new Error('no');
    };
    expect(() => instance.internals.connection.transaction(failing)).toThrow('no');
    expect(described(instance)).toBe(0);
    expect(await found(instance)).toBe(1);
    expect(described(instance)).toBeGreaterThan(2);
  });

  it('stays unsaid where nothing can be written, and the query is answered all the same', async () => {
    const instance = await opened();
    write(instance, 'a');
    const { sqlite } = instance.internals.connection;
    sqlite.pragma('query_only = ON');
    expect(await found(instance)).toBe(1);
    sqlite.pragma('query_only = OFF');
    sqlite.exec('BEGIN');
    const reader = await opened();
    reader.internals.connection.sqlite.exec('BEGIN');
    expect(await found(reader)).toBe(1);
    reader.internals.connection.sqlite.exec('COMMIT');
    sqlite.exec('COMMIT');
    expect(described(instance)).toBe(0);
    expect(await found(reader)).toBe(1);
    expect(described(instance)).toBeGreaterThan(2);
  });
});

describe('the numbers of writes', () => {
  it('go on where the last transaction that was kept has left them', async () => {
    const instance = await opened();
    write(instance, 'a');
    const failing = (): never => {
      write(instance, 'b', 'c');
      throw new Error('no');
    };
    expect(() => instance.internals.connection.transaction(failing)).toThrow('no');
    write(instance, 'd');
    expect(await checkpointOf(instance)).toEqual({ seq: 2 });
  });

  it('go on where another connection has left them, whether its rows are still there or not', async () => {
    const [one, other] = [await opened(), await opened()];
    write(one, 'a');
    write(other, 'b', 'c');
    write(one, 'd');
    expect(await checkpointOf(other)).toEqual({ seq: 4 });
    const gone = { ...thingData({ id: 'e' }, undefined, true), _meta: { lwt: 1000 } };
    expect(other.writeNow([{ document: gone }], '')).toEqual([]);
    await other.cleanup(0);
    expect(await checkpointOf(one)).toEqual({ seq: 4 });
    write(one, 'f');
    expect(await checkpointOf(other)).toEqual({ seq: 6 });
  });
});

describe('many ids', () => {
  it('give their documents in the order in which they were asked for, cached or not, and none for what is not there', async () => {
    const instance = await opened();
    const ids = Array.from({ length: 300 }, (_, index) => `${(index * 7919) % 300}-\uE000\u{1F600}`);
    write(instance, ...ids.filter((_, index) => index % 3 > 0));
    const wanted = ids.flatMap((id, index) => (index % 3 > 0 ? [id] : []));
    for (let round = 0; round < 2; round += 1) {
      expect(instance.readNow(ids.slice(0, 20), true)).toHaveLength(13);
      expect(instance.readNow(ids, true).map(({ id }) => id)).toEqual(wanted);
    }
    expect(instance.readNow([...ids, 'nul\u0000'], true)).toHaveLength(wanted.length);
  });

  it('are answered alike when they are most of the table, which is then walked: in order, twice for who asks twice', async () => {
    const instance = await opened();
    const ids = Array.from({ length: 200 }, (_, index) => `${(index * 7919) % 200}-\uE000\u{1F600}`);
    write(instance, ...ids.toSorted());
    const wanted = [...ids.slice(0, 170), 'elsewhere', ...ids.slice(3, 5)];
    const given = [...ids.slice(0, 170), ...ids.slice(3, 5)];
    for (let round = 0; round < 2; round += 1)
      expect(instance.readNow(wanted, true).map(({ id }) => id)).toEqual(given);
    expect(instance.readNow(ids, true).map(({ id }) => id)).toEqual(ids);
  });
});
