import BetterSqlite from 'better-sqlite3-multiple-ciphers';
import * as fc from 'fast-check';
import { join } from 'node:path';
import {
  createRevision,
  fillWithDefaultSettings,
  getQueryMatcher,
  getSortComparator,
  normalizeMangoQuery,
  now,
  prepareQuery,
} from 'rxdb';
import type { BulkWriteRow, MangoQuery, RxDocumentData, RxJsonSchema, RxStorage, RxStorageInstance } from 'rxdb';
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/documents.ts';
import { SqliteConnection, getRxStorageSqlite } from './index.ts';

interface Thing {
  id: string;
  name: string;
  age: number;
  flag: boolean;
  note?: string | null;
  nested: { value: number };
}
type Instance = RxStorageInstance<Thing, unknown, unknown>;
type Row = BulkWriteRow<Thing>;

const number = { type: 'number', minimum: -1000, maximum: 1000, multipleOf: 1 } as const;
const schema = fillWithDefaultSettings<Thing>({
  version: 0,
  primaryKey: 'id',
  type: 'object',
  properties: {
    id: { type: 'string', maxLength: 20 },
    name: { type: 'string', maxLength: 20 },
    age: number,
    flag: { type: 'boolean' },
    note: { type: 'string' },
    nested: { type: 'object', properties: { value: number } },
  },
  indexes: ['name', ['flag', 'age'], 'nested.value'],
} as unknown as RxJsonSchema<Thing>);

const folder = temporaryFolder();
let connection: SqliteConnection;
let sqliteStorage: RxStorage<unknown, unknown>;
const open: Instance[] = [];
let counter = 0;

beforeAll(() => {
  const sqlite = new BetterSqlite(join(folder.path, 'test.db'));
  sqlite.pragma('journal_mode = WAL');
  connection = new SqliteConnection(sqlite);
  sqliteStorage = getRxStorageSqlite({ open: () => connection });
});
afterEach(async () => {
  for (const instance of open.splice(0)) await instance.close();
});
afterAll(() => {
  connection.sqlite.close();
  folder.remove();
});

async function instanceOf(
  storage: RxStorage<unknown, unknown>,
  collectionName = `things${(counter += 1)}`,
): Promise<Instance> {
  const params = { databaseInstanceToken: 'token', databaseName: 'test', collectionName, schema, options: {} };
  const instance = await storage.createStorageInstance<Thing>({ ...params, multiInstance: false, devMode: false });
  open.push(instance);
  return instance;
}

const memory = (): Promise<Instance> => instanceOf(getRxStorageMemory());
const ours = (): Promise<Instance> => instanceOf(sqliteStorage);

let revisions = 0;
function dataOf(thing: Thing, previous?: RxDocumentData<Thing>, deleted = false): RxDocumentData<Thing> {
  const _rev = createRevision(`t${(revisions += 1)}`, previous);
  return { ...thing, _deleted: deleted, _attachments: {}, _meta: { lwt: now() }, _rev };
}

function thing(id: string, fields: Partial<Thing> = {}): Thing {
  return { id, name: id, age: 1, flag: false, nested: { value: 0 }, ...fields };
}

/** Where UTF-16 and UTF-8 disagree: surrogate pairs against U+E000-U+FFFD; the lone surrogate has no UTF-8 at all. */
const LETTERS = ['a', 'b', 'Z', 'é', 'ß', '\u{1F600}', '\u{1F9FF}', '\uE000', '\uFFFD', '\uD7FF'];
const HARSH_LETTERS = [...LETTERS, '\uD83D', '\uDE00', '\u0000', '\t', ' ', '%', "'"];

const textOf = (letters: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...letters), { maxLength: 3 }).map((parts) => parts.join(''));
const smallNumber = fc.integer({ min: -5, max: 5 });

