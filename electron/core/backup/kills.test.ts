/** A restore and a change of keys, killed: whatever the instant, the clinic opens with all that it had, or all that it should have. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyAudit } from '../audit/index.ts';
import { signerOf } from '../audit/signer.ts';
import { stationIdentity } from '../station.ts';
import { fileKeyStore, newKey } from '../store/key-handling.ts';
import { STATION, temporaryFolder } from '../store/testing/documents.ts';
import { makeBackup } from './backup.ts';
import { contentOf, openSmallClinic } from './testing/test-clinic.ts';

const REPLACING = join(import.meta.dirname, 'testing', 'replacing.ts');
/** Every eighth call, beginning with another one each time. */
const STRIDE = 8;
const RANDOM_KILLS = 4;

let folder: ReturnType<typeof temporaryFolder>;
let whole: string;
let work: string;
let older: unknown;
let newer: unknown;

/** A clinic with a backup, and more since; `work` is made from it for each kill. */
beforeEach(async () => {
  folder = temporaryFolder();
  whole = join(folder.path, 'whole');
  work = join(folder.path, 'work');
  const keyStore = fileKeyStore(join(whole, 'test.key'));
  const key = newKey();
  await keyStore.save(key);
  const clinic = await openSmallClinic(whole, { key });
  await clinic.fill(0, 4);
  older = await contentOf(clinic);
  await makeBackup({
    store: clinic.store,
    directory: whole,
    root: join(whole, 'backups'),
    masterKey: key,
    signer: signerOf(stationIdentity(clinic.store, 'clinic', STATION).privateKey),
    stationId: STATION,
    now: () => new Date('2026-11-21T12:00:00.000Z'),
  });
  await clinic.fill(4, 6);
  newer = await contentOf(clinic);
  await clinic.close();
});
afterEach(() => folder.remove());

/** @returns whether it was killed; else it came to its end. */
async function run(what: 'restore' | 'key', call: number, afterMs = Infinity): Promise<boolean> {
  const child = spawn(process.execPath, [REPLACING, what, work, String(call), join(work, 'test.key')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'close');
  if (afterMs !== Infinity) {
    await Promise.race([sleep(afterMs), ended]);
    child.kill('SIGKILL');
  }
  const [code, signal] = (await ended) as [number | null, string | null];
  expect([0, null]).toContain(code);
  return signal === 'SIGKILL';
}

function freshCopy(): void {
  rmSync(work, { recursive: true, force: true });
  cpSync(whole, work, { recursive: true });
}

/** Opens what is there with the key that is there. @returns its content. */
async function contentNow(): Promise<unknown> {
  const key = await fileKeyStore(join(work, 'test.key')).load();
  if (key === null) throw new Error('the key is gone');
  const clinic = await openSmallClinic(work, { key });
  try {
    expect(clinic.anchor.findings).toEqual([]);
    expect(verifyAudit(clinic.store)).toMatchObject({ ok: true });
    return await contentOf(clinic);
  } finally {
    await clinic.close();
    expect(readdirSync(work).filter((name) => /\.next|\.replace|\.tmp$/.test(name))).toEqual([]);
  }
}

describe.each(['restore', 'key'] as const)('killed during: %s', (what) => {
  it('before any call into the file system', { timeout: 300_000 }, async () => {
    const outcomes = new Set<string>();
    const redone: unknown[] = [];
    let calls = 1 + Math.floor(Math.random() * STRIDE);
    for (; ; calls += STRIDE) {
      freshCopy();
      const killed = await run(what, calls);
      const content = await contentNow();
      const wanted = what === 'restore' ? [older, newer] : [newer];
      expect(wanted, `killed before call ${calls}`).toContainEqual(content);
      outcomes.add(JSON.stringify(content));
      // Whatever was left behind, it can be done again.
      if (killed && calls % 2 === 0) redone.push((await run(what, 0)) ? 'killed' : await contentNow());
      if (!killed) break;
    }
    expect(calls).toBeGreaterThan(10);
    expect(redone).toEqual(redone.map(() => (what === 'restore' ? older : newer)));
    expect(outcomes.size).toBe(what === 'restore' ? 2 : 1);
  });

  it('at a random instant', { timeout: 300_000 }, async () => {
    for (let kill = 0; kill < RANDOM_KILLS; kill += 1) {
      freshCopy();
      const afterMs = 150 + Math.random() * 500;
      await run(what, 0, afterMs);
      const content = await contentNow();
      expect(what === 'restore' ? [older, newer] : [newer], `killed after ${afterMs} ms`).toContainEqual(content);
    }
    expect(existsSync(work)).toBe(true);
  });
});
