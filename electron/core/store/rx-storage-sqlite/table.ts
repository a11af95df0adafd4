/** Makes and removes the tables of a collection, and gives existing ones the columns and indexes that its schema asks for now. */
import type { RxDocumentData } from 'rxdb';
import { quoted } from './columns.ts';
import type { TableLayout } from './columns.ts';
import type { SqliteConnection, SqliteValue } from './connection.ts';
import { isCounted, tableStateOf } from './table-state.ts';

/** `seq`: the highest number of a write whose row was purged, or that an older version wrote; rows may have higher ones. */
const SEQUENCES_SQL = `CREATE TABLE "rx:sequences" (collection TEXT PRIMARY KEY, seq INTEGER NOT NULL,
     irregular INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID`;
const OWN_COLUMNS = ['id', 'rev', 'deleted', 'lwt', 'seq', 'data'];

/** What SQLite is told of a table's size; it only matters that it is large. */
const ROWS = 100_000;
/** How many values a field is taken to have. */
const VALUES = { string: 30, number: 30, boolean: 2 } as const;

export function ensureTable<RxDocType>(connection: SqliteConnection, layout: TableLayout<RxDocType>): void {
  const said = saidOf(connection, layout);
  if (isReady(connection, layout, said)) return;
  const { sqlite } = connection;
  const isSure = sqlite.inTransaction;
  connection.transactionWithoutFlush(() => {
    // Before the transaction another process may still have made it.
    const now = isSure ? said : saidOf(connection, layout);
    ensureSequences(connection, now);
    connection.statement(`INSERT OR IGNORE INTO "rx:sequences" (collection, seq) VALUES (?, 0)`).run(layout.name);
    if (layout.attachmentsTable !== null) {
      sqlite.exec(
        `CREATE TABLE IF NOT EXISTS ${layout.attachmentsTable} (id TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,
         type TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (id, name)) STRICT`,
      );
    }
    if (now.some((sql) => sql.startsWith(`CREATE TABLE ${layout.table} `))) adaptTable(connection, layout);
    else sqlite.exec([tableSql(layout), ...indexSqls(layout, wantedIndexes(layout))].join(';'));
  });
}

/** Gives a table that is there the columns and indexes that are wanted now. */
function adaptTable<RxDocType>(connection: SqliteConnection, layout: TableLayout<RxDocType>): void {
  const { sqlite } = connection;
  const wanted = wantedIndexes(layout);
  const present = indexesOf(connection, layout);
  const obsolete = present.filter((name) => !wanted.has(name));
  for (const name of obsolete) sqlite.exec(`DROP INDEX ${quoted(name)}`);
  adaptColumns(connection, layout, columnsOf(connection, layout.name));
  const missing = new Map([...wanted].filter(([name]) => !present.includes(name)));
  for (const sql of indexSqls(layout, missing)) sqlite.exec(sql);
  if (missing.size > 0 || obsolete.length > 0) describe(connection, layout, wanted);
}

/**
 * Tells SQLite's planner what the indexes of a table are worth, before the first statement that chooses between them. Without it all is
 * found the same, only slower: where it can't be written, that is how it stays. The table must be there.
 */
export function ensureStatistics<RxDocType>(connection: SqliteConnection, layout: TableLayout<RxDocType>): void {
  const described = describedTables(connection);
  if (described.has(layout.name)) return;
  const isOwn = !connection.sqlite.inTransaction;
  // In somebody's reading nothing is written.
  if (!isOwn && !connection.isWriting) return;
  try {
    connection.transactionWithoutFlush(() => {
      connection.afterRollback(() => described.delete(layout.name));
      describe(connection, layout, wantedIndexes(layout));
      described.add(layout.name);
    });
  } catch (error) {
    if (!isOwn) throw error;
    described.add(layout.name);
  }
}

