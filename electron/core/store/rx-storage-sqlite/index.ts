/**
 * RxDB's storage on SQLite. Whoever uses it opens the file (and so decides on encryption and durability); each database name
 * is a file of its own.
 */
import { RXDB_VERSION, addRxStorageMultiInstanceSupport, ensureRxStorageInstanceParamsAreCorrect } from 'rxdb';
import type { RxStorage, RxStorageInstanceCreationParams } from 'rxdb';
import type { SqliteConnection } from './connection.ts';
import { SqliteStorageInstance } from './instance.ts';
import type { SqliteInstanceOptions, SqliteInternals } from './instance.ts';

export { SqliteConnection } from './connection.ts';
export { SqliteStorageInstance } from './instance.ts';
export type { SqliteInstanceOptions, SqliteInternals } from './instance.ts';
export type { SeqCheckpoint } from './table-writer.ts';

export interface SqliteStorageSettings {
  /** Called when the first collection of a database is opened; its collections share what comes back. */
  open(databaseName: string): SqliteConnection | Promise<SqliteConnection>;
  /** Called when the last of them is closed. Left out: the connection belongs to somebody else. */
  close?(connection: SqliteConnection): void | Promise<void>;
}

interface OpenDatabase {
  readonly connection: Promise<SqliteConnection>;
  users: number;
}

const STORAGE_NAME = 'sqlite-multiple-ciphers';

export class RxStorageSqlite implements RxStorage<SqliteInternals, SqliteInstanceOptions> {
  readonly name = STORAGE_NAME;
  readonly rxdbVersion = RXDB_VERSION;
  readonly #settings: SqliteStorageSettings;
  readonly #open = new Map<string, OpenDatabase>();

  constructor(settings: SqliteStorageSettings) {
    this.#settings = settings;
  }

  async createStorageInstance<RxDocType>(
    params: RxStorageInstanceCreationParams<RxDocType, SqliteInstanceOptions>,
  ): Promise<SqliteStorageInstance<RxDocType>> {
    ensureRxStorageInstanceParamsAreCorrect(params);
    if (params.schema.attachments !== undefined) {
      throw new Error(
        `collection ${params.collectionName}: this storage keeps no attachments, files belong in the vault`,
      );
    }
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
      const connection = Promise.resolve().then(() => this.#settings.open(databaseName));
      database = { connection, users: 0 };
      this.#open.set(databaseName, database);
    }
    database.users += 1;
    return database;
  }

  async #release(databaseName: string, database: OpenDatabase): Promise<void> {
    database.users -= 1;
    if (database.users > 0) return;
    this.#open.delete(databaseName);
    const connection = await database.connection.catch(() => null);
    if (connection !== null) await this.#settings.close?.(connection);
  }
}

export function getRxStorageSqlite(settings: SqliteStorageSettings): RxStorageSqlite {
  return new RxStorageSqlite(settings);
}
