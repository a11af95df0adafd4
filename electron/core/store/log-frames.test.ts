/** A log that is damaged in its middle: what SQLite alone would drop without a word is told, and kept. */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newKey } from './key-handling.ts';
import { readLog } from './log-frames.ts';
import { STORE_FILE } from './cipher-file.ts';
import type { AnchoredStore } from './testing/anchored-store.ts';
import { openAnchored } from './testing/anchored-store.ts';
import { KEY, auditEntry, openTestStore, patientDraft, temporaryFolder } from './testing/documents.ts';

const HEADER = 32;
const FRAME = 24 + 4096;

let folder: ReturnType<typeof temporaryFolder>;
/** Of a store that was killed: its file has nothing of what its log has. */
let killed: string;
let log: string;
let other: AnchoredStore | null = null;

beforeEach(async () => {
  folder = temporaryFolder();
  const directory = join(folder.path, 'running');
  killed = join(folder.path, 'killed');
  log = join(killed, `${STORE_FILE}-wal`);
  const running = await openAnchored(directory);
  running.store.sqlite.pragma('wal_checkpoint(TRUNCATE)');
  for (let seed = 0; seed < 12; seed += 1) {
    const patient = patientDraft(seed);
    await running.store.write('patients', patient, { audit: [auditEntry('patient.created', patient.id)] });
  }
  await running.anchor.flush();
  mkdirSync(killed);
  for (const name of readdirSync(directory)) copyFileSync(join(directory, name), join(killed, name));
  await running.abandon();
});
afterEach(async () => {
  await other?.abandon();
  other = null;
  folder.remove();
});

function change(make: (bytes: Buffer) => void): void {
  const bytes = readFileSync(log);
  make(bytes);
  writeFileSync(log, bytes);
}

function flip(at: number): void {
  change((bytes) => bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at));
}

/** First byte of a frame, from 1. */
function frameAt(number: number): number {
  return HEADER + (number - 1) * FRAME;
}

function filesOf(directory: string): Readonly<Record<string, string>> {
  const names = readdirSync(directory).filter((name) => name.startsWith('clinic.') && !name.endsWith('-shm'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name)).toString('base64')]));
}

describe('a log', () => {
  it('is whole as SQLite wrote it, also where an older and longer one lies behind its end', async () => {
    const frames = (statSync(log).size - HEADER) / FRAME;
    expect(readLog(log)).toMatchObject({ frames, damagedFrom: null, isCertain: false });
    expect(readLog(join(folder.path, 'none'))).toMatchObject({ frames: 0, damagedFrom: null });

    other = await openAnchored(killed);
    const { store } = other;
    for (let seed = 20; seed < 40; seed += 1) await store.write('patients', patientDraft(seed));
    const long = readLog(log).frames;
    store.sqlite.pragma('wal_checkpoint(RESTART)');
    await store.write('patients', patientDraft(40));
    const size = statSync(log).size;
    expect(size).toBeGreaterThanOrEqual(HEADER + long * FRAME);
    const next = readLog(log);
    expect(next).toMatchObject({ damagedFrom: null, isCertain: false });
    expect(next.frames).toBeGreaterThan(0);
    expect(next.frames).toBeLessThan(long);
  });

  it.each([
    ['its page', 100],
    ['its number', 3],
    ['its salts', 9],
    ['its checksum', 17],
  ])('is damaged from the frame on of which %s is damaged, whichever it is', (_what, offset) => {
    const { frames } = readLog(log);
    const whole = readFileSync(log);
    const numbers = Array.from({ length: frames }, (_none, index) => index + 1);
    const commits = numbers.filter((number) => whole.readUInt32BE(frameAt(number) + 4) > 0);
    // Its last change may have been under way when the power was cut: everything before it was durable.
    const durable = commits.at(-2) ?? 0;
    for (const number of numbers.filter((each) => each % 9 === 1 || each > durable - 3)) {
      flip(frameAt(number) + offset);
      expect(readLog(log), `frame ${number}`).toMatchObject({
        frames,
        damagedFrom: number,
        isCertain: number <= durable,
      });
      writeFileSync(log, whole);
    }
  });

  it('is damaged from its first frame on where its header is, whole or in part', () => {
    const { frames, salts } = readLog(log);
    const whole = readFileSync(log);
    for (let at = 0; at < HEADER; at += 1) {
      flip(at);
      expect(readLog(log), `byte ${at}`).toEqual({ frames, damagedFrom: 1, isCertain: true, salts });
      writeFileSync(log, whole);
    }
    change((bytes) => bytes.fill(0, 0, 4096));
    expect(readLog(log)).toEqual({ frames, damagedFrom: 1, isCertain: true, salts });
  });

  it('that ends in a frame which was half written is whole up to there', () => {
    const { frames } = readLog(log);
    writeFileSync(log, readFileSync(log).subarray(0, frameAt(frames) + 1000));
    expect(readLog(log)).toMatchObject({ frames: frames - 1, damagedFrom: null, isCertain: false });
  });
});

