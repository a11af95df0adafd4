/**
 * Opens the clinic's one encrypted file, or says exactly why not. Never makes a new file where one lies that cannot be read.
 *
 * With a raw key a wrong key and a damaged first page look alike to SQLite ("not a database"). A check value beside the file
 * (an HMAC under the key, which says nothing about it) tells them apart.
 */
import { timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { VantageError } from '../../contract/index.ts';
import type { ProblemCode } from '../../contract/index.ts';
import { anchorPath } from './anchor.ts';
import { asideOfLog, checkAnchor, damagedLog } from './anchor-check.ts';
import type { AnchorVerdict } from './anchor-check.ts';
import { CHECK_FILE, STORE_FILE, checkValueOf, openCipherFile } from './cipher-file.ts';
import { namesIn, readIfThere, removeLeftovers, syncFolder, writeDurably } from './durable-file.ts';
import { HeldLog } from './held-log.ts';
import { AUTO_CHECKPOINT_PAGES } from './idle-fold.ts';
import { KEY_BYTES, deriveKey } from './key-handling.ts';
import { NO_LOG, readLog } from './log-frames.ts';
import type { LogState } from './log-frames.ts';
import { MIGRATIONS, migrate, schemaVersionOf } from './migrations.ts';
import { assertOwnFiles } from './own-files.ts';
import { finishReplacement, keepLogAside } from './replace-file.ts';
import { storeProblem } from './store-problem.ts';

/** What a file without the end of its log may look like. */
const BY_DAMAGE: ReadonlySet<ProblemCode> = new Set(['STORE_DAMAGED', 'STORE_SWAPPED']);

export interface OpenedFile {
  /** Decrypted, locked for this process, migrated. */
  readonly sqlite: Database;
  /** 32 bytes, of the store alone. */
  readonly key: Uint8Array;
  readonly anchored: AnchorVerdict;
  /** The opening is over: from now on a log that lay there is written back as ever. @throws SqliteError */
  settle(): void;
  /** Where the opening was not over, file and log stay as they were: see {@link HeldLog}. @throws SqliteError */
  close(): void;
}

/**
 * Where a killed station left a log beside the file, both are looked at first without changing either, and the log is not written back before
 * the caller says that what it opens them for is open, too.
 * @param masterKey 32 bytes. @param at ISO 8601, of what is found.
 * @throws VantageError KEY_WRONG, STORE_DAMAGED, STORE_SWAPPED, STORE_NEWER, STORE_OBSTRUCTED, SECOND_INSTANCE, DISK_FULL, DISK_FAILED: neither
 * the file nor its log was touched
 */
export function openEncryptedFile(directory: string, masterKey: Uint8Array, at: string): OpenedFile {
  if (masterKey.length !== KEY_BYTES) throw new VantageError('KEY_WRONG', 'a key has 32 bytes');
  const key = deriveKey(masterKey, 'store');
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    let names = namesIn(directory);
    assertOwnFiles(directory, names);
    if (finishReplacement(directory, key, names)) names = namesIn(directory);
    removeLeftovers(directory, names);
    const check = readIfThere(join(directory, CHECK_FILE));
    const expected = checkValueOf(key);
    const keyIsRight = check !== null && isSame(check, expected);
    // One that was cut says nothing of the key: the file itself does, and then it is written anew.
    if (check?.length === expected.length && !keyIsRight)
      throw new VantageError('KEY_WRONG', 'the key does not fit the check value');
    return open({ directory, names, masterKey, key, keyIsRight, at });
  } catch (error) {
    throw storeProblem(error);
  }
}

interface Opening {
  readonly directory: string;
  /** Of what lies in it. */
  readonly names: ReadonlySet<string>;
  readonly masterKey: Uint8Array;
  readonly key: Uint8Array;
  /** Whether the check value says so; it is written at the first opening. */
  readonly keyIsRight: boolean;
  readonly at: string;
}

