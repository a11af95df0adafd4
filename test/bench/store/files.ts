/** SQLite files as the clinic's: the same cipher, durability and caches as `electron/core/store/encrypted-file.ts` sets. */
import BetterSqlite from 'better-sqlite3-multiple-ciphers';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { AUTO_CHECKPOINT_PAGES } from '../../../electron/core/store/idle-fold.ts';

/** @param key 32 bytes, or null for a plain file. */
export function openLikeTheClinic(path: string, key: Uint8Array | null): Database {
  const sqlite = new BetterSqlite(path);
  if (key !== null) {
    sqlite.pragma(`cipher = 'sqlcipher'`);
    sqlite.pragma(`key = "x'${Buffer.from(key).toString('hex')}'"`);
  }
  sqlite.pragma('locking_mode = EXCLUSIVE');
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = FULL');
  sqlite.pragma('fullfsync = ON');
  sqlite.pragma('checkpoint_fullfsync = ON');
  sqlite.pragma('temp_store = MEMORY');
  sqlite.pragma('trusted_schema = OFF');
  sqlite.pragma('cache_size = -32000');
  sqlite.pragma('journal_size_limit = 67108864');
  sqlite.pragma(`wal_autocheckpoint = ${AUTO_CHECKPOINT_PAGES}`);
  return sqlite;
}

const COMPARED = [
  'cipher',
  'page_size',
  'kdf_iter',
  'locking_mode',
  'journal_mode',
  'synchronous',
  'fullfsync',
  'checkpoint_fullfsync',
  'temp_store',
  'trusted_schema',
  'cache_size',
  'journal_size_limit',
  'wal_autocheckpoint',
  'mmap_size',
  'auto_vacuum',
  'secure_delete',
] as const;

/** What decides how safe and how fast a file is; two files are compared fairly only where these are the same. */
export function settingsOf(sqlite: Database): Readonly<Record<string, unknown>> {
  return Object.fromEntries(COMPARED.map((name) => [name, sqlite.pragma(name, { simple: true })]));
}

/** Per name the columns of its table's indexes, and whether they are partial. @param tables name -> table */
export function indexesOf(
  sqlite: Database,
  tables: Readonly<Record<string, string>>,
): Readonly<Record<string, readonly string[]>> {
  const columns = sqlite
    .prepare<[string], string>(
      `SELECT list."partial" || ' ' || group_concat(substr(info.name, 1 + instr(info.name, ':')), ',')
       FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info GROUP BY list.name`,
    )
    .pluck();
  return Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, columns.all(table).toSorted()]));
}
