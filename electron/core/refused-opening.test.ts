/**
 * A page is damaged that only a late part of an opening reads, while the log of a killed station lies beside the file: the clinic is
 * refused, and what it would have been opened from is as it was. Nothing here knows which pages an opening reads.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createInference } from '../../native/inference/inference.ts';
import type { ScaleSimulator } from '../../native/simulator/scale.ts';
import { startScaleSimulator } from '../../native/simulator/scale.ts';
import { createDevices } from '../../native/supervisor/devices.ts';
import { derivedId } from '../contract/index.ts';
import type { OpenedClinic } from './clinic.ts';
import { openClinic } from './clinic.ts';
import { ANCHOR_FILE } from './store/anchor.ts';
import { STORE_FILE, closeReadOnly, openCipherFile } from './store/cipher-file.ts';
import { openStore } from './store/index.ts';
import { deriveKey, newKey } from './store/key-handling.ts';
import { codeOf } from './store/store-problem.ts';
import { patientDraft, temporaryFolder } from './store/testing/documents.ts';
import { stationIdOf } from './station.ts';
import { createBlobWriter, readBlob } from './vault/index.ts';

const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const KEY = newKey();
const PAGE_BYTES = 4096;
const LOG_FILE = `${STORE_FILE}-wal`;
const CHANGES = 40;
/** Some of what an opening reads when the store has long been open. */
const READ_LATE = [
  'rx:devices:0',
  'sqlite_autoindex_rx:devices:0_1',
  'rx:staff:0 (deleted, id)',
  'rx:appointments:0 (deleted, v:day, v:startsAt, id)',
];

let folder: ReturnType<typeof temporaryFolder>;
let scale: ScaleSimulator;
let devices: ReturnType<typeof createDevices>;
let inference: Awaited<ReturnType<typeof createInference>>;
let killed: string;

beforeAll(async () => {
  folder = temporaryFolder();
  killed = join(folder.path, 'killed');
  scale = await startScaleSimulator({ port: 0, seed: 7, person: 'manual' });
  devices = createDevices({ openSink: createBlobWriter, log: QUIET });
  inference = await createInference({
    modelsDirectory: join(import.meta.dirname, '../../native/inference/models'),
    blobs: { read: readBlob, openSink: createBlobWriter },
    log: () => undefined,
  });
  const running = join(folder.path, 'running');
  const clinic = await opened(running);
  await clinic.close();
  // What is killed has a log of its own writes, and everything else in the file.
  const store = await openStore({ directory: running, key: KEY, now: Date.now, stationId: stationIdOf(running) });
  for (let seed = 0; seed < CHANGES; seed += 1) await store.write('patients', patientDraft(seed));
  cpSync(running, killed, { recursive: true });
  await store.close();
}, 120_000);
afterAll(async () => {
  await devices.close();
  await inference.close();
  await scale.close();
  folder.remove();
});

function opened(directory: string): Promise<OpenedClinic> {
  return openClinic({
    directory,
    mode: 'demonstration',
    masterKey: KEY,
    buildId: 'test',
    devices,
    inference,
    initialDevices: [
      {
        deviceId: derivedId('test', 'scale'),
        kind: 'scale',
        name: 'Scale',
        room: 'Room 1',
        model: 'vantage-sim-scale',
        address: { type: 'tcp', host: '127.0.0.1', port: scale.port },
        simulated: true,
      },
    ],
    now: () => new Date(),
    log: QUIET,
  });
}

/** The first page of each table of documents and of the vault, and of each of their indexes. */
function firstPages(): ReadonlyMap<string, number> {
  const path = join(killed, STORE_FILE);
  const sqlite = openCipherFile(path, deriveKey(KEY, 'store'), { readonly: true, keyIsRight: true });
  try {
    const rows = sqlite.prepare<[], { name: string; page: number }>(
      `SELECT name, rootpage AS page FROM sqlite_schema WHERE (tbl_name GLOB 'rx:*' OR tbl_name GLOB 'vault_*') AND rootpage > 0`,
    );
    return new Map(rows.all().map(({ name, page }) => [name, page]));
  } finally {
    closeReadOnly(sqlite, path);
    rmSync(`${path}-shm`, { force: true });
  }
}

/** A copy of the killed station's folder, with one byte of one page changed. */
function damagedCopy(page: number): string {
  const directory = join(folder.path, 'copy');
  rmSync(directory, { recursive: true, force: true });
  cpSync(killed, directory, { recursive: true });
  const path = join(directory, STORE_FILE);
  const bytes = readFileSync(path);
  const at = (page - 1) * PAGE_BYTES + 200;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  return directory;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function bytesOf(directory: string): Readonly<Record<string, string>> {
  return {
    file: hashOf(readFileSync(join(directory, STORE_FILE))),
    log: hashOf(readFileSync(join(directory, LOG_FILE))),
    anchor: hashOf(readFileSync(join(directory, ANCHOR_FILE))),
  };
}

it('leaves file, log and anchor as they were, whichever page the damage is on', { timeout: 240_000 }, async () => {
  const logBytes = statSync(join(killed, LOG_FILE)).size;
  expect(logBytes).toBeGreaterThan(CHANGES * PAGE_BYTES);
  const refused: string[] = [];
  for (const [name, page] of firstPages()) {
    const directory = damagedCopy(page);
    const before = bytesOf(directory);
    const clinic = await opened(directory).catch((error: unknown) => codeOf(error));
    if (typeof clinic !== 'string') {
      await clinic.close();
      continue;
    }
    refused.push(name);
    const index = existsSync(join(directory, `${STORE_FILE}-shm`));
    const after = { name, clinic, index, ...bytesOf(directory) };
    expect(after).toEqual({ name, clinic: 'STORE_DAMAGED', index: false, ...before });
  }
  expect(refused).toEqual(expect.arrayContaining(READ_LATE));
});

it('opens once the page is whole again, with everything that the log held, and folds the log then', async () => {
  const page = firstPages().get('rx:devices:0') ?? 0;
  const directory = damagedCopy(page);
  await expect(opened(directory)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  cpSync(join(killed, STORE_FILE), join(directory, STORE_FILE));
  const clinic = await opened(directory);
  await clinic.close();
  expect(existsSync(join(directory, LOG_FILE))).toBe(false);
  expect(readFileSync(join(directory, ANCHOR_FILE))).not.toEqual(readFileSync(join(killed, ANCHOR_FILE)));
  const store = await openStore({ directory, key: KEY, now: Date.now, stationId: stationIdOf(directory) });
  expect(store.anchored.found).toBeNull();
  expect(await store.count('patients', { selector: { number: { $regex: '^HR-[0-9]{1,2}$' } } })).toBe(CHANGES);
  await store.close();
});
