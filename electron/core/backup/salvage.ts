/**
 * Makes a whole file out of a damaged one: every row that can still be read goes into a new file with the same tables, and what is lost
 * is named. The damaged file is only read, in a copy, and lies in `aside/` afterwards. Where a backup holds more, that is the better way.
 */
import { openSync, readSync, closeSync, writeSync, existsSync, fstatSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { VantageError } from '../../contract/index.ts';
import { readAnchor } from '../store/anchor.ts';
import type { Anchor } from '../store/anchor.ts';
import { CHECK_FILE, STORE_FILE, checkValueOf, openCipherFile } from '../store/cipher-file.ts';
import { CipherPages, PAGE_BYTES } from '../store/cipher-pages.ts';
import { copyDurably, readIfThere } from '../store/durable-file.ts';
import { deriveKey } from '../store/key-handling.ts';
import {
  announceReplacement,
  asidePath,
  finishReplacement,
  freeAside,
  nextStorePath,
  salvageSourcePath,
} from '../store/replace-file.ts';
import { readLog } from '../store/log-frames.ts';
import { pageOf } from '../store/snapshot.ts';
import { storeProblem } from '../store/store-problem.ts';
import { backupFiles, mendFirstPage } from './first-page.ts';
import { finishNextStore } from './next-store.ts';
import { quoted, readRows } from './salvage-rows.ts';
import type { TableShape } from './salvage-rows.ts';

/** What SQLCipher leaves readable after the salt: page size 4096, WAL, 80 reserved bytes, the fixed fractions. */
const PLAIN_HEADER = Buffer.from([0x10, 0x00, 0x02, 0x02, 0x50, 0x40, 0x20, 0x20]);
const SALT_BYTES = 16;

export interface DamagedPages {
  readonly pages: number;
  /** Numbers of those that are not as they were written. */
  readonly damaged: readonly number[];
  /** Whether the first bytes of the file are damaged, which the anchor or a backup can put right. */
  readonly saltDamaged: boolean;
}

interface FoundDamage extends DamagedPages {
  /** What the first bytes of the file should be. */
  readonly salt: Buffer;
}

export interface SalvageOptions {
  readonly directory: string;
  readonly masterKey: Uint8Array;
  readonly by: { readonly id: string; readonly role: string };
  readonly now: () => Date;
}

export interface SalvagedTable {
  readonly name: string;
  readonly rows: number;
  /** Rows that it had by the last anchor and that are not there; null: not known. */
  readonly lost: number | null;
  /** Whether a part of it could not be read. */
  readonly damaged: boolean;
}

export interface SalvageResult extends DamagedPages {
  readonly tables: readonly SalvagedTable[];
  /** The backup that its first page was taken from: tables and indexes that were made later are not found. null: from none. */
  readonly firstPageFrom: string | null;
  /** Where the damaged file is now. */
  readonly aside: string;
}

/**
 * Looks through a file that nobody has open, page by page. Pages that a log beside it has anew are judged as they lie in the file.
 * @throws VantageError KEY_WRONG, NOT_FOUND
 */
export function findDamage(directory: string, masterKey: Uint8Array): DamagedPages {
  const { salt: _salt, ...found } = damageOf(directory, masterKey);
  return found;
}

function damageOf(directory: string, masterKey: Uint8Array): FoundDamage {
  const key = checkedKey(directory, masterKey);
  const path = join(directory, STORE_FILE);
  if (!existsSync(path)) throw new VantageError('NOT_FOUND', 'there is no file');
  const anchor = anchorOf(directory, masterKey);
  const backups = backupFiles(directory).map(({ page }) => page.subarray(0, SALT_BYTES));
  return damageIn(path, key, [...(anchor === null ? [] : [Buffer.from(anchor.salt, 'hex')]), ...backups]);
}

/**
 * @throws VantageError KEY_WRONG, NOT_FOUND, NOT_SALVAGEABLE (its very first page can't be read and no backup has it, or who this station is
 * can't be read: only restoring a backup helps), DISK_FULL, DISK_FAILED. The file is as it was then.
 */
export async function salvage(options: SalvageOptions): Promise<SalvageResult> {
  const { directory, masterKey, by, now } = options;
  const at = now().toISOString();
  try {
    const key = checkedKey(directory, masterKey);
    finishReplacement(directory, key);
    const anchor = anchorOf(directory, masterKey);
    const { salt, ...found } = damageOf(directory, masterKey);
    const source = salvageSourcePath(directory);
    const next = nextStorePath(directory);
    let tables: SalvagedTable[];
    let firstPageFrom: string | null = null;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await copyDurably(join(directory, STORE_FILE), source);
      if (existsSync(join(directory, `${STORE_FILE}-wal`))) {
        await copyDurably(join(directory, `${STORE_FILE}-wal`), `${source}-wal`);
      }
      if (found.saltDamaged) repairHeader(source, salt);
      if (found.damaged.includes(1)) {
        firstPageFrom = await mendFirstPage(directory, source, key, salt);
        if (firstPageFrom !== null) repairHeader(source, salt);
      }
      tables = copyReadable(source, next, key, anchor);
      finishNextStore({
        directory,
        masterKey,
        at,
        action: 'store.salvaged',
        detail: {
          damagedPages: found.damaged.length,
          lostRows: tables.reduce((sum, { lost }) => sum + (lost ?? 0), 0),
          damagedTables: tables.filter(({ damaged }) => damaged).length,
          firstPageFrom,
        },
        by,
        former: anchor,
      });
    } finally {
      for (const suffix of ['', '-wal', '-shm', '-journal', '-first', '-first-journal'])
        await rm(`${source}${suffix}`, { force: true });
    }
    const aside = freeAside(directory, `${at.replaceAll(/[-:]|\.\d+/g, '')}-damaged`);
    announceReplacement(directory, key, aside);
    finishReplacement(directory, key);
    return { ...found, tables, firstPageFrom, aside: asidePath(directory, aside) };
  } catch (error) {
    const problem = storeProblem(error);
    // "Damaged: try again" would lead whoever is here already round in a circle.
    if (problem instanceof VantageError && problem.code === 'STORE_DAMAGED')
      throw new VantageError('NOT_SALVAGEABLE', problem.detail, { cause: error });
    throw problem;
  }
}

