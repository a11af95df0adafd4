/**
 * The contract of RxDB's storages, line by line: the same for the memory storage, for ours, and for ours encrypted. Where the
 * memory storage leaves RxDB's own definition, the test says so and holds ours to the definition.
 */
import { randomUUID } from 'node:crypto';
import { createBlob, getWrittenDocumentsFromBulkWriteResponse } from 'rxdb';
import type { RxAttachmentWriteData, RxStorage, RxStorageChangeEvent } from 'rxdb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/documents.ts';
import {
  STORAGE_NAMES,
  insertThings,
  preparedThings,
  storageOf,
  thingData,
  thingInstance,
  thingSchema,
} from '../testing/rx-storages.ts';
import type { Thing, ThingData, ThingInstance } from '../testing/rx-storages.ts';

const ALIVE = { _deleted: { $eq: false } };
const folder = temporaryFolder();
afterAll(() => folder.remove());

async function answer(
  instance: ThingInstance,
  query: Readonly<Record<string, unknown>>,
): Promise<{ ids: string[]; count: number; mode: string }> {
  const asked = preparedThings({ ...query, selector: { ...ALIVE, ...(query['selector'] as object) } });
  const { documents } = await instance.query(asked);
  return { ids: documents.map(({ id }) => id), ...(await instance.count(asked)) };
}

function attachment(text: string): RxAttachmentWriteData {
  const data = createBlob(text, 'text/plain');
  return { data, digest: `d-${text}`, length: data.size, type: 'text/plain' };
}

/** The text, or what went wrong; the memory storage throws where a promise should reject. */
async function textOf(instance: ThingInstance, digest: string, id = 'a', attachment = 'note'): Promise<string> {
  try {
    const blob = await instance.getAttachmentData(id, attachment, digest);
    return `${blob.type}: ${await blob.text()}`;
  } catch {
    return 'refused';
  }
}

