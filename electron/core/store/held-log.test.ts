/** A store that is opened over the log of a killed station: what lies there until the opening is over, and what does not. */
import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { STORE_FILE } from './cipher-file.ts';
import type { Store } from './index.ts';
import { openTestStore, patientDraft, temporaryFolder } from './testing/documents.ts';

const PATIENTS = 20;
const FRAME_BYTES = 24 + 4096;
let folder: ReturnType<typeof temporaryFolder>;
let killed: string;
let store: Store | null = null;

beforeEach(async () => {
  folder = temporaryFolder();
  killed = join(folder.path, 'killed');
  const running = await openTestStore(join(folder.path, 'running'));
  for (let seed = 0; seed < PATIENTS; seed += 1) await running.write('patients', patientDraft(seed));
  cpSync(join(folder.path, 'running'), killed, { recursive: true });
  await running.close();
});
afterEach(async () => {
  await store?.close();
  store = null;
  folder.remove();
});

const pathOf = (suffix = ''): string => join(killed, `${STORE_FILE}${suffix}`);

it('is one process’s own, before the opening is over and after it', async () => {
  store = await openTestStore(killed, { mayRefuse: true });
  await expect(openTestStore(killed)).rejects.toMatchObject({ code: 'SECOND_INSTANCE' });
  store.settle();
  await expect(openTestStore(killed)).rejects.toMatchObject({ code: 'SECOND_INSTANCE' });
  expect(await store.count('patients')).toBe(PATIENTS);
});

it('stays as it was when the opening is refused, whatever the opening wrote behind it', async () => {
  const file = readFileSync(pathOf());
  const log = readFileSync(pathOf('-wal'));
  const refused = await openTestStore(killed, { mayRefuse: true });
  await refused.write('patients', patientDraft('of the opening'));
  await refused.close();
  expect(readFileSync(pathOf()).equals(file)).toBe(true);
  expect(readFileSync(pathOf('-wal')).equals(log)).toBe(true);
  expect(existsSync(pathOf('-shm'))).toBe(false);

  store = await openTestStore(killed, { mayRefuse: true });
  expect(await store.count('patients')).toBe(PATIENTS);
  store.settle();
  await store.close();
  expect([existsSync(pathOf('-wal')), existsSync(pathOf('-shm'))]).toEqual([false, false]);
  expect(statSync(pathOf()).size).toBeGreaterThan(file.length);
});

it('that is damaged is folded as far as it can be read, and only once the opening is over', async () => {
  const log = readFileSync(pathOf('-wal'));
  // A tenth from its end: all tables are there before it.
  const frames = Math.floor((log.length - 32) / FRAME_BYTES);
  const at = 32 + Math.floor(frames * 0.9) * FRAME_BYTES + 2000;
  log[at] = (log[at] ?? 0) ^ 1;
  writeFileSync(pathOf('-wal'), log);
  const file = readFileSync(pathOf());
  const refused = await openTestStore(killed, { mayRefuse: true });
  await refused.close();
  expect(readFileSync(pathOf()).equals(file)).toBe(true);
  expect(readFileSync(pathOf('-wal')).equals(log)).toBe(true);

  store = await openTestStore(killed, { mayRefuse: true });
  store.settle();
  expect(statSync(pathOf('-wal')).size).toBe(0);
  expect(statSync(pathOf()).size).toBeGreaterThan(file.length);
});
