import { createHash, randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dayOf } from '../../visits/steps.ts';
import { temporaryFolder } from '../../store/testing/documents.ts';
import { openStoredClinic } from '../../vault/testing/stored-clinic.ts';
import { Retention } from '../../retention/retention.ts';
import { startCuttingProxy } from './testing/cutting-proxy.ts';
import type { CuttingProxy } from './testing/cutting-proxy.ts';
import { openSendingStation, quickClock, takePicture } from './testing/sending-station.ts';
import type { SendingStation } from './testing/sending-station.ts';
import { startTusResponder } from './testing/tus-responder.ts';
import type { TusResponder } from './testing/tus-responder.ts';
import { cloudTimes } from './queue-view.ts';
import type { UploadsOptions } from './uploads-api.ts';

const MIB = 1024 * 1024;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let folder: ReturnType<typeof temporaryFolder>;
let cloud: TusResponder;
let proxy: CuttingProxy | null;
let station: SendingStation | null;
/** While set, the station has no line. */
let away: boolean;
const waiting = new Set<() => void>();
beforeEach(async () => {
  folder = temporaryFolder();
  cloud = await startTusResponder();
  proxy = null;
  station = null;
  away = false;
  waiting.clear();
});
afterEach(async () => {
  await station?.close();
  await proxy?.close();
  await cloud.close();
  folder.remove();
});

async function ready(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!away) return;
  await new Promise<void>((resolve, reject) => {
    waiting.add(resolve);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

async function start(options: Partial<UploadsOptions> = {}): Promise<SendingStation> {
  station = await openSendingStation(folder.path, () => proxy?.url ?? cloud.url, { ready, ...options });
  return station;
}

function goOnline(): void {
  away = false;
  for (const lineIsBack of waiting) lineIsBack();
  waiting.clear();
}

async function stop(): Promise<void> {
  await station?.close();
  station = null;
}

function hashOf(bytes: Buffer | null): string {
  return createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');
}

function inCloud(sha256: string | null): boolean {
  return hashOf(cloud.contentOf(sha256 ?? '')) === sha256;
}

/** A condition on the station, looked at after each of its changes. */
function when(at: SendingStation, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!condition()) return;
      stopLooking();
      resolve();
    };
    const stopLooking = at.uploads.changes(look);
    look();
  });
}

describe('a file', () => {
  it('is verified when the cloud has compared it, and no sooner', async () => {
    cloud.faults.compares = () => false;
    const at = await start();
    const { id, sha256 } = await takePicture(at, 'one', 3 * MIB + 17);
    expect(cloudTimes(at.store.sqlite, id, 'image')).toEqual({ inCloud: null, verified: null });
    await when(at, () => at.uploads.steps().comparing === 2);
    expect(cloudTimes(at.store.sqlite, id, 'image')).toEqual({
      inCloud: expect.stringMatching(/^\d{4}-/),
      verified: null,
    });
    expect(inCloud(sha256)).toBe(true);
    expect(at.uploads.verifiedAt(sha256 ?? '')).toBeNull();
    expect(at.uploads.steps()).toMatchObject({ onDisk: 2, inCloud: 2, verified: 0, left: { artefacts: 0, bytes: 0 } });
    cloud.faults.compares = () => true;
    at.uploads.tryNow();
    await at.uploads.drained();
    expect(at.uploads.verifiedAt(sha256 ?? '')).toMatch(/^\d{4}-/);
    expect(at.uploads.steps()).toMatchObject({ onDisk: 2, inCloud: 2, verified: 2, comparing: 0 });
    expect(cloudTimes(at.store.sqlite, id, 'image')).toMatchObject({ verified: at.uploads.verifiedAt(sha256 ?? '') });
    const { items } = at.uploads.page({ filter: 'all', cursor: null, limit: 10 });
    expect(items.map(({ artefact, inCloud: there, verified }) => [artefact.part, there.state, verified.state])).toEqual(
      [
        ['image', 'done', 'done'],
        ['overlay', 'done', 'done'],
      ],
    );
  });

  it('that is empty is a file', async () => {
    const at = await start();
    const { sha256 } = await takePicture(at, 'one', Buffer.alloc(0));
    await at.uploads.drained();
    expect(at.uploads.verifiedAt(sha256 ?? '')).not.toBeNull();
  });

  it('that two visits share is sent once', async () => {
    away = true;
    const at = await start();
    const image = randomBytes(MIB);
    const one = await takePicture(at, 'one', image);
    const other = await takePicture(at, 'other', image);
    expect(one.sha256).toBe(other.sha256);
    goOnline();
    await at.uploads.drained();
    expect(cloud.finished.filter((sha256) => sha256 === one.sha256)).toHaveLength(1);
    expect(at.uploads.steps()).toMatchObject({ onDisk: 4, verified: 4 });
  });

  it('that the cloud has already is not sent at all', async () => {
    const first = await start();
    const { sha256 } = await takePicture(first, 'one', MIB);
    await first.uploads.drained();
    const received = cloud.received();
    // As after a backup from before it was sent.
    first.store.sqlite.exec(`UPDATE uploads SET state = 'waiting', sent = 0, stored_at = NULL, verified_at = NULL`);
    await stop();
    const again = await start();
    await again.uploads.drained();
    expect(again.uploads.verifiedAt(sha256 ?? '')).not.toBeNull();
    expect(cloud.received()).toBe(received);
  });
});

