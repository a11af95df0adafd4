/** The API over a PostgreSQL and a folder for files of its own, in this process, with stations that need not be enrolled by hand. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { CONTRACT_VERSION, newId } from '../../../electron/contract/index.ts';
import type { StationKey } from '../../../workflows/api/testing/station.ts';
import { newStationKey } from '../../../workflows/api/testing/station.ts';
import { readConfig } from '../../../workflows/api/config.ts';
import { createApi } from '../../../workflows/api/server.ts';
import { startEmbedded } from '../../../workflows/database/embedded.ts';
import { ensureLogin, migrate } from '../../../workflows/database/migrate.ts';
import { seedPlaces, seeded } from '../../../workflows/database/testing/seed.ts';

const DATABASE = 'vantage_bench';
const LOGIN = 'vantage_bench_api';
const PLACE = seeded('north', 'harbour');

export interface BenchStation {
  readonly stationId: string;
  readonly key: StationKey;
  readonly tenantId: string;
  readonly locationId: string;
}

export interface RealCloud {
  readonly url: string;
  /** Another one of the same location, accepted. */
  station(): Promise<BenchStation>;
  close(): Promise<void>;
}

export async function startRealCloud(): Promise<RealCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'vantage-bench-cloud-'));
  // The server may run as another user, who has to get to its data.
  chmodSync(folder, 0o755);
  const password = randomBytes(16).toString('hex');
  const server = await startEmbedded({ folder: join(folder, 'postgres'), password, throwAway: true });
  const postgres = new Pool({ connectionString: server.url('postgres'), max: 1 });
  await postgres.query(`CREATE DATABASE ${DATABASE}`);
  await postgres.end();
  await migrate(server.url(DATABASE));
  await ensureLogin(server.url(DATABASE), LOGIN, password);
  const admin = new Pool({ connectionString: server.url(DATABASE), max: 2 });
  await seedPlaces(admin);
  const { privateKey } = generateKeyPairSync('ed25519');
  const config = readConfig({
    API_PORT: '0',
    API_PUBLIC_URL: 'https://api.invalid',
    DATABASE_URL: server.url(DATABASE).replace('//postgres:', `//${LOGIN}:`),
    API_SIGNING_KEYS: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    INTERNAL_API_SECRET: randomBytes(32).toString('base64'),
    OIDC_ISSUER: 'https://nobody.invalid',
    OIDC_AUDIENCE: 'vantage',
    FILE_MASTER_KEYS: `bench:${randomBytes(32).toString('base64')}`,
    FILES_FOLDER: join(folder, 'files'),
    LOG_LEVEL: 'silent',
  });
  const api = await createApi(config);
  const url = await api.app.listen({ host: config.host, port: config.port });
  return {
    url,
    async station() {
      const [stationId, key] = [newId(), await newStationKey()];
      const { tenantId, locationId } = PLACE;
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
      await api.close();
      await admin.end();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