describe.each(STORAGE_NAMES)('the %s storage', (name) => {
  const isMemory = name === 'memory';
  const open: ThingInstance[] = [];
  let storage: RxStorage<unknown, unknown>;

  beforeAll(() => {
    storage = storageOf(name, `${folder.path}/${name}`);
  });
  afterEach(async () => {
    for (const instance of open.splice(0)) await instance.close();
  });

  async function opened(options: Parameters<typeof thingInstance>[1] = {}): Promise<ThingInstance> {
    const instance = await thingInstance(storage, options);
    open.push(instance);
    return instance;
  }

  describe('bulkWrite', () => {
    it('returns errors and nothing else', async () => {
      const instance = await opened();
      const row = { document: thingData({ id: 'a' }) };
      const response = await instance.bulkWrite([row], 'test');
      expect(response).toEqual({ error: [] });
      expect(getWrittenDocumentsFromBulkWriteResponse('id', [row], response)).toEqual([row.document]);
    });

    it('refuses an insert of what is there with 409 and the document as it is, no more and no less', async () => {
      const instance = await opened();
      const [stored] = await insertThings(instance, [{ id: 'a', name: 'first' }]);
      const row = { document: thingData({ id: 'a', name: 'second' }) };
      const { error } = await instance.bulkWrite([row], 'why');
      expect(error).toEqual([
        { status: 409, isError: true, documentId: 'a', writeRow: row, documentInDb: stored, context: 'why' },
      ]);
    });

    it('refuses a write over another revision with 409', async () => {
      const instance = await opened();
      const [stored] = (await insertThings(instance, [{ id: 'a', age: 1 }])) as [ThingData];
      const previous = { ...stored, _rev: '1-other' };
      const { error } = await instance.bulkWrite(
        [{ previous, document: thingData({ id: 'a', age: 2 }, previous) }],
        '',
      );
      expect(error).toMatchObject([{ status: 409, documentInDb: { age: 1 } }]);
    });

    it('writes what it can of a batch', async () => {
      const instance = await opened();
      await insertThings(instance, [{ id: 'b' }]);
      const rows = ['a', 'b', 'c'].map((id) => ({ document: thingData({ id, age: 2 }) }));
      const { error } = await instance.bulkWrite(rows, '');
      expect(error.map(({ documentId }) => documentId)).toEqual(['b']);
      expect((await instance.findDocumentsById(['a', 'b', 'c'], false)).map(({ age }) => age)).toEqual([
        2,
        undefined,
        2,
      ]);
    });

    it('inserts what has a previous state elsewhere but is not here', async () => {
      const instance = await opened();
      const previous = thingData({ id: 'a' });
      expect(await instance.bulkWrite([{ previous, document: thingData({ id: 'a' }, previous) }], '')).toEqual({
        error: [],
      });
      expect(await instance.findDocumentsById(['a'], false)).toHaveLength(1);
    });

    it('answers 409 to the second row of a document in one batch', async () => {
      const instance = await opened();
      const rows = [1, 2].map((age) => ({ document: thingData({ id: 'a', age }) }));
      const { error } = await instance.bulkWrite(rows, '');
      // The memory storage looks at what was there before the batch, and the last row wins without a word.
      expect(error.map(({ status }) => status)).toEqual(isMemory ? [] : [409]);
      expect((await instance.findDocumentsById(['a'], false))[0]?.age).toBe(isMemory ? 2 : 1);
    });

    it('tells of changes before its promise resolves, in one bulk, with states before and after', async () => {
      const instance = await opened();
      const order: string[] = [];
      const told: RxStorageChangeEvent<Thing>[] = [];
      instance.changeStream().subscribe(({ events, context }) => {
        order.push(`told of ${context}`);
        told.push(...events);
      });
      const inserted = thingData({ id: 'a', age: 1 });
      const updated = thingData({ id: 'a', age: 2 }, inserted);
      const deleted = thingData({ id: 'a', age: 2 }, updated, true);
      await instance
        .bulkWrite([{ document: inserted }, { document: thingData({ id: 'b' }) }], 'insert')
        .then(() => order.push('1'));
      await instance.bulkWrite([{ previous: inserted, document: updated }], 'update').then(() => order.push('2'));
      await instance.bulkWrite([{ previous: updated, document: deleted }], 'delete').then(() => order.push('3'));
      expect(order).toEqual(['told of insert', '1', 'told of update', '2', 'told of delete', '3']);
      expect(told.map(({ operation, documentId }) => `${operation} ${documentId}`)).toEqual([
        'INSERT a',
        'INSERT b',
        'UPDATE a',
        'DELETE a',
      ]);
      expect(told[2]).toMatchObject({ documentData: { age: 2 }, previousDocumentData: { age: 1 } });
    });

    it('tells of a deleted document that comes back as of a new one', async () => {
      const instance = await opened();
      const told: string[] = [];
      const tombstone = thingData({ id: 'a' }, undefined, true);
      instance.changeStream().subscribe(({ events }) => told.push(...events.map(({ operation }) => operation)));
      // Nobody is told of a tombstone of what nobody had.
      await instance.bulkWrite([{ document: tombstone }], '');
      await instance.bulkWrite([{ previous: tombstone, document: thingData({ id: 'a' }, tombstone) }], '');
      expect(told).toEqual(['INSERT']);
    });

    it('says nothing where nothing was written', async () => {
      const instance = await opened();
      await insertThings(instance, [{ id: 'a' }]);
      let told = 0;
      instance.changeStream().subscribe(() => (told += 1));
      await instance.bulkWrite([{ document: thingData({ id: 'a' }) }], '');
      await instance.bulkWrite([], '');
      expect(told).toBe(0);
    });

    it('keeps what was written, whatever the writer does to it afterwards', async () => {
      const instance = await opened();
      const document = thingData({ id: 'a', nested: { deep: { value: 1 } } });
      await instance.bulkWrite([{ document }], '');
      document.nested = { deep: { value: 2 } };
      const [stored] = await instance.findDocumentsById(['a'], false);
      // The memory storage keeps the writer's own object.
      expect(stored?.nested?.deep?.value).toBe(isMemory ? 2 : 1);
    });
  });

  describe('findDocumentsById', () => {
    it('gives what there is, in the order of the ids, tombstones only if asked', async () => {
      const instance = await opened();
      const [a] = (await insertThings(instance, [{ id: 'a' }, { id: 'b' }, { id: 'c' }])) as [ThingData];
      await instance.bulkWrite([{ previous: a, document: thingData({ id: 'a' }, a, true) }], '');
      const ids = async (withDeleted: boolean): Promise<string[]> =>
        (await instance.findDocumentsById(['c', 'x', 'a', 'b'], withDeleted)).map(({ id }) => id);
      expect([await ids(false), await ids(true)]).toEqual([
        ['c', 'b'],
        ['c', 'a', 'b'],
      ]);
    });

    it('hands the same object out to each reader, who must not change it', async () => {
      const instance = await opened();
      await insertThings(instance, [{ id: 'a' }]);
      const [[first], [second]] = [
        await instance.findDocumentsById(['a'], false),
        await instance.findDocumentsById(['a'], false),
      ];
      expect(second).toBe(first);
    });

    it('keeps documents of several megabytes', async () => {
      const instance = await opened();
      const text = 'ä😀'.repeat(1_500_000);
      await insertThings(instance, [{ id: 'a', text }]);
      expect((await instance.findDocumentsById(['a'], false))[0]?.['text'] === text).toBe(true);
    });

    it('keeps every UTF-16 unit, in ids, values and names', async () => {
      const instance = await opened();
      const units = ['\uD83D', '\uDE00', '\u{1F600}', '\uFFFD', '\uFFFF', '\u0000', '\uD7FF', '\uE000'];
      const things = units.map((unit, index) => ({ id: `${unit}${index}`, name: `${unit}x`, [`k${unit}`]: [unit] }));
      await insertThings(instance, things);
      const found = await instance.findDocumentsById(
        things.map(({ id }) => id),
        false,
      );
      expect(found).toMatchObject(things);
    });
  });

  describe('query and count', () => {
    const things: Thing[] = Array.from({ length: 12 }, (_, index) => ({
      id: `t${index}`,
      name: `n${index % 3}`,
      age: index % 4,
      flag: index % 2 === 0,
      nested: { deep: { value: 10 - index } },
      tags: index % 2 === 0 ? ['even', index] : ['odd'],
    }));

    it('select, sort, skip and limit', async () => {
      const instance = await opened();
      await insertThings(instance, things);
      expect(
        await answer(instance, { selector: { name: 'n1' }, sort: [{ age: 'desc' }, { id: 'asc' }] }),
      ).toMatchObject({
        ids: ['t7', 't10', 't1', 't4'],
        count: 4,
      });
      const page = {
        selector: { flag: true, age: { $gte: 0 } },
        sort: [{ age: 'asc' }, { id: 'desc' }],
        skip: 1,
        limit: 3,
      };
      expect((await answer(instance, page)).ids).toEqual(['t4', 't0', 't6']);
    });

    it('take a limit of 0 at its word', async () => {
      const instance = await opened();
      await insertThings(instance, things);
      expect((await answer(instance, { selector: { name: 'n1' }, limit: 0 })).ids).toEqual([]);
    });

    it('count as many as the query gives, fast', async () => {
      const instance = await opened();
      await insertThings(instance, things);
      for (const selector of [{ name: 'n1' }, { tags: 'even' }, {}]) {
        const { ids, count, mode } = await answer(instance, { selector });
        expect([count, mode]).toEqual([ids.length, 'fast']);
      }
      const limited = await answer(instance, { selector: { name: 'n1' }, skip: 1, limit: 2 });
      // The memory storage's count leaves skip and limit out.
      expect([limited.ids.length, limited.count]).toEqual([2, isMemory ? 4 : 2]);
    });

    it.each([
      ['a list of values', { name: { $in: ['n0', 'n2', 'x'] }, age: { $lt: 1 } }, ['t0', 't8']],
      ['none of a list', { name: { $nin: ['n0', 'n2'] }, flag: { $ne: true } }, ['t1', 't7']],
      ['either of two', { $or: [{ name: 'n0', age: 1 }, { 'nested.deep.value': { $gt: 9 } }] }, ['t0', 't9']],
      ['neither of two', { $nor: [{ age: { $gt: 0 } }, { name: 'n1' }] }, ['t0', 't8']],
      ['not a range', { age: { $not: { $gte: 1 } } }, ['t0', 't4', 't8']],
      ['both of two', { $and: [{ age: { $gte: 2 } }, { age: { $lt: 3 } }, { flag: true }] }, ['t10', 't2', 't6']],
      ['a deep path', { 'nested.deep.value': { $gte: 1, $lte: 2 } }, ['t8', 't9']],
      ['an element', { tags: { $elemMatch: { $gt: 9 } } }, ['t10']],
      ['a size', { tags: { $size: 1 }, age: 1 }, ['t1', 't5', 't9']],
      ['a type', { tags: { $type: 'array' }, age: 3, name: { $type: 'string' } }, ['t11', 't3', 't7']],
      ['a remainder', { age: { $mod: [3, 0] }, flag: false }, ['t11', 't3', 't7']],
      ['a pattern', { name: { $regex: 'N2$', $options: 'i' }, age: 1 }, ['t5']],
    ])('find by %s', async (_, selector, ids) => {
      const instance = await opened();
      await insertThings(instance, things);
      expect(await answer(instance, { selector, sort: [{ id: 'asc' }] })).toEqual({
        ids,
        count: ids.length,
        mode: 'fast',
      });
    });

    it('order strings by UTF-16 unit, as JavaScript does, in ids, sorts and ranges', async () => {
      const instance = await opened();
      const texts = ['a', '\uD7FF', '\uD83D', '\u{1F600}', '\uDE00', '\uE000', '\uFFFD'];
      await insertThings(
        instance,
        texts.toReversed().map((name) => ({ id: `${name}i`, name })),
      );
      expect((await answer(instance, { sort: [{ name: 'asc' }] })).ids).toEqual(texts.map((text) => `${text}i`));
      expect((await answer(instance, { sort: [{ id: 'desc' }] })).ids).toEqual(
        texts.map((text) => `${text}i`).toReversed(),
      );
      const above = await answer(instance, {
        selector: { name: { $gt: '\u{1F600}', $lt: '\uFFFD' } },
        sort: [{ name: 'asc' }],
      });
      expect(above.ids).toEqual(['\uDE00i', '\uE000i']);
    });

    it('treat null and what is missing as RxDB does: equal to null, below everything, missing first', async () => {
      const instance = await opened();
      const odd: Thing[] = [
        { id: 'null', name: null },
        { id: 'text', name: 'n' },
        { id: 'missing' },
        { id: 'undefined', name: undefined },
        { id: 'empty', name: '' },
      ];
      await insertThings(instance, odd);
      const sorted = (await answer(instance, { sort: [{ name: 'asc' }, { id: 'asc' }] })).ids;
      // The memory storage's indexes take all of them for an empty string, and null in a selector for an open bound.
      expect(sorted).toEqual(
        isMemory
          ? ['empty', 'missing', 'null', 'undefined', 'text']
          : ['missing', 'undefined', 'null', 'empty', 'text'],
      );
      const nil = (await answer(instance, { selector: { name: { $eq: null } }, sort: [{ id: 'asc' }] })).ids;
      expect(nil).toEqual(
        isMemory ? ['empty', 'missing', 'null', 'text', 'undefined'] : ['missing', 'null', 'undefined'],
      );
      const below = (await answer(instance, { selector: { name: { $lt: 'n' }, age: { $exists: false } } })).ids;
      expect(below).toEqual(['empty']);
    });

    it("find what is of another type than the schema says, as RxDB's matcher does", async () => {
      const instance = await opened();
      await insertThings(instance, [
        { id: 'a', age: 1 },
        { id: 'b', age: 'one' as never },
        { id: 'c', age: [1, 2] as never },
        { id: 'd', age: true as never },
      ]);
      const found = async (age: unknown): Promise<string[]> =>
        (await answer(instance, { selector: { age, id: { $gte: '' } }, sort: [{ id: 'asc' }] })).ids;
      expect([await found({ $eq: 'one' }), await found({ $gt: 0, $in: [1] }), await found({ $ne: 1 })]).toEqual([
        ['b'],
        ['a', 'c'],
        ['b', 'd'],
      ]);
    });

    it('see what was written just before', async () => {
      const instance = await opened();
      const [first] = (await insertThings(instance, [{ id: 'a', name: 'x' }])) as [ThingData];
      const seen: unknown[] = [];
      instance.changeStream().subscribe(() => {
        void instance
          .query(preparedThings({ selector: { ...ALIVE, name: 'y' } }))
          .then(({ documents }) => seen.push(documents.length));
      });
      expect((await answer(instance, { selector: { name: 'x' } })).count).toBe(1);
      await instance.bulkWrite([{ previous: first, document: thingData({ id: 'a', name: 'y' }, first) }], '');
      expect((await answer(instance, { selector: { name: 'x' } })).ids).toEqual([]);
      expect((await answer(instance, { selector: { name: 'y' } })).ids).toEqual(['a']);
      expect(seen).toEqual([1]);
    });
  });

  describe('cleanup', () => {
    it('purges tombstones older than asked, and nothing else', async () => {
      const instance = await opened();
      const old = { ...thingData({ id: 'old' }, undefined, true), _meta: { lwt: Date.now() - 60_000 } };
      const fresh = thingData({ id: 'fresh' }, undefined, true);
      const alive = { ...thingData({ id: 'alive' }), _meta: { lwt: Date.now() - 60_000 } };
      await instance.bulkWrite([{ document: old }, { document: fresh }, { document: alive }], '');
      expect(await instance.cleanup(30_000)).toBe(true);
      const left = await instance.findDocumentsById(['old', 'fresh', 'alive'], true);
      expect(left.map(({ id }) => id)).toEqual(['fresh', 'alive']);
    });

    it('asks to be called again until all are gone', async () => {
      const instance = await opened();
      const rows = Array.from({ length: 1500 }, (_, index) => ({
        document: { ...thingData({ id: `t${index}` }, undefined, true), _meta: { lwt: 1000 } },
      }));
      await instance.bulkWrite(rows, '');
      const answers = [];
      do answers.push(await instance.cleanup(0));
      while (answers.at(-1) === false);
      // The memory storage has nobody to keep waiting.
      expect(answers).toEqual(isMemory ? [true] : [false, true]);
      expect(
        await instance.findDocumentsById(
          rows.map(({ document }) => document.id),
          true,
        ),
      ).toEqual([]);
    });
  });

  describe('attachments', () => {
    const schema = thingSchema(0, true);

    async function withOne(): Promise<{ instance: ThingInstance; stored: ThingData }> {
      const instance = await opened({ schema });
      const document = { ...thingData({ id: 'a' }), _attachments: { note: attachment('one') } };
      expect(await instance.bulkWrite([{ document }], '')).toEqual({ error: [] });
      const [stored] = (await instance.findDocumentsById(['a'], false)) as [ThingData];
      return { instance, stored };
    }

    it('go in and come out as Blobs, beside the document, which has their digest', async () => {
      const { instance, stored } = await withOne();
      expect(stored._attachments).toEqual({ note: { digest: 'd-one', length: 3, type: 'text/plain' } });
      expect(await instance.getAttachmentData('a', 'note', 'd-one')).toBeInstanceOf(Blob);
      expect(await textOf(instance, 'd-one')).toBe('text/plain: one');
    });

    it('are told of without their data', async () => {
      const instance = await opened({ schema });
      const told: unknown[] = [];
      instance
        .changeStream()
        .subscribe(({ events }) => told.push(...events.map(({ documentData }) => documentData._attachments)));
      await instance.bulkWrite(
        [{ document: { ...thingData({ id: 'a' }), _attachments: { note: attachment('one') } } }],
        '',
      );
      expect(told).toEqual([{ note: { digest: 'd-one', length: 3, type: 'text/plain' } }]);
    });

    it('are only given for the digest that is asked for', async () => {
      const { instance } = await withOne();
      expect([
        await textOf(instance, 'other'),
        await textOf(instance, 'd-one', 'b'),
        await textOf(instance, 'd-one', 'a', 'x'),
      ]).toEqual(['refused', 'refused', 'refused']);
    });

    it('stay when the document is written without them being given again', async () => {
      const { instance, stored } = await withOne();
      const next = { ...thingData({ id: 'a', age: 1 }, stored), _attachments: stored._attachments };
      expect(await instance.bulkWrite([{ previous: stored, document: next }], '')).toEqual({ error: [] });
      expect(await textOf(instance, 'd-one')).toBe('text/plain: one');
    });

    it('change when new data comes', async () => {
      const { instance, stored } = await withOne();
      const next = {
        ...thingData({ id: 'a' }, stored),
        _attachments: { note: attachment('two'), more: attachment('three') },
      };
      expect(await instance.bulkWrite([{ previous: stored, document: next }], '')).toEqual({ error: [] });
      expect([
        await textOf(instance, 'd-one'),
        await textOf(instance, 'd-two'),
        await textOf(instance, 'd-three', 'a', 'more'),
      ]).toEqual(['refused', 'text/plain: two', 'text/plain: three']);
    });

    it('go when the document no longer names them, and when it is deleted', async () => {
      for (const deleted of [false, true]) {
        const { instance, stored } = await withOne();
        await instance.bulkWrite([{ previous: stored, document: thingData({ id: 'a' }, stored, deleted) }], '');
        expect(await textOf(instance, 'd-one')).toBe('refused');
      }
    });

    it('that are neither given nor there are refused with 510, by name', async () => {
      const { instance, stored } = await withOne();
      const stub = { digest: 'd-lost', length: 4, type: 'text/plain' };
      const inserted = { ...thingData({ id: 'b' }), _attachments: { lost: stub } };
      const updated = {
        ...thingData({ id: 'a', age: 9 }, stored),
        _attachments: { ...stored._attachments, lost: stub },
      };
      const told: string[] = [];
      instance.changeStream().subscribe(({ events }) => told.push(...events.map(({ documentId }) => documentId)));
      const rows = [
        { document: inserted },
        { previous: stored, document: updated },
        { document: thingData({ id: 'c' }) },
      ];
      const { error } = await instance.bulkWrite(rows, 'why');
      expect(error).toEqual([
        { status: 510, isError: true, documentId: 'b', attachmentId: 'lost', writeRow: rows[0], context: 'why' },
        {
          status: 510,
          isError: true,
          documentId: 'a',
          attachmentId: 'lost',
          writeRow: rows[1],
          context: 'why',
          documentInDb: stored,
        },
      ]);
      expect(await instance.findDocumentsById(['a', 'b'], true)).toEqual([stored]);
      // The memory storage tells of writes that it refused, and throws where no other was in the batch.
      expect(told).toEqual(isMemory ? ['b', 'a', 'c'] : ['c']);
    });

    it('given to a document that is made again are there, though the deleted one still names them', async () => {
      const { instance, stored } = await withOne();
      const gone = { ...thingData({ id: 'a' }, stored, true), _attachments: stored._attachments };
      await instance.bulkWrite([{ previous: stored, document: gone }], '');
      const again = { ...thingData({ id: 'a' }, gone), _attachments: { note: attachment('one') } };
      expect(await instance.bulkWrite([{ previous: gone, document: again }], '')).toEqual({ error: [] });
      // The memory storage takes them for those that it has dropped.
      expect(await textOf(instance, 'd-one')).toBe(isMemory ? 'refused' : 'text/plain: one');
    });

    it('of a conflict are not touched', async () => {
      const { instance, stored } = await withOne();
      const other = { ...stored, _rev: '1-other' };
      const document = { ...thingData({ id: 'a' }, other), _attachments: { note: attachment('two') } };
      const { error } = await instance.bulkWrite([{ previous: other, document }], '');
      expect([error.map(({ status }) => status), await textOf(instance, 'd-one')]).toEqual([[409], 'text/plain: one']);
    });

    it('that are still being read are written before a close is done', async () => {
      const collectionName = `t${randomUUID()}`;
      const instance = await opened({ schema, collectionName });
      // Keeps the file open, and the memory storage's state.
      await opened();
      const writing = instance.bulkWrite(
        [{ document: { ...thingData({ id: 'a' }), _attachments: { note: attachment('one') } } }],
        '',
      );
      await instance.close();
      expect(await writing).toEqual({ error: [] });
      expect(await textOf(await opened({ schema, collectionName }), 'd-one')).toBe('text/plain: one');
    });
  });

  describe('an instance', () => {
    it('names its database, collection, schema and options', async () => {
      const instance = await opened({ collectionName: 'named', databaseName: 'of this name' });
      expect(instance).toMatchObject({ databaseName: 'of this name', collectionName: 'named', options: {} });
      expect(instance.schema).toEqual(thingSchema());
      expect(instance.internals).toBeDefined();
    });

    it('closes as often as one likes, and cannot be removed then', async () => {
      const instance = await opened();
      await instance.close();
      await instance.close();
      await expect(instance.remove()).rejects.toThrow('closed');
    });

    it('keeps its documents when closed, and loses them when removed', async () => {
      const collectionName = `t${randomUUID()}`;
      const first = await opened({ collectionName });
      await insertThings(first, [{ id: 'a' }]);
      await first.close();
      const second = await opened({ collectionName });
      expect(await second.findDocumentsById(['a'], false)).toHaveLength(1);
      open.splice(open.indexOf(second), 1);
      await second.remove();
      expect(await (await opened({ collectionName })).findDocumentsById(['a'], true)).toEqual([]);
    });

    it('of another schema version has documents of its own', async () => {
      const collectionName = `t${randomUUID()}`;
      const old = await opened({ collectionName });
      const next = await opened({ collectionName, schema: thingSchema(1) });
      await insertThings(old, [{ id: 'a', age: 0 }]);
      await insertThings(next, [{ id: 'a', age: 1 }]);
      open.splice(open.indexOf(old), 1);
      await old.remove();
      expect((await next.findDocumentsById(['a'], false))[0]?.age).toBe(1);
    });

    it('shares its documents with another of the same name', async () => {
      const collectionName = `t${randomUUID()}`;
      const [one, other] = [await opened({ collectionName }), await opened({ collectionName })];
      const [first] = (await insertThings(one, [{ id: 'a', age: 0 }])) as [ThingData];
      expect(await other.findDocumentsById(['a'], false)).toHaveLength(1);
      await one.bulkWrite([{ previous: first, document: thingData({ id: 'a', age: 1 }, first) }], '');
      expect((await other.findDocumentsById(['a'], false))[0]?.age).toBe(1);
    });
  });
});