describe('a line that is cut', () => {
  it('at many places costs at most one part each time, and nothing is there twice or wrong', async () => {
    const cutsAt = [1, 400, 70_000, 262_144, 262_145, 300_001, 900_000, 1_500_001, 2_097_152, 2_500_000, 3_000_000];
    proxy = await startCuttingProxy(cloud.url, () => proxy?.cutAfter(cutsAt.shift() ?? null));
    proxy.cutAfter(1000);
    const size = 24 * MIB;
    const cuts = cutsAt.length + 1;
    const at = await start({ concurrency: 1 });
    const { sha256 } = await takePicture(at, 'one', size);
    await at.uploads.drained();
    expect(proxy.cuts()).toBe(cuts);
    expect(inCloud(sha256)).toBe(true);
    expect(cloud.contentOf(sha256 ?? '')).toHaveLength(size);
    // All that left the station, heads of requests and small files among it.
    expect((proxy.passed() - size) / cuts).toBeLessThan(2 * MIB);
  }, 120_000);

  it('shows where it stands, and goes on when the line is back', async () => {
    const at = await start({ concurrency: 1 });
    proxy = await startCuttingProxy(cloud.url, () => {
      away = true;
    });
    proxy.cutAfter(3 * MIB);
    const { id, sha256 } = await takePicture(at, 'one', 6 * MIB);
    const ours = () =>
      at.uploads
        .page({ filter: 'on-the-way', cursor: null, limit: 10 })
        .items.find(({ artefact }) => artefact.id === id && artefact.part === 'image');
    await when(at, () => away && ours()?.inCloud.state === 'queued');
    const sent = ours()?.inCloud.sentBytes ?? 0;
    expect(sent).toBeGreaterThan(0);
    expect(at.uploads.steps().left.bytes).toBe(6 * MIB - sent);
    goOnline();
    await at.uploads.drained();
    expect(inCloud(sha256)).toBe(true);
  }, 60_000);
});

