import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../database/free-port.ts';
import type { TestStation } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../testing/test-api.ts';
import type { Content } from '../testing/uploads.ts';
import { TestUploader, newContent, write } from '../testing/uploads.ts';
import { SEGMENT_BYTES } from './append.ts';

const KILLS = 5;
const STEP_BYTES = 256 * 1024;
const SOON = { timeout: 60_000, interval: 250 };

let cloud: TestApi;
let station: TestStation;
let folder: string;
let port: number;
let api: ChildProcess | null = null;
beforeAll(async () => {
  // Only lays the clinic out and lets a station in: the files are those of the processes that are killed.
  cloud = await startTestApi();
  await cloud.api.parts.files.keeper.stop();
  station = await cloud.station(NORTH_HARBOUR);
  folder = mkdtempSync(join(tmpdir(), 'vantage-killed-'));
  port = await freePort();
});
afterEach(async () => {
  if (api !== null) await kill(api);
});
afterAll(async () => {
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

const MASTER_KEY = `k:${Buffer.alloc(32, 7).toString('base64')}`;

async function start(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['workflows/api/main.ts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      DATABASE_URL: cloud.config.databaseUrl,
      API_PORT: String(port),
      API_PUBLIC_URL: cloud.config.publicUrl,
      API_SIGNING_KEYS: cloud.config.signingKeys,
      INTERNAL_API_SECRET: Buffer.from(cloud.config.serviceSecret).toString('base64'),
      OIDC_ISSUER: cloud.config.oidc.issuer,
      OIDC_AUDIENCE: 'vantage',
      FILE_MASTER_KEYS: MASTER_KEY,
      FILES_FOLDER: folder,
      FILES_FREE_MB: '0',
    },
  });
  api = child;
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('listening')) resolve();
    });
    child.once('exit', () => reject(new Error(said)));
  });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  if (api === child) api = null;
}

function uploaderNow(): TestUploader {
  return new TestUploader(`http://127.0.0.1:${port}`, station);
}

/** As a station does: waits while the cloud still holds the place for the request that died. */
async function goOn(uploader: TestUploader, id: string, content: Content, offset: number): Promise<Socket> {
  await expect
    .poll(async () => {
      const probe = await uploader.patch(id, offset, Buffer.alloc(0));
      return probe.status;
    }, SOON)
    .toBe(204);
  return uploader.beginPatch(id, offset, content.bytes, 0);
}

describe('an API that is killed', () => {
  it('at any byte of an upload has lost nothing that it had acknowledged, and the file comes out whole', async () => {
    const content = newContent(6 * SEGMENT_BYTES);
    const total = content.bytes.length;
    let child = await start();
    let uploader = uploaderNow();
    const { id } = await uploader.create(content);
    let offset = 0;
    const killedAt: number[] = [];
    for (let round = 0; round < KILLS; round += 1) {
      const socket = await goOn(uploader, id, content, offset);
      const until = Math.min(offset + randomInt(1, 1.5 * SEGMENT_BYTES), total - 1);
      let acknowledged = offset;
      for (let at = offset; at < until; at += STEP_BYTES) {
        await write(socket, content.bytes.subarray(at, Math.min(at + STEP_BYTES, until)));
        acknowledged = Math.max(acknowledged, (await uploader.head(id)).offset);
      }
      // Every other time after a moment of quiet, in which everything that came becomes durable.
      if (round % 2 === 1) {
        await vi.waitUntil(async () => (await uploader.head(id)).offset === until, SOON);
        acknowledged = until;
      }
      await kill(child);
      socket.destroy();
      killedAt.push(until);
      child = await start();
      uploader = uploaderNow();
      const { offset: durable } = await uploader.head(id);
      expect(durable).toBeGreaterThanOrEqual(acknowledged);
      expect(durable).toBeLessThanOrEqual(until);
      offset = durable;
    }
    const socket = await goOn(uploader, id, content, offset);
    await write(socket, content.bytes.subarray(offset));
    expect(String(((await once(socket, 'data')) as [Buffer])[0])).toMatch(/^HTTP\/1.1 204 /);
    socket.destroy();
    await expect.poll(async () => (await uploader.receipt(content.sha256)).state, SOON).toBe('verified');
    const { rowCount } = await cloud.database.admin.query('SELECT FROM file_segments WHERE file_id = $1', [id]);
    expect(readdirSync(join(folder, NORTH_HARBOUR.tenantId, id.slice(0, 2), id))).toHaveLength(rowCount ?? 0);
    console.log(`${total} bytes, killed ${KILLS} times, at ${killedAt.join(', ')}`);
  }, 240_000);

  it('before it has read a file back does so when it is started again', async () => {
    const content = newContent(3 * SEGMENT_BYTES);
    const child = await start();
    const uploader = uploaderNow();
    const { id } = await uploader.create(content);
    expect((await uploader.patch(id, 0, content.bytes)).state).toBe('stored');
    await kill(child);
    await start();
    await expect.poll(async () => (await uploaderNow().receipt(content.sha256)).state, SOON).toBe('verified');
  }, 120_000);
});