function anchorOf(directory: string, masterKey: Uint8Array): Anchor | null {
  const anchor = readAnchor(directory, masterKey);
  return anchor === 'damaged' ? null : anchor;
}

/** @throws VantageError KEY_WRONG */
function checkedKey(directory: string, masterKey: Uint8Array): Uint8Array {
  const key = deriveKey(masterKey, 'store');
  const check = readIfThere(join(directory, CHECK_FILE));
  if (check !== null && !check.equals(checkValueOf(key)))
    throw new VantageError('KEY_WRONG', 'the key is not the file’s');
  return key;
}

function damageIn(path: string, key: Uint8Array, salts: readonly Buffer[]): FoundDamage {
  const hasLog = readLog(`${path}-wal`).frames > 0;
  const descriptor = openSync(path, 'r');
  try {
    const pages = Math.ceil(fstatSync(descriptor).size / PAGE_BYTES);
    const own = Buffer.alloc(SALT_BYTES);
    readSync(descriptor, own, 0, SALT_BYTES, 0);
    let found: FoundDamage | null = null;
    for (const salt of [own, ...salts]) {
      if (found !== null && (found.damaged.length === 0 || salt.equals(found.salt))) continue;
      const damaged = damagedPages(descriptor, pages, new CipherPages(key, salt), hasLog);
      if (found === null || damaged.length < found.damaged.length)
        found = { pages, damaged, saltDamaged: !salt.equals(own), salt };
    }
    return found ?? { pages, damaged: [], saltDamaged: false, salt: own };
  } finally {
    closeSync(descriptor);
  }
}

/** @param hasLog then the list of free pages may be newer than what lies in the file. */
function damagedPages(descriptor: number, pages: number, seals: CipherPages, hasLog: boolean): number[] {
  const free = hasLog ? null : seals.free((number) => pageOf(descriptor, number));
  const page = Buffer.alloc(PAGE_BYTES);
  const damaged: number[] = [];
  for (let number = 1; number <= pages; number += 1) {
    const length = readSync(descriptor, page, 0, PAGE_BYTES, (number - 1) * PAGE_BYTES);
    if (!seals.isSound(number, page.subarray(0, length), free)) damaged.push(number);
  }
  return damaged;
}

