/** A database of a test file's own: a copy of the migrated one, dropped at the end. */
import { randomBytes } from 'node:crypto';
import { Client, Pool } from 'pg';
import { inject } from 'vitest';
import type { Database } from '../database.ts';
import { openDatabase } from '../database.ts';
import { TEMPLATE } from './names.ts';

export interface TestDatabase {
  /** As the API works: its own login, under every policy. */
  readonly api: Database;
  /** The superuser, for looking behind the policies and for laying out what a test starts from. */
  readonly admin: Pool;
  readonly adminUrl: string;
  readonly apiUrl: string;
  readonly name: string;
  /** A statement from outside of this database, by the superuser. */
  readonly onServer: (statement: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** @param template what to copy; `template0` for one without tables */
export async function createTestDatabase(template: string = TEMPLATE): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onServer(at(inject('adminUrl'), 'postgres'), `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const adminUrl = at(inject('adminUrl'), name);
  const apiUrl = at(inject('apiUrl'), name);
  const admin = new Pool({ connectionString: adminUrl, max: 4 });
  const errors: Error[] = [];
  const api = openDatabase({ url: apiUrl, maxConnections: 12, onIdleError: (error) => errors.push(error) });
  return {
    api,
    admin,
    adminUrl,
    apiUrl,
    name,
    onServer: async (statement) => onServer(at(inject('adminUrl'), 'postgres'), statement),
    close: async () => {
      await api.destroy();
      await admin.end();
      await drop(at(inject('adminUrl'), 'postgres'), name);
      if (errors[0] !== undefined) throw errors[0];
    },
  };
}

function at(url: string, database: string): string {
  return url.replace('/DATABASE', `/${database}`);
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Once the last connection is gone: the server notices a hang-up a moment after the client. */
async function drop(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (let connected = true; connected;) {
      const { rows } = await client.query('SELECT pg_sleep(0.01) FROM pg_stat_activity WHERE datname = $1', [name]);
      connected = rows.length > 0;
    }
    await client.query(`DROP DATABASE ${name}`);
  } finally {
    await client.end();
  }
}
