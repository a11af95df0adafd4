import { openSync, readFileSync, statSync, writeSync, closeSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { headsOf } from './anchor.ts';
import { CipherPages, PAGE_BYTES } from './cipher-pages.ts';
import { CHECK_FILE, STORE_FILE } from './cipher-file.ts';
import { deriveKey } from './key-handling.ts';
import type { Store } from './index.ts';
import { KEY, auditEntry, openTestStore, patientDraft, temporaryFolder } from './testing/documents.ts';

let folder: ReturnType<typeof temporaryFolder>;
let store: Store;

beforeEach(async () => {
  folder = temporaryFolder();
  store = await openTestStore(folder.path);
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

async function fill(from: number, to: number): Promise<void> {
  for (let first = from; first < to; first += 100) {
    await store.transaction((transaction) => {
      for (let seed = first; seed < Math.min(to, first + 100); seed += 1) {
        transaction.put('patients', patientDraft(seed, { allergies: ['x'.repeat(500)] }));
        transaction.audit(auditEntry('patient.created', patientDraft(seed).id));
      }
    });
  }
}

/** Opens the copy as a store of its own. */
async function openedCopy(copy: string): Promise<Store> {
  const other = join(folder.path, 'other');
  mkdirSync(other);
  renameSync(copy, join(other, STORE_FILE));
  writeCheck(other);
  return openTestStore(other);
}

function writeCheck(directory: string): void {
  const descriptor = openSync(join(directory, CHECK_FILE), 'w');
  writeSync(descriptor, readFileSync(join(folder.path, CHECK_FILE)));
  closeSync(descriptor);
}

it('shows one instant, whole, though the clinic goes on writing', async () => {
  await fill(0, 2000);
  const copy = join(folder.path, 'copy.db');
  let written = 2000;
  const steps: number[] = [];
  const copied = store.snapshot(copy, { progress: (done, total) => steps.push(done / total) });
  const state = { isCopied: false };
  const done = copied.finally(() => (state.isCopied = true));
  while (!state.isCopied) {
    await fill(written, written + 20);
    written += 20;
    await new Promise(setImmediate);
  }
  const snapshot = await done;
  // Some of what was written meanwhile was written before the last page was copied.
  const shown = snapshot.heads.tables['rx:patients:0']?.rows ?? 0;
  expect(shown).toBeGreaterThanOrEqual(2000);
  expect(written).toBeGreaterThan(shown);
  expect(steps.length).toBeGreaterThan(3);
  expect(steps.at(-1)).toBe(1);
  expect(await store.count('patients')).toBe(written);
  await store.close();
  const other = await openedCopy(copy);
  expect(headsOf(other.sqlite)).toEqual(snapshot.heads);
  expect(other.integrityCheck()).toEqual({ ok: true, problems: [] });
  await other.close();
});

it('is stopped by its signal and by the closing of the store, and leaves nothing behind', async () => {
  await fill(0, 2000);
  const copy = join(folder.path, 'copy.db');
  const controller = new AbortController();
  const stopped = store.snapshot(copy, {
    signal: controller.signal,
    progress: () => controller.abort(new Error('enough')),
  });
  await expect(stopped).rejects.toThrow('enough');
  expect(existsSync(copy)).toBe(false);
  const [cut] = await Promise.allSettled([store.snapshot(copy), store.close()]);
  expect(cut).toMatchObject({ status: 'rejected', reason: { code: 'CANCELLED' } });
  expect(existsSync(copy)).toBe(false);
  store = await openTestStore(folder.path);
  expect(await store.count('patients')).toBe(2000);
});

it('starts again where the log was written back into the file meanwhile', async () => {
  await fill(0, 2000);
  const copy = join(folder.path, 'copy.db');
  let disturbed = false;
  const snapshot = await store.snapshot(copy, {
    progress: () => {
      if (disturbed) return;
      disturbed = true;
      store.sqlite.prepare(`INSERT INTO station (key, value) VALUES ('test', ?)`).run('x'.repeat(100_000));
      store.sqlite.pragma('wal_checkpoint(TRUNCATE)');
    },
  });
  expect(snapshot.bytes).toBe(statSync(copy).size);
  const heads = headsOf(store.sqlite);
  await store.close();
  const other = await openedCopy(copy);
  expect(other.integrityCheck()).toEqual({ ok: true, problems: [] });
  expect(headsOf(other.sqlite)).toEqual(heads);
  expect(other.sqlite.prepare(`SELECT length(value) FROM station WHERE key = 'test'`).pluck().get()).toBe(100_000);
  await other.close();
});

it('names the page that is damaged and copies nothing', async () => {
  await fill(0, 500);
  await store.close();
  const path = join(folder.path, STORE_FILE);
  const number = Math.floor(statSync(path).size / PAGE_BYTES / 2);
  const whole = readFileSync(path);
  const pages = new CipherPages(deriveKey(KEY, 'store'), whole.subarray(0, 16));
  for (let page = 1; page <= whole.length / PAGE_BYTES; page += 1) {
    expect(pages.stateOf(page, whole.subarray((page - 1) * PAGE_BYTES, page * PAGE_BYTES))).toBe('whole');
  }
  store = await openTestStore(folder.path);
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, Buffer.from([1, 2, 3]), 0, 3, (number - 1) * PAGE_BYTES + 100);
  const copy = join(folder.path, 'copy.db');
  await expect(store.snapshot(copy)).rejects.toMatchObject({
    code: 'STORE_DAMAGED',
    detail: `page ${number} is not as it was written`,
  });
  expect(existsSync(copy)).toBe(false);
  await store.close();
  closeSync(descriptor);
});

it('takes a page that was zeroed for what it is: nothing where it is free, damage where it is in use', async () => {
  await fill(0, 300);
  const { sqlite } = store;
  sqlite.transaction(() => {
    sqlite.exec(`CREATE TABLE filler (content BLOB); INSERT INTO filler VALUES (zeroblob(9000000)); DROP TABLE filler`);
  })();
  const count = Number(sqlite.pragma('freelist_count', { simple: true }));
  expect(count).toBeGreaterThan(2000);
  sqlite.pragma('wal_checkpoint(TRUNCATE)');
  const path = join(folder.path, STORE_FILE);
  const bytes = readFileSync(path);
  const pages = new CipherPages(deriveKey(KEY, 'store'), bytes.subarray(0, 16));
  const numbers = Array.from({ length: bytes.length / PAGE_BYTES }, (_none, index) => index + 1);
  const pageIn = (number: number): Buffer => bytes.subarray((number - 1) * PAGE_BYTES, number * PAGE_BYTES);
  const zero = (number: number): void => {
    const descriptor = openSync(path, 'r+');
    writeSync(descriptor, Buffer.alloc(PAGE_BYTES), 0, PAGE_BYTES, (number - 1) * PAGE_BYTES);
    closeSync(descriptor);
  };
  const free = pages.free((number) => pageIn(number));
  expect(free?.end).toBe(Number(sqlite.pragma('page_count', { simple: true })));
  expect(numbers.filter((number) => free?.has(number))).toHaveLength(count);
  expect(numbers.filter((number) => !pages.isSound(number, pageIn(number), free))).toEqual([]);

  // The list begins with pages that were given up first: the last one is no trunk of it.
  const unused = numbers.findLast((number) => free?.has(number) === true) ?? 0;
  zero(unused);
  expect((await store.snapshot(join(folder.path, 'whole.db'))).bytes).toBe(bytes.length);

  const [used = 0] = numbers.filter((number) => number > 1 && free?.has(number) === false);
  zero(used);
  await expect(store.snapshot(join(folder.path, 'copy.db'))).rejects.toMatchObject({
    code: 'STORE_DAMAGED',
    detail: `page ${used} is not as it was written`,
  });
});