describe('a store beside a log that is damaged in its middle', () => {
  it('opens with what is before the damage, names the rest and keeps both files as they were', async () => {
    const { frames, salts } = readLog(log);
    const damagedFrom = Math.floor(frames / 2);
    flip(frameAt(damagedFrom) + 500);
    const before = filesOf(killed);
    other = await openAnchored(killed);
    const aside = `damaged-log-${salts}`;
    expect(other.anchor.findings).toMatchObject([
      { code: 'STORE_ROLLED_BACK', log: { frames, damagedFrom, aside }, missing: { diverged: false } },
    ]);
    const [problem] = other.anchor.problems;
    expect(problem?.detail).toContain(`the log is damaged from frame ${damagedFrom} of ${frames} on`);
    expect(problem?.detail).toMatch(/\d+ changes between .* are missing: patients \d+; audit entries \d+ to 12/);
    const kept = await other.store.count('patients');
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(12);
    expect(other.store.integrityCheck()).toEqual({ ok: true, problems: [] });
    const lying = filesOf(join(killed, 'aside', aside));
    expect(lying).toEqual({ [STORE_FILE]: before[STORE_FILE], [`${STORE_FILE}-wal`]: before[`${STORE_FILE}-wal`] });
  });

  it('does not take what lies behind for damage again when it is killed after going on', async () => {
    const { frames } = readLog(log);
    flip(frameAt(Math.floor(frames / 2)) + 500);
    other = await openAnchored(killed);
    await other.store.write('patients', patientDraft(50));
    await other.anchor.flush();
    const again = join(folder.path, 'again');
    cpSync(killed, again, { recursive: true });
    expect(readLog(join(again, `${STORE_FILE}-wal`))).toMatchObject({ damagedFrom: null, isCertain: false });
    const store = await openTestStore(again);
    expect(store.anchored.found).toBeNull();
    await store.close();
    expect(readdirSync(join(again, 'aside'))).toHaveLength(1);
  });

  it('is named also where no anchor tells of what is lost', async () => {
    const { frames } = readLog(log);
    flip(frameAt(2) + 500);
    rmSync(join(killed, 'clinic.anchor'));
    const store = await openTestStore(killed);
    const { found } = store.anchored;
    await store.close();
    expect(found).toMatchObject({ code: 'STORE_UNANCHORED', log: { frames, damagedFrom: 2 } });
  });

  it('that refuses to open leaves the file and the log as they are, whatever it refuses for', async () => {
    const refused = async (code: string, key: Uint8Array = KEY): Promise<void> => {
      const before = filesOf(killed);
      await expect(openTestStore(killed, { key })).rejects.toMatchObject({ code });
      expect(filesOf(killed)).toEqual(before);
      expect(existsSync(join(killed, 'aside'))).toBe(false);
    };
    await refused('KEY_WRONG', newKey());
    const file = join(killed, STORE_FILE);
    const whole = readFileSync(file);
    // The file of another station beside this one's log and anchor.
    const strange = join(folder.path, 'strange');
    await (await openAnchored(strange)).close();
    copyFileSync(join(strange, STORE_FILE), file);
    await refused('STORE_DAMAGED');
    writeFileSync(file, whole);
    flip(10);
    flip(frameAt(1) + 10);
    writeFileSync(file, Buffer.alloc(4096, 1));
    await refused('STORE_DAMAGED');
    writeFileSync(file, whole);
    flip(10);
    flip(frameAt(1) + 10);
    other = await openAnchored(killed);
    expect(await other.store.count('patients')).toBe(12);
    expect(other.anchor.findings).toEqual([]);
  });
});
