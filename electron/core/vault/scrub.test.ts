import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../../test/fixtures/random.ts';
import type { AuditEntry, Capture, ScrubStatus } from '../../contract/index.ts';
import { blobUses } from '../retention/blob-uses.ts';
import { readBlob } from './blob-file.ts';
import type { Vault } from './vault-api.ts';
import type { ScrubOptions } from './scrub.ts';
import { Scrub } from './scrub.ts';
import type { StoredClinic } from './testing/stored-clinic.ts';
import { openStoredClinic, sessionDraft, storePicture } from './testing/stored-clinic.ts';

const SEED = Number(process.env['VANTAGE_SEED'] ?? 0) || randomBytes(4).readUInt32LE();
const NEVER = new AbortController().signal;
const FAST = 1e12;

let directory: string;
let clinic: StoredClinic;
let scrub: Scrub;
let busy = false;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-scrub-'));
  busy = false;
  clinic = await openStoredClinic(directory);
  scrub = newScrub();
});
afterEach(async () => {
  await scrub.close();
  await clinic.store.close();
  rmSync(directory, { recursive: true, force: true });
});

function newScrub(options: Partial<ScrubOptions> = {}): Scrub {
  const { store, vault } = clinic;
  return new Scrub({
    store,
    vault,
    usesOf: (blobIds) => blobUses(store, (value) => blobIds.has(value)),
    busy: () => busy,
    changed: () => undefined,
    now: () => new Date(),
    log: { debug() {}, info() {}, warn() {}, error() {} },
    bytesPerSecond: FAST,
    pollMs: 1,
    ...options,
  });
}

/** @returns the captures of one visit, `count` of them. */
async function pictures(count: number, bytes = 90_000): Promise<Capture[]> {
  const session = sessionDraft('one');
  await clinic.store.write('sessions', session);
  const made: Capture[] = [];
  for (let step = 0; step < count; step += 1) {
    const contents = { image: randomBytes(bytes + step), thumbnail: randomBytes(3000), overlay: null };
    made.push(await storePicture(clinic, session, `step-${step}`, contents));
  }
  return made;
}

function pathOf(capture: Capture | undefined): string {
  return clinic.vault.grantRead(capture?.blobId ?? '').path;
}

function flip(path: string, at: number, bits: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ bits;
  writeFileSync(path, bytes);
}

function audited(action: string): AuditEntry[] {
  return clinic.store.audit.read().filter((entry) => entry.action === action);
}

