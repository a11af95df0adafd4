import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../../electron/contract/index.ts';
import type { TestStation } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../testing/test-api.ts';
import type { Content } from '../testing/uploads.ts';
import { TestUploader, newContent } from '../testing/uploads.ts';
import { SEGMENT_BYTES } from './append.ts';
import { SEAL_BYTES } from './sealing.ts';

const SOON = { timeout: 20_000 };
const DAY_MS = 86_400_000;

let cloud: TestApi;
let station: TestStation;
let uploader: TestUploader;
beforeAll(async () => {
  cloud = await startTestApi();
  station = await cloud.station(NORTH_HARBOUR);
  uploader = new TestUploader(cloud.base, station);
});
afterAll(async () => cloud.close());
beforeEach(async () => {
  cloud.clock.aheadMs = 0;
  await station.signIn();
});

async function daysLater(days: number): Promise<void> {
  cloud.clock.aheadMs = days * DAY_MS;
  await station.signIn();
}

function storeFolder(): string {
  const { store } = cloud.config.files;
  if (store.kind !== 'folder') throw new Error('not a folder');
  return store.folder;
}

function fileFolder(id: string): string {
  return join(storeFolder(), NORTH_HARBOUR.tenantId, id.slice(0, 2), id);
}

async function sendVerified(content: Content): Promise<string> {
  const id = await uploader.send(content);
  await expect.poll(async () => (await uploader.receipt(content.sha256)).state, SOON).toBe('verified');
  return id;
}