function thingsOf(text: fc.Arbitrary<string>): fc.Arbitrary<Thing[]> {
  const fields = fc.record({
    key: text,
    name: text,
    age: smallNumber,
    flag: fc.boolean(),
    note: fc.option(text, { nil: undefined }),
    value: smallNumber,
  });
  return fc.array(fields, { minLength: 1, maxLength: 25 }).map((rows) =>
    rows.map(({ key, name, age, flag, note, value }, index) => {
      const made = thing(`${key}x${index}`, { name, age, flag, nested: { value } });
      return note === undefined ? made : { ...made, note };
    }),
  );
}

function comparisonWith(value: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> {
  return fc.oneof(
    fc
      .tuple(fc.constantFrom('$eq', '$gt', '$gte', '$lt', '$lte', '$ne'), value)
      .map(([operator, operand]) => ({ [operator]: operand })),
    fc.tuple(value, value).map(([low, high]) => ({ $gt: low, $lte: high })),
    fc.array(value, { maxLength: 3 }).map((values) => ({ $in: values })),
  );
}

function selectorOf(text: fc.Arbitrary<string>): fc.Arbitrary<Record<string, unknown>> {
  const one = fc.oneof(
    fc.tuple(fc.constantFrom('name', 'id', 'note'), comparisonWith(text)),
    fc.tuple(fc.constantFrom('age', 'nested.value'), comparisonWith(smallNumber)),
    fc.tuple(
      fc.constant('flag'),
      fc.boolean().map(($eq) => ({ $eq })),
    ),
    fc.tuple(
      fc.constant('note'),
      fc.boolean().map(($exists) => ({ $exists })),
    ),
  );
  const plain = fc
    .array(one, { maxLength: 3 })
    .map((entries) => Object.fromEntries(entries) as Record<string, unknown>);
  const some = fc.array(plain, { minLength: 1, maxLength: 2 });
  return fc.oneof(
    { weight: 4, arbitrary: plain },
    { weight: 1, arbitrary: fc.tuple(plain, some).map(([selector, $or]) => ({ ...selector, $or })) },
    { weight: 1, arbitrary: fc.tuple(plain, some).map(([selector, $and]) => ({ ...selector, $and })) },
  );
}

function queryOf(text: fc.Arbitrary<string>): fc.Arbitrary<MangoQuery<Thing>> {
  const sort = fc.uniqueArray(
    fc.tuple(fc.constantFrom('name', 'age', 'flag', 'note', 'nested.value', 'id'), fc.constantFrom('asc', 'desc')),
    {
      minLength: 1,
      maxLength: 2,
      selector: ([field]) => field,
    },
  );
  return fc
    .record({
      selector: selectorOf(text),
      sort: fc.option(sort, { nil: undefined }),
      skip: fc.integer({ min: 0, max: 3 }),
      limit: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }),
    })
    .map(({ selector, sort, skip, limit }) => ({
      selector: { ...selector, _deleted: { $eq: false } },
      skip,
      ...(sort === undefined ? {} : { sort: sort.map(([field, direction]) => ({ [field]: direction })) }),
      ...(limit === undefined ? {} : { limit }),
    })) as fc.Arbitrary<MangoQuery<Thing>>;
}

/** `$eq: null` as well. The memory storage takes null for an open bound of its index and answers with every document. */
function queryWithNullOf(text: fc.Arbitrary<string>): fc.Arbitrary<MangoQuery<Thing>> {
  const field = fc.constantFrom('name', 'age', 'note', 'nested.value', 'flag');
  return fc
    .tuple(queryOf(text), fc.option(field))
    .map(([query, nullField]) =>
      nullField === null ? query : { ...query, selector: { ...query.selector, [nullField]: { $eq: null } } },
    );
}

/** What RxDB's own matcher and comparator say, over all documents, without any index. */
function judged(documents: readonly RxDocumentData<Thing>[], mango: MangoQuery<Thing>): string[] {
  const query = normalizeMangoQuery(schema, mango);
  const end = query.limit === undefined ? undefined : query.skip + query.limit;
  return documents
    .filter(getQueryMatcher<RxDocumentData<Thing>>(schema as never, query as never))
    .toSorted(getSortComparator(schema, query))
    .slice(query.skip, end)
    .map((document) => document.id);
}

