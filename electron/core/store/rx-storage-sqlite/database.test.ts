/** RxDB as anybody uses it, over files of the storage's own. */
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { addRxPlugin, createRxDatabase } from 'rxdb';
import type { RxCollection, RxJsonSchema, RxStorage } from 'rxdb';
import { RxDBAttachmentsPlugin } from 'rxdb/plugins/attachments';
import { RxDBMigrationSchemaPlugin } from 'rxdb/plugins/migration-schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/documents.ts';
import { STORAGE_NAMES, insertThings, storageOf, thingData, thingInstance } from '../testing/rx-storages.ts';
import type { ThingData } from '../testing/rx-storages.ts';
import { getRxStorageSqlite } from './index.ts';

addRxPlugin(RxDBMigrationSchemaPlugin);
addRxPlugin(RxDBAttachmentsPlugin);

interface Note {
  id: string;
  text: string;
  words?: number;
}
type Notes = RxCollection<Note>;

function noteSchema(version: number): RxJsonSchema<Note> {
  const words = { type: 'number', minimum: 0, maximum: 1000, multipleOf: 1 } as const;
  return {
    version,
    primaryKey: 'id',
    type: 'object',
    properties: { id: { type: 'string', maxLength: 40 }, text: { type: 'string', maxLength: 100 }, words },
    required: version === 0 ? ['id'] : ['id', 'words'],
    indexes: version === 0 ? ['text'] : ['text', 'words'],
    attachments: {},
  };
}

const KEY = new Uint8Array(32).fill(7);
let folder: ReturnType<typeof temporaryFolder>;
const open: { close(): Promise<boolean> }[] = [];

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  for (const database of open.splice(0)) await database.close();
  folder.remove();
});

async function openedNotes(storage: RxStorage<unknown, unknown>, name: string, version = 0): Promise<Notes> {
  const database = await createRxDatabase<{ notes: Notes }>({ name, storage, multiInstance: false });
  open.push(database);
  const migrationStrategies =
    version === 0 ? {} : { 1: (old: Note) => ({ ...old, words: old.text.split(' ').length }) };
  await database.addCollections({ notes: { schema: noteSchema(version), migrationStrategies } });
  return database.notes;
}

describe.each(STORAGE_NAMES)('RxDB on the %s storage', (storageName) => {
  it('moves documents and their attachments to a new version of the schema', async () => {
    const storage = storageOf(storageName, folder.path);
    const name = `migrated-${randomUUID()}`;
    const old = await openedNotes(storage, name);
    await old.bulkInsert(Array.from({ length: 50 }, (_, index) => ({ id: `n${index}`, text: `one ${index}` })));
    const kept = await old.insert({ id: 'kept', text: 'one two three' });
    await kept.putAttachment({ id: 'file', data: new Blob(['bytes'], { type: 'text/plain' }), type: 'text/plain' });
    await old.findOne('n7').remove();
    await old.database.close();

    const next = await openedNotes(storage, name, 1);
    expect(await next.count({ selector: { words: { $eq: 2 } } }).exec()).toBe(49);
    expect((await next.findOne('kept').exec())?.words).toBe(3);
    const attachment = (await next.findOne('kept').exec())?.getAttachment('file');
    expect(await attachment?.getStringData()).toBe('bytes');
    expect(await next.findOne('n7').exec()).toBeNull();
  });

  it('finds, changes, watches and removes', async () => {
    const notes = await openedNotes(storageOf(storageName, folder.path), `used-${randomUUID()}`);
    const seen: string[][] = [];
    const watching = notes
      .find({ selector: { text: { $gte: 'b' } }, sort: [{ text: 'asc' }] })
      .$.subscribe((found) => seen.push(found.map(({ text }) => text)));
    await notes.bulkInsert(['c', 'a', 'b'].map((text) => ({ id: text, text })));
    await (await notes.findOne('a').exec(true)).incrementalPatch({ text: 'd' });
    await (await notes.findOne('c').exec(true)).remove();
    expect(await notes.find({ sort: [{ text: 'asc' }] }).exec()).toMatchObject([{ text: 'b' }, { text: 'd' }]);
    await expect.poll(() => seen.at(-1)).toEqual(['b', 'd']);
    watching.unsubscribe();
  });
});