async function counted(name: string): Promise<number> {
  const text = await (await fetch(`${cloud.base}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(name));
  return Number(line?.split(' ').at(-1) ?? 0);
}

async function events(id: string): Promise<string[]> {
  const { rows } = await cloud.database.admin.query<{ type: string }>(
    'SELECT type FROM domain_events WHERE subject_id = $1 ORDER BY recorded_at',
    [id],
  );
  return rows.map(({ type }) => type);
}

describe('stored bytes', () => {
  it('are nowhere as they came: not the content, and not under its hash', async () => {
    const content = newContent(200_000);
    const id = await sendVerified(content);
    const [object = ''] = readdirSync(fileFolder(id));
    const sealed = readFileSync(join(fileFolder(id), object));
    expect(sealed.length).toBe(content.bytes.length + SEAL_BYTES);
    for (let at = 0; at + 32 <= content.bytes.length; at += 10_000) {
      expect(sealed.includes(content.bytes.subarray(at, at + 32))).toBe(false);
    }
    const names = readdirSync(storeFolder(), { recursive: true }).join('\n');
    expect(names).not.toContain(content.sha256);
    const { rows } = await cloud.database.admin.query('SELECT file_keys.* FROM file_keys');
    expect(rows).toMatchObject([{ tenant_id: NORTH_HARBOUR.tenantId, master_key_id: 'test' }]);
  });

  it('that requests left behind when they were killed are gone once the file is verified', async () => {
    const content = newContent(10_000);
    const { id } = await uploader.create(content);
    mkdirSync(fileFolder(id), { recursive: true });
    for (const name of [newId(), `${newId()}.part`]) writeFileSync(join(fileFolder(id), name), 'left');
    await sendVerified(content);
    expect(readdirSync(fileFolder(id))).toHaveLength(1);
    expect(await events(id)).toEqual(['FileVerified']);
  });
});

describe('a file that is looked at again', () => {
  it('and is what it was stays verified, as of then', async () => {
    const content = newContent(10_000);
    const id = await sendVerified(content);
    const { verifiedAt } = await uploader.receipt(content.sha256);
    await daysLater(29);
    expect((await uploader.receipt(content.sha256)).verifiedAt).toBe(verifiedAt);
    await daysLater(31);
    await expect
      .poll(async () => (await uploader.receipt(content.sha256)).verifiedAt ?? '', SOON)
      .toMatch(new RegExp(`^${new Date(Date.now() + 31 * DAY_MS).toISOString().slice(0, 10)}`));
    expect(await events(id)).toEqual(['FileVerified']);
  });

  const damages: readonly (readonly [string, (folder: string, objects: readonly string[]) => void])[] = [
    [
      'a bit that rotted',
      (folder, [first = '']) => {
        const bytes = readFileSync(join(folder, first));
        bytes[5000] = (bytes[5000] ?? 0) ^ 1;
        writeFileSync(join(folder, first), bytes);
      },
    ],
    ['a segment that is gone', (folder, [first = '']) => rmSync(join(folder, first))],
    [
      'a segment that was cut',
      (folder, [first = '']) => writeFileSync(join(folder, first), readFileSync(join(folder, first)).subarray(1)),
    ],
    [
      'segments that changed places',
      (folder, [first = '', second = '']) => {
        renameSync(join(folder, first), join(folder, 'x'));
        renameSync(join(folder, second), join(folder, first));
        renameSync(join(folder, 'x'), join(folder, second));
      },
    ],
  ];
  it.each(damages)('with %s differs, says so, and can be sent again', async (_what, damage) => {
    const content = newContent(2 * SEGMENT_BYTES);
    const id = await sendVerified(content);
    const before = await counted('vantage_files_checked_total{occasion="scrub",result="differs"}');
    damage(fileFolder(id), readdirSync(fileFolder(id)));
    await daysLater(31);
    await expect.poll(async () => (await uploader.receipt(content.sha256)).state, SOON).toBe('differs');
    expect(await uploader.receipt(content.sha256)).toMatchObject({ verifiedAt: null, fileId: null, uploadId: null });
    await expect
      .poll(async () => counted('vantage_files_checked_total{occasion="scrub",result="differs"}'), SOON)
      .toBe(before + 1);
    expect(await events(id)).toEqual(['FileVerified', 'FileDiffers']);
    expect(cloud.logged.some(({ msg, fileId }) => msg === 'a stored file differs' && fileId === id)).toBe(true);
    const again = await sendVerified(content);
    expect(again).not.toBe(id);
    expect(readdirSync(fileFolder(id)).length).toBeGreaterThan(0);
  });

  it('while its store is away is not called different; it is looked at when the store is back', async () => {
    const content = newContent(10_000);
    await sendVerified(content);
    const away = `${storeFolder()}-away`;
    renameSync(storeFolder(), away);
    mkdirSync(storeFolder());
    const failed = await counted('vantage_files_jobs_failed_total{kind="verify"}');
    await daysLater(31);
    await expect
      .poll(async () => counted('vantage_files_jobs_failed_total{kind="verify"}'), SOON)
      .toBeGreaterThan(failed);
    expect((await uploader.receipt(content.sha256)).state).toBe('verified');
    const refused = await uploader.create(newContent(10), {}, new Uint8Array(10));
    expect([refused.status, refused.code]).toEqual([503, 'CLOUD_UNAVAILABLE']);
    rmSync(storeFolder(), { recursive: true });
    cpSync(away, storeFolder(), { recursive: true });
    rmSync(away, { recursive: true });
    await daysLater(32);
    await expect
      .poll(async () => (await uploader.receipt(content.sha256)).verifiedAt ?? '', SOON)
      .toMatch(new RegExp(`^${new Date(Date.now() + 32 * DAY_MS).toISOString().slice(0, 10)}`));
  });
});

describe('a store without room', () => {
  it('has the station wait, keeps what was acknowledged, and goes on when there is room', async () => {
    const folder = storeFolder();
    const full = await startTestApi({
      store: { kind: 'folder', folder: `${folder}-full`, freeBytes: Number.MAX_SAFE_INTEGER },
    });
    try {
      const waiting = new TestUploader(full.base, await full.station(NORTH_HARBOUR));
      const content = newContent(10_000);
      const { id } = await waiting.create(content);
      const answer = await waiting.patch(id, 0, content.bytes);
      expect([answer.status, answer.code, answer.headers.get('retry-after')]).toEqual([507, 'CLOUD_FULL', '60']);
      expect((await waiting.head(id)).offset).toBe(0);
      // The next try is not kept out by the one that failed.
      expect((await waiting.patch(id, 0, content.bytes)).status).toBe(507);
    } finally {
      await full.close();
      rmSync(`${folder}-full`, { recursive: true, force: true });
    }
  });
});
