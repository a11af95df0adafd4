/** RxDB over the clinic's tables. */
import { createRxDatabase } from 'rxdb';
import type { RxCollectionCreator, RxDatabase } from 'rxdb';
import type { CollectionName } from '../../contract/index.ts';
import { adoptSchemas } from './adopt-schemas.ts';
import { getRxStorageSqlite } from './rx-storage-sqlite/index.ts';
import type { SqliteConnection } from './rx-storage-sqlite/index.ts';
import { COLLECTION_NAMES, rxSchemaOf } from './schemas.ts';
import type { ClinicCollections, StoreLog } from './types.ts';

/**
 * Takes some milliseconds and writes a few rows of RxDB's own when it is opened for the first time: nothing that the opening of a
 * clinic should wait for.
 */
export async function openRxDatabase(
  connection: SqliteConnection,
  name: string,
  log: StoreLog | undefined,
): Promise<RxDatabase<ClinicCollections>> {
  const database = await createRxDatabase<ClinicCollections>({
    name,
    storage: getRxStorageSqlite({ open: () => connection }),
    multiInstance: false,
    eventReduce: true,
  });
  try {
    const schemas = Object.fromEntries(COLLECTION_NAMES.map((collection) => [collection, rxSchemaOf(collection)]));
    const adopted = await adoptSchemas(database as never, schemas);
    if (adopted.length > 0) log?.info({ collections: adopted }, 'indexes were brought up to date');
    const creators = Object.fromEntries(COLLECTION_NAMES.map((each) => [each, { schema: schemas[each] }]));
    await database.addCollections(creators as unknown as Record<CollectionName, RxCollectionCreator>);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
