/**
 * RxDB's storage on SQLite. One file per database: named by its path, made in a directory under the database's name, or opened
 * by whoever uses the storage (who so decides on encryption, durability and what else lies in it).
 */
import { RXDB_VERSION, addRxStorageMultiInstanceSupport, ensureRxStorageInstanceParamsAreCorrect } from 'rxdb';
import type { RxStorage, RxStorageInstanceCreationParams } from 'rxdb';
import { join } from 'node:path';
import type { SqliteConnection } from './connection.ts';
import { SqliteStorageInstance } from './instance.ts';
import type { SqliteInstanceOptions, SqliteInternals } from './instance.ts';
import { fileNameOf, openFile } from './open-file.ts';
import type { FileOptions } from './open-file.ts';

export { SqliteConnection } from './connection.ts';
export type { SqliteConnectionOptions } from './connection.ts';
export { SqliteStorageInstance } from './instance.ts';
export type { AskedQuery, SqliteInstanceOptions, SqliteInternals } from './instance.ts';
export type { SeqCheckpoint } from './table-writer.ts';

export interface OpenSettings {
  /** Called when the first collection of a database is opened; its collections share what comes back. */
  open(databaseName: string): SqliteConnection | Promise<SqliteConnection>;
  /** Called when the last of them is closed. Left out: the connection belongs to somebody else. */
  close?(connection: SqliteConnection): void | Promise<void>;
}

export interface FileSettings extends FileOptions {
  /** The file of the one database, whatever its name; made if missing. */
  readonly file: string;
}

export interface DirectorySettings extends FileOptions {
  /** Each database is a file in it; made if missing. */
  readonly directory: string;
}

export type SqliteStorageSettings = OpenSettings | FileSettings | DirectorySettings;

interface OpenDatabase {
  readonly connection: Promise<SqliteConnection>;
  users: number;
}

const STORAGE_NAME = 'sqlite-multiple-ciphers';

export class RxStorageSqlite implements RxStorage<SqliteInternals, SqliteInstanceOptions> {
  readonly name = STORAGE_NAME;
  readonly rxdbVersion = RXDB_VERSION;
  readonly #settings: OpenSettings;
  readonly #open = new Map<string, OpenDatabase>();
  readonly #closing = new Map<string, Promise<void>>();

  constructor(settings: OpenSettings) {
    this.#settings = settings;
  }

  async createStorageInstance<RxDocType>(
    params: RxStorageInstanceCreationParams<RxDocType, SqliteInstanceOptions>,
  ): Promise<SqliteStorageInstance<RxDocType>> {
    ensureRxStorageInstanceParamsAreCorrect(params);
    const database = this.#use(params.databaseName);
    const release = (): Promise<void> => this.#release(params.databaseName, database);
    try {
      const instance = new SqliteStorageInstance(params, await database.connection, release);
      addRxStorageMultiInstanceSupport(STORAGE_NAME, params, instance);
      return instance;
    } catch (error) {
      await release();
      throw error;
    }
  }

  #use(databaseName: string): OpenDatabase {
    let database = this.#open.get(databaseName);
    if (database === undefined) {
      // Whoever closes a database and opens it again at once gets a file that nobody holds any more.
      const before = this.#closing.get(databaseName) ?? Promise.resolve();
      database = { connection: before.then(() => this.#settings.open(databaseName)), users: 0 };
      this.#open.set(databaseName, database);
    }
    database.users += 1;
    return database;
  }

  async #release(databaseName: string, database: OpenDatabase): Promise<void> {
    database.users -= 1;
    if (database.users > 0) return;
    this.#open.delete(databaseName);
    const closing = database.connection.then(
      (connection) => this.#settings.close?.(connection),
      // It was never open: whoever wanted it has been told.
      () => undefined,
    );
    const settled = closing.catch(() => undefined);
    this.#closing.set(databaseName, settled);
    try {
      await closing;
    } finally {
      if (this.#closing.get(databaseName) === settled) this.#closing.delete(databaseName);
    }
  }
}

/**
 * A storage for `createRxDatabase`. With `file` or `directory` it opens and closes the files itself; other processes may have
 * them open, too.
 */
export function getRxStorageSqlite(settings: SqliteStorageSettings): RxStorageSqlite {
  if ('open' in settings) return new RxStorageSqlite(settings);
  let fileUser: string | null = null;
  const pathOf = (databaseName: string): string => {
    if ('directory' in settings) return join(settings.directory, fileNameOf(databaseName));
    if (fileUser !== null) throw new Error(`the file holds database ${fileUser}; a second one needs a file of its own`);
    return settings.file;
  };
  return new RxStorageSqlite({
    open: (databaseName) => {
      const connection = openFile(pathOf(databaseName), settings);
      fileUser = databaseName;
      return connection;
    },
    close: (connection) => {
      fileUser = null;
      connection.sqlite.close();
    },
  });
}
