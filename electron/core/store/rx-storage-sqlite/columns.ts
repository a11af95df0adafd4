/** The table of one collection and schema version: which columns it has, which indexes, and what a document puts into them. */
import { getPrimaryFieldOfPrimaryKey, getSchemaByObjectPath, objectPathMonad } from 'rxdb';
import type { RxDocumentData, RxJsonSchema } from 'rxdb';
import type { SqliteConnection, SqliteValue } from './connection.ts';
import { sortKeyOf } from './sort-key.ts';

export type ColumnKind = 'string' | 'number' | 'boolean';

/** A field that SQL can compare and order by. */
export interface Column {
  /** Quoted, ready for SQL. */
  readonly name: string;
  readonly kind: ColumnKind;
}

export interface TableLayout<RxDocType> {
  /** Quoted. */
  readonly table: string;
  readonly primaryPath: string;
  /** Field path -> column, for selectors and sorts. */
  readonly columns: ReadonlyMap<string, Column>;
  /** Columns of indexed fields only, in the order of `fieldValues`. */
  readonly fieldColumns: readonly Column[];
  /** Values of the indexed fields, in that order; null for what is missing or of another type than the schema says. */
  fieldValues(document: RxDocumentData<RxDocType>): SqliteValue[];
  /** Column lists, one per index. */
  readonly indexes: readonly (readonly string[])[];
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Name of the table (unquoted): collections are apart by name and schema version. */
export function tableNameOf(collectionName: string, schemaVersion: number): string {
  return `rx:${collectionName}:${schemaVersion}`;
}

/** A value as SQL compares it, or undefined where it is not of the column's kind. */
export function columnValue(kind: ColumnKind, value: unknown): SqliteValue | undefined {
  if (typeof value !== kind) return undefined;
  if (typeof value === 'string') return sortKeyOf(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'number' && !Number.isNaN(value) ? value : undefined;
}

export function layoutOf<RxDocType>(
  collectionName: string,
  schema: RxJsonSchema<RxDocumentData<RxDocType>>,
): TableLayout<RxDocType> {
  const primaryPath: string = getPrimaryFieldOfPrimaryKey(schema.primaryKey);
  const columns = new Map<string, Column>([
    [primaryPath, { name: 'id', kind: 'string' }],
    ['_deleted', { name: 'deleted', kind: 'boolean' }],
    ['_meta.lwt', { name: 'lwt', kind: 'number' }],
  ]);
  const fieldColumns: Column[] = [];
  const readers: ((document: RxDocumentData<RxDocType>) => SqliteValue)[] = [];
  const indexes: string[][] = [];
  for (const index of schema.indexes ?? []) {
    const fields: readonly string[] = typeof index === 'string' ? [index] : index;
    for (const field of fields) {
      if (columns.has(field)) continue;
      const kind = kindOf(getSchemaByObjectPath(schema, field)?.type);
      if (kind === null) throw new Error(`field ${field} of ${collectionName} has no type that can be indexed`);
      const column: Column = { name: quoted(`f:${field}`), kind };
      const read = objectPathMonad<RxDocumentData<RxDocType>, unknown>(field);
      columns.set(field, column);
      fieldColumns.push(column);
      readers.push((document) => columnValue(kind, read(document)) ?? null);
    }
    // Replication asks by `seq`, never by last write time: that index would cost each write and serve nobody.
    if (fields[0] !== '_meta.lwt') indexes.push(fields.map((field) => columns.get(field)?.name ?? ''));
  }
  return {
    table: quoted(tableNameOf(collectionName, schema.version)),
    primaryPath,
    columns,
    fieldColumns,
    fieldValues: (document) => readers.map((read) => read(document)),
    indexes,
  };
}

function kindOf(type: unknown): ColumnKind | null {
  if (type === 'string' || type === 'boolean' || type === 'number') return type;
  return type === 'integer' ? 'number' : null;
}

/** Makes the table, or gives an existing one the columns and indexes that the schema asks for now, filled from its documents. */
export function ensureTable<RxDocType>(connection: SqliteConnection, layout: TableLayout<RxDocType>): void {
  const { sqlite } = connection;
  const bare = layout.table.slice(1, -1);
  connection.transaction(() => {
    sqlite.exec(
      `CREATE TABLE IF NOT EXISTS "rx:sequences" (collection TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
    );
    sqlite.prepare(`INSERT OR IGNORE INTO "rx:sequences" (collection, seq) VALUES (?, 0)`).run(bare);
    const known = new Set(
      sqlite
        .prepare('SELECT name FROM pragma_table_info(?)')
        .pluck()
        .all(bare)
        .map((name) => quoted(String(name))),
    );
    if (known.size === 0) {
      const fields = layout.fieldColumns.map((column) => `${column.name}, `).join('');
      sqlite.exec(
        `CREATE TABLE ${layout.table} (id TEXT NOT NULL PRIMARY KEY, rev TEXT NOT NULL, deleted INTEGER NOT NULL,
         lwt REAL NOT NULL, seq INTEGER NOT NULL UNIQUE, ${fields}data TEXT NOT NULL)`,
      );
    } else {
      addMissingColumns(connection, layout, known);
    }
    ensureIndexes(connection, layout);
  });
}

function addMissingColumns<RxDocType>(
  connection: SqliteConnection,
  layout: TableLayout<RxDocType>,
  known: ReadonlySet<string>,
): void {
  const missing = layout.fieldColumns.filter((column) => !known.has(column.name));
  if (missing.length === 0) return;
  for (const column of missing) connection.sqlite.exec(`ALTER TABLE ${layout.table} ADD COLUMN ${column.name}`);
  const sets = layout.fieldColumns.map((column) => `${column.name} = ?`).join(', ');
  const fill = connection.statement(`UPDATE ${layout.table} SET ${sets} WHERE id = ?`);
  const ids = connection.plucked(`SELECT id FROM ${layout.table}`).all() as string[];
  const read = connection.plucked(`SELECT data FROM ${layout.table} WHERE id = ?`);
  for (const id of ids) {
    const document = JSON.parse(read.get(id) as string) as RxDocumentData<RxDocType>;
    fill.run(...layout.fieldValues(document), id);
  }
}

function ensureIndexes<RxDocType>(connection: SqliteConnection, layout: TableLayout<RxDocType>): void {
  const bare = layout.table.slice(1, -1);
  const wanted = new Map(
    layout.indexes.map((columns) => [`${bare} (${columns.join(', ').replaceAll('"', '')})`, `(${columns.join(', ')})`]),
  );
  wanted.set(`${bare} (tombstones)`, '(lwt) WHERE deleted = 1');
  const present = connection.sqlite
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL`)
    .pluck()
    .all(bare) as string[];
  for (const name of present) {
    if (!wanted.has(name)) connection.sqlite.exec(`DROP INDEX ${quoted(name)}`);
  }
  for (const [name, definition] of wanted) {
    connection.sqlite.exec(`CREATE INDEX IF NOT EXISTS ${quoted(name)} ON ${layout.table} ${definition}`);
  }
}
