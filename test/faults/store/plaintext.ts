/**
 * No plaintext on the disk. Twice: a process that puts canaries into every field of every kind of document, into audit entries,
 * intents and files, and is killed in the middle of writing; and a real station at which a visit is done, killed as well. Then
 * every file below their folders (store, log of the store, vault, anchor, logs, temporary files, home) and all that they printed is
 * searched for the canaries, for the names of the people, for pieces of pictures and reports, in every usual encoding.
 *
 * Control: what can be read with the key, written out in plain, has every canary in it; and each encoding is found.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileKeyStore } from '../../../electron/core/store/index.ts';
import { KEY } from '../../../electron/core/store/testing/documents.ts';
import { clinicDirectory } from '../../../electron/services/directories.ts';
import type { FaultProof } from '../fault-proof.ts';
import { CANARY_NEEDLES, CANARY_TEXT } from './canary.ts';
import { readClinic } from './clinic-content.ts';
import { needlesOfBytes, needlesOfText, searchBytes, searchFolder } from './needles.ts';
import type { Needle } from './needles.ts';
import { visitStation } from './station-visit.ts';

const CANARY_WRITER = join(import.meta.dirname, 'canary-writer.ts');
/** Shorter ones may be in any file by chance. */
const SHORTEST_NAME = 7;
const PIECE_BYTES = 24;
const PIECES_PER_FILE = 40;

export const plaintextFaults: FaultProof = async ({ seed }) => {
  const failures: string[] = [];
  let passed = 0;
  for (const [name, part] of [
    ['canaries in every field', canariesKilled],
    ['a visit at a real station', stationKilled],
  ] as const) {
    const directory = mkdtempSync(join(tmpdir(), 'vantage-plaintext-'));
    try {
      const found = await part(directory, seed).catch((error: unknown) => [String(error)]);
      passed += found.length === 0 ? 1 : 0;
      failures.push(...found.map((failure) => `${name}: ${failure}`));
    } finally {
      await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  }
  return { passed, failures };
};

async function canariesKilled(directory: string): Promise<string[]> {
  const [clinic = '', temporary = ''] = ['clinic', 'temporary'].map((name) => join(directory, name));
  mkdirSync(temporary);
  const child = spawn(process.execPath, [CANARY_WRITER, clinic], {
    env: { ...process.env, TMPDIR: temporary, HOME: temporary, SQLITE_TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const ended = once(child, 'close');
  while (!output.includes('written\n') && child.exitCode === null)
    await Promise.race([once(child.stdout, 'data'), ended]);
  child.kill('SIGKILL');
  await ended;
  if (!output.includes('written\n')) return [`the writer ended by itself: ${output.slice(-2000)}`];
  const failures = search(directory, CANARY_NEEDLES, output);
  // Killed, so the log of the store still holds what was written last.
  return [...failures, ...(await control(clinic, async () => KEY, CANARY_NEEDLES, ', UTF-8'))];
}

async function stationKilled(directory: string, seed: number): Promise<string[]> {
  const visited = await visitStation(directory, seed, CANARY_TEXT);
  const { station, people, files } = visited;
  const pids = (['core', 'devices', 'inference', 'host'] as const).map((name) => station.pidOf(name));
  for (const pid of pids) if (pid !== null) process.kill(pid, 'SIGKILL');
  await station.exited;
  await visited.closeDevices();
  const names = [...new Set(people)].filter((text) => text.length >= SHORTEST_NAME);
  const needles = [
    ...needlesOfText('what was typed', CANARY_TEXT),
    ...needlesOfText('the PIN that was wrong', CANARY_TEXT.slice(0, 12)),
    ...names.flatMap((text, index) => needlesOfText(`person ${index}`, text)),
    ...files.flatMap((file, index) => piecesOf(`file ${index}`, file)),
  ];
  if (names.length < 10 || files.length < 2) return ['the station told of too few people or files'];
  const failures = search(directory, needles, station.output());
  const clinic = clinicDirectory(directory, 'demonstration');
  const masterKey = async (): Promise<Uint8Array> => {
    const key = await fileKeyStore(join(clinic, 'demonstration.key')).load();
    if (key === null) throw new Error('the station has no key');
    return key;
  };
  // A wrong PIN is kept nowhere, so that not even the plain copy has it: it begins like what was typed, and is found by that.
  return [...failures, ...(await control(clinic, masterKey, needles, ', UTF-8', ', as it is'))];
}

/** Random pieces would miss nothing either; these are the same each time. Runs of one byte are no sign of anything. */
function piecesOf(name: string, file: Buffer): Needle[] {
  const step = Math.max(1, Math.floor((file.length - PIECE_BYTES) / PIECES_PER_FILE));
  const needles: Needle[] = [];
  for (let at = Math.floor(file.length / 10); at + PIECE_BYTES <= file.length; at += step) {
    const piece = file.subarray(at, at + PIECE_BYTES);
    if (new Set(piece).size >= PIECE_BYTES / 2) needles.push(...needlesOfBytes(`${name} at ${at}`, piece));
  }
  return needles;
}

function search(directory: string, needles: readonly Needle[], output: string): string[] {
  const result = searchFolder(directory, needles);
  console.log(
    `${needles.length} needles, ${result.files} files with ${result.bytes} bytes: ${result.found.length} found`,
  );
  return [...result.found, ...searchBytes(Buffer.from(output), needles, 'what was printed')];
}

/** Whether the search finds what is there: all needles whose names end so, in the clinic's content in plain; and every encoding. */
async function control(
  clinic: string,
  masterKey: () => Promise<Uint8Array>,
  needles: readonly Needle[],
  ...endings: readonly string[]
): Promise<string[]> {
  const plain = mkdtempSync(join(tmpdir(), 'vantage-plain-'));
  try {
    let count = 0;
    const read = await readClinic(clinic, masterKey, (_place, bytes) => {
      writeFileSync(join(plain, String((count += 1))), bytes);
    });
    const failures = read.problems.map((problem) => `control: the clinic does not open: ${problem}`);
    const found = new Set(searchFolder(plain, needles).found.map((line) => line.slice(0, line.lastIndexOf(' in '))));
    const missed = needles.filter(({ name }) => endings.some((end) => name.endsWith(end)) && !found.has(name));
    failures.push(...missed.map(({ name }) => `control: ${name} is not in the plain copy`));
    const all = Buffer.concat(needles.flatMap(({ bytes }) => [Buffer.from([0]), bytes]));
    const unseen = needles.length - searchBytes(all, needles, 'all').length;
    if (unseen > 0) failures.push(`control: ${unseen} needles were not found where all of them are`);
    return failures;
  } finally {
    await rm(plain, { recursive: true, force: true });
  }
}