describe('a round', () => {
  it('reads every file, says how far it has come, and when it was through', async () => {
    await pictures(5);
    const told: ScrubStatus[] = [];
    expect(scrub.status()).toMatchObject({ state: 'resting', checked: 0, total: 10, lastCompleteAt: null });
    const status = await scrub.runNow(NEVER, (progress) => told.push(progress));
    expect(status).toMatchObject({ state: 'resting', checked: 10, total: 10, damaged: [] });
    expect(status.checkedBytes).toBe(status.totalBytes);
    expect(status.lastCompleteAt).not.toBeNull();
    expect(told.at(-1)).toMatchObject({ checked: 10 });
    expect(scrub.problem()).toBeNull();
  });

  it('names the picture that is damaged, once in the audit trail, and goes on with the rest', async () => {
    const [first, second, third] = await pictures(4);
    flip(pathOf(second), 70_000, 1);
    rmSync(pathOf(third));
    const status = await scrub.runNow(NEVER, () => undefined);
    expect(status).toMatchObject({ checked: 8, total: 8 });
    expect(status.damaged).toHaveLength(2);
    expect(status.damaged.find(({ blobId }) => blobId === second?.blobId)).toMatchObject({
      detail: 'chunk 1 does not authenticate',
      uses: [{ kind: 'capture', id: second?.id, sessionId: second?.sessionId, part: 'image', stepId: 'step-1' }],
    });
    expect(status.damaged.find(({ blobId }) => blobId === third?.blobId)).toMatchObject({ detail: 'missing' });
    expect(scrub.problem()).toMatchObject({ code: 'BLOB_DAMAGED', detail: expect.stringContaining(second?.id ?? '?') });
    expect(scrub.lostItems()).toBe(2);
    expect([first, second].map((capture) => scrub.lost.has(capture?.blobId ?? ''))).toEqual([false, true]);
    await scrub.runNow(NEVER, () => undefined);
    expect(audited('blob.damaged').map((entry) => entry.subjectId)).toEqual(
      status.damaged.map(({ uses }) => uses[0]?.id),
    );
  });

  it('takes the damage back when a good copy took its place', async () => {
    const session = sessionDraft('one');
    await clinic.store.write('sessions', session);
    const contents = { image: randomBytes(200_000), thumbnail: randomBytes(10), overlay: null };
    const capture = await storePicture(clinic, session, 'step', contents);
    // In the middle: header and last chunk still open, only a whole reading finds it.
    flip(pathOf(capture), 70_000, 1);
    await scrub.runNow(NEVER, () => undefined);
    expect(scrub.lostItems()).toBe(1);
    await storePicture(clinic, session, 'again', contents);
    expect(scrub.problem()).toBeNull();
    expect(await scrub.runNow(NEVER, () => undefined)).toMatchObject({ damaged: [] });
    expect(contents.image.equals(await readBlob(clinic.vault.grantRead(capture.blobId ?? '')))).toBe(true);
  });

  it('waits while pictures are on their way', async () => {
    await pictures(2);
    busy = true;
    const run = scrub.runNow(NEVER, () => undefined);
    await expect.poll(() => scrub.status().state).toBe('paused');
    expect(scrub.status().checked).toBe(0);
    busy = false;
    expect(await run).toMatchObject({ checked: 4 });
  });

  it('ends on request, and goes on where it was after a restart', async () => {
    await pictures(6);
    const abort = new AbortController();
    let looks = 0;
    // Busy from the second file on: the round stands still there.
    const half = newScrub({ busy: () => (looks += 1) > 2 });
    const run = half.runNow(abort.signal, () => undefined);
    await expect.poll(() => half.status().state).toBe('paused');
    abort.abort();
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
    await half.close();
    const before = half.status();
    expect(before.checked).toBeGreaterThan(0);
    expect(before.checked).toBeLessThan(before.total);

    await clinic.store.close();
    clinic = await openStoredClinic(directory);
    const read: string[] = [];
    const { vault } = clinic;
    const counting: Vault = {
      ...vault,
      verify(blobId, paced) {
        read.push(blobId);
        return vault.verify(blobId, paced);
      },
    };
    scrub = newScrub({ vault: counting });
    expect(scrub.status()).toMatchObject({ checked: before.checked, startedAt: before.startedAt });
    await scrub.start([]);
    await expect.poll(() => scrub.status().lastCompleteAt).not.toBeNull();
    expect(read).toHaveLength(before.total - before.checked);
  });

  it('is joined by whoever asks meanwhile, and goes on while one of them waits', async () => {
    await pictures(3);
    busy = true;
    const leaves = new AbortController();
    const first = scrub.runNow(leaves.signal, () => undefined);
    const second = scrub.runNow(NEVER, () => undefined);
    leaves.abort();
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
    busy = false;
    expect(await second).toMatchObject({ checked: 6 });
  });

  it('begins again in the background when its time has come, not before', async () => {
    await pictures(1);
    let clock = Date.parse('2026-11-21T12:00:00Z');
    scrub = newScrub({ now: () => new Date(clock) });
    await scrub.start([]);
    await expect.poll(() => scrub.status().lastCompleteAt).toBe('2026-11-21T12:00:00.000Z');
    await scrub.close();
    for (const [days, expected] of [
      [6, '2026-11-21T12:00:00.000Z'],
      [2, '2026-11-29T12:00:00.000Z'],
    ] as const) {
      clock += days * 86_400_000;
      scrub = newScrub({ now: () => new Date(clock) });
      await scrub.start([]);
      await expect.poll(() => scrub.status()).toMatchObject({ state: 'resting', lastCompleteAt: expected });
      await scrub.close();
    }
  });

  it('takes over what a sweep missed, and gives it back when it is there again', async () => {
    const [capture] = await pictures(1);
    const path = pathOf(capture);
    const bytes = readFileSync(path);
    rmSync(path);
    const { missingBlobIds } = await clinic.vault.sweep();
    await scrub.noteMissing(missingBlobIds);
    expect(scrub.lost.has(capture?.blobId ?? '')).toBe(true);
    expect(audited('blob.damaged')).toMatchObject([{ subjectKind: 'capture', subjectId: capture?.id }]);
    writeFileSync(path, bytes);
    await scrub.noteMissing((await clinic.vault.sweep()).missingBlobIds);
    expect(scrub.problem()).toBeNull();
    expect(audited('blob.whole-again')).toHaveLength(1);
  });
});

describe('any byte of any file', () => {
  it(`changed or cut away is found by reading and by the scrub, named, and the others are readable (seed ${SEED})`, async () => {
    const random = new Random(SEED);
    const captures = await pictures(4, 150_000);
    const good = new Map(captures.map((capture) => [capture.id, readFileSync(pathOf(capture))]));
    const contents = new Map<string, Uint8Array>();
    for (const capture of captures) {
      contents.set(capture.id, await readBlob(clinic.vault.grantRead(capture.blobId ?? '')));
    }
    for (let round = 0; round < 40; round += 1) {
      const victim = random.pick(captures);
      const path = pathOf(victim);
      const whole = good.get(victim.id) ?? Buffer.alloc(0);
      const at = random.between(0, whole.length - 1);
      if (random.next() < 0.6) flip(path, at, random.between(1, 255));
      else truncateSync(path, at);
      const read = await readBlob(clinic.vault.grantRead(victim.blobId ?? '')).then(
        () => 'read',
        (error: { code?: string }) => error.code,
      );
      const { damaged, checked, total } = await scrub.runNow(NEVER, () => undefined);
      const others = captures.filter(({ id }) => id !== victim.id);
      const same = await Promise.all(
        others.map(async ({ id, blobId }) => {
          const bytes = await readBlob(clinic.vault.grantRead(blobId ?? ''));
          return Buffer.compare(bytes, contents.get(id) ?? new Uint8Array()) === 0;
        }),
      );
      const what = `round ${round}, byte ${at} of ${whole.length}`;
      expect({ what, read, damaged: damaged.map(({ uses }) => uses[0]?.id), unchecked: total - checked, same }).toEqual(
        {
          what,
          read: 'BLOB_DAMAGED',
          damaged: [victim.id],
          unchecked: 0,
          same: others.map(() => true),
        },
      );
      writeFileSync(path, whole);
    }
    expect(await scrub.runNow(NEVER, () => undefined)).toMatchObject({ damaged: [] });
  }, 120_000);
});
