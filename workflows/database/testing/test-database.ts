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
    close: async () => {
      await api.destroy();
      await admin.end();
      await onServer(at(inject('adminUrl'), 'postgres'), `DROP DATABASE ${name} WITH (FORCE)`);
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
