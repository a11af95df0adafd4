/** The database's own pages, read again in the background: damage is named before anybody needs the page. */
import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PAGE_BYTES } from './cipher-pages.ts';
import { STORE_FILE } from './cipher-file.ts';
import type { Store } from './index.ts';
import { PageScrub } from './page-scrub.ts';
import { NOON, auditEntry, openTestStore, patientDraft, temporaryFolder } from './testing/documents.ts';

const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };

let folder: ReturnType<typeof temporaryFolder>;
let store: Store;
let descriptor: number;
let changes = 0;
const scrubs: PageScrub[] = [];

beforeEach(async () => {
  folder = temporaryFolder();
  store = await openTestStore(folder.path);
  await fill(0, 300);
  store.sqlite.pragma('wal_checkpoint(TRUNCATE)');
  descriptor = openSync(join(folder.path, STORE_FILE), 'r+');
  changes = 0;
});
afterEach(async () => {
  await Promise.all(scrubs.splice(0).map(async (scrub) => scrub.close()));
  await store.close();
  closeSync(descriptor);
  folder.remove();
});

async function fill(from: number, to: number): Promise<void> {
  await store.transaction((transaction) => {
    for (let seed = from; seed < to; seed += 1) {
      transaction.put('patients', patientDraft(seed, { allergies: ['x'.repeat(500)] }));
      transaction.audit(auditEntry('patient.created', patientDraft(seed).id));
    }
  });
}

function scrubOf(options: { readonly busy?: () => boolean } = {}): PageScrub {
  const scrub = new PageScrub({
    store,
    busy: options.busy ?? (() => false),
    changed: () => (changes += 1),
    now: () => new Date(NOON),
    log: QUIET,
    pagesPerSecond: 1_000_000,
    pollMs: 1,
    firstAfterMs: 0,
  });
  scrubs.push(scrub);
  return scrub;
}

function pageCount(): number {
  return statSync(join(folder.path, STORE_FILE)).size / PAGE_BYTES;
}

/** @returns how to put it back. */
function damage(page: number): () => void {
  const at = (page - 1) * PAGE_BYTES + 100;
  const before = Buffer.alloc(8);
  readSync(descriptor, before, 0, 8, at);
  writeSync(descriptor, Buffer.alloc(8, 0x5a), 0, 8, at);
  return () => writeSync(descriptor, before, 0, 8, at);
}

function actions(): string[] {
  return store.audit.read({ limit: 1000 }).map(({ action, detail }) => `${action} ${String(detail['page'])}`);
}

it('finds nothing in a file that is whole, also while it is written', async () => {
  const scrub = scrubOf();
  expect([scrub.completeAt, scrub.problem()]).toEqual([null, null]);
  const round = scrub.round();
  const state = { isDone: false };
  const done = round.finally(() => (state.isDone = true));
  let written = 300;
  while (!state.isDone) {
    await fill(written, written + 30);
    written += 30;
    await new Promise(setImmediate);
  }
  await done;
  expect(written).toBeGreaterThan(300);
  // Those who look are told once: that all has been read.
  expect([scrub.completeAt, scrub.problem(), changes]).toEqual(['2026-11-21T12:00:00.000Z', null, 1]);
});

it('names damaged pages once in the audit trail, until they are whole again, over a restart too', async () => {
  const first = damage(9);
  damage(pageCount() - 1);
  const last = pageCount() - 1;
  await scrubOf().round();
  const expected = { code: 'STORE_PAGES_DAMAGED', detail: `pages 9, ${last}`, at: '2026-11-21T12:00:00.000Z' };
  const again = scrubOf();
  expect(again.problem()).toEqual(expected);
  await again.round();
  expect(again.problem()).toEqual(expected);
  expect(actions().filter((line) => line.startsWith('store.'))).toEqual([
    'store.page-damaged 9',
    `store.page-damaged ${last}`,
  ]);
  first();
  await again.round();
  expect(again.problem()).toMatchObject({ detail: `pages ${last}` });
  expect(actions().at(-1)).toBe('store.page-whole-again 9');
});

it('does not call a page damaged that the log has anew', async () => {
  // In place of the first page, which every change writes.
  damage(1);
  await fill(300, 301);
  const scrub = scrubOf();
  await scrub.round();
  expect(scrub.problem()).toBeNull();
});

it('waits while pictures are on their way, and ends when it is closed', async () => {
  let asked = 0;
  const waiting = Promise.withResolvers<void>();
  const scrub = scrubOf({
    busy: () => {
      asked += 1;
      if (asked === 3) waiting.resolve();
      return true;
    },
  });
  scrub.start();
  await waiting.promise;
  await scrub.close();
  expect(scrub.completeAt).toBeNull();
});

it('does not take a round of an earlier start for this one’s: the next begins by itself, though one was done today', async () => {
  await scrubOf().round();
  damage(9);
  const started = scrubOf();
  expect([started.completeAt, started.isCheckedSinceStart]).toEqual(['2026-11-21T12:00:00.000Z', false]);
  started.start();
  await expect.poll(() => started.isCheckedSinceStart, { timeout: 20_000 }).toBe(true);
  expect(started.problem()).toMatchObject({ detail: 'pages 9' });
});

it('reads all pages at once when somebody asks, counts them, and stops when they cancel', async () => {
  damage(9);
  const scrub = scrubOf();
  const told: (readonly [number, number])[] = [];
  await scrub.runNow(new AbortController().signal, (done, total) => told.push([done, total]));
  expect(told.at(-1)).toEqual([pageCount(), pageCount()]);
  expect(told.length).toBeGreaterThan(2);
  expect([scrub.isCheckedSinceStart, scrub.problem()?.detail]).toEqual([true, 'pages 9']);

  const cancelled = scrubOf({ busy: () => true });
  const stop = new AbortController();
  const run = cancelled.runNow(stop.signal, () => undefined);
  stop.abort();
  await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(cancelled.isCheckedSinceStart).toBe(false);
});
