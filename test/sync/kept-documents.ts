/** What a station's file holds of the clinic, deletions too: read past the store, which does not show those. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { CollectionName } from '../../electron/contract/index.ts';
import { COLLECTION_NAMES, fullSchemaOf } from '../../electron/core/store/schemas.ts';
import { layoutOf } from '../../electron/core/store/rx-storage-sqlite/columns.ts';
import type { Kept } from './oracle.ts';

const RXDB_FIELDS: ReadonlySet<string> = new Set(['_rev', '_meta', '_deleted', '_attachments']);

/** By `<collection>/<id>`. */
export function keptDocuments(sqlite: Database): Map<string, Kept> {
  const kept = new Map<string, Kept>();
  for (const collection of COLLECTION_NAMES) {
    const { name, table } = layoutOf(collection, fullSchemaOf(collection));
    const isThere = sqlite.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?`).get(name);
    if (isThere === undefined) continue;
    const rows = sqlite.prepare<[], string>(`SELECT data FROM ${table} ORDER BY id`).pluck().all();
    for (const row of rows) {
      const data = JSON.parse(row) as Readonly<Record<string, unknown>>;
      const document = Object.fromEntries(Object.entries(data).filter(([field]) => !RXDB_FIELDS.has(field)));
      kept.set(`${collection}/${String(document['id'])}`, { document, deleted: data['_deleted'] === true });
    }
  }
  return kept;
}

/** Whether there was such a document, and it was deleted. */
export function isDeleted(sqlite: Database, collection: CollectionName, id: string): boolean {
  const { table } = layoutOf(collection, fullSchemaOf(collection));
  return sqlite.prepare(`SELECT deleted FROM ${table} WHERE id = ?`).pluck().get(id) === 1;
}