function repairHeader(path: string, salt: Uint8Array): void {
  const descriptor = openSync(path, 'r+');
  try {
    writeSync(descriptor, salt, 0, SALT_BYTES, 0);
    writeSync(descriptor, PLAIN_HEADER, 0, PLAIN_HEADER.length, SALT_BYTES);
  } finally {
    closeSync(descriptor);
  }
}

/** Tables first, then their rows, then indexes and triggers: these forbid changes to the audit trail. */
function copyReadable(from: string, to: string, key: Uint8Array, anchor: Anchor | null): SalvagedTable[] {
  const source = openCipherFile(from, key, { keyIsRight: true });
  const target = openCipherFile(to, key, { keyIsRight: true });
  try {
    target.pragma('journal_mode = DELETE');
    target.pragma('synchronous = FULL');
    target.pragma('foreign_keys = OFF');
    const schema = source
      .prepare<[], { type: string; name: string; sql: string | null }>(
        `SELECT type, name, sql FROM sqlite_schema ORDER BY CASE type WHEN 'table' THEN 0 ELSE 1 END, rowid`,
      )
      .all();
    const tables = schema.filter(({ type, name }) => type === 'table' && !name.startsWith('sqlite_'));
    const copied = target.transaction((): SalvagedTable[] => {
      for (const { type, name, sql } of schema)
        if (type === 'table' && sql !== null && !name.startsWith('sqlite_')) target.exec(sql);
      const rows = tables.map(({ name }) => copyTable(source, target, name, anchor));
      for (const { type, sql } of schema) if (type !== 'table' && sql !== null) target.exec(sql);
      continueCounters(source, target);
      continueSequences(target, anchor);
      target.pragma(`user_version = ${Number(source.pragma('user_version', { simple: true }))}`);
      return rows;
    });
    return copied.immediate();
  } finally {
    target.close();
    source.close();
  }
}

function copyTable(source: Database, target: Database, name: string, anchor: Anchor | null): SalvagedTable {
  const shape = shapeOf(source, name);
  const insert = target.prepare(
    `INSERT OR IGNORE INTO ${quoted(name)} (${shape.columns.map((column) => quoted(column)).join(', ')})
     VALUES (${shape.columns.map(() => '?').join(', ')})`,
  );
  let rows = 0;
  const damaged = readRows(source, shape, (values) => {
    rows += insert.run(...values).changes;
  });
  const then = anchoredRows(name, anchor);
  return { name, rows, lost: then === null ? null : Math.max(0, then - rows), damaged };
}

function shapeOf(sqlite: Database, name: string): TableShape {
  const columns = sqlite
    .prepare<[string], { name: string; pk: number }>('SELECT name, pk FROM pragma_table_info(?) ORDER BY cid')
    .all(name);
  const [list] = sqlite.prepare<[string], { wr: number }>('SELECT wr FROM pragma_table_list(?)').all(name);
  const key = columns.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk);
  return {
    name,
    columns: columns.map((column) => column.name),
    key: list?.wr === 1 ? key.map((column) => column.name) : null,
  };
}

function anchoredRows(name: string, anchor: Anchor | null): number | null {
  if (anchor === null) return null;
  const { heads } = anchor;
  switch (name) {
    case 'audit':
      return heads.audit.sequence;
    case 'vault_blobs':
      return heads.blobs;
    default:
      return heads.tables[name]?.rows ?? null;
  }
}

/** SQLite's own counters: they remember rows that are not there any more. */
function continueCounters(source: Database, target: Database): void {
  readRows(source, { name: 'sqlite_sequence', columns: ['name', 'seq'], key: null }, ([name, seq]) => {
    const raised = target.prepare('UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?').run(seq, name);
    if (raised.changes === 0) target.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)').run(name, seq);
  });
}

/** A number of a write is never given twice, whether or not the write is still there. */
function continueSequences(target: Database, anchor: Anchor | null): void {
  const tables = target
    .prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'rx:*:[0-9]*'`)
    .pluck()
    .all();
  const put = target.prepare<[string, number]>(
    `INSERT INTO "rx:sequences" (collection, seq) VALUES (?, ?) ON CONFLICT (collection) DO UPDATE SET seq = max(seq, excluded.seq)`,
  );
  for (const name of tables) {
    const last =
      target
        .prepare<[], number | null>(`SELECT max(seq) FROM ${quoted(name)}`)
        .pluck()
        .get() ?? 0;
    put.run(name, Math.max(last, anchor?.heads.tables[name]?.sequence ?? 0));
  }
}
