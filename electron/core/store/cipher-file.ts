/** An encrypted SQLite file and its key: names, the check value, opening one as it is. */
import { createHmac, createSecretKey } from 'node:crypto';
import { chmodSync, closeSync, existsSync, openSync, rmSync, statSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite from 'better-sqlite3-multiple-ciphers';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { VantageError } from '../../contract/index.ts';
import { codeOf } from './store-problem.ts';

export const STORE_FILE = 'clinic.db';
export const CHECK_FILE = 'clinic.check';
const OWNER_ONLY = 0o600;
const ROOM_FOR_INDEX_BYTES = 256 * 1024;
/** How long to wait for a process that is on its way out and still holds the file. */
const LOCK_TIMEOUT_MS = 2000;

/** What stands in `clinic.check`: an HMAC under the key, which says nothing about it. @param key of the store, 32 bytes. */
export function checkValueOf(key: Uint8Array): Buffer {
  return createHmac('sha256', createSecretKey(key)).update('vantage store key check').digest();
}

export interface CipherFileOptions {
  /**
   * Nothing of it is written. A log beside it is read and stays as it is, and others may read at the same time; SQLite leaves a log and
   * its index (`-shm`) there, which `closeReadOnly` clears away.
   */
  readonly readonly?: boolean;
  /** Whether something else has said that the key fits: then a file that does not open is damaged. */
  readonly keyIsRight?: boolean;
  /**
   * The index of the log lies in a file (`-shm`) that others of this process can read, too, once they are let in. Otherwise whoever has the
   * file for itself keeps it in memory.
   */
  readonly sharesIndex?: boolean;
}

/**
 * Opens the file for this process alone and makes sure that it can be read; no more.
 * @param key 32 bytes. @throws VantageError KEY_WRONG, STORE_DAMAGED, DISK_FULL; SqliteError
 */
export function openCipherFile(path: string, key: Uint8Array, options: CipherFileOptions = {}): Database {
  if (key.length !== 32) throw new VantageError('KEY_WRONG', 'a key has 32 bytes');
  const { readonly = false, keyIsRight = false, sharesIndex = false } = options;
  if (readonly || sharesIndex) assertRoomForIndex(path);
  if (!readonly) restrictToOwner(path);
  const sqlite = new BetterSqlite(path, { timeout: LOCK_TIMEOUT_MS, readonly, fileMustExist: readonly });
  try {
    setKey(sqlite, key);
    // Where the index is depends on how the file is locked when the log is first read.
    if (sharesIndex) sqlite.exec('SELECT count(*) FROM sqlite_schema');
    // One process owns the file: a second is refused at once instead of both believing that they lead. Who only reads can't have it so.
    if (!readonly) sqlite.exec('PRAGMA locking_mode = EXCLUSIVE');
    if (sharesIndex) sqlite.exec('BEGIN IMMEDIATE; COMMIT');
    // What SQLite sorts or spills would be written to temporary files unencrypted.
    sqlite.exec('PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; SELECT count(*) FROM sqlite_schema');
    return sqlite;
  } catch (error) {
    if (readonly) closeReadOnly(sqlite, path);
    else sqlite.close();
    if (codeOf(error) === 'SQLITE_NOTADB' && !keyIsRight)
      throw new VantageError('KEY_WRONG', 'the file does not open with this key', { cause: error });
    throw error;
  }
}

/**
 * Closes a file that was opened to be read and that nobody else has open: a log that SQLite only made to read it (it is empty) goes
 * with its index. One that holds something stays.
 */
export function closeReadOnly(sqlite: Database, path: string): void {
  sqlite.close();
  if (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size !== 0) return;
  for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
}

/**
 * SQLite maps the index of a log into memory. Where the disk has no room for all of it, touching it kills the process (SIGBUS) instead of
 * giving an error. @throws VantageError DISK_FULL
 */
function assertRoomForIndex(path: string): void {
  const logBytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (logBytes === 0) return;
  const { bavail, bsize } = statfsSync(dirname(path));
  // 32 KiB for each 4096 pages of the log.
  const needed = ROOM_FOR_INDEX_BYTES + Math.ceil(logBytes / 256);
  if (bavail * bsize < needed) throw new VantageError('DISK_FULL', 'no room to look at the log');
}

/**
 * What SQLite makes beside a file gets the file's mode: so that has to be right before it is opened. A file that is there is not opened
 * for that: closing it would give up the locks that this process may hold on it.
 */
function restrictToOwner(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    const there = statSync(`${path}${suffix}`, { throwIfNoEntry: false });
    if (there === undefined && suffix === '') closeSync(openSync(path, 'a', OWNER_ONLY));
    else if (there !== undefined && (there.mode & 0o777) !== OWNER_ONLY) chmodSync(`${path}${suffix}`, OWNER_ONLY);
  }
}

/**
 * Makes sure that nobody has the file open, for those who put another one in its place: whoever has it would go on writing into what is
 * not the clinic's any more. Needs no key and a readable file neither, and changes nothing.
 * @throws VantageError SECOND_INSTANCE
 */
export function assertNotOpen(path: string): void {
  if (!existsSync(path)) return;
  // Read-only: a journal that is left is not rolled back without the key.
  const sqlite = new BetterSqlite(path, { timeout: LOCK_TIMEOUT_MS, readonly: true });
  try {
    sqlite.prepare('SELECT count(*) FROM sqlite_schema').get();
  } catch (error) {
    // The lock is asked for before the first byte is read; what comes after it says nothing about others.
    if (codeOf(error).startsWith('SQLITE_BUSY')) throw new VantageError('SECOND_INSTANCE', 'the file is open');
  } finally {
    sqlite.close();
  }
}

/** Encrypts every page anew. Outside of WAL mode, in one transaction with a rollback journal. @param key 32 bytes. */
export function changeKey(sqlite: Database, key: Uint8Array): void {
  sqlite.pragma('journal_mode = DELETE');
  sqlite.pragma('synchronous = FULL');
  sqlite.pragma(`rekey = "${rawKey(key)}"`);
}

function setKey(sqlite: Database, key: Uint8Array): void {
  sqlite.exec(`PRAGMA cipher = 'sqlcipher'; PRAGMA key = "${rawKey(key)}"`);
}

function rawKey(key: Uint8Array): string {
  return `x'${Buffer.from(key).toString('hex')}'`;
}
