/** The storages that RxDB's own performance test is run on: ours, and those that come with RxDB for nothing. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';
import { IDBKeyRange, indexedDB } from 'fake-indexeddb';
import type { RxStorage } from 'rxdb';
import { wrappedKeyEncryptionCryptoJsStorage } from 'rxdb/plugins/encryption-crypto-js';
import { getRxStorageDexie } from 'rxdb/plugins/storage-dexie';
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory';
import { getRxStorageSQLiteTrial, getSQLiteBasicsNodeNative } from 'rxdb/plugins/storage-sqlite';
import type { SQLiteBasics, SQLResultRow } from 'rxdb/plugins/storage-sqlite';
import { SqliteConnection, getRxStorageSqlite } from '../../../electron/core/store/rx-storage-sqlite/index.ts';
import { openLikeTheClinic } from './files.ts';

type AnyStorage = RxStorage<unknown, unknown>;

export interface Peer {
  readonly name: PeerName;
  /** What survives a power cut, in words. */
  readonly durability: string;
  /** For RxDB's encryption plugin, which then encrypts the fields that the test marks. */
  readonly password?: string;
  /** @param directory of its own, which goes away afterwards */
  storage(directory: string): AnyStorage;
}

export type PeerName =
  | 'memory'
  | 'dexie'
  | 'sqlite-trial'
  | 'sqlite-trial-wal'
  | 'sqlite-trial-plugin'
  | 'sqlite-trial-wal-plugin'
  | 'sqlite-trial-tuned'
  | 'ours-plain'
  | 'ours-encrypted';

const PASSWORD = 'a password for the benchmark';
const KEY = new Uint8Array(32).fill(9);
const OURS = 'every write (WAL, synchronous=FULL)';
const TRIAL = 'every write (rollback journal, synchronous=FULL: as it comes)';
const TRIAL_WAL = 'every write (WAL, synchronous=FULL; else as it comes)';
const TUNED =
  'every write (on our library and settings, statements prepared once, no pause before a read, closed where the test closes it)';

/** node:sqlite with the wrapper that RxDB has for it, untouched. */
function trial(directory: string): AnyStorage {
  return getRxStorageSQLiteTrial({
    sqliteBasics: getSQLiteBasicsNodeNative(DatabaseSync),
    databaseNamePrefix: join(directory, 'trial'),
  });
}

/** The same, and told to keep a write-ahead log. */
function trialWal(directory: string): AnyStorage {
  const basics = getSQLiteBasicsNodeNative(DatabaseSync);
  return getRxStorageSQLiteTrial({
    sqliteBasics: {
      ...basics,
      open: async (name) => {
        const file = await basics.open(name);
        await basics.setPragma(file, 'journal_mode', 'WAL');
        await basics.setPragma(file, 'synchronous', 'FULL');
        return file;
      },
    },
    databaseNamePrefix: join(directory, 'trial'),
  });
}

/**
 * The same storage on the library and settings that we use, statements prepared once: as fast as a wrapper can make it, if one is written.
 * Nobody ships it: it is a bound to look at, not what can be had.
 */
function trialTuned(directory: string): AnyStorage {
  const files = new Set<TrialFile>();
  const storage = getRxStorageSQLiteTrial({
    sqliteBasics: fastBasics(files),
    databaseNamePrefix: join(directory, 'trial'),
  });
  // It closes no file that it has opened, so that the test would go on in caches that it means to get rid of.
  let open = 0;
  const create = storage.createStorageInstance.bind(storage);
  storage.createStorageInstance = async (params) => {
    const instance = await create(params);
    open += 1;
    const close = instance.close.bind(instance);
    let isOpen = true;
    instance.close = async () => {
      await close();
      if (isOpen) open -= 1;
      isOpen = false;
      if (open === 0) for (const file of files) file.close();
    };
    return instance;
  };
  return storage;
}

function encrypting(storage: AnyStorage): AnyStorage {
  return wrappedKeyEncryptionCryptoJsStorage({ storage });
}

function ours(directory: string, key: Uint8Array | null): AnyStorage {
  mkdirSync(directory, { recursive: true });
  return getRxStorageSqlite({
    open: (name) => new SqliteConnection(openLikeTheClinic(join(directory, `${name}.db`), key)),
    close: ({ sqlite }) => {
      sqlite.close();
    },
  });
}

export const PEERS: readonly Peer[] = [
  { name: 'memory', durability: 'nothing', storage: () => getRxStorageMemory() },
  {
    name: 'dexie',
    durability: 'nothing (fake-indexeddb)',
    storage: () => getRxStorageDexie({ indexedDB, IDBKeyRange }),
  },
  { name: 'sqlite-trial', durability: TRIAL, storage: trial },
  { name: 'sqlite-trial-wal', durability: TRIAL_WAL, storage: trialWal },
  {
    name: 'sqlite-trial-plugin',
    durability: TRIAL,
    password: PASSWORD,
    storage: (directory) => encrypting(trial(directory)),
  },
  {
    name: 'sqlite-trial-wal-plugin',
    durability: TRIAL_WAL,
    password: PASSWORD,
    storage: (directory) => encrypting(trialWal(directory)),
  },
  { name: 'sqlite-trial-tuned', durability: TUNED, storage: trialTuned },
  { name: 'ours-plain', durability: OURS, storage: (directory) => ours(directory, null) },
  { name: 'ours-encrypted', durability: OURS, storage: (directory) => ours(directory, KEY) },
];

/** A file that opens when something is asked of it. */
class TrialFile {
  readonly #path: string;
  #sqlite: Database | null = null;
  readonly #statements = new Map<string, Statement>();

  constructor(path: string) {
    this.#path = path;
  }

  get sqlite(): Database {
    this.#sqlite ??= openLikeTheClinic(this.#path, null);
    return this.#sqlite;
  }

  prepared(sql: string): Statement {
    const known = this.#statements.get(sql) ?? this.sqlite.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }

  close(): void {
    this.#statements.clear();
    this.#sqlite?.close();
    this.#sqlite = null;
  }
}

function fastBasics(files: Set<TrialFile>): SQLiteBasics<TrialFile> {
  return {
    open: async (name) => {
      const file = new TrialFile(name);
      files.add(file);
      return file;
    },
    all: async (file, { query, params }) => {
      const statement = file.prepared(query);
      if (statement.reader) return statement.all(...params.map(bindable)) as SQLResultRow[];
      statement.run(...params.map(bindable));
      return [];
    },
    run: async (file, { query, params }) => {
      file.prepared(query).run(...params.map(bindable));
    },
    setPragma: async (file, key, value) => {
      file.sqlite.pragma(`${key} = ${value}`);
    },
    close: async (file) => file.close(),
    journalMode: 'WAL',
  };
}

function bindable(value: string | number | boolean): string | number {
  return typeof value === 'boolean' ? Number(value) : value;
}
