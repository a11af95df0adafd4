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
  | 'ours-plain'
  | 'ours-encrypted';

const PASSWORD = 'a password for the benchmark';
const KEY = new Uint8Array(32).fill(9);
const OURS = 'every write (WAL, synchronous=FULL)';
const TRIAL = 'every write (rollback journal, synchronous=FULL: as it comes)';
const TRIAL_WAL = 'every write (WAL, synchronous=FULL, no pause before a read)';

/** node:sqlite with the wrapper that RxDB has for it, untouched. */
function trial(directory: string): AnyStorage {
  return getRxStorageSQLiteTrial({
    sqliteBasics: getSQLiteBasicsNodeNative(DatabaseSync),
    databaseNamePrefix: join(directory, 'trial'),
  });
}

/** The same storage on the library and settings that we use, statements prepared once: as fast as a wrapper can make it. */
function trialWal(directory: string): AnyStorage {
  return getRxStorageSQLiteTrial({
    sqliteBasics: fastBasics(),
    databaseNamePrefix: join(directory, 'trial'),
  });
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
  { name: 'ours-plain', durability: OURS, storage: (directory) => ours(directory, null) },
  { name: 'ours-encrypted', durability: OURS, storage: (directory) => ours(directory, KEY) },
];

interface TrialDatabase {
  readonly sqlite: Database;
  prepared(sql: string): Statement;
}

function fastBasics(): SQLiteBasics<TrialDatabase> {
  return {
    open: async (name) => {
      const sqlite = openLikeTheClinic(name, null);
      const statements = new Map<string, Statement>();
      return {
        sqlite,
        prepared: (sql) => {
          const known = statements.get(sql) ?? sqlite.prepare(sql);
          statements.set(sql, known);
          return known;
        },
      };
    },
    all: async (database, { query, params }) => {
      const statement = database.prepared(query);
      if (statement.reader) return statement.all(...params.map(bindable)) as SQLResultRow[];
      statement.run(...params.map(bindable));
      return [];
    },
    run: async (database, { query, params }) => {
      database.prepared(query).run(...params.map(bindable));
    },
    setPragma: async (database, key, value) => {
      database.sqlite.pragma(`${key} = ${value}`);
    },
    close: async (database) => {
      database.sqlite.close();
    },
    journalMode: 'WAL',
  };
}

function bindable(value: string | number | boolean): string | number {
  return typeof value === 'boolean' ? Number(value) : value;
}
