/** The sweep against everything that may be going on at the same time. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Random } from '../../../test/fixtures/random.ts';
import { createBlobWriter } from './blob-file.ts';
import type { TestVault } from './testing/test-vault.ts';
import { openTestVault } from './testing/test-vault.ts';
import type { PendingBlob, WrittenContent } from './vault-api.ts';

const SEED = Number(process.env['VANTAGE_SEED'] ?? 0) || randomBytes(4).readUInt32LE();
const WORKERS = 6;
const BLOBS_EACH = 40;
const CONTENTS = 25;

let directory: string;
let test: TestVault;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-sweep-'));
  // No age protects anything here: a file that nothing names goes at once.
  test = await openTestVault(directory, randomBytes(32), { orphanAgeMs: -1e9, lostAgeMs: -1e9 });
});
afterEach(() => {
  test.database.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Writes what it is told to in a process of its own, slowly, piece by piece, as devices do. */
function startWriter(): {
  write(grant: PendingBlob['grant'], content: number): Promise<WrittenContent>;
  stop(): Promise<void>;
} {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'testing', 'write-slowly.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const waiting = new Map<string, (content: WrittenContent) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { path, ...content } = JSON.parse(line) as WrittenContent & { readonly path: string };
    waiting.get(path)?.(content);
  });
  return {
    write(grant, content) {
      const { promise, resolve } = Promise.withResolvers<WrittenContent>();
      waiting.set(grant.path, resolve);
      child.stdin.write(`${JSON.stringify({ ...grant, content })}\n`);
      return promise;
    },
    async stop() {
      child.stdin.end();
      expect(await exited).toEqual([0, null]);
    },
  };
}

async function writeHere(grant: PendingBlob['grant'], content: number): Promise<WrittenContent> {
  const sink = await createBlobWriter(grant);
  const bytes = Buffer.alloc(20_000 + content * 7919, `content ${content} `);
  for (let at = 0; at < bytes.length; at += 30_000) await sink.write(bytes.subarray(at, at + 30_000));
  return { ...(await sink.finish()), mediaType: 'image/jpeg' };
}

it(`never takes what is being written, committed, doubled or replaced, and leaves no orphan (seed ${SEED})`, async () => {
  const { vault, database } = test;
  const writer = startWriter();
  /** What must be readable: its blob id, by whoever committed it and has not erased it since. */
  const alive = new Map<string, number>();
  /** How many are between looking at what is kept of a content and counting on it: a file that goes bad just then is nobody's fault. */
  const counting = new Map<number, number>();
  const countOn = (content: number, by: number): unknown => counting.set(content, (counting.get(content) ?? 0) + by);
  const count = { committed: 0, abandoned: 0, rolledBack: 0, erased: 0, damaged: 0, sweeps: 0 };
  const working = new AbortController();

  async function work(worker: number): Promise<void> {
    const random = new Random(SEED + worker);
    for (let step = 0; step < BLOBS_EACH; step += 1) {
      const content = random.between(0, CONTENTS - 1);
      const { pendingId, grant } = await vault.grantWrite();
      const written = await (random.next() < 0.5 ? writer.write(grant, content) : writeHere(grant, content));
      const fate = random.next();
      if (fate < 0.15) {
        await vault.abandon(pendingId);
        count.abandoned += 1;
        continue;
      }
      countOn(content, 1);
      const prepared = await vault.prepareCommit(pendingId, written);
      for (let turn = random.between(0, 3); turn > 0; turn -= 1) await nextTurn();
      if (fate < 0.3) {
        const fail = database.transaction(() => {
          vault.insertRow(prepared);
          throw new Error('the document was refused');
        });
        try {
          fail();
        } catch {
          // As wanted: nothing of it is there.
        }
        count.rolledBack += 1;
        for (let turn = random.between(0, 3); turn > 0; turn -= 1) await nextTurn();
      }
      const { blobId } = database.transaction(() => vault.insertRow(prepared))();
      countOn(content, -1);
      alive.set(blobId, content);
      count.committed += 1;
      if (fate > 0.85) {
        const watch = vault.watchNames();
        await nextTurn();
        const erased = database.transaction(() => vault.eraseRows([blobId], watch))();
        watch.stop();
        for (const each of erased) alive.delete(each.blobId);
        count.erased += erased.length;
        await vault.removeErased();
      } else if (fate > 0.8) {
        // A file that went bad: the next good copy of it takes its place.
        const row = vault.stat(blobId);
        if (row === null || counting.get(content) !== 0 || !alive.delete(blobId)) continue;
        truncateSync(vault.grantRead(blobId).path, 100);
        count.damaged += 1;
      }
    }
  }

  async function sweepOn(): Promise<void> {
    while (!working.signal.aborted) {
      const { missingBlobIds } = await vault.sweep();
      expect(missingBlobIds).toEqual([]);
      count.sweeps += 1;
      await nextTurn();
    }
  }

  const sweeping = sweepOn();
  await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
  working.abort();
  await sweeping;
  await writer.stop();
  console.log(`seed ${SEED}:`, count);
  for (const blobId of alive.keys()) await vault.verify(blobId);
  expect(count.committed).toBeGreaterThan(WORKERS * BLOBS_EACH * 0.5);
  expect(Math.min(...Object.values(count))).toBeGreaterThan(0);

  await vault.sweep();
  const files = readdirSync(join(directory, 'vault'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
  expect(files.sort()).toEqual(database.prepare<[], string>('SELECT file FROM vault_blobs').pluck().all().sort());
  for (const table of ['vault_pending', 'vault_erased'])
    expect(database.prepare(`SELECT * FROM ${table}`).all()).toEqual([]);
}, 120_000);

it('leaves a stream alone that another process is still at, and finds it again after', async () => {
  const { vault } = test;
  const writer = startWriter();
  const { pendingId, grant } = await vault.grantWrite();
  const writing = writer.write(grant, 20);
  const done = new AbortController();
  void writing.finally(() => done.abort());
  let sweeps = 0;
  while (!done.signal.aborted) {
    expect(await vault.sweep()).toMatchObject({ removedFiles: 0 });
    sweeps += 1;
  }
  expect(sweeps).toBeGreaterThan(1);
  const { blobId } = await vault.commit(pendingId, await writing);
  await vault.verify(blobId);
  await writer.stop();
});