async function answers(instance: Instance, mango: MangoQuery<Thing>): Promise<{ ids: string[]; count: number }> {
  const prepared = prepareQuery(schema, normalizeMangoQuery(schema, mango));
  const { documents } = await instance.query(prepared);
  return { ids: documents.map((document) => document.id), count: (await instance.count(prepared)).count };
}

describe('queries', () => {
  it('give what the matcher and the comparator give, for strings of every kind', { timeout: 60_000 }, async () => {
    const text = textOf(HARSH_LETTERS);
    const run = fc.asyncProperty(
      thingsOf(text),
      fc.array(queryWithNullOf(text), { minLength: 20, maxLength: 20 }),
      async (things, queries) => {
        const instance = await ours();
        const rows = things.map((one, index) => {
          // Indexed fields of the contract may be null.
          const document = index % 3 === 2 ? { ...one, name: null as unknown as string } : one;
          return { document: dataOf(document, undefined, index % 7 === 6) };
        });
        await instance.bulkWrite(rows, 'test');
        for (const query of queries) {
          const expected = judged(
            rows.map((row) => row.document),
            query,
          );
          expect(await answers(instance, query)).toEqual({ ids: expected, count: expected.length });
        }
        await instance.remove();
      },
    );
    await fc.assert(run, { numRuns: 150 });
  });

  it('give what the memory storage gives', { timeout: 60_000 }, async () => {
    const text = textOf(LETTERS);
    const run = fc.asyncProperty(
      thingsOf(text),
      fc.array(queryOf(text), { minLength: 20, maxLength: 20 }),
      async (things, queries) => {
        const [mine, theirs] = [await ours(), await memory()];
        const rows = things.map((one) => ({ document: dataOf(one) }));
        await mine.bulkWrite(rows, 'test');
        await theirs.bulkWrite(rows, 'test');
        for (const query of queries) {
          // Its count leaves skip and limit out, against RxDB's own definition.
          const { ids } = await answers(theirs, query);
          expect(await answers(mine, query)).toEqual({ ids, count: ids.length });
        }
        await mine.remove();
        await theirs.close();
      },
    );
    await fc.assert(run, { numRuns: 150 });
  });
});