function open(opening: Opening): OpenedFile {
  const { directory, names, key, keyIsRight } = opening;
  const path = join(directory, STORE_FILE);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0 && (keyIsRight || existsSync(anchorPath(directory))))
    throw new VantageError('STORE_DAMAGED', 'the file is gone or empty');
  const log = names.has(`${STORE_FILE}-wal`) ? readLog(`${path}-wal`) : NO_LOG;
  const file = log.frames === 0 ? withoutLog(opening, path) : overLog(opening, path, log);
  try {
    const anchored = file.anchored ?? inspected(file.sqlite, opening, log);
    makeDurable(file.sqlite, log.frames === 0);
    migrate(file.sqlite);
    if (!keyIsRight) {
      syncFolder(directory);
      writeDurably(join(directory, CHECK_FILE), checkValueOf(key), 0o600);
    }
    return { ...file, key, anchored };
  } catch (error) {
    file.close();
    throw error;
  }
}

type LockedFile = Pick<OpenedFile, 'sqlite' | 'settle' | 'close'> & { readonly anchored: AnchorVerdict | null };

function withoutLog({ key, keyIsRight, names }: Opening, path: string): LockedFile {
  const sqlite = openCipherFile(path, key, { keyIsRight });
  // Nobody else has the file open, and here the index of the log is kept in memory.
  if (names.has(`${STORE_FILE}-shm`)) rmSync(`${path}-shm`, { force: true });
  return { sqlite, anchored: null, settle: () => undefined, close: () => sqlite.close() };
}

function overLog(opening: Opening, path: string, log: LogState): LockedFile {
  const anchored = lookBefore(opening, path, log);
  const { key, names } = opening;
  const held = new HeldLog({
    path,
    key,
    hadIndex: names.has(`${STORE_FILE}-shm`),
    isDamaged: log.damagedFrom !== null,
  });
  return { sqlite: held.sqlite, anchored, settle: () => held.settle(), close: () => held.close() };
}

/** Puts the file and a log that is damaged aside, before SQLite drops what it can't read. */
function lookBefore(opening: Opening, path: string, log: LogState): AnchorVerdict {
  let anchored: AnchorVerdict;
  const hadIndex = existsSync(`${path}-shm`);
  try {
    const sqlite = openCipherFile(path, opening.key, { readonly: true, keyIsRight: opening.keyIsRight });
    try {
      anchored = inspected(sqlite, opening, log);
    } finally {
      sqlite.close();
    }
  } catch (error) {
    const problem = storeProblem(error);
    if (!(problem instanceof VantageError) || !log.isCertain || !BY_DAMAGE.has(problem.code)) throw error;
    throw new VantageError('STORE_DAMAGED', damagedLog(log), { cause: problem });
  } finally {
    // Made by SQLite to read the log; whoever has the clinic open keeps its own in memory.
    if (!hadIndex) rmSync(`${path}-shm`, { force: true });
  }
  if (anchored.found?.log !== undefined) keepLogAside(opening.directory, asideOfLog(log));
  return anchored;
}

function inspected(sqlite: Database, { directory, masterKey, at }: Opening, log: LogState): AnchorVerdict {
  if (schemaVersionOf(sqlite) > MIGRATIONS.length)
    throw new VantageError('STORE_NEWER', `schema ${schemaVersionOf(sqlite)}`);
  return checkAnchor(sqlite, directory, masterKey, at, log);
}

function isSame(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

/** @param isFree whether the log may be written back at once: over a log that is held `settle` says when. */
function makeDurable(sqlite: Database, isFree: boolean): void {
  // Full syncs are macOS's: without them fsync leaves data in the drive's cache.
  sqlite.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
    PRAGMA cache_size = -32000; PRAGMA journal_size_limit = 67108864;
    PRAGMA wal_autocheckpoint = ${isFree ? AUTO_CHECKPOINT_PAGES : 0}`);
}
