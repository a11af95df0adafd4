/** The API in a process of its own, over a PostgreSQL and a folder for files, with stations that need not be enrolled by hand. */
import { fork } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { CONTRACT_VERSION, newId } from '../../../electron/contract/index.ts';
import type { StationKey } from '../../../workflows/api/testing/station.ts';
import { newStationKey } from '../../../workflows/api/testing/station.ts';
import { startEmbedded } from '../../../workflows/database/embedded.ts';
import { freePort } from '../../../workflows/database/free-port.ts';
import { ensureLogin, migrate } from '../../../workflows/database/migrate.ts';
import { seedPlaces, seeded } from '../../../workflows/database/testing/seed.ts';

const DATABASE = 'vantage_bench';
const LOGIN = 'vantage_bench_api';
const READY_MS = 60_000;
const PLACE = seeded('north', 'harbour');

export interface BenchPlace {
  readonly tenantId: string;
  readonly locationId: string;
}

export interface BenchStation extends BenchPlace {
  readonly stationId: string;
  readonly key: StationKey;
}

export interface RealCloud {
  readonly url: string;
  /** As it knows itself. */
  readonly publicUrl: string;
  /** What it shares with activities. */
  readonly serviceSecret: Uint8Array;
  /** The superuser's address of its database. */
  readonly adminUrl: string;
  /** For a database of somebody else's on the same server: the superuser's. */
  databaseUrl(name: string): string;
  /** Another location, without documents. */
  place(): Promise<BenchPlace>;
  /** Another station, accepted. */
  station(place?: BenchPlace): Promise<BenchStation>;
  close(): Promise<void>;
}

/** `OIDC_AUDIENCE`, and the API's own id at the provider. */
const AUDIENCE = 'vantage';

/**
 * @param durable whether the database waits for the disk at each commit
 * @param issuer of people's tokens; left out, nobody signs in
 */
export async function startRealCloud(durable: boolean, issuer = 'https://nobody.invalid'): Promise<RealCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'vantage-bench-cloud-'));
  // The server may run as another user, who has to get to its data.
  chmodSync(folder, 0o755);
  const password = randomBytes(16).toString('hex');
  const server = await startEmbedded({ folder: join(folder, 'postgres'), password, throwAway: !durable });
  const postgres = new Pool({ connectionString: server.url('postgres'), max: 1 });
  await postgres.query(`CREATE DATABASE ${DATABASE}`);
  await postgres.end();
  await migrate(server.url(DATABASE));
  await ensureLogin(server.url(DATABASE), LOGIN, password);
  const admin = new Pool({ connectionString: server.url(DATABASE), max: 2 });
  // A connection that is on its way out when the server stops is told so, and nobody else listens.
  admin.on('connect', (client) => client.on('error', () => undefined));
  admin.on('error', () => undefined);
  await seedPlaces(admin);
  const { privateKey } = generateKeyPairSync('ed25519');
  const port = await freePort();
  const serviceSecret = randomBytes(32);
  const publicUrl = 'https://api.invalid';
  const api = fork(join(import.meta.dirname, '../../../workflows/api/main.ts'), [], {
    env: {
      ...process.env,
      API_PORT: String(port),
      API_PUBLIC_URL: publicUrl,
      DATABASE_URL: server.url(DATABASE).replace('//postgres:', `//${LOGIN}:`),
      API_SIGNING_KEYS: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      INTERNAL_API_SECRET: serviceSecret.toString('base64'),
      OIDC_ISSUER: issuer,
      OIDC_AUDIENCE: AUDIENCE,
      OIDC_CLIENT_ID: AUDIENCE,
      FILE_MASTER_KEYS: `bench:${randomBytes(32).toString('base64')}`,
      FILES_FOLDER: join(folder, 'files'),
      // Stations of a bench all come from one address, as they do from a clinic; each says one of its own.
      TRUST_PROXY: 'true',
      LOG_LEVEL: 'error',
    },
  });
  const exited = new Promise<void>((resolve) => {
    api.once('exit', () => resolve());
  });
  // Whoever ends without closing it leaves none behind.
  const onExit = (): void => void api.kill('SIGKILL');
  process.once('exit', onExit);
  void exited.then(() => process.removeListener('exit', onExit));
  const url = `http://127.0.0.1:${port}`;
  await ready(url, () => api.exitCode);
  return {
    url,
    publicUrl,
    serviceSecret,
    adminUrl: server.url(DATABASE),
    databaseUrl: (name) => server.url(name),
    async place() {
      const place = { tenantId: PLACE.tenantId, locationId: newId() };
      await admin.query('INSERT INTO locations (tenant_id, id, name) VALUES ($1, $2, $3)', [
        place.tenantId,
        place.locationId,
        'Location',
      ]);
      return place;
    },
    async station({ tenantId, locationId } = PLACE) {
      const [stationId, key] = [newId(), await newStationKey()];
      await admin.query(
        `INSERT INTO stations (id, tenant_id, location_id, name, state, contract_version) VALUES ($1, $2, $3, $4, 'active', $5)`,
        [stationId, tenantId, locationId, 'Station', CONTRACT_VERSION],
      );
      await admin.query(
        `INSERT INTO station_keys (station_id, key_id, tenant_id, location_id, public_key, state) VALUES ($1, $2, $3, $4, $5, 'active')`,
        [stationId, key.keyId, tenantId, locationId, JSON.stringify(key.publicKey)],
      );
      return { stationId, key, tenantId, locationId };
    },
    async close() {
      api.kill('SIGTERM');
      await exited;
      await admin.end();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ready(url: string, exitCode: () => number | null): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok === true) return;
    if (exitCode() !== null) throw new Error('the API did not start');
    await pause(50);
  }
  throw new Error('the API did not get ready');
}
