/** A database file for those who have no file of their own open. */
import BetterSqlite from 'better-sqlite3-multiple-ciphers';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { SqliteConnection } from './connection.ts';
import type { SqliteConnectionOptions } from './connection.ts';

export interface FileOptions extends SqliteConnectionOptions {
  /** 32 random bytes: the file is encrypted with them (SQLCipher pages). Left out: it is not. */
  readonly key?: Uint8Array;
}

/** How long to wait for another process that writes. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * Opens or makes the file: write-ahead log, every commit on disk before it is acknowledged.
 * @throws SqliteError SQLITE_NOTADB if the key is not the file's, or it is no database; the file is as it was
 */
export function openFile(path: string, options: FileOptions): SqliteConnection {
  const { key } = options;
  if (key !== undefined && key.length !== 32) throw new RangeError('a key has 32 bytes');
  mkdirSync(dirname(path), { recursive: true });
  const sqlite = new BetterSqlite(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    if (key !== undefined) {
      sqlite.pragma(`cipher = 'sqlcipher'`);
      sqlite.pragma(`key = "x'${Buffer.from(key).toString('hex')}'"`);
    }
    sqlite.pragma('journal_mode = WAL');
    sqlite.pragma('synchronous = FULL');
    // What SQLite sorts or spills would be written to temporary files unencrypted.
    sqlite.pragma('temp_store = MEMORY');
    return new SqliteConnection(sqlite, options);
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

/** A file's name from a database's: the same on file systems that tell capitals apart and on those that don't. */
export function fileNameOf(databaseName: string): string {
  const safe = databaseName.replaceAll(
    /[^a-z0-9_-]/g,
    (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${safe}.sqlite`;
}
