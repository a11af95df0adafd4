/**
 * Brings a database up to date: the numbered files of `migrations/`, each in a transaction of its own, recorded with its hash,
 * under a lock so that two programs that start at once don't both do it. A file that was released is never changed.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { Client } from 'pg';

/** Any number, the same in every version: "vantage" in hexadecimal. */
const LOCK_KEY = '33321174278694757';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

/** The files in order. @throws Error when their numbers have a gap or one is there twice. */
export function readMigrations(folder: URL = new URL('migrations/', import.meta.url)): readonly Migration[] {
  const names = readdirSync(folder).filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name));
  return names.toSorted().map((name, index) => {
    const number = Number(name.slice(0, 4));
    if (number !== index + 1) throw new Error(`migration ${name} does not follow number ${index}`);
    const text = readFileSync(new URL(name, folder), 'utf8');
    return { number, name, sql: text, sha256: createHash('sha256').update(text).digest('hex') };
  });
}

/**
 * @param url login that may create roles and owns the database
 * @returns the names of the files that were run
 * @throws Error when a file that ran before was changed, or the database is newer than this program
 */
export async function migrate(url: string, migrations = readMigrations()): Promise<readonly string[]> {
  const client = new Client({ connectionString: url, application_name: 'vantage-migrate' });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK_KEY]);
    await inTransaction(client, PREPARATION);
    const done = await client.query<{ number: number; name: string; sha256: string }>(
      'SELECT number, name, sha256 FROM schema_migrations ORDER BY number',
    );
    checkHistory(done.rows, migrations);
    const waiting = migrations.slice(done.rows.length);
    for (const migration of waiting) {
      await inTransaction(client, `SET LOCAL ROLE vantage_owner; ${migration.sql}`, async () => {
        await client.query('INSERT INTO schema_migrations (number, name, sha256) VALUES ($1, $2, $3)', [
          migration.number,
          migration.name,
          migration.sha256,
        ]);
      });
    }
    return waiting.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}

/**
 * Makes (or gives a new password to) the login of an API: it may do what `vantage_api` may, and nothing else.
 *
 * @throws Error when there is a login of that name that passes the policies by
 */
export async function ensureLogin(url: string, name: string, password: string): Promise<void> {
  const client = new Client({ connectionString: url, application_name: 'vantage-migrate' });
  await client.connect();
  try {
    const known = await client.query<{ free: boolean }>(
      'SELECT rolsuper OR rolbypassrls AS free FROM pg_roles WHERE rolname = $1',
      [name],
    );
    if (known.rows[0]?.free === true) throw new Error(`${name} passes the policies by: it cannot be the API's login`);
    const login = client.escapeIdentifier(name);
    if (known.rowCount === 0) await client.query(`CREATE ROLE ${login}`);
    // A new role is no superuser; to say so again is a superuser's privilege.
    await client.query(
      `ALTER ROLE ${login} LOGIN INHERIT PASSWORD ${client.escapeLiteral(password)}; GRANT vantage_api TO ${login}`,
    );
  } finally {
    await client.end();
  }
}

/** Roles belong to the whole server: another database's migration may be making them at this moment. */
const PREPARATION = `
  DO $$ BEGIN CREATE ROLE vantage_owner NOLOGIN NOSUPERUSER NOBYPASSRLS;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
  DO $$ BEGIN CREATE ROLE vantage_api NOLOGIN NOSUPERUSER NOBYPASSRLS;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
  DO $$ BEGIN
    IF NOT pg_has_role(current_user, 'vantage_owner', 'SET') THEN
      EXECUTE format('GRANT vantage_owner TO %I WITH SET TRUE', current_user);
    END IF;
  END $$;
  REVOKE ALL ON SCHEMA public FROM PUBLIC;
  GRANT USAGE, CREATE ON SCHEMA public TO vantage_owner;
  GRANT USAGE ON SCHEMA public TO vantage_api;
  SET LOCAL ROLE vantage_owner;
  CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY;
  DROP POLICY IF EXISTS read ON schema_migrations;
  CREATE POLICY read ON schema_migrations FOR SELECT USING (true);
  GRANT SELECT ON schema_migrations TO vantage_api`;

async function inTransaction(client: Client, text: string, after = async (): Promise<void> => {}): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(text);
    await after();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

function checkHistory(
  done: readonly { readonly number: number; readonly name: string; readonly sha256: string }[],
  migrations: readonly Migration[],
): void {
  for (const row of done) {
    const known = migrations[row.number - 1];
    if (known === undefined) throw new Error(`the database is newer than this program: it has migration ${row.name}`);
    if (known.sha256 !== row.sha256) throw new Error(`migration ${known.name} was changed after it ran`);
  }
}
