import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../contract/index.ts';
import { signerOf } from '../audit/signer.ts';
import { stationIdentity } from '../station.ts';
import { anchorPath, headsOf, readAnchor, sealedAnchor } from './anchor.ts';
import type { Anchor } from './anchor.ts';
import { CHECK_FILE, STORE_FILE } from './cipher-file.ts';
import type { AnchoredStore } from './testing/anchored-store.ts';
import { openAnchored } from './testing/anchored-store.ts';
import {
  AUTHOR,
  KEY,
  STATION,
  auditEntry,
  openTestStore,
  patientDraft,
  startIntent,
  temporaryFolder,
} from './testing/documents.ts';

const ADMIN = { staffId: AUTHOR, roles: ['admin'] };

let folder: ReturnType<typeof temporaryFolder>;
let aside: ReturnType<typeof temporaryFolder>;
let current: AnchoredStore | null = null;

beforeEach(() => {
  folder = temporaryFolder();
  aside = temporaryFolder();
});
afterEach(async () => {
  await current?.abandon();
  current = null;
  folder.remove();
  aside.remove();
});

async function opened(options: Parameters<typeof openAnchored>[1] = {}): Promise<AnchoredStore> {
  await current?.abandon();
  current = null;
  current = await openAnchored(folder.path, options);
  return current;
}

async function closed(): Promise<void> {
  await current?.close();
  current = null;
}

/** Writes one patient with one audit entry and one intent. */
async function write(seed: number): Promise<void> {
  const patient = patientDraft(seed);
  await current?.store.write('patients', patient, {
    audit: [auditEntry('patient.created', patient.id)],
    intents: [startIntent(seed, patient.id)],
  });
}

function anchorOnDisk(): Anchor {
  const anchor = readAnchor(folder.path, KEY);
  if (anchor === null || anchor === 'damaged') throw new Error(`the anchor is ${anchor ?? 'missing'}`);
  return anchor;
}

/** The store's files as they lie there now. */
function keepCopy(): void {
  cpSync(folder.path, aside.path, { recursive: true });
}

function putBack(...names: readonly string[]): void {
  for (const name of names) {
    rmSync(join(folder.path, name), { force: true });
    if (existsSync(join(aside.path, name))) copyFileSync(join(aside.path, name), join(folder.path, name));
  }
}