/** Of which the file says what their indexes are worth. */
function describedTables(connection: SqliteConnection): Set<string> {
  return connection.shared('statistics', () => {
    const { sqlite } = connection;
    if (!hasStatistics(connection)) return new Set<string>();
    return new Set(sqlite.prepare('SELECT DISTINCT tbl FROM sqlite_stat1').pluck().all() as string[]);
  });
}

function hasStatistics(connection: SqliteConnection): boolean {
  return connection.plucked(`SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'`).get() === 1;
}

function tableSql<RxDocType>(layout: TableLayout<RxDocType>): string {
  const fields = layout.fieldColumns.map((column) => `${column.name}, `).join('');
  return `CREATE TABLE ${layout.table} (id TEXT NOT NULL PRIMARY KEY, rev TEXT NOT NULL, deleted INTEGER NOT NULL,
         lwt REAL NOT NULL, seq INTEGER NOT NULL UNIQUE, ${fields}data TEXT NOT NULL)`;
}

function indexSqls<RxDocType>(layout: TableLayout<RxDocType>, indexes: ReadonlyMap<string, WantedIndex>): string[] {
  return [...indexes].map(([name, { definition }]) => `CREATE INDEX ${quoted(name)} ON ${layout.table} ${definition}`);
}

/**
 * Whether the file already says of the table and its indexes, word by word, what would be said now. Nearly always so: then opening
 * a collection costs one look instead of a transaction.
 */
export function isTableReady<RxDocType>(connection: SqliteConnection, layout: TableLayout<RxDocType>): boolean {
  return isReady(connection, layout, saidOf(connection, layout));
}

/** What the file says of the table, of its indexes, and of the counters' table. */
function saidOf<RxDocType>(connection: SqliteConnection, layout: TableLayout<RxDocType>): readonly string[] {
  return connection
    .plucked(
      `SELECT sql FROM sqlite_schema WHERE tbl_name IN (?, 'rx:sequences') AND type <> 'trigger' AND sql IS NOT NULL`,
    )
    .all(layout.name) as string[];
}

function isReady<RxDocType>(
  connection: SqliteConnection,
  layout: TableLayout<RxDocType>,
  said: readonly string[],
): boolean {
  // The counters' table alone, or nothing.
  if (layout.attachmentsTable !== null || said.length < 2) return false;
  const wanted = [SEQUENCES_SQL, tableSql(layout), ...indexSqls(layout, wantedIndexes(layout))];
  // A table that was altered reads otherwise than one that was made now, and is looked at closely each time.
  if (said.length !== wanted.length || !wanted.every((sql) => said.includes(sql))) return false;
  return isCounted(connection, layout.name);
}

/** Drops the collection's tables; its counter of writes, too. */
export function dropTable<RxDocType>(connection: SqliteConnection, layout: TableLayout<RxDocType>): void {
  connection.transaction(() => {
    connection.sqlite.exec(`DROP TABLE IF EXISTS ${layout.table}`);
    if (layout.attachmentsTable !== null) connection.sqlite.exec(`DROP TABLE IF EXISTS ${layout.attachmentsTable}`);
    connection.statement('DELETE FROM "rx:sequences" WHERE collection = ?').run(layout.name);
    connection.caches.of(layout.name).clear();
    tableStateOf(connection, layout).forget();
    // SQLite has dropped what was said of it, too.
    describedTables(connection).delete(layout.name);
  });
}

/**
 * One row per collection: how many writes it has seen, and whether an indexed field ever was not what the schema says.
 * @param said what the file says of its tables
 */
function ensureSequences(connection: SqliteConnection, said: readonly string[]): void {
  if (said.includes(SEQUENCES_SQL)) return;
  const columns = columnsOf(connection, 'rx:sequences');
  if (columns.length === 0) connection.sqlite.exec(SEQUENCES_SQL);
  else if (!columns.includes('irregular')) {
    connection.sqlite.exec('ALTER TABLE "rx:sequences" ADD COLUMN irregular INTEGER NOT NULL DEFAULT 0');
  }
}

function columnsOf(connection: SqliteConnection, table: string): string[] {
  return connection.plucked('SELECT name FROM pragma_table_info(?)').all(table) as string[];
}

