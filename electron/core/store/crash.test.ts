import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { verifyAudit } from '../audit/index.ts';
import { openTestStore, temporaryFolder } from './testing/documents.ts';

const KILLS = 10;
const WRITER = join(import.meta.dirname, 'testing', 'crash-writer.ts');

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

/** Starts a writer and kills it with SIGKILL `afterMs` after its `after`th line. @returns the numbers it acknowledged. */
async function killedWriter(first: number, after: number, afterMs: number): Promise<number[]> {
  const writer = spawn(process.execPath, [WRITER, folder.path, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  writer.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(writer, 'close');
  while (output.split('\n').length <= after && writer.exitCode === null)
    await Promise.race([once(writer.stdout, 'data'), ended]);
  await sleep(afterMs);
  writer.kill('SIGKILL');
  const [code, signal] = (await ended) as [number | null, string | null];
  expect([code, signal]).toEqual([null, 'SIGKILL']);
  // A last line without its end was not acknowledged.
  return output.split('\n').slice(1, -1).map(Number);
}

it(
  `loses nothing acknowledged and keeps nothing half, killed ${KILLS} times while writing`,
  { timeout: 120_000 },
  async () => {
    const acknowledged: number[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      acknowledged.push(...(await killedWriter((acknowledged.at(-1) ?? 0) + 1, kill % 4, Math.random() * 150)));
    }
    const store = await openTestStore(folder.path);
    const patients = await store.find('patients');
    const numbers = patients.map((patient) => Number(patient.number.slice(3)));
    // Of every four writers one was let go on to its first acknowledgement, one to its second.
    expect(acknowledged.length).toBeGreaterThanOrEqual(Math.floor(KILLS / 4) * 3);
    expect(acknowledged.filter((number) => !numbers.includes(number))).toEqual([]);
    // Whatever is there is there whole: each patient with its appointment, its audit entry and its intent, and none without.
    const ids = patients.map((patient) => patient.id).toSorted();
    const entries = store.audit.read({ limit: 1_000_000 });
    const appointments = await store.find('appointments');
    expect(appointments.map((appointment) => appointment.patientId).toSorted()).toEqual(ids);
    expect([...new Set(entries.map((entry) => entry.subjectId))].toSorted()).toEqual(ids);
    expect(
      store
        .pendingIntents(1_000_000)
        .map((intent) => intent.subjectId)
        .toSorted(),
    ).toEqual(ids);
    expect(verifyAudit(store)).toEqual({ entries: entries.length, ok: true });
    expect(store.integrityCheck()).toEqual({ ok: true, problems: [] });
    await store.close();
  },
);

it(
  'is refused to a second process while the first has it, and free when that was killed',
  { timeout: 60_000 },
  async () => {
    const writer = spawn(process.execPath, [WRITER, folder.path, '1'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(writer.stdout, 'data');
    await expect(openTestStore(folder.path)).rejects.toMatchObject({ code: 'SECOND_INSTANCE' });
    writer.kill('SIGKILL');
    await once(writer, 'close');
    const store = await openTestStore(folder.path);
    expect(store.integrityCheck().ok).toBe(true);
    await store.close();
  },
);
