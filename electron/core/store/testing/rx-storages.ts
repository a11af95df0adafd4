/** Storages to hold against one another, and documents for them. */
import { randomUUID } from 'node:crypto';
import { createRevision, fillWithDefaultSettings, normalizeMangoQuery, now, prepareQuery } from 'rxdb';
import type { PreparedQuery, RxDocumentData, RxJsonSchema, RxStorage, RxStorageInstance } from 'rxdb';
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory';
import { getRxStorageSqlite } from '../rx-storage-sqlite/index.ts';

export interface Thing {
  id: string;
  name?: string | null | undefined;
  age?: number | null | undefined;
  flag?: boolean | null | undefined;
  nested?: { deep?: { value?: number } };
  [other: string]: unknown;
}
export type ThingInstance = RxStorageInstance<Thing, unknown, unknown>;
export type ThingData = RxDocumentData<Thing>;
export type ThingSchema = RxJsonSchema<ThingData>;

const NUMBER = { type: 'number', minimum: -1000, maximum: 1000, multipleOf: 1 } as const;

/** @param attachments whether documents may have some. */
export function thingSchema(version = 0, attachments = false): ThingSchema {
  const deep = { type: 'object', properties: { value: NUMBER } } as const;
  return fillWithDefaultSettings<Thing>({
    version,
    primaryKey: 'id',
    type: 'object',
    properties: {
      id: { type: 'string', maxLength: 40 },
      name: { type: 'string', maxLength: 20 },
      age: NUMBER,
      flag: { type: 'boolean' },
      nested: { type: 'object', properties: { deep } },
    },
    indexes: ['name', ['flag', 'age'], 'nested.deep.value'],
    ...(attachments ? { attachments: {} } : {}),
  });
}

export const STORAGE_NAMES = ['memory', 'plain', 'encrypted'] as const;
export type StorageName = (typeof STORAGE_NAMES)[number];

/** @param directory for what the storage keeps in files. */
export function storageOf(name: StorageName, directory: string): RxStorage<unknown, unknown> {
  if (name === 'memory') return getRxStorageMemory();
  return getRxStorageSqlite({ directory, ...(name === 'encrypted' ? { key: new Uint8Array(32).fill(7) } : {}) });
}

export function thingInstance(
  storage: RxStorage<unknown, unknown>,
  options: { readonly schema?: ThingSchema; readonly collectionName?: string; readonly databaseName?: string } = {},
): Promise<ThingInstance> {
  return storage.createStorageInstance<Thing>({
    databaseInstanceToken: randomUUID(),
    databaseName: options.databaseName ?? 'things',
    collectionName: options.collectionName ?? `t${randomUUID()}`,
    schema: options.schema ?? thingSchema(),
    options: {},
    multiInstance: false,
    devMode: false,
  });
}

/** A state of a document as RxDB gives it to a storage. */
export function thingData(thing: Thing, previous?: ThingData, deleted = false): ThingData {
  const _rev = createRevision('test', previous);
  return { ...thing, _deleted: deleted, _attachments: {}, _meta: { lwt: now() }, _rev };
}

/** Inserts, and fails where the storage refuses. */
export async function insertThings(instance: ThingInstance, things: readonly Thing[]): Promise<ThingData[]> {
  const documents = things.map((thing) => thingData(thing));
  const { error } = await instance.bulkWrite(
    documents.map((document) => ({ document })),
    'test',
  );
  if (error.length > 0) throw new Error(`refused: ${error.map((one) => one.documentId).join(', ')}`);
  return documents;
}

export function preparedThings(query: Readonly<Record<string, unknown>>, schema = thingSchema()): PreparedQuery<Thing> {
  return prepareQuery<Thing>(schema, normalizeMangoQuery<Thing>(schema, query));
}