describe('files', () => {
  it('hold what was written when opened again, one per database in a directory', async () => {
    for (const name of ['Notes', 'notes', '../notes/ü']) {
      const notes = await openedNotes(getRxStorageSqlite({ directory: folder.path }), name);
      await notes.insert({ id: 'a', text: name });
      await notes.database.close();
    }
    for (const name of ['Notes', 'notes', '../notes/ü']) {
      const notes = await openedNotes(getRxStorageSqlite({ directory: folder.path }), name);
      expect((await notes.findOne('a').exec())?.text).toBe(name);
    }
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.sqlite'))).toHaveLength(3);
  });

  it('named by their path hold one database', async () => {
    const file = join(folder.path, 'made', 'here.db');
    const storage = getRxStorageSqlite({ file });
    const notes = await openedNotes(storage, 'one');
    await notes.insert({ id: 'a', text: 'kept' });
    await expect(thingInstance(storage, { databaseName: 'another' })).rejects.toThrow('a file of its own');
    await notes.database.close();
    expect((await (await openedNotes(storage, 'one')).findOne('a').exec())?.text).toBe('kept');
  });

  it('with a key show nothing of what they hold, and open with that key only', async () => {
    const file = join(folder.path, 'secret.db');
    const notes = await openedNotes(getRxStorageSqlite({ file, key: KEY }), 'secret');
    await notes.insert({ id: 'a', text: 'CANARY' });
    await notes.database.close();
    const bytes = readFileSync(file);
    expect([bytes.includes('CANARY'), bytes.includes('SQLite format')]).toEqual([false, false]);
    for (const key of [new Uint8Array(32).fill(8), undefined]) {
      const wrong = getRxStorageSqlite({ file, ...(key === undefined ? {} : { key }) });
      await expect(thingInstance(wrong)).rejects.toMatchObject({ code: 'SQLITE_NOTADB' });
    }
    await expect(thingInstance(getRxStorageSqlite({ file, key: KEY.subarray(1) }))).rejects.toThrow('32 bytes');
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect(
      (await (await openedNotes(getRxStorageSqlite({ file, key: KEY }), 'secret')).findOne('a').exec())?.text,
    ).toBe('CANARY');
  });

  it('that two connections write are read as they are, not as they were', async () => {
    const file = join(folder.path, 'shared.db');
    const [one, other] = [
      await thingInstance(getRxStorageSqlite({ file }), { collectionName: 'shared' }),
      await thingInstance(getRxStorageSqlite({ file }), { collectionName: 'shared' }),
    ];
    const [first] = (await insertThings(one, [{ id: 'a', age: 0 }])) as [ThingData];
    expect((await other.findDocumentsById(['a'], false))[0]?.age).toBe(0);
    const second = thingData({ id: 'a', age: 1 }, first);
    await one.bulkWrite([{ previous: first, document: second }], '');
    expect((await other.findDocumentsById(['a'], false))[0]?.age).toBe(1);
    // The counter is one, and a write over what has changed meanwhile is a conflict.
    const { error } = await other.bulkWrite([{ previous: first, document: thingData({ id: 'a', age: 2 }, first) }], '');
    expect(error).toMatchObject([{ status: 409, documentInDb: { age: 1 } }]);
    await insertThings(other, [{ id: 'b' }]);
    expect(await one.getChangedDocumentsSince?.(10)).toMatchObject({
      documents: [{ id: 'a' }, { id: 'b' }],
      checkpoint: { seq: 3 },
    });
    await one.close();
    await other.close();
  });
});