describe.each(['plain', 'encrypted'] as const)('the %s storage, beyond memory,', (name) => {
  const storage = storageOf(name, `${folder.path}/beyond-${name}`);

  it('refuses everything after close', async () => {
    const instance = await thingInstance(storage);
    await instance.close();
    const asked = preparedThings({ selector: ALIVE });
    const calls = [
      () => instance.bulkWrite([{ document: thingData({ id: 'a' }) }], ''),
      () => instance.findDocumentsById(['a'], true),
      () => instance.query(asked),
      () => instance.count(asked),
      () => instance.cleanup(0),
      () => instance.getAttachmentData('a', 'b', 'c'),
      () => instance.getChangedDocumentsSince?.(1),
      () => instance.remove(),
    ];
    for (const call of calls) await expect(call()).rejects.toThrow('closed');
  });

  it('ends its stream of changes at close', async () => {
    const instance = await thingInstance(storage);
    let ended = false;
    instance.changeStream().subscribe({ complete: () => (ended = true) });
    await instance.close();
    expect(ended).toBe(true);
  });

  it('gives changes in the order of their writes, each document once, by a checkpoint that no clock moves', async () => {
    const instance = await thingInstance(storage);
    const [a, b] = (await insertThings(instance, [{ id: 'a' }, { id: 'b' }])) as [ThingData, ThingData];
    // An hour behind, and deleted: both are changes like any other.
    const earlier = { lwt: a._meta.lwt - 3_600_000 };
    await instance.bulkWrite([{ previous: a, document: { ...thingData({ id: 'a' }, a, true), _meta: earlier } }], '');
    const all = await instance.getChangedDocumentsSince?.(10);
    expect(all?.documents.map(({ id, _deleted }) => [id, _deleted])).toEqual([
      ['b', false],
      ['a', true],
    ]);
    const first = await instance.getChangedDocumentsSince?.(1);
    expect(first?.documents).toEqual([b]);
    const rest = await instance.getChangedDocumentsSince?.(10, first?.checkpoint);
    expect(rest?.documents.map(({ id }) => id)).toEqual(['a']);
    expect(await instance.getChangedDocumentsSince?.(10, rest?.checkpoint)).toEqual({
      documents: [],
      checkpoint: rest?.checkpoint,
    });
    await instance.remove();
  });

  it('says in its events how far they go', async () => {
    const instance = await thingInstance(storage);
    const checkpoints: unknown[] = [];
    instance.changeStream().subscribe(({ checkpoint }) => checkpoints.push(checkpoint));
    await insertThings(instance, [{ id: 'a' }, { id: 'b' }]);
    await insertThings(instance, [{ id: 'c' }]);
    expect(checkpoints).toEqual([{ seq: 2 }, { seq: 3 }]);
    await instance.remove();
  });

  it('does not count back when the newest documents are purged and the file is opened again', async () => {
    const collectionName = `t${randomUUID()}`;
    const instance = await thingInstance(storage, { collectionName });
    const old = { ...thingData({ id: 'a' }, undefined, true), _meta: { lwt: 1000 } };
    await instance.bulkWrite([{ document: old }], '');
    const before = await instance.getChangedDocumentsSince?.(10);
    await instance.cleanup(0);
    await instance.close();
    const again = await thingInstance(storage, { collectionName });
    await insertThings(again, [{ id: 'b' }]);
    expect(await again.getChangedDocumentsSince?.(10, before?.checkpoint)).toMatchObject({ documents: [{ id: 'b' }] });
    await again.remove();
  });
});
