/** The connection to PostgreSQL that the API works on. */
import { Kysely, PostgresDialect } from 'kysely';
import type { CustomTypesConfig } from 'pg';
import { Pool, TypeOverrides, types } from 'pg';
import { preparing } from './prepared.ts';
import type { Tables } from './tables.ts';

export type Database = Kysely<Tables>;

export interface DatabaseOptions {
  /** Login of the API: a member of `vantage_api`, neither superuser nor owner (`ensureLogin`). */
  readonly url: string;
  readonly maxConnections: number;
  /** Called for a connection that broke while it was idle; the pool makes a new one. */
  readonly onIdleError: (error: Error) => void;
}

/** Nothing that the API asks takes long; what does is given up rather than waited for. */
const STATEMENT_TIMEOUT_MS = 30_000;
const LOCK_TIMEOUT_MS = 15_000;

export function openDatabase({ url, maxConnections, onIdleError }: DatabaseOptions): Database {
  const pool = new Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: 10_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'vantage-api',
    types: parsers(),
  });
  pool.on('error', onIdleError);
  // Of a connection that breaks between two statements of a transaction its borrower hears by the next one; without a listener
  // the process would end by it.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: preparing(pool) }) });
}

/** `bigint[]`, which the package has no name for. */
const INT8_ARRAY = 1016;

/** 64-bit integers as numbers: the counters stay far below 2^53. */
function parsers(): CustomTypesConfig {
  const overrides = new TypeOverrides();
  overrides.setTypeParser(types.builtins.INT8, Number);
  overrides.setTypeParser(INT8_ARRAY, (text) =>
    text
      .slice(1, -1)
      .split(',')
      .filter((item) => item !== '')
      .map((item) => (item === 'NULL' ? null : Number(item))),
  );
  return overrides;
}