describe('writes', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c', '\u{1F600}', '\uE000'),
    previous: fc.constantFrom('current', 'current', 'none', 'stale'),
    deleted: fc.boolean(),
    age: smallNumber,
  });
  const batch = fc.uniqueArray(step, { minLength: 1, maxLength: 4, selector: ({ key }) => key });

  it('succeed, conflict and are told of as in the memory storage, row by row', { timeout: 60_000 }, async () => {
    const run = fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 8 }), async (batches) => {
      const [mine, theirs] = [await ours(), await memory()];
      const events: unknown[][] = [[], []];
      for (const [index, instance] of [mine, theirs].entries()) {
        instance.changeStream().subscribe(({ context, events: told }) => {
          // "None" is null in RxDB's helper and undefined in its types.
          const plain = told.map((event) => ({
            ...event,
            previousDocumentData: event.previousDocumentData ?? undefined,
          }));
          events[index]?.push({ context, plain });
        });
      }
      for (const [number, steps] of batches.entries()) {
        const known = new Map(
          (
            await theirs.findDocumentsById(
              steps.map(({ key }) => key),
              true,
            )
          ).map((document) => [document.id, document]),
        );
        const rows = steps.map(({ key, previous, deleted, age }): Row => {
          const current = known.get(key);
          const before = previous === 'stale' && current !== undefined ? { ...current, _rev: '1-stale' } : current;
          const document = dataOf(thing(key, { age }), before, deleted);
          return previous === 'none' || before === undefined ? { document } : { document, previous: before };
        });
        const context = `batch ${number}`;
        const [got, expected] = [await mine.bulkWrite(rows, context), await theirs.bulkWrite(rows, context)];
        expect(got).toEqual(expected);
        const ids = ['a', 'b', 'c', '\u{1F600}', '\uE000'];
        expect(await mine.findDocumentsById(ids, true)).toEqual(await theirs.findDocumentsById(ids, true));
        expect(await mine.findDocumentsById(ids, false)).toEqual(await theirs.findDocumentsById(ids, false));
      }
      expect(events[0]).toEqual(events[1]);
      await mine.remove();
      await theirs.close();
    });
    await fc.assert(run, { numRuns: 200 });
  });

  it('of the same document twice in a batch: the first is written, the second is a conflict', async () => {
    const instance = await ours();
    const [first, second] = [dataOf(thing('a', { age: 1 })), dataOf(thing('a', { age: 2 }))];
    const { error } = await instance.bulkWrite(
      [{ document: first }, { document: second }, { document: dataOf(thing('b')) }],
      'test',
    );
    expect(error).toMatchObject([{ status: 409, documentId: 'a', documentInDb: { age: 1 } }]);
    expect((await instance.findDocumentsById(['a', 'b'], false)).map((document) => document.age)).toEqual([1, 1]);
  });

  it('keep ids apart that UTF-8 would make one', async () => {
    const instance = await ours();
    await instance.bulkWrite(
      ['\uD83D', '\uDE00', '\uFFFD'].map((id) => ({ document: dataOf(thing(id)) })),
      'test',
    );
    expect((await instance.findDocumentsById(['\uDE00', '\uD83D'], false)).map((document) => document.id)).toEqual([
      '\uDE00',
      '\uD83D',
    ]);
  });

  it('that change nothing which is indexed are found as before, and a previous state that is not the one here changes no index', async () => {
    const instance = await ours();
    const found = async (name: string): Promise<unknown[]> => [
      ...(await answers(instance, { selector: { name: { $eq: name } } })).ids,
      ...(await answers(instance, { selector: { 'nested.value': { $eq: 0 }, name: { $eq: name } } })).ids,
    ];
    const first = dataOf(thing('a', { name: 'x' }));
    await instance.bulkWrite([{ document: first }], 'test');
    const second = dataOf(thing('a', { name: 'x', note: 'new' }), first);
    expect(await instance.bulkWrite([{ document: second, previous: first }], 'test')).toEqual({ error: [] });
    expect([await found('x'), await found('y')]).toEqual([['a', 'a'], []]);
    const third = dataOf(thing('a', { name: 'y' }), second);
    const elsewhere = { ...second, name: 'y' };
    expect(await instance.bulkWrite([{ document: third, previous: elsewhere }], 'test')).toEqual({ error: [] });
    expect([await found('x'), await found('y')]).toEqual([[], ['a', 'a']]);
    expect(connection.sqlite.pragma('integrity_check', { simple: true })).toBe('ok');
  });

  it('that fail in the middle of a transaction leave nothing and tell nobody', async () => {
    const instance = await ours();
    let told = 0;
    instance.changeStream().subscribe(() => (told += 1));
    expect(() =>
      connection.transaction(() => {
        void instance.bulkWrite([{ document: dataOf(thing('a')) }], 'test');
        throw new Error('on purpose');
      }),
    ).toThrow('on purpose');
    expect([told, await instance.findDocumentsById(['a'], true)]).toEqual([0, []]);
  });
});

describe('many documents by their ids', () => {
  it('are those of the ids, in their order, cached or not, missing or of any letters', async () => {
    const instance = await ours();
    const ids = Array.from(
      { length: 200 },
      (_, index) => `${HARSH_LETTERS[index % HARSH_LETTERS.length] ?? ''}"\\${index}`,
    );
    await instance.bulkWrite(
      ids.map((id, index) => ({ document: dataOf(thing(id), undefined, index % 7 === 0) })),
      'test',
    );
    const asked = ids.toReversed().flatMap((id) => [id, `${id} nobody`]);
    const found = async (wanted: readonly string[], deleted: boolean): Promise<string[]> =>
      (await instance.findDocumentsById([...wanted], deleted)).map(({ id }) => id);
    expect(await found(asked, true)).toEqual(ids.toReversed());
    expect(await found(asked, false)).toEqual(ids.filter((_, index) => index % 7 > 0).toReversed());
    const withoutNull = ids.filter((id) => !id.includes('\u0000'));
    expect(await found(withoutNull, true)).toEqual(withoutNull);
  });
});

