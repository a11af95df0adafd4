/**
 * A disk that fills up at a random instant under a writer. Holds: what is refused is refused as DISK_FULL and is not there;
 * everything acknowledged stays; killed while the disk is full, the clinic opens again as soon as there is room (and on the full
 * disk it opens, or says DISK_FULL); left alone, it goes on by itself when there is room. The first write of documents that
 * finds no room takes that of the reserve, and is acknowledged.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { VantageError } from '../../../electron/contract/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import { KEY, STATION } from '../../../electron/core/store/testing/documents.ts';
import { Random } from '../../fixtures/random.ts';
import type { FaultOptions, FaultResult } from '../fault-proof.ts';
import { checkClinic } from './check.ts';
import type { Acknowledged } from './check.ts';
import { mountSmallDisk, whyNoMount } from './small-disk.ts';
import type { DiskKind, SmallDisk } from './small-disk.ts';
import { WriterProcess } from './writer-process.ts';

const DISK_BYTES = 96 * 1024 * 1024;
const LARGEST_BATCH = 500;
const LARGEST_FILE = 2_000_000;
const KINDS: readonly DiskKind[] = ['ext4', 'tmpfs'];
const ROUNDS_PER_DISK = 6;
/** More than the largest batch takes. */
const RESERVE_BYTES = 8 * 1024 * 1024;

interface SmallClinic {
  readonly directory: string;
  readonly seed: number;
  readonly largestBatch: number;
  readonly largestFile: number;
}

interface Counts {
  batches: number;
  files: number;
  refusedBatches: number;
  refusedFiles: number;
  openedFull: number;
  releases: number;
  kills: number;
}

export async function diskFullFaults({ full, seed }: FaultOptions): Promise<FaultResult> {
  const reasons = KINDS.map((kind) => whyNoMount(kind));
  const skipped = KINDS.flatMap((kind, index) =>
    reasons[index] === null ? [] : [`a disk of ${kind} that fills up: ${reasons[index]}`],
  );
  const kinds = KINDS.filter((_kind, index) => reasons[index] === null);
  const disks = kinds.length * (full ? 20 : 1);
  const random = new Random(seed);
  const failures: string[] = [];
  let rounds = 0;
  for (let index = 0; index < disks && failures.length === 0; index += 1) {
    const kind = kinds[index % kinds.length] ?? 'tmpfs';
    const disk = mountSmallDisk(kind, DISK_BYTES);
    const directory = join(disk.path, 'clinic');
    const clinic = { directory, seed: seed + index, largestBatch: LARGEST_BATCH, largestFile: LARGEST_FILE };
    const acknowledged: Acknowledged = { batch: 0, files: new Map() };
    const state = { batches: 0, files: 0 };
    const counts: Counts = {
      batches: 0,
      files: 0,
      refusedBatches: 0,
      refusedFiles: 0,
      openedFull: 0,
      releases: 0,
      kills: 0,
    };
    try {
      for (let round = 0; round < ROUNDS_PER_DISK && failures.length === 0; round += 1) {
        const isKill = round % 2 === 0;
        const found = await fillOnce(disk, clinic, state, acknowledged, random, isKill, counts);
        rounds += 1;
        failures.push(
          ...found.map((failure) => `${kind}, round ${rounds} (${isKill ? 'killed' : 'left alone'}): ${failure}`),
        );
      }
    } finally {
      disk.unmount();
    }
    console.log(
      `${kind} full ${ROUNDS_PER_DISK} times: ${counts.batches} batches and ${counts.files} files acknowledged, ` +
        `${counts.refusedBatches} batches and ${counts.refusedFiles} files refused, ` +
        `${counts.releases} reserves given up, ` +
        `${counts.openedFull} of ${counts.kills} opened while it was full`,
    );
  }
  return { passed: rounds - Math.min(rounds, failures.length), failures, skipped };
}

async function fillOnce(
  disk: SmallDisk,
  clinic: SmallClinic,
  state: { batches: number; files: number },
  acknowledged: Acknowledged,
  random: Random,
  isKill: boolean,
  counts: Counts,
): Promise<string[]> {
  const failures: string[] = [];
  const filesBefore = acknowledged.files.size;
  const writer = new WriterProcess({ ...clinic, ...state, reserveBytes: RESERVE_BYTES, unsafe: false }, acknowledged);
  const { output } = writer;
  try {
    const first = random.between(1, 5);
    await writer.until('the disk was filled', () => output.isOpen && output.count >= first);
    const left = Math.floor(Math.exp(random.next() * Math.log(2_000_000)));
    // Else what fills the disk could take the room that the reserve gives up meanwhile.
    writer.whileStopped(() => disk.fill(left));
    const refusals = random.between(3, 12);
    await writer.until('the disk was full', () => output.refusals.length >= refusals);
    if (isKill) {
      writer.kill();
      await writer.exited;
      counts.kills += 1;
      const answer = await openOnFullDisk(clinic.directory);
      if (answer === 'open') counts.openedFull += 1;
      else if (answer !== 'DISK_FULL') failures.push(`on the full disk the clinic answers ${answer}`);
      disk.makeRoom();
    } else {
      disk.makeRoom();
      const { count } = output;
      const files = acknowledged.files.size;
      await writer.until('it went on', () => output.count >= count + 3 && acknowledged.files.size > files);
      await writer.stop();
    }
  } finally {
    writer.kill();
    await writer.exited;
    disk.makeRoom();
  }
  if (output.releases === 0) failures.push('the disk was full and the reserve was not given up');
  if (output.releasedInVain > 0) failures.push('the reserve was given up, and the write was refused all the same');
  counts.releases += output.releases;
  for (const { what, number, code } of output.refusals) {
    if (what === 'batch') counts.refusedBatches += 1;
    else counts.refusedFiles += 1;
    if (code !== 'DISK_FULL') failures.push(`${what} ${number} was refused with ${code}`);
  }
  const openGrants = random.next() < 0.5 ? 'finish' : 'abandon';
  const checked = await checkClinic({ ...clinic, acknowledged, mayBeUnderWay: isKill, openGrants });
  failures.push(...checked.failures);
  counts.batches += checked.batches - state.batches;
  counts.files += acknowledged.files.size - filesBefore;
  Object.assign(state, { batches: checked.batches, files: checked.files });
  acknowledged.batch = checked.batches;
  // It is to be full because of the ballast, not of what the clinic itself has by now.
  if (random.next() < 0.3) {
    rmSync(clinic.directory, { recursive: true });
    Object.assign(state, { batches: 0, files: 0 });
    acknowledged.batch = 0;
    acknowledged.files.clear();
  }
  return [...new Set(failures)];
}

async function openOnFullDisk(directory: string): Promise<string> {
  try {
    const store = await openStore({ directory, key: KEY, now: Date.now, stationId: STATION });
    await store.close();
    return 'open';
  } catch (error) {
    return error instanceof VantageError ? error.code : String(error);
  }
}