describe('the anchor', () => {
  it('says after a clean stop exactly how far the file has come, signed by the station', async () => {
    const { store } = await opened();
    await write(1);
    await write(2);
    const heads = headsOf(store.sqlite);
    const salt = store.salt();
    const { privateKey } = stationIdentity(store, 'clinic', STATION);
    await closed();
    expect(anchorOnDisk()).toMatchObject({
      state: 'closed',
      storeId: store.storeId,
      stationId: STATION,
      publicKey: signerOf(privateKey).publicKey,
      salt,
      heads,
      findings: [],
    });
    expect(salt).toBe(readFileSync(join(folder.path, STORE_FILE)).subarray(0, 16).toString('hex'));
    expect(heads).toMatchObject({
      audit: { sequence: 2 },
      intents: 2,
      tables: { 'rx:patients:0': { sequence: 2, rows: 2 } },
    });
    const mode = statSync(anchorPath(folder.path)).mode & 0o777;
    expect(process.platform === 'win32' ? 0o600 : mode).toBe(0o600);
    expect((await opened()).anchor.findings).toEqual([]);
  });

  it('is left alone where nothing was written', async () => {
    const { anchor } = await opened();
    await write(1);
    await anchor.flush();
    const before = anchorOnDisk();
    await anchor.flush();
    expect(anchorOnDisk()).toEqual(before);
    await write(2);
    await anchor.flush();
    expect(anchorOnDisk()).toMatchObject({ number: before.number + 1, heads: { audit: { sequence: 2 } } });
  });

  it('may be behind the file, whatever part of the last writes it has seen', async () => {
    const { anchor } = await opened();
    await write(1);
    await anchor.flush();
    await write(2);
    await current?.abandon();
    current = null;
    expect(anchorOnDisk().heads.audit.sequence).toBe(1);
    expect((await opened()).anchor.findings).toEqual([]);
  });

  it('never raises an alarm after a crash', { timeout: 120_000 }, async () => {
    const writer = join(import.meta.dirname, 'testing', 'anchor-writer.ts');
    let written = 0;
    for (let kill = 0; kill < 8; kill += 1) {
      const child = spawn(process.execPath, [writer, folder.path, String(written + 1)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      const ended = once(child, 'close');
      while (output.split('\n').length <= 1 + (kill % 3) && child.exitCode === null)
        await Promise.race([once(child.stdout, 'data'), ended]);
      await sleep(Math.random() * 60);
      child.kill('SIGKILL');
      expect(await ended).toEqual([null, 'SIGKILL']);
      const [first, ...numbers] = output.split('\n').slice(0, -1);
      expect(first).toBe('open ');
      written = Math.max(written, ...numbers.map(Number));
    }
    const { anchor, store } = await opened();
    expect(anchor.findings).toEqual([]);
    expect(await store.count('patients')).toBeGreaterThanOrEqual(written);
    expect(written).toBeGreaterThan(0);
  });
});

const later = (): number => Date.parse('2026-11-22T08:00:00.000Z');

describe('a file that was put back', () => {
  it('opens, with what is missing named on the screen and in the audit trail, until a person has confirmed it', async () => {
    await opened({ now: () => Date.parse('2026-11-21T12:00:00.000Z') });
    await write(1);
    await closed();
    keepCopy();
    await opened({ now: () => Date.parse('2026-11-21T15:00:00.000Z') });
    await write(2);
    await write(3);
    await closed();
    putBack(STORE_FILE);

    const { anchor, store } = await opened({ now: later });
    expect(anchor.findings).toEqual([
      {
        code: 'STORE_ROLLED_BACK',
        foundAt: '2026-11-22T08:00:00.000Z',
        missing: {
          writes: { 'rx:patients:0': 2 },
          audit: { from: 2, through: 3 },
          intents: 2,
          since: '2026-11-21T12:00:00.000Z',
          until: '2026-11-21T15:00:00.000Z',
          diverged: false,
        },
      },
    ]);
    expect(anchor.problems).toEqual([
      {
        code: 'STORE_ROLLED_BACK',
        detail:
          '6 changes between 2026-11-21T12:00:00.000Z and 2026-11-21T15:00:00.000Z are missing: patients 2; audit entries 2 to 3; 2 intents',
        at: '2026-11-22T08:00:00.000Z',
      },
    ]);
    expect(store.audit.read().at(-1)).toMatchObject({
      action: 'store.rolled-back',
      actorId: STATION,
      detail: { changes: 6, auditFrom: 2, auditThrough: 3, diverged: false },
    });
    expect(await store.count('patients')).toBe(1);
    await write(4);
    await closed();

    // Whoever did not look is told again, of the same thing and not of a new one.
    const again = await opened({ now: later });
    expect(again.anchor.findings).toEqual(anchor.findings);
    expect(again.store.audit.read().filter((entry) => entry.action === 'store.rolled-back')).toHaveLength(1);
    await again.anchor.confirm(ADMIN);
    expect(again.anchor.problems).toEqual([]);
    expect(again.store.audit.read().at(-1)).toMatchObject({
      action: 'store.finding-confirmed',
      actorId: AUTHOR,
      role: 'admin',
      detail: { code: 'STORE_ROLLED_BACK', foundAt: '2026-11-22T08:00:00.000Z' },
    });
    // Even without a last anchor.
    expect((await opened()).anchor.findings).toEqual([]);
  });

  it('is noticed also when it has been used since and is as long again', async () => {
    await opened();
    await write(1);
    await closed();
    keepCopy();
    await opened();
    await write(2);
    await closed();
    const anchor = readFileSync(anchorPath(folder.path));
    putBack(STORE_FILE, 'clinic.anchor');
    await opened();
    await write(3);
    await write(4);
    await closed();
    writeFileSync(anchorPath(folder.path), anchor);
    const { anchor: keeper } = await opened();
    expect(keeper.findings).toMatchObject([{ code: 'STORE_ROLLED_BACK', missing: { diverged: true, audit: null } }]);
  });

  it('is noticed when only the end of the write-ahead log is missing', async () => {
    await opened();
    for (let seed = 1; seed <= 20; seed += 1) await write(seed);
    await current?.anchor.flush();
    keepCopy();
    await current?.abandon();
    current = null;
    putBack(STORE_FILE, `${STORE_FILE}-wal`, 'clinic.anchor');
    const log = join(folder.path, `${STORE_FILE}-wal`);
    truncateSync(log, statSync(log).size - 3 * (4096 + 24));
    const { anchor, store } = await opened();
    const [finding] = anchor.findings;
    if (finding?.code !== 'STORE_ROLLED_BACK') throw new Error('nothing was found');
    const there = await store.count('patients');
    expect(there).toBeLessThan(20);
    expect(finding.missing).toMatchObject({
      writes: { 'rx:patients:0': 20 - there },
      audit: { from: there + 1, through: 20 },
      intents: 20 - there,
    });
    expect(store.integrityCheck()).toEqual({ ok: true, problems: [] });
  });

  it('from before there were anchors is noticed, too', async () => {
    const store = await openTestStore(folder.path);
    await store.write('patients', patientDraft(1));
    await store.close();
    keepCopy();
    await opened();
    await write(2);
    await closed();
    putBack(STORE_FILE);
    expect((await opened()).anchor.findings).toMatchObject([{ code: 'STORE_ROLLED_BACK' }]);
  });
});

describe('an anchor', () => {
  it.each([
    ['is missing', 'missing', (path: string) => rmSync(path)],
    ['is empty', 'damaged', (path: string) => truncateSync(path, 0)],
    [
      'was edited',
      'damaged',
      (path: string) => writeFileSync(path, readFileSync(path, 'utf8').replace('"sequence":1', '"sequence":0')),
    ],
  ])('that %s is said to be %s, and made anew', async (_what, state, change) => {
    await opened();
    await write(1);
    await closed();
    change(anchorPath(folder.path));
    const { anchor, store } = await opened();
    expect(anchor.findings).toMatchObject([{ code: 'STORE_UNANCHORED', anchor: state }]);
    expect(store.audit.read().at(-1)).toMatchObject({ action: 'store.anchor-lost', detail: { anchor: state } });
    await closed();
    const again = await opened();
    expect(again.anchor.problems).toMatchObject([{ code: 'STORE_UNANCHORED' }]);
    await again.anchor.confirm(ADMIN);
    await closed();
    expect((await opened()).anchor.findings).toEqual([]);
  });

  it('made without the master key is not believed, however well it is signed', async () => {
    const { store } = await opened();
    await write(1);
    await closed();
    keepCopy();
    const { privateKey } = stationIdentity((await opened()).store, 'clinic', STATION);
    await write(2);
    await closed();
    putBack(STORE_FILE);
    const forged = {
      ...anchorOnDisk(),
      heads: { ...anchorOnDisk().heads, audit: { sequence: 0, hash: '0'.repeat(64) } },
    };
    writeFileSync(anchorPath(folder.path), sealedAnchor(forged, new Uint8Array(32).fill(9), signerOf(privateKey)));
    expect((await opened()).anchor.findings).toMatchObject([{ code: 'STORE_UNANCHORED', anchor: 'damaged' }]);
    expect(store.storeId).toBe(forged.storeId);
  });

  it('is made without a word for a store that never had one', async () => {
    const store = await openTestStore(folder.path);
    await store.write('patients', patientDraft(1));
    await store.close();
    const { anchor } = await opened();
    expect(anchor.findings).toEqual([]);
    expect(anchorOnDisk().heads.tables['rx:patients:0']).toEqual({ sequence: 1, rows: 1 });
  });
});

describe('another file in its place', () => {
  it('is refused and not touched, though its key fits', async () => {
    await opened();
    await write(1);
    await closed();
    const other = temporaryFolder();
    try {
      const store = await openAnchored(other.path);
      await store.close();
      mkdirSync(aside.path, { recursive: true });
      copyFileSync(join(other.path, STORE_FILE), join(aside.path, STORE_FILE));
      putBack(STORE_FILE);
      const before = readFileSync(join(folder.path, STORE_FILE));
      const anchor = readFileSync(anchorPath(folder.path));
      await expect(openTestStore(folder.path)).rejects.toMatchObject({ code: 'STORE_SWAPPED' });
      expect(readFileSync(join(folder.path, STORE_FILE)).equals(before)).toBe(true);
      expect(readFileSync(anchorPath(folder.path)).equals(anchor)).toBe(true);
    } finally {
      other.remove();
    }
  });

  it('is refused when it was replaced by a restored one before, or when there is none at all', async () => {
    await opened();
    await write(1);
    await closed();
    const { privateKey } = stationIdentity((await opened()).store, 'clinic', STATION);
    await closed();
    const restored = { ...anchorOnDisk(), generation: newId() };
    writeFileSync(anchorPath(folder.path), sealedAnchor(restored, KEY, signerOf(privateKey)));
    await expect(openTestStore(folder.path)).rejects.toMatchObject({ code: 'STORE_SWAPPED' });
    rmSync(join(folder.path, STORE_FILE));
    rmSync(join(folder.path, CHECK_FILE));
    await expect(openTestStore(folder.path)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(existsSync(join(folder.path, STORE_FILE))).toBe(false);
  });
});