describe('checkpoints', () => {
  it('count writes, whatever the clock does, and go on across a clean-up and a reopen', async () => {
    const name = `things${(counter += 1)}`;
    const instance = await instanceOf(sqliteStorage, name);
    const [a, b] = [dataOf(thing('a')), dataOf(thing('b'))];
    await instance.bulkWrite([{ document: a }, { document: b }], 'test');
    const first = await instance.getChangedDocumentsSince?.(1);
    expect(first).toMatchObject({ documents: [{ id: 'a' }], checkpoint: { seq: 1 } });
    const older = { ...dataOf(thing('b'), b, true), _meta: { lwt: 1000 } };
    await instance.bulkWrite([{ document: older, previous: b }], 'test');
    const second = await instance.getChangedDocumentsSince?.(10, first?.checkpoint);
    expect(second).toMatchObject({ documents: [{ id: 'b', _deleted: true }], checkpoint: { seq: 3 } });
    expect(await instance.cleanup(0)).toBe(true);
    await instance.close();
    const again = await instanceOf(sqliteStorage, name);
    expect(await again.findDocumentsById(['b'], true)).toEqual([]);
    await again.bulkWrite([{ document: dataOf(thing('c')) }], 'test');
    expect(await again.getChangedDocumentsSince?.(10, second?.checkpoint)).toMatchObject({
      documents: [{ id: 'c' }],
      checkpoint: { seq: 4 },
    });
    expect(await again.getChangedDocumentsSince?.(10, { seq: 4 })).toEqual({ documents: [], checkpoint: { seq: 4 } });
  });
});

describe('life', () => {
  it('closes twice, refuses work after it, and cannot be removed then', async () => {
    const instance = await ours();
    await instance.close();
    await instance.close();
    await expect(instance.findDocumentsById(['a'], true)).rejects.toThrow('closed');
    await expect(instance.remove()).rejects.toThrow('closed');
  });

  it('keeps collections of two schema versions apart', async () => {
    const name = `things${(counter += 1)}`;
    const first = await instanceOf(sqliteStorage, name);
    await first.bulkWrite([{ document: dataOf(thing('a')) }], 'test');
    const params = { databaseInstanceToken: 'token', databaseName: 'test', collectionName: name, options: {} };
    const second = await sqliteStorage.createStorageInstance<Thing>({
      ...params,
      schema: { ...schema, version: 1 },
      multiInstance: false,
      devMode: false,
    });
    open.push(second);
    expect(await second.findDocumentsById(['a'], true)).toEqual([]);
    await second.remove();
    expect(await first.findDocumentsById(['a'], true)).toHaveLength(1);
  });

  it('gives an existing table the index that its schema asks for now, filled', async () => {
    const name = `things${(counter += 1)}`;
    const first = await instanceOf(sqliteStorage, name);
    await first.bulkWrite([{ document: dataOf(thing('a', { note: 'x' })) }], 'test');
    await first.close();
    const properties = { ...schema.properties, note: { type: 'string', maxLength: 10 } };
    const wider = { ...schema, properties, indexes: [['_deleted', 'note', 'id']] } as unknown as typeof schema;
    const params = { databaseInstanceToken: 'token', databaseName: 'test', collectionName: name, options: {} };
    const again = await sqliteStorage.createStorageInstance<Thing>({
      ...params,
      schema: wider,
      multiInstance: false,
      devMode: false,
    });
    open.push(again);
    const query = normalizeMangoQuery(wider, {
      selector: { note: { $eq: 'x' }, _deleted: { $eq: false } },
    } as MangoQuery<Thing>);
    expect((await again.count(prepareQuery(wider, query))).count).toBe(1);
  });
});