describe('a cloud that', () => {
  it('has another content than ours is sent ours again, and says so meanwhile', async () => {
    const at = await start();
    let spoiled = 0;
    cloud.faults.spoil = () => (spoiled += 1) <= 1;
    const { id, sha256 } = await takePicture(at, 'one', 200_000);
    const problems = new Set<string>();
    at.uploads.changes(() => {
      for (const { problem, artefact } of at.uploads.needs()) problems.add(`${problem.code} ${artefact?.id === id}`);
    });
    await at.uploads.drained();
    expect([...problems]).toEqual(['UPLOAD_DIFFERS true']);
    expect(inCloud(sha256)).toBe(true);
    expect(at.uploads.needs()).toEqual([]);
  });

  it.each(['unknown', 'gone'] as const)('lost half an upload (%s) gets it from the beginning', async (how) => {
    const at = await start({ concurrency: 1 });
    let lost = false;
    cloud.faults.refuse = ({ method }) => {
      if (method !== 'PATCH' || lost) return null;
      lost = true;
      for (const sha256 of shas) cloud.lose(sha256, how);
      return null;
    };
    const shas: string[] = [];
    const { sha256 } = await takePicture(at, 'one', 3 * MIB);
    shas.push(sha256 ?? '');
    await at.uploads.drained();
    expect(lost).toBe(true);
    expect(inCloud(sha256)).toBe(true);
  });

  it('lost a whole file before it compared it is sent it again', async () => {
    cloud.faults.compares = () => false;
    const at = await start();
    const { sha256 } = await takePicture(at, 'one', 300_000);
    await when(at, () => at.uploads.steps().comparing === 2);
    cloud.lose(sha256 ?? '', 'unknown');
    cloud.faults.compares = () => true;
    at.uploads.tryNow();
    await at.uploads.drained();
    expect(inCloud(sha256)).toBe(true);
  });

  it('finds later that its copy is another is sent ours again, and retention waits', async () => {
    const first = await start();
    const { sha256 } = await takePicture(first, 'one', 100_000);
    await first.uploads.drained();
    await stop();
    cloud.takeBack(sha256 ?? '');
    const at = await start();
    // The day after.
    at.store.sqlite.exec(`UPDATE station SET value = '2020-01-01T00:00:00.000Z' WHERE key = 'uploads-rechecked-at'`);
    at.uploads.tryNow();
    await when(at, () => at.uploads.verifiedAt(sha256 ?? '') === null);
    await at.uploads.drained();
    expect(at.uploads.verifiedAt(sha256 ?? '')).not.toBeNull();
    expect(inCloud(sha256)).toBe(true);
    expect(cloud.finished.filter((each) => each === sha256)).toHaveLength(2);
  });

  it.each([429, 503, 507])('has no time or room (%i) is waited for as long as it says', async (status) => {
    const times: number[] = [];
    cloud.faults.refuse = ({ method, files }) => {
      if (files > 0 || method !== 'POST') return null;
      times.push(quickClock.monotonic());
      return times.length <= 2 ? { status, waitSeconds: 40 } : null;
    };
    const at = await start({ concurrency: 1 });
    const problems = new Set<string>();
    at.uploads.changes(() => {
      for (const { problem } of at.uploads.needs()) problems.add(problem.code);
    });
    const { sha256 } = await takePicture(at, 'one');
    await at.uploads.drained();
    const [first = 0, second = 0, third = 0] = times;
    expect(Math.min(second - first, third - second)).toBeGreaterThan(40_000 - 100);
    expect(inCloud(sha256)).toBe(true);
    expect([...problems]).toEqual(status === 507 ? ['CLOUD_FULL'] : []);
  });

  it('takes no file of this size holds up no other file', async () => {
    const at = await start({ concurrency: 1 });
    cloud.faults.refuse = ({ method, path }) => (method === 'PATCH' && path !== '' ? { status: 413 } : null);
    const { id, sha256 } = await takePicture(at, 'one', MIB);
    const small = await takePicture(at, 'two', 5000);
    await at.uploads.drained();
    expect(at.uploads.needs()).toMatchObject([
      { problem: { code: 'FILE_TOO_LARGE' }, artefact: { id, part: 'image' } },
    ]);
    expect(inCloud(small.sha256)).toBe(true);
    cloud.faults.refuse = () => null;
    await at.uploads.resend({ kind: 'capture', id, part: 'image' });
    await at.uploads.drained();
    expect(inCloud(sha256)).toBe(true);
    await expect(at.uploads.resend({ kind: 'capture', id, part: 'image' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('a file that is damaged here', () => {
  it('is not sent, is named, and goes when a good copy is stored', async () => {
    away = true;
    const at = await start();
    const image = randomBytes(400_000);
    const { id, sha256, blobId } = await takePicture(at, 'one', image);
    const { path } = at.vault.grantRead(blobId ?? '');
    rmSync(path);
    writeFileSync(path, randomBytes(1000));
    goOnline();
    await at.uploads.drained();
    expect(at.uploads.needs()).toMatchObject([{ problem: { code: 'BLOB_DAMAGED' }, artefact: { id, part: 'image' } }]);
    expect(cloud.contentOf(sha256 ?? '')).toBeNull();
    expect(at.uploads.page({ filter: 'care', cursor: null, limit: 5 })).toMatchObject({
      total: 1,
      items: [{ artefact: { id }, inCloud: { state: 'held' } }],
    });
    const good = await at.vault.prepareBytes(image, 'image/jpeg');
    await at.store.transaction(() => at.vault.insertRow(good));
    at.uploads.tryNow();
    await at.uploads.drained();
    expect(inCloud(sha256)).toBe(true);
  });
});

describe('the order', () => {
  it('is: visits in review, today’s, the oldest; within a visit small files first', async () => {
    away = true;
    const at = await start({ concurrency: 1 });
    const today = dayOf(new Date());
    const visits = {
      old: await takePicture(at, 'old', 9000, { day: '2026-01-02' }),
      older: await takePicture(at, 'older', 9000, { day: '2026-01-01' }),
      today: await takePicture(at, 'today', 9000, { day: today, status: 'ANALYSING' }),
      review: await takePicture(at, 'review', 9000, { day: '2026-01-03', status: 'REVIEW' }),
    };
    const parts = new Map<string, string>();
    for (const [name, { id }] of Object.entries(visits)) {
      const rows = at.store.sqlite
        .prepare<[string], { sha256: string; heavy: number }>(
          'SELECT sha256, heavy FROM artefacts WHERE document_id = ?',
        )
        .all(id);
      for (const { sha256, heavy } of rows) parts.set(sha256, `${name} ${heavy === 1 ? 'large' : 'small'}`);
    }
    goOnline();
    await at.uploads.drained();
    const order = ['review', 'today', 'older', 'old'].flatMap((name) => [
      `${name} small`,
      `${name} small`,
      `${name} large`,
    ]);
    expect(cloud.finished.map((sha256) => parts.get(sha256))).toEqual(order);
  });

  it('changes between two parts when something more urgent comes', async () => {
    const at = await start({ concurrency: 1 });
    const isTaken = Promise.withResolvers<void>();
    const isSent = Promise.withResolvers<void>();
    cloud.faults.delay = async ({ method }) => {
      if (method !== 'PATCH') return;
      isSent.resolve();
      await isTaken.promise;
    };
    const large = await takePicture(at, 'large', 8 * MIB, { day: '2026-01-01' });
    await isSent.promise;
    const urgent = await takePicture(at, 'urgent', 100_000, { status: 'REVIEW' });
    isTaken.resolve();
    await at.uploads.drained();
    const { finished } = cloud;
    expect(finished.indexOf(urgent.sha256 ?? '')).toBeLessThan(finished.indexOf(large.sha256 ?? ''));
    expect(inCloud(large.sha256)).toBe(true);
  });
});

describe('a store from before there was a queue', () => {
  it('is put into it, and what no document names is not', async () => {
    const clinic = await openStoredClinic(folder.path);
    const captures = [];
    for (let count = 0; count < 5; count += 1) captures.push(await takePicture(clinic, `visit ${count}`));
    await clinic.store.transaction(() => undefined);
    const unnamed = await clinic.vault.prepareBytes(randomBytes(100), 'image/jpeg');
    clinic.vault.insertRow(unnamed);
    clinic.store.sqlite.exec(`DELETE FROM uploads; DELETE FROM artefacts;
      INSERT INTO uploads (sha256, size, media_type, state) VALUES ('${'0'.repeat(64)}', 5, 'image/jpeg', 'waiting')`);
    await clinic.store.close();
    const at = await start();
    await at.uploads.drained();
    for (const { sha256 } of captures) expect(at.uploads.verifiedAt(sha256 ?? '')).not.toBeNull();
    expect(cloud.contentOf(unnamed.sha256)).toBeNull();
    expect(at.uploads.steps()).toMatchObject({ onDisk: 10, verified: 10 });
    expect(at.uploads.unsent().files).toBe(0);
  });
});

describe('retention', () => {
  it('deletes nothing that the cloud has not verified, and the receipt outlives the file', async () => {
    cloud.faults.compares = () => false;
    const at = await start();
    const { id, sha256, blobId } = await takePicture(at, 'one', 50_000);
    const later = new Date(Date.now() + 400 * 86_400_000);
    const retention = new Retention({
      ...at,
      verifiedAt: at.uploads.verifiedAt.bind(at.uploads),
      now: () => later,
      log: quiet,
    });
    await when(at, () => at.uploads.steps().comparing === 2);
    expect(await retention.run()).toMatchObject({ visits: 0 });
    expect((await retention.preview()).kept.notVerified).toBe(1);
    cloud.faults.compares = () => true;
    at.uploads.tryNow();
    await at.uploads.drained();
    const verifiedAt = at.uploads.verifiedAt(sha256 ?? '');
    expect(await retention.run()).toMatchObject({ visits: 1, pictures: 1 });
    expect(at.vault.stat(blobId ?? '')).toBeNull();
    await stop();
    const again = await start();
    await again.uploads.drained();
    const row = again.uploads
      .page({ filter: 'all', cursor: null, limit: 10 })
      .items.find(({ artefact }) => artefact.id === id && artefact.part === 'image');
    expect(row).toMatchObject({ inCloud: { state: 'done' }, verified: { state: 'done', at: verifiedAt } });
    expect(again.uploads.verifiedAt(sha256 ?? '')).toBeNull();
    expect(again.uploads.steps()).toMatchObject({ onDisk: 1, inCloud: 2, verified: 2 });
  });
});
