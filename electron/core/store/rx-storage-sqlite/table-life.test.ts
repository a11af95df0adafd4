import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../testing/documents.ts';
import { thingData, thingInstance } from '../testing/rx-storages.ts';
import type { Thing } from '../testing/rx-storages.ts';
import { SqliteStorageInstance, getRxStorageSqlite } from './index.ts';
import type { SqliteConnection } from './index.ts';
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

  it('is looked for a moment after the collection was opened, and not made by that', async () => {
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
