import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { derivedId } from '../electron/contract/index.ts';
import { alertDocument, pullAll, push, rowOf } from './api/testing/documents.ts';
import { TestStation } from './api/testing/station.ts';
import { call } from './api/testing/station.ts';
import { TestUploader, newContent } from './api/testing/uploads.ts';
import { seeded } from './database/testing/seed.ts';

let folder: string;
const running = new Set<ChildProcess>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-cloud-'));
  chmodSync(folder, 0o755);
});
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGTERM');
    await ended(child);
  }
  rmSync(folder, { recursive: true, force: true });
});

const PLACE = {
  ...seeded('development', 'main'),
  tenantId: derivedId('development', 'tenant'),
  locationId: derivedId('development', 'location'),
};

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  return new Promise((resolve) => {
    child.once('exit', resolve);
  });
}

/** Starts it and waits until it says that it is ready. */
async function start(...options: readonly string[]) {
  const child = spawn(
    process.execPath,
    ['workflows/cloud.ts', '--folder', join(folder, 'cloud'), '--port', '0', '--no-workflows', ...options],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] },
    },
  );
  running.add(child);
  child.once('exit', () => running.delete(child));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes('ready')) resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('exit', () => reject(new Error(said)));
  });
  const find = (pattern: RegExp): string => pattern.exec(said)?.[1] ?? '';
  return {
    base: find(/^API\s+(\S+)/m),
    code: find(/^Enrolment\s+(\S+)/m),
    stop: async (signal: NodeJS.Signals) => {
      child.kill(signal);
      return ended(child);
    },
    said: () => said,
  };
}

describe('npm run cloud', () => {
  it('takes a station in, keeps its documents over a stop, and forgets them on --reset', async () => {
    const first = await start();
    expect((await call(first.base, '/readyz', null)).status).toBe(200);
    const before = await TestStation.create(first.base);
    expect((await before.enrol(first.code)).status).toBe(200);
    await before.signIn();
    const document = alertDocument(PLACE);
    await push(before, 'alerts', [rowOf(document)]);
    const content = newContent(100_000);
    await new TestUploader(first.base, before).send(content);
    expect(await first.stop('SIGTERM')).toBe(0);
    expect(first.said()).toContain('stopped');
    expect(existsSync(join(folder, 'cloud', 'postgres', 'data', 'postmaster.pid'))).toBe(false);
    expect(statSync(join(folder, 'cloud', 'secrets.json')).mode & 0o077).toBe(0);

    const second = await start();
    const after = await TestStation.create(second.base, before.stationId);
    after.key = before.key;
    expect((await after.signIn()).status).toBe(200);
    expect((await pullAll(after, 'alerts')).map((row) => row.document)).toEqual([document]);
    const uploader = new TestUploader(second.base, after);
    await expect.poll(async () => (await uploader.receipt(content.sha256)).state, { timeout: 60_000 }).toBe('verified');
    expect(existsSync(join(folder, 'cloud', 'files'))).toBe(true);
    expect(await second.stop('SIGINT')).toBe(0);

    const third = await start('--reset');
    const stranger = await TestStation.create(third.base, before.stationId);
    stranger.key = before.key;
    expect(await stranger.signIn()).toMatchObject({ status: 403, body: { code: 'STATION_REFUSED' } });
    expect(await third.stop('SIGINT')).toBe(0);
  }, 240_000);
});
