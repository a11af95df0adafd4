/** One PostgreSQL server for a test run, with a migrated database that each test file copies. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../embedded.ts';
import { ensureLogin, migrate } from '../migrate.ts';
import { API_LOGIN, TEMPLATE } from './names.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser's URL, with `DATABASE` where the name goes. */
    readonly adminUrl: string;
    /** The API's own login, likewise. */
    readonly apiUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'vantage-postgres-'));
  // The server may run as another user, who has to get to its data.
  chmodSync(folder, 0o755);
  const password = randomBytes(16).toString('hex');
  const server = await startEmbedded({ folder, password, throwAway: true });
  const client = new Client({ connectionString: server.url('postgres') });
  await client.connect();
  await client.query(`CREATE DATABASE ${TEMPLATE}`);
  await client.end();
  await migrate(server.url(TEMPLATE));
  await ensureLogin(server.url(TEMPLATE), API_LOGIN, password);
  const adminUrl = server.url('DATABASE');
  project.provide('adminUrl', adminUrl);
  project.provide('apiUrl', adminUrl.replace('//postgres:', `//${API_LOGIN}:`));
  return async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
