import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../database/free-port.ts';
import type { TestDatabase } from '../database/testing/test-database.ts';
import { createTestDatabase } from '../database/testing/test-database.ts';

let database: TestDatabase;
let files: string;
beforeEach(async () => {
  files = mkdtempSync(join(tmpdir(), 'vantage-files-'));
  database = await createTestDatabase('template0');
});
afterEach(async () => {
  await database.close();
  rmSync(files, { recursive: true, force: true });
});

interface Run {
  readonly said: () => string;
  readonly kill: () => void;
  readonly code: Promise<number | null>;
}

function start(file: string, environment: Readonly<Record<string, string>>): Run {
  const child = spawn(process.execPath, [file], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return {
    said: () => said,
    kill: () => child.kill('SIGTERM'),
    code: new Promise((resolve) => {
      child.once('exit', resolve);
    }),
  };
}

describe('the processes of a deployment', () => {
  it('bring a database up to date, serve, and end cleanly', async () => {
    const login = new URL(database.apiUrl);
    login.username = 'vantage_deployed';
    login.password = randomBytes(8).toString('hex');
    const port = await freePort();
    const { privateKey } = generateKeyPairSync('ed25519');
    const environment = {
      DATABASE_URL: login.href,
      DATABASE_ADMIN_URL: database.adminUrl,
      API_PORT: String(port),
      API_PUBLIC_URL: 'https://api.test',
      API_SIGNING_KEYS: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      INTERNAL_API_SECRET: randomBytes(32).toString('base64'),
      OIDC_ISSUER: 'https://login.test',
      OIDC_AUDIENCE: 'vantage',
      FILE_MASTER_KEYS: `1:${randomBytes(32).toString('base64')}`,
      FILES_FOLDER: files,
      FILES_FREE_MB: '0',
    };
    for (const expected of ['ran 0001-', 'was up to date']) {
      const migration = start('workflows/database/main.ts', environment);
      expect(await migration.code).toBe(0);
      expect(migration.said()).toContain(expected);
    }
    const api = start('workflows/api/main.ts', environment);
    await expect.poll(() => api.said(), { timeout: 30_000 }).toContain('listening');
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    api.kill();
    expect(await api.code).toBe(0);
    expect(api.said()).toContain('stopped');
  });

  it('do not start without their configuration, and say what is missing', async () => {
    const api = start('workflows/api/main.ts', { DATABASE_URL: database.apiUrl });
    expect(await api.code).toBe(1);
    expect(api.said()).toContain('API_SIGNING_KEYS');
    expect(api.said()).not.toContain(new URL(database.apiUrl).password);
  });
});
