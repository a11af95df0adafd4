/** Every row of a damaged table that can still be read. What can't is stepped over, from both sides and in ever smaller pieces. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { codeOf } from '../store/store-problem.ts';

type Values = readonly unknown[];
type Keep = (values: Values) => void;

/** SQLite's words for a page that is not as it was written, and for what follows from one. */
const DAMAGE = ['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_IOERR'] as const;
/** Rows of a table that is read piece by piece: at most so many probes between two rows that can be read. */
const MOST_PROBES = 20_000;

export interface TableShape {
  readonly name: string;
  readonly columns: readonly string[];
  /** Its key, where it has no row numbers. */
  readonly key: readonly string[] | null;
}

/** @param keep called once for each row, its values in the order of `columns`. @returns whether something could not be read. */
export function readRows(sqlite: Database, table: TableShape, keep: Keep): boolean {
  return table.key === null ? readNumbered(sqlite, table, keep) : readKeyed(sqlite, table, table.key, keep);
}

/** Rows by their numbers: what lies between two pieces that can be read is halved until nothing is left. */
function readNumbered(sqlite: Database, { name, columns }: TableShape, keep: Keep): boolean {
  const list = ['rowid', ...columns.map((column) => quoted(column))].join(', ');
  const select = (order: 'ASC' | 'DESC') =>
    sqlite
      .prepare<[number | bigint, number | bigint], Values>(
        `SELECT ${list} FROM ${quoted(name)} WHERE rowid BETWEEN ? AND ? ORDER BY rowid ${order}`,
      )
      .raw()
      .safeIntegers();
  const upwards = select('ASC');
  const downwards = select('DESC');
  let damaged = false;
  let probes = 0;

  /** @returns the number of the last row that was read, or null when all were. */
  function readUntilDamage(rows: typeof upwards, from: bigint, to: bigint): { readonly last: bigint | null } | null {
    let last: bigint | null = null;
    probes += 1;
    try {
      for (const [rowid, ...values] of rows.iterate(from, to)) {
        last = rowid as bigint;
        keep(values);
        probes = 0;
      }
      return null;
    } catch (error) {
      if (!isDamage(error)) throw error;
      damaged = true;
      return { last };
    }
  }

  const ranges: [bigint, bigint][] = [[-(2n ** 63n), 2n ** 63n - 1n]];
  for (let range = ranges.pop(); range !== undefined && probes < MOST_PROBES; range = ranges.pop()) {
    const [from, to] = range;
    const stopped = readUntilDamage(upwards, from, to);
    if (stopped === null) continue;
    const low = stopped.last === null ? from : stopped.last + 1n;
    if (low > to) continue;
    const back = readUntilDamage(downwards, low, to);
    if (back === null) continue;
    const high = back.last === null ? to : back.last - 1n;
    // A row number that can be asked for alone and does not answer is lost.
    if (low >= high) continue;
    const middle = low + (high - low) / 2n;
    ranges.push([low, middle], [middle + 1n, high]);
  }
  return damaged;
}

/** Rows by a key: from both ends; and, where the table has other indexes, one by one by the keys that stand in them. */
function readKeyed(sqlite: Database, { name, columns }: TableShape, key: readonly string[], keep: Keep): boolean {
  const list = columns.map((column) => quoted(column)).join(', ');
  const keys = key.map((column) => quoted(column));
  const seen = new Set<string>();
  const places = key.map((column) => columns.indexOf(column));
  const keepOnce = (values: Values): void => {
    const id = JSON.stringify(places.map((place) => String(values[place])));
    if (!seen.has(id)) keep(values);
    seen.add(id);
  };
  const readAll = (sql: string, use: Keep): boolean => {
    try {
      for (const values of sqlite.prepare<[], Values>(sql).raw().safeIntegers().iterate()) use(values);
      return false;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return true;
    }
  };
  const ordered = (order: 'ASC' | 'DESC'): string => keys.map((column) => `${column} ${order}`).join(', ');
  if (!readAll(`SELECT ${list} FROM ${quoted(name)} ORDER BY ${ordered('ASC')}`, keepOnce)) return false;
  readAll(`SELECT ${list} FROM ${quoted(name)} ORDER BY ${ordered('DESC')}`, keepOnce);
  const one = `SELECT ${list} FROM ${quoted(name)} WHERE ${keys.map((column) => `${column} = ?`).join(' AND ')}`;
  for (const index of indexesOf(sqlite, name)) {
    for (const order of ['ASC', 'DESC'] as const) {
      const found: Values[] = [];
      const by = index.columns.map((column) => `${quoted(column)} ${order}`).join(', ');
      readAll(
        `SELECT ${keys.join(', ')} FROM ${quoted(name)} INDEXED BY ${quoted(index.name)} ORDER BY ${by}`,
        (values) => found.push(values),
      );
      for (const values of found) {
        if (seen.has(JSON.stringify(values.map(String)))) continue;
        try {
          const row = sqlite
            .prepare<unknown[], Values>(one)
            .raw()
            .safeIntegers()
            .get(...values);
          if (row !== undefined) keepOnce(row);
        } catch (error) {
          if (!isDamage(error)) throw error;
        }
      }
    }
  }
  return true;
}

/** Indexes over all rows, other than the key's own. */
function indexesOf(sqlite: Database, table: string): { readonly name: string; readonly columns: readonly string[] }[] {
  return sqlite
    .prepare<[string], { name: string }>(`SELECT name FROM pragma_index_list(?) WHERE origin <> 'pk' AND partial = 0`)
    .all(table)
    .map(({ name }) => ({
      name,
      columns: sqlite
        .prepare<[string], string>('SELECT name FROM pragma_index_info(?) ORDER BY seqno')
        .pluck()
        .all(name),
    }));
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function isDamage(error: unknown): boolean {
  return DAMAGE.some((code) => codeOf(error).startsWith(code));
}
