/**
 * Opens the clinic's one encrypted file, or says exactly why not. Never makes a new file where one lies that cannot be read.
 *
 * With a raw key a wrong key and a damaged first page look alike to SQLite ("not a database"). A check value beside the file
 * (an HMAC under the key, which says nothing about it) tells them apart.
 */
import { timingSafeEqual } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { VantageError } from '../../contract/index.ts';
import { anchorPath } from './anchor.ts';
import { CHECK_FILE, STORE_FILE, checkValueOf, openCipherFile } from './cipher-file.ts';
import { readIfThere, removeLeftovers, syncFolder, writeDurably } from './durable-file.ts';
import { MIGRATIONS, migrate, schemaVersionOf } from './migrations.ts';
import { finishReplacement } from './replace-file.ts';
import { storeProblem } from './store-problem.ts';

/**
 * @param key 32 bytes, of the store alone.
 * @param inspect looks at the file before anything is written to it; what it throws keeps the file closed.
 * @returns the handle: decrypted, locked for this process, migrated.
 */
export function openEncryptedFile(directory: string, key: Uint8Array, inspect: (sqlite: Database) => void): Database {
  if (key.length !== 32) throw new VantageError('KEY_WRONG', 'a key has 32 bytes');
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    finishReplacement(directory, key);
    removeLeftovers(directory);
    return open(directory, key, inspect);
  } catch (error) {
    throw storeProblem(error);
  }
}

function open(directory: string, key: Uint8Array, inspect: (sqlite: Database) => void): Database {
  const path = join(directory, STORE_FILE);
  const checkPath = join(directory, CHECK_FILE);
  const check = readIfThere(checkPath);
  const expected = checkValueOf(key);
  const keyIsRight = check !== null && check.length === expected.length && timingSafeEqual(check, expected);
  if (check !== null && !keyIsRight) throw new VantageError('KEY_WRONG', 'the key does not fit the check value');
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0 && (check !== null || existsSync(anchorPath(directory))))
    throw new VantageError('STORE_DAMAGED', 'the file is gone or empty');

  const sqlite = openCipherFile(path, key, { keyIsRight });
  try {
    if (schemaVersionOf(sqlite) > MIGRATIONS.length)
      throw new VantageError('STORE_NEWER', `schema ${schemaVersionOf(sqlite)}`);
    inspect(sqlite);
    makeDurable(sqlite);
    migrate(sqlite);
    chmodSync(path, 0o600);
    if (check === null) {
      syncFolder(directory);
      writeDurably(checkPath, expected, 0o600);
    }
    return sqlite;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

function makeDurable(sqlite: Database): void {
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = FULL');
  // macOS only: without it fsync leaves data in the drive's cache.
  sqlite.pragma('fullfsync = ON');
  sqlite.pragma('checkpoint_fullfsync = ON');
  sqlite.pragma('cache_size = -32000');
  sqlite.pragma('journal_size_limit = 67108864');
}
