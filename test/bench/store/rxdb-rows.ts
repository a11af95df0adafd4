/**
 * RxDB's own `runPerformanceTests`, one run of each storage after the other, round by round. RxDB's trial of its SQLite storage
 * stops at 500 documents and operations, so ours is run at that size, too; at RxDB's own size ours stands beside memory and
 * Dexie, which keep nothing.
 */
import { join } from 'node:path';
import { median, ratioRow } from '../bench.ts';
import type { Row } from '../bench.ts';
import { PEERS } from './rxdb-peers.ts';
import type { PeerName } from './rxdb-peers.ts';
import { startWorker } from './worker.ts';
import type { Worker } from './worker.ts';

export interface RxdbSizes {
  readonly runs: number;
  readonly dexieRuns: number;
  /** RxDB's own size. */
  readonly documents: number;
  /** Within the trial's limits: 6 batches and 50 more inserts count, too. */
  readonly trialDocuments: number;
  /** ms that RxDB's test waits between what it measures. */
  readonly waitBetweenTests: number;
}

export const RXDB_SIZES: RxdbSizes = {
  runs: 20,
  dexieRuns: 3,
  documents: 3000,
  trialDocuments: 432,
  waitBetweenTests: 100,
};

type Times = ReadonlyMap<string, number>;
type Measured = ReadonlyMap<PeerName, Times>;

/** The fields of documents that were read already: no storage takes part. */
const NOT_THE_STORAGE = 'property-access';

/** All that are compared at the trial's size: ours, and what it is compared with. */
const AT_TRIAL_SIZE: readonly PeerName[] = [
  'memory',
  'sqlite-trial',
  'sqlite-trial-wal',
  'sqlite-trial-tuned',
  'ours-plain',
  'sqlite-trial-plugin',
  'sqlite-trial-wal-plugin',
  'ours-encrypted',
];

/** Rows `rxdb-*`. @param print for what stands beside the rows. */
export async function rxdbRows(sizes: RxdbSizes, print: (line: string) => void): Promise<Row[]> {
  for (const peer of PEERS) print(`${peer.name} keeps ${peer.durability}`);
  const { runs, documents } = sizes;
  const large = await measure(['memory', 'ours-plain', 'ours-encrypted'], documents, runs, sizes);
  const dexie = await measure(['dexie'], documents, sizes.dexieRuns, sizes);
  printBeside(new Map([...large, ...dexie]), documents, print);
  return trialRows(sizes, print);
}

/** The rows alone. @param names which take part; ours and at least one other of each kind */
export async function trialRows(
  sizes: RxdbSizes,
  print: (line: string) => void,
  names: readonly PeerName[] = AT_TRIAL_SIZE,
): Promise<Row[]> {
  const measured = await measure(names, sizes.trialDocuments, sizes.runs, sizes);
  printBeside(measured, sizes.trialDocuments, print);
  return [
    ...rowsOf(measured, 'ours-plain', ['sqlite-trial', 'sqlite-trial-wal'], 'vs-best-free'),
    ...rowsOf(measured, 'ours-encrypted', ['sqlite-trial-plugin', 'sqlite-trial-wal-plugin'], 'encrypted-vs-plugin'),
  ];
}

/** Medians of `runs` rounds, after one that warms up (a single round is taken as it is). In each every peer has its turn. */
async function measure(
  names: readonly PeerName[],
  docsAmount: number,
  runs: number,
  { waitBetweenTests }: RxdbSizes,
): Promise<Measured> {
  const workers = new Map<PeerName, Worker>();
  const samples = new Map<PeerName, Map<string, number[]>>(names.map((name) => [name, new Map()]));
  try {
    for (const name of names) workers.set(name, startWorker(join(import.meta.dirname, 'rxdb-process.ts'), [name]));
    for (let round = runs === 1 ? 1 : 0; round <= runs; round += 1) {
      for (const [name, worker] of workers) {
        const times = await worker.ask<Readonly<Record<string, number>>>('run', { docsAmount, waitBetweenTests });
        if (round > 0) collect(samples.get(name), times);
      }
    }
  } finally {
    await Promise.all([...workers.values()].map((worker) => worker.close()));
  }
  return new Map([...samples].map(([name, values]) => [name, medians(values)]));
}

function collect(into: Map<string, number[]> | undefined, times: Readonly<Record<string, number>>): void {
  for (const [measure, ms] of Object.entries(times)) into?.set(measure, [...(into.get(measure) ?? []), ms]);
}

function medians(samples: ReadonlyMap<string, readonly number[]>): Times {
  return new Map([...samples].map(([measure, values]) => [measure, median(values)]));
}

function rowsOf(measured: Measured, ours: PeerName, others: readonly PeerName[], suffix: string): Row[] {
  const rows: Row[] = [];
  for (const [measure, ms] of measured.get(ours) ?? []) {
    if (measure === NOT_THE_STORAGE) continue;
    const [best] = others
      .map((name) => ({ name, ms: measured.get(name)?.get(measure) ?? Infinity }))
      .toSorted((one, other) => one.ms - other.ms);
    if (best === undefined) continue;
    const row = ratioRow(`rxdb-${measure}-${suffix}`, 'ms', ms, best.ms, best.name, 1);
    // Beaten means less, not as much.
    rows.push({ ...row, met: ms < best.ms });
  }
  return rows;
}

function printBeside(measured: Measured, documents: number, print: (line: string) => void): void {
  print(`RxDB's test with ${documents} documents, medians in ms:`);
  for (const [name, times] of measured) {
    print(`  ${name}: ${[...times].map(([measure, ms]) => `${measure} ${ms}`).join(', ')}`);
  }
}
