/** The columns of one collection's table: what each holds of a document, and how SQL compares it. */
import { getPrimaryFieldOfPrimaryKey, getSchemaByObjectPath } from 'rxdb';
import type { RxDocumentData, RxJsonSchema } from 'rxdb';
import type { SqliteValue } from './connection.ts';
import { sortKeyOf } from './sort-key.ts';

export type ColumnKind = 'string' | 'number' | 'boolean';

/**
 * A field that SQL can compare and order by. RxDB's comparator puts what is missing first, then null, then values: so missing
 * is NULL, and null is `nullMark`, which SQLite orders before every value of the kind.
 */
export interface Column {
  /** Quoted, ready for SQL. */
  readonly name: string;
  readonly kind: ColumnKind;
  /** Every document has it, with a value. */
  readonly always: boolean;
  /** Whether its path has more than one segment. */
  readonly nested: boolean;
  /** A literal. */
  readonly nullMark: string;
}

export interface TableLayout<RxDocType> {
  /** Unquoted. */
  readonly name: string;
  /** Quoted. */
  readonly table: string;
  /** Quoted; null where the schema has no attachments. */
  readonly attachmentsTable: string | null;
  readonly primaryPath: string;
  /** Field path -> column, for selectors and sorts. */
  readonly columns: ReadonlyMap<string, Column>;
  /** The same without the indexed fields, for collections in which some of these are not what the schema says. */
  readonly sureColumns: ReadonlyMap<string, Column>;
  /** Columns of indexed fields only. */
  readonly fieldColumns: readonly Column[];
  /**
   * Appends the values of the indexed fields, in the order of `fieldColumns`.
   * @returns whether all of them are missing, null or of the type that the schema says
   */
  appendFields(document: RxDocumentData<RxDocType>, values: SqliteValue[]): boolean;
  /** The columns of each index. */
  readonly indexes: readonly (readonly Column[])[];
}

const NULL_MARKS: Readonly<Record<ColumnKind, readonly [literal: string, value: number]>> = {
  // Numbers come before text.
  string: ['0', 0],
  number: ['-9e999', -Infinity],
  boolean: ['-1', -1],
};

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A value as SQL compares it, or undefined where it is not of the column's kind. */
export function columnValue(kind: ColumnKind, value: unknown): string | number | undefined {
  switch (typeof value) {
    case 'string':
      return kind === 'string' ? sortKeyOf(value) : undefined;
    case 'number':
      return kind === 'number' && Number.isFinite(value) ? value : undefined;
    case 'boolean':
      return kind === 'boolean' ? Number(value) : undefined;
    default:
      return undefined;
  }
}

export function layoutOf<RxDocType>(
  collectionName: string,
  schema: RxJsonSchema<RxDocumentData<RxDocType>>,
): TableLayout<RxDocType> {
  const primaryPath: string = getPrimaryFieldOfPrimaryKey(schema.primaryKey);
  const always = { always: true, nested: false, nullMark: '' } as const;
  const id: Column = { name: 'id', kind: 'string', ...always };
  const sureColumns = new Map<string, Column>([
    [primaryPath, id],
    ['_deleted', { name: 'deleted', kind: 'boolean', ...always }],
    ['_meta.lwt', { name: 'lwt', kind: 'number', ...always }],
  ]);
  const columns = new Map(sureColumns);
  const fieldColumns: Column[] = [];
  const readers: { readonly path: readonly string[]; readonly kind: ColumnKind }[] = [];
  const indexes: Column[][] = [];
  for (const index of schema.indexes ?? []) {
    const fields: readonly string[] = typeof index === 'string' ? [index] : index;
    for (const field of fields) {
      if (columns.has(field)) continue;
      const kind = kindOf(getSchemaByObjectPath(schema, field)?.type);
      if (kind === null) throw new Error(`field ${field} of ${collectionName} has no type that can be indexed`);
      const path = field.split('.');
      const [nullMark] = NULL_MARKS[kind];
      const column = { name: quoted(`v:${field}`), kind, always: false, nested: path.length > 1, nullMark };
      columns.set(field, column);
      fieldColumns.push(column);
      readers.push({ path, kind });
    }
    // Replication asks by `seq`, never by last write time: that index would cost each write and serve nobody.
    if (fields[0] !== '_meta.lwt') indexes.push(fields.map((field) => columns.get(field) ?? id));
  }
  const name = `rx:${collectionName}:${schema.version}`;
  return {
    name,
    table: quoted(name),
    attachmentsTable:
      schema.attachments === undefined ? null : quoted(`rx-attachments:${collectionName}:${schema.version}`),
    primaryPath,
    columns,
    sureColumns,
    fieldColumns,
    appendFields: (document, values) => {
      let regular = true;
      for (const { path, kind } of readers) regular = appendField(document, path, kind, values) && regular;
      return regular;
    },
    indexes,
  };
}

function kindOf(type: unknown): ColumnKind | null {
  if (type === 'string' || type === 'boolean' || type === 'number') return type;
  return type === 'integer' ? 'number' : null;
}

function appendField(document: unknown, path: readonly string[], kind: ColumnKind, values: SqliteValue[]): boolean {
  let value: unknown = document;
  for (const segment of path) {
    if (value === undefined || value === null) {
      value = undefined;
      break;
    }
    // The matcher looks into arrays, and RxDB's comparator even into strings.
    if (typeof value !== 'object' || Array.isArray(value)) return irregular(values);
    value = (value as Readonly<Record<string, unknown>>)[segment];
  }
  if (value === undefined) {
    values.push(null);
    return true;
  }
  // JSON has no other numbers than finite ones, and makes null of them.
  if (value === null || (typeof value === 'number' && !Number.isFinite(value))) {
    values.push(NULL_MARKS[kind][1]);
    return true;
  }
  const comparable = columnValue(kind, value);
  if (comparable === undefined) return irregular(values);
  values.push(comparable);
  return true;
}

function irregular(values: SqliteValue[]): boolean {
  values.push(null);
  return false;
}
