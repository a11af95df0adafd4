/**
 * RxDB refuses to open a collection whose schema differs from the one it was made with. Ours name only the id and what is
 * ordered by, and the storage gives an existing table the indexes that it is asked for: so a change of indexes is taken over
 * here, without a new version and without copying a document. Anything else (another version) stays RxDB's to judge.
 */
import { createRxSchema, deepEqual, flatCloneDocWithMeta, getAllCollectionDocuments } from 'rxdb';
import type { RxDatabase, RxJsonSchema } from 'rxdb';

/** @param schemas by collection name, as given to `addCollections`; to be called before it. */
export async function adoptSchemas(
  database: RxDatabase<unknown>,
  schemas: Readonly<Record<string, { readonly version: number }>>,
): Promise<string[]> {
  const adopted: string[] = [];
  for (const known of await getAllCollectionDocuments(database.internalStore)) {
    const wanted = schemas[known.data.name];
    if (wanted === undefined || wanted.version !== known.data.version) continue;
    const schema = createRxSchema(wanted as RxJsonSchema<object>, database.hashFunction);
    if (deepEqual(known.data.schema, schema.jsonSchema)) continue;
    const document = flatCloneDocWithMeta(known);
    document.data = { ...known.data, schema: schema.jsonSchema, schemaHash: await schema.hash };
    await database.internalStore.bulkWrite([{ previous: known, document }], 'vantage-adopt-schemas');
    adopted.push(known.data.name);
  }
  return adopted;
}