function adaptColumns<RxDocType>(
  connection: SqliteConnection,
  layout: TableLayout<RxDocType>,
  known: readonly string[],
): void {
  const { sqlite } = connection;
  const present = new Set(known.filter((name) => !OWN_COLUMNS.includes(name)).map((name) => quoted(name)));
  const wanted = new Set(layout.fieldColumns.map((column) => column.name));
  for (const name of present) if (!wanted.has(name)) sqlite.exec(`ALTER TABLE ${layout.table} DROP COLUMN ${name}`);
  const missing = [...wanted].filter((name) => !present.has(name));
  if (missing.length === 0) return;
  for (const name of missing) sqlite.exec(`ALTER TABLE ${layout.table} ADD COLUMN ${name}`);
  const sets = layout.fieldColumns.map((column) => `${column.name} = ?`).join(', ');
  const fill = sqlite.prepare(`UPDATE ${layout.table} SET ${sets} WHERE id = ?`);
  const ids = sqlite.prepare(`SELECT id FROM ${layout.table}`).pluck().all() as string[];
  const read = sqlite.prepare<[string]>(`SELECT data FROM ${layout.table} WHERE id = ?`).pluck();
  let regular = true;
  for (const id of ids) {
    const values: SqliteValue[] = [];
    const document = JSON.parse(read.get(id) as string) as RxDocumentData<RxDocType>;
    regular = layout.appendFields(document, values) && regular;
    fill.run(...values, id);
  }
  sqlite.prepare('UPDATE "rx:sequences" SET irregular = ? WHERE collection = ?').run(regular ? 0 : 1, layout.name);
}

interface WantedIndex {
  readonly definition: string;
  readonly statistics: string;
}

function wantedIndexes<RxDocType>(layout: TableLayout<RxDocType>): Map<string, WantedIndex> {
  const wanted = new Map<string, WantedIndex>();
  for (const columns of layout.indexes) {
    const names = columns.map((column) => column.name).join(', ');
    let rows = ROWS;
    const rowsPerPrefix = columns.map((column) => {
      // Hardly anything is deleted: the first column of RxDB's indexes says next to nothing.
      if (column.name === 'id') rows = 1;
      else if (column.name !== 'deleted') rows = Math.max(1, Math.round(rows / VALUES[column.kind]));
      return rows;
    });
    const statistics = [ROWS, ...rowsPerPrefix].join(' ');
    wanted.set(`${layout.name} (${names.replaceAll('"', '')})`, { definition: `(${names})`, statistics });
  }
  wanted.set(`${layout.name} (tombstones)`, { definition: '(lwt) WHERE deleted = 1', statistics: '1000 1' });
  return wanted;
}

function indexesOf<RxDocType>(connection: SqliteConnection, layout: TableLayout<RxDocType>): string[] {
  return connection
    .plucked(`SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL`)
    .all(layout.name) as string[];
}

/**
 * Tells SQLite's planner what the indexes are worth. Without statistics it takes "not deleted" for ten rows, as if it were as
 * good as any other condition, and then prefers to walk a whole index over a list of values in the second column.
 */
function describe<RxDocType>(
  connection: SqliteConnection,
  layout: TableLayout<RxDocType>,
  wanted: ReadonlyMap<string, WantedIndex>,
): void {
  const { sqlite } = connection;
  // Makes the table of statistics, and measures nothing.
  if (!hasStatistics(connection)) sqlite.exec('ANALYZE sqlite_schema');
  connection.statement('DELETE FROM sqlite_stat1 WHERE tbl = ?').run(layout.name);
  const insert = connection.statement('INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)');
  for (const [name, { statistics }] of wanted) insert.run(layout.name, name, statistics);
  for (const unique of ['1', '2']) insert.run(layout.name, `sqlite_autoindex_${layout.name}_${unique}`, `${ROWS} 1`);
  sqlite.exec('ANALYZE sqlite_schema');
}
