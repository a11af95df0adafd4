/**
 * `kill -9` of a writer at random instants: while it opens, between and within transactions, between the steps of a file. Holds
 * after each: everything acknowledged is there and the same, nothing is there in part, the file is sound, the audit chain is
 * whole, every row of the vault has its file, its document and its hash.
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../fixtures/random.ts';
import type { FaultOptions, FaultResult } from '../fault-proof.ts';
import { checkClinic } from './check.ts';
import type { Acknowledged } from './check.ts';
import { controlFailures } from './control.ts';
import { WriterProcess } from './writer-process.ts';

/** A clinic is killed so many times, then a new one begins: comparing all of it takes longer the more there is. */
const KILLS_PER_CLINIC = 10;
const LARGEST_BATCH = 1000;
const LARGEST_FILE = 3_000_000;
/** Of all kills, those that come while the clinic is being opened. */
const SHARE_WHILE_OPENING = 0.2;

export async function killFaults({ full, seed }: FaultOptions): Promise<FaultResult> {
  const kills = full ? 1000 : 60;
  const random = new Random(seed);
  const failures: string[] = [];
  let done = 0;
  let batches = 0;
  let files = 0;
  while (done < kills && failures.length === 0) {
    const directory = mkdtempSync(join(tmpdir(), 'vantage-kills-'));
    const clinic = { directory, seed: seed + done, largestBatch: LARGEST_BATCH, largestFile: LARGEST_FILE };
    const acknowledged: Acknowledged = { batch: 0, files: new Map() };
    const isFirst = done === 0;
    let reached = { batches: 0, files: 0 };
    try {
      for (let kill = 0; kill < KILLS_PER_CLINIC && done < kills && failures.length === 0; kill += 1) {
        const writer = new WriterProcess({ ...clinic, ...reached, reserveBytes: 0, unsafe: false }, acknowledged);
        await killAtRandom(writer, random);
        const openGrants = done % 2 === 0 ? 'finish' : 'abandon';
        const checked = await checkClinic({ ...clinic, acknowledged, mayBeUnderWay: true, openGrants });
        done += 1;
        failures.push(...checked.failures.map((failure) => `kill ${done} (clinic of seed ${clinic.seed}): ${failure}`));
        reached = { batches: checked.batches, files: checked.files };
        // What was under way and is there is as good as acknowledged from now on.
        acknowledged.batch = checked.batches;
      }
      if (isFirst && failures.length === 0) {
        const sound = { ...clinic, acknowledged, mayBeUnderWay: false, openGrants: 'abandon' } as const;
        failures.push(...(await controlFailures(sound)));
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
    batches += reached.batches;
    files += acknowledged.files.size;
    console.log(`${done} kills: ${batches} batches and ${files} files acknowledged`);
  }
  if (batches === 0 || files === 0) failures.push('nothing was ever acknowledged');
  return { passed: done - Math.min(done, failures.length), failures };
}

async function killAtRandom(writer: WriterProcess, random: Random): Promise<void> {
  if (random.next() < SHARE_WHILE_OPENING) {
    await Promise.race([sleep(random.between(0, 1500)), writer.exited]);
  } else {
    const acknowledgements = random.between(0, 6);
    const afterMs = random.between(0, 250);
    await writer.until('it was killed', (output) => output.isOpen && output.count >= acknowledgements);
    await sleep(afterMs);
  }
  writer.kill();
  const [code, signal] = await writer.exited;
  if (signal !== 'SIGKILL') throw new Error(`the writer ended by itself (${code ?? signal}): ${writer.errors}`);
  if (writer.output.refusals.length > 0) throw new Error(`refused: ${JSON.stringify(writer.output.refusals[0])}`);
}
