/** PostgreSQL for a proof: a server of its own, with a migrated database, and clinics made in it at will. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool } from 'pg';
import type { CollectionName } from '../../electron/contract/index.ts';
import { CONTRACT_VERSION } from '../../electron/contract/index.ts';
import type { StationKey } from '../../electron/core/sync/station-key.ts';
import { keyIdOf } from '../../electron/core/sync/station-key.ts';
import { openDatabase } from '../../workflows/database/database.ts';
import { startEmbedded } from '../../workflows/database/embedded.ts';
import { ensureLogin, migrate } from '../../workflows/database/migrate.ts';
import { purgeBefore } from '../../workflows/database/purge.ts';
import { withScope } from '../../workflows/database/scope.ts';
import type { Kept } from './oracle.ts';

const TEMPLATE = 'vantage_sync_template';
const API_LOGIN = 'vantage_sync_api';
/** Longest that a connection takes to end after it was told to. */
const HANG_UP_MS = 10_000;

/** Where a server listens; `DATABASE` stands for a database's name. Another process can work with it, too. */
export interface ServerAddress {
  readonly adminUrl: string;
  readonly apiUrl: string;
}

export interface DatabaseServer extends ServerAddress {
  readonly stop: () => Promise<void>;
}

export async function startDatabase(): Promise<DatabaseServer> {
  const folder = mkdtempSync(join(tmpdir(), 'vantage-sync-postgres-'));
  // The server may run as another user, who has to get to its data.
  chmodSync(folder, 0o755);
  const password = randomBytes(16).toString('hex');
  const server = await startEmbedded({ folder, password, throwAway: true });
  const adminUrl = server.url('DATABASE');
  await onServer({ adminUrl }, `CREATE DATABASE ${TEMPLATE}`);
  await migrate(server.url(TEMPLATE));
  await ensureLogin(server.url(TEMPLATE), API_LOGIN, password);
  return {
    adminUrl,
    apiUrl: adminUrl.replace('//postgres:', `//${API_LOGIN}:`),
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function onServer(
  { adminUrl }: Pick<ServerAddress, 'adminUrl'>,
  ...statements: readonly string[]
): Promise<void> {
  const client = new Client({ connectionString: at(adminUrl, 'postgres') });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

function at(url: string, database: string): string {
  return url.replace('/DATABASE', `/${database}`);
}

/**
 * The environment of an API that works on it.
 * @param publicUrl issuer and audience of its tokens; with the keys in here it stays the same when it starts again
 */
export function apiEnvironment(apiUrl: string, publicUrl: string, port = 0): Readonly<Record<string, string>> {
  const { privateKey } = generateKeyPairSync('ed25519');
  return {
    API_PORT: String(port),
    API_PUBLIC_URL: publicUrl,
    DATABASE_URL: apiUrl,
    DATABASE_CONNECTIONS: '8',
    API_SIGNING_KEYS: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    INTERNAL_API_SECRET: randomBytes(32).toString('base64'),
    OIDC_ISSUER: 'https://nobody.invalid',
    OIDC_AUDIENCE: 'vantage',
    FILE_MASTER_KEYS: `proof:${randomBytes(32).toString('base64')}`,
    FILES_FOLDER: join(tmpdir(), 'vantage-sync-files'),
    LOG_LEVEL: 'silent',
  };
}

/** What a database that was put back from a backup has lost together. */
const REPLICATED = ['document_counters', 'documents', 'departures', 'mutations', 'quarantine'] as const;

export interface CloudClinic {
  readonly tenantId: string;
  readonly locationId: string;
}

/** A database of one proof's own, looked at from behind the API. */
export class CloudDatabase {
  readonly apiUrl: string;
  readonly adminUrl: string;
  readonly #server: ServerAddress;
  readonly #name: string;
  readonly #pool: Pool;

  private constructor(server: ServerAddress, name: string) {
    this.#server = server;
    this.#name = name;
    this.apiUrl = at(server.apiUrl, name);
    this.adminUrl = at(server.adminUrl, name);
    this.#pool = new Pool({ connectionString: this.adminUrl, max: 2 });
  }

  /** A copy of the migrated one. @param name small letters, digits and underscores; one of that name is replaced */
  static async create(server: ServerAddress, name: string): Promise<CloudDatabase> {
    await onServer(server, `DROP DATABASE IF EXISTS ${name}`, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
    return new CloudDatabase(server, name);
  }

  /** As it was when it was made. */
  async clear(): Promise<void> {
    const client = await this.#pool.connect();
    try {
      // What is append-only refuses otherwise.
      await client.query('SET session_replication_role = replica');
      await client.query('TRUNCATE tenants CASCADE');
      await client.query('RESET session_replication_role');
    } finally {
      client.release();
    }
  }

  async makeClinic({ tenantId, locationId }: CloudClinic): Promise<void> {
    await this.#pool.query('INSERT INTO tenants (id, name) VALUES ($1, $2)', [tenantId, 'Clinic']);
    await this.#pool.query('INSERT INTO document_counters (tenant_id) VALUES ($1)', [tenantId]);
    await this.#pool.query('INSERT INTO locations (tenant_id, id, name) VALUES ($1, $2, $3)', [
      tenantId,
      locationId,
      'Location',
    ]);
  }

  /** As if it had been enrolled. */
  async addStation({ tenantId, locationId }: CloudClinic, stationId: string, key: StationKey): Promise<void> {
    await this.#pool.query(
      `INSERT INTO stations (id, tenant_id, location_id, name, state, contract_version) VALUES ($1, $2, $3, $4, 'active', $5)`,
      [stationId, tenantId, locationId, 'Station', CONTRACT_VERSION],
    );
    await this.#pool.query(
      `INSERT INTO station_keys (station_id, key_id, tenant_id, location_id, public_key, state) VALUES ($1, $2, $3, $4, $5, 'active')`,
      [stationId, await keyIdOf(key), tenantId, locationId, JSON.stringify(key.publicKey)],
    );
  }

  /** What the cloud has, by `<collection>/<id>`. */
  async documents({ tenantId }: CloudClinic): Promise<Map<string, Kept>> {
    const { rows } = await this.#pool.query<Kept & { readonly collection: CollectionName; readonly id: string }>(
      'SELECT collection, id, document, deleted FROM documents WHERE tenant_id = $1 ORDER BY collection, id',
      [tenantId],
    );
    return new Map(rows.map(({ collection, id, document, deleted }) => [`${collection}/${id}`, { document, deleted }]));
  }

  /** Rows that were not taken: where and why. */
  async quarantined({ tenantId }: CloudClinic): Promise<string[]> {
    const { rows } = await this.#pool.query<{ readonly line: string }>(
      `SELECT format('%s/%s: %s %s', collection, document_id, reason, field) AS line FROM quarantine WHERE tenant_id = $1`,
      [tenantId],
    );
    return rows.map(({ line }) => line);
  }

  /** What was read before no longer compares: the stations have to read everything again. */
  async changeEpoch({ tenantId }: CloudClinic, epoch: string): Promise<void> {
    await this.#pool.query('UPDATE document_counters SET epoch = $2 WHERE tenant_id = $1', [tenantId, epoch]);
  }

  /** Copies what replication works on; a second copy replaces the first. */
  async backUp(): Promise<void> {
    await this.#pool.query('DROP SCHEMA IF EXISTS backup CASCADE; CREATE SCHEMA backup');
    for (const table of REPLICATED) await this.#pool.query(`CREATE TABLE backup.${table} AS TABLE ${table}`);
  }

  /** Puts the copy back, as an operator does after a disaster: what came since is lost here, and stations are told by the epoch. */
  async restore(clinic: CloudClinic, epoch: string): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await client.query('BEGIN');
      // Neither numbers nor versions are given anew.
      await client.query('SET LOCAL session_replication_role = replica');
      for (const table of REPLICATED) {
        const { rows } = await client.query<{ readonly columns: string }>(
          `SELECT string_agg(quote_ident(attname), ', ') AS columns FROM pg_attribute
           WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
          [table],
        );
        const columns = rows[0]?.columns ?? '';
        await client.query(`DELETE FROM ${table}`);
        await client.query(`INSERT INTO ${table} (${columns}) SELECT ${columns} FROM backup.${table}`);
      }
      await client.query('COMMIT');
    } finally {
      client.release();
    }
    await this.changeEpoch(clinic, epoch);
  }

  /** The database's own time, by which deletions are purged: some milliseconds from all that was before and will be after. */
  async instant(): Promise<Date> {
    await this.#pool.query('SELECT pg_sleep(0.003)');
    const { rows } = await this.#pool.query<{ readonly at: Date }>('SELECT clock_timestamp() AS at');
    await this.#pool.query('SELECT pg_sleep(0.003)');
    return rows[0]?.at ?? new Date(0);
  }

  /**
   * As the cloud's regular work does it.
   * @param silently without telling stations that were away, as no cloud may
   * @returns the documents whose deletions are gone, by `<collection>/<id>`
   */
  async purge({ tenantId }: CloudClinic, before: Date, silently: boolean): Promise<string[]> {
    const { rows } = await this.#pool.query<{ readonly key: string }>(
      `SELECT collection || '/' || id AS key FROM documents WHERE tenant_id = $1 AND deleted AND changed_at < $2 ORDER BY key`,
      [tenantId, before],
    );
    const [counter] = (
      await this.#pool.query('SELECT purged_seq FROM document_counters WHERE tenant_id = $1', [tenantId])
    ).rows as { readonly purged_seq: string }[];
    const database = openDatabase({ url: this.apiUrl, maxConnections: 1, onIdleError: () => undefined });
    try {
      const scope = { role: 'service', tenantId, locations: '*', actor: 'service' } as const;
      await withScope(database, scope, async (tx) => purgeBefore(tx, tenantId, before));
    } finally {
      await database.destroy();
    }
    if (silently) {
      await this.#pool.query('UPDATE document_counters SET purged_seq = $2 WHERE tenant_id = $1', [
        tenantId,
        counter?.purged_seq,
      ]);
    }
    return rows.map(({ key }) => key);
  }

  async drop(): Promise<void> {
    await this.#pool.end();
    await hungUp(this.#server, this.#name);
    // Of an API that was killed a connection may be left.
    await onServer(this.#server, `DROP DATABASE ${this.#name} WITH (FORCE)`);
  }
}

/**
 * A pool that has ended has said so to the server, which hears of it a moment later: whoever drops the database before breaks connections
 * that are just being closed. Waits until nobody is left, or somebody seems to stay.
 */
async function hungUp({ adminUrl }: Pick<ServerAddress, 'adminUrl'>, name: string): Promise<void> {
  const client = new Client({ connectionString: at(adminUrl, 'postgres') });
  await client.connect();
  try {
    const deadline = performance.now() + HANG_UP_MS;
    for (let left = 1; left > 0 && performance.now() < deadline;) {
      const { rows } = await client.query<{ readonly left: number }>(
        'SELECT count(*)::int AS left FROM pg_stat_activity WHERE datname = $1',
        [name],
      );
      left = rows[0]?.left ?? 0;
      if (left > 0) await sleep(20);
    }
  } finally {
    await client.end();
  }
}
