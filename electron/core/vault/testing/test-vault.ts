/** A vault with a real encrypted SQLite file beside it, for tests and for the child that is killed. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3-multiple-ciphers';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { Log } from '../../clinic-api.ts';
import { migrate } from '../../store/migrations.ts';
import { openVault } from '../vault.ts';
import type { Vault, VaultOptions } from '../vault-api.ts';

const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** As the store opens it: SQLCipher pages, write-ahead log, every commit flushed. */
function openTestDatabase(directory: string, key: Uint8Array): Database {
  mkdirSync(directory, { recursive: true });
  const database = new BetterSqlite(join(directory, 'clinic.db'), { timeout: 5000 });
  database.pragma(`cipher='sqlcipher'`);
  database.pragma(`key="x'${Buffer.from(key).toString('hex')}'"`);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  migrate(database);
  return database;
}

export interface TestVault {
  readonly vault: Vault;
  readonly database: Database;
  readonly directory: string;
}

/** `directory`/vault and `directory`/clinic.db; options over quiet defaults without a reserve. */
export async function openTestVault(
  directory: string,
  masterKey: Uint8Array,
  options: Partial<VaultOptions> = {},
): Promise<TestVault> {
  const database = openTestDatabase(directory, masterKey);
  try {
    const vault = await openVault({
      directory: join(directory, 'vault'),
      database,
      masterKey,
      now: () => new Date(),
      log: quietLog,
      reserveBytes: 0,
      ...options,
    });
    return { vault, database, directory };
  } catch (error) {
    database.close();
    throw error;
  }
}
