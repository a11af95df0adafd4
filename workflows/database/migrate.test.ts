import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Migration } from './migrate.ts';
import { ensureLogin, migrate, readMigrations } from './migrate.ts';
import type { TestDatabase } from './testing/test-database.ts';
import { createTestDatabase } from './testing/test-database.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase('template0');
});
afterEach(async () => database.close());

const ALL = readMigrations();
const migration = (number: number, sql: string): Migration => ({ number, name: `000${number}.sql`, sql, sha256: sql });

describe('migrations', () => {
  it('run once, in order, and are recorded', async () => {
    expect(await migrate(database.adminUrl)).toEqual(ALL.map(({ name }) => name));
    expect(await migrate(database.adminUrl)).toEqual([]);
    const { rows } = await database.admin.query('SELECT number, sha256 FROM schema_migrations ORDER BY number');
    expect(rows).toEqual(ALL.map(({ number, sha256 }) => ({ number, sha256 })));
  });

  it('run once when two programs start at the same time', async () => {
    const ran = await Promise.all([migrate(database.adminUrl), migrate(database.adminUrl)]);
    expect(ran.flat()).toEqual(ALL.map(({ name }) => name));
  });

  it('leave nothing of one that fails, and keep those before it', async () => {
    const files = [migration(1, 'CREATE TABLE one (a int)'), migration(2, 'CREATE TABLE two (a int); SELECT 1 / 0')];
    await expect(migrate(database.adminUrl, files)).rejects.toThrow('division by zero');
    const { rows } = await database.admin.query(`SELECT to_regclass('one') AS one, to_regclass('two') AS two`);
    expect(rows).toEqual([{ one: 'one', two: null }]);
    expect(await migrate(database.adminUrl, [files[0]!, migration(2, 'CREATE TABLE two (a int)')])).toEqual([
      '0002.sql',
    ]);
  });

  it('refuse a file that was changed after it ran, and a database newer than the program', async () => {
    await migrate(database.adminUrl, [migration(1, 'SELECT 1'), migration(2, 'SELECT 2')]);
    await expect(migrate(database.adminUrl, [migration(1, 'SELECT 1'), migration(2, 'SELECT 3')])).rejects.toThrow(
      'changed after it ran',
    );
    await expect(migrate(database.adminUrl, [migration(1, 'SELECT 1')])).rejects.toThrow('newer than this program');
  });

  it('give tables to an owner who is no superuser and under the policies', async () => {
    await migrate(database.adminUrl);
    const { rows } = await database.admin.query<{ owner: string }>(
      `SELECT DISTINCT tableowner AS owner FROM pg_tables WHERE schemaname = 'public'`,
    );
    expect(rows).toEqual([{ owner: 'vantage_owner' }]);
    const roles = await database.admin.query(
      `SELECT rolname FROM pg_roles WHERE rolname LIKE 'vantage%' AND (rolsuper OR rolbypassrls OR rolcreaterole)`,
    );
    expect(roles.rows).toEqual([]);
  });

  it('give the API no way to change tables or switch policies off', async () => {
    await migrate(database.adminUrl);
    const client = new Client({ connectionString: database.apiUrl });
    await client.connect();
    try {
      for (const statement of [
        'ALTER TABLE documents DISABLE ROW LEVEL SECURITY',
        'DROP POLICY read ON documents',
        'SET ROLE vantage_owner',
        'CREATE TABLE mine (a int)',
        'TRUNCATE audit_entries',
        'DELETE FROM domain_events',
        'UPDATE audit_entries SET entry = NULL',
        'UPDATE documents SET seq = 1',
        'UPDATE document_counters SET seq = 1',
      ]) {
        await expect(client.query(statement)).rejects.toThrow(/permission denied|must be owner/);
      }
    } finally {
      await client.end();
    }
  });

  it('run by an administrator who is no superuser, as database services give one', async () => {
    const name = `deployer_${database.name}`;
    const url = new URL(database.adminUrl);
    url.username = name;
    await database.onServer(
      `CREATE ROLE ${name} LOGIN CREATEROLE PASSWORD '${url.password}'; ALTER DATABASE ${database.name} OWNER TO ${name};
       GRANT vantage_owner, vantage_api TO ${name} WITH ADMIN OPTION, SET FALSE, INHERIT FALSE`,
    );
    try {
      expect(await migrate(url.href)).toHaveLength(ALL.length);
      await ensureLogin(url.href, `login_${database.name}`, 'first');
      await ensureLogin(url.href, `login_${database.name}`, 'second');
      const login = new URL(url);
      login.username = `login_${database.name}`;
      login.password = 'second';
      const client = new Client({ connectionString: login.href });
      await client.connect();
      const { rows } = await client.query('SELECT count(*)::int AS count FROM documents');
      await client.end();
      expect(rows).toEqual([{ count: 0 }]);
      await expect(ensureLogin(url.href, 'postgres', 'x')).rejects.toThrow('passes the policies by');
    } finally {
      await database.onServer(`ALTER DATABASE ${database.name} OWNER TO postgres`);
    }
  });
});
