/**
 * The product's encrypted store against the same work by hand, in turns: two processes, each with its own file of the same visits.
 * A third holds a hundredth of them, and tells whether a write grows slower with the clinic.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../fixtures/random.ts';
import { median, ratioRow } from '../bench.ts';
import type { Row } from '../bench.ts';
import { captureId, CAPTURES_PER_VISIT, SEED, sessionId } from './clinic-data.ts';
import type { Dashboard, Read, Timed } from './side.ts';
import { startWorker } from './worker.ts';
import type { Worker } from './worker.ts';

export interface BareSizes {
  readonly visits: number;
  readonly rounds: number;
  readonly batchVisits: number;
  readonly idsPerRound: number;
  readonly writesPerRound: number;
  /** Processes started to open the file for the first time. */
  readonly freshProcesses: number;
}

export const BARE_SIZES: BareSizes = {
  visits: 2000,
  rounds: 20,
  batchVisits: 50,
  idsPerRound: 1000,
  writesPerRound: 100,
  freshProcesses: 5,
};
export const FULL_VISITS = 100_000;
const SMALLER = 100;
/** So many sessions of a store are written to, spread over all of it. */
const POOL = 2000;
/** Counts of writes have five digits from the first on. */
const FIRST_COUNT = 10_000;
const REST_MS = 300;

export const BARE_ROWS = [
  'bulk-insert-vs-bare',
  'read-by-ids-vs-bare',
  'durable-write-vs-bare',
  'durable-write-growth',
  'dashboard-queries-vs-bare',
  'cold-open-vs-bare',
] as const;

const BARE = 'better-sqlite3-multiple-ciphers by hand';

interface Sides {
  readonly ours: Worker;
  readonly bare: Worker;
  readonly small: Worker;
}

/** Rows `*-vs-bare` and the growth. @param wanted which; the data are made for any. */
export async function bareRows(
  sizes: BareSizes,
  wanted: (row: (typeof BARE_ROWS)[number]) => boolean,
  print: (line: string) => void,
): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'vantage-bench-store-'));
  const start = (side: string, folder: string, visits: number): Worker =>
    startWorker(join(import.meta.dirname, 'store-process.ts'), [side, join(directory, folder), String(visits)]);
  const smallVisits = Math.max(1, Math.round(sizes.visits / SMALLER));
  const sides: Sides = {
    ours: start('product', 'product', sizes.visits),
    bare: start('bare', 'bare', sizes.visits),
    small: start('product', 'small', smallVisits),
  };
  try {
    const captures = sizes.visits * CAPTURES_PER_VISIT;
    print(`${sizes.visits} visits with ${captures} captures, seed ${SEED}; ${smallVisits} visits in the small store`);
    await Promise.all([sides.ours.ask('open'), sides.bare.ask('open'), sides.small.ask('open')]);
    await requireSame(sides, 'settings');
    await requireSame(sides, 'indexes');
    await fill(sides.small, smallVisits, sizes.batchVisits);
    const rows = [await bulkInsert(sides, sizes, print)];
    if (wanted('read-by-ids-vs-bare')) rows.push(await readByIds(sides, sizes));
    if (wanted('durable-write-vs-bare') || wanted('durable-write-growth')) {
      rows.push(...(await durableWrites(sides, sizes, smallVisits)));
    }
    if (wanted('dashboard-queries-vs-bare')) rows.push(await dashboardQueries(sides, sizes, print));
    if (wanted('cold-open-vs-bare')) {
      rows.push(await coldOpen(sides, sizes));
      const visits = sizes.visits;
      if (sizes.freshProcesses > 0)
        await freshProcesses(sides, sizes, print, (side, folder) => start(side, folder, visits));
    }
    return rows.filter(({ measure }) => wanted(measure as (typeof BARE_ROWS)[number]));
  } finally {
    await Promise.all([sides.ours.close(), sides.bare.close(), sides.small.close()]);
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** A comparison of files that are opened or indexed in different ways says nothing. */
async function requireSame({ ours, bare }: Sides, what: 'settings' | 'indexes'): Promise<void> {
  const one = JSON.stringify(await ours.ask(what));
  const other = JSON.stringify(await bare.ask(what));
  if (one !== other) throw new Error(`${what} differ\n  product ${one}\n  bare    ${other}`);
}

async function fill(side: Worker, visits: number, batch: number): Promise<void> {
  for (let from = 0; from < visits; from += batch) {
    await side.ask('addVisits', { from, to: Math.min(visits, from + batch) });
  }
}

async function bulkInsert({ ours, bare }: Sides, sizes: BareSizes, print: (line: string) => void): Promise<Row> {
  const times = { ours: [] as number[], bare: [] as number[] };
  for (let from = 0; from < sizes.visits; from += sizes.batchVisits) {
    const batch = { from, to: Math.min(sizes.visits, from + sizes.batchVisits) };
    await inTurns(times, from / sizes.batchVisits, {
      ours: () => rested(ours.ask('addVisits', batch)),
      bare: () => rested(bare.ask('addVisits', batch)),
    });
  }
  print(`  files: ${await sizeOf(ours)} ours, ${await sizeOf(bare)} bare; ${times.ours.length} batches`);
  return ratioRow('bulk-insert-vs-bare', 'ms', median(times.ours), median(times.bare), BARE, 1.3);
}

async function sizeOf(side: Worker): Promise<string> {
  return `${((await side.ask<number>('bytes')) / 2 ** 20).toFixed(1)} MiB`;
}

async function readByIds({ ours, bare }: Sides, sizes: BareSizes): Promise<Row> {
  const random = new Random(SEED);
  const times = await alternate(sizes.rounds, () => {
    const ids = Array.from({ length: sizes.idsPerRound }, () =>
      captureId(random.between(0, sizes.visits - 1), random.between(0, CAPTURES_PER_VISIT - 1)),
    );
    return { ours: () => ours.ask('readByIds', ids), bare: () => bare.ask('readByIds', ids) };
  });
  return ratioRow('read-by-ids-vs-bare', 'ms', median(times.ours), median(times.bare), BARE, 1.5);
}

async function durableWrites(sides: Sides, sizes: BareSizes, smallVisits: number): Promise<Row[]> {
  const random = new Random(SEED + 1);
  const small: number[] = [];
  const { writesPerRound } = sizes;
  // Who is weighed for the second time at one size is not compared with who is weighed for the first time at the other: the first
  // makes the document longer, and what stays as long as it was is written over in place.
  const large = poolOf(sizes.visits);
  const few = poolOf(smallVisits);
  for (const [side, sessionIds] of [
    [sides.ours, large] as const,
    [sides.bare, large] as const,
    [sides.small, few] as const,
  ])
    await side.ask('write', { sessionIds, count: FIRST_COUNT });
  const asks = (pool: readonly string[], round: number): { sessionIds: string[]; count: number } => ({
    sessionIds: Array.from({ length: writesPerRound }, () => pool[random.between(0, pool.length - 1)] ?? ''),
    count: FIRST_COUNT + POOL + round * writesPerRound,
  });
  const times = { ours: [] as number[], bare: [] as number[] };
  for (let round = 0; round <= sizes.rounds; round += 1) {
    const asked = asks(large, round);
    const askedFew = asks(few, round);
    const inSmall = async (): Promise<void> =>
      void small.push((await rested(sides.small.ask<Timed>('write', askedFew))).ms);
    // Before the two or after them, so that it does not always come when the disk is warm.
    if (round % 4 < 2) await inSmall();
    await inTurns(times, round, {
      ours: () => rested(sides.ours.ask('write', asked)),
      bare: () => rested(sides.bare.ask('write', asked)),
    });
    if (round % 4 >= 2) await inSmall();
  }
  // The first round warmed up; what is left is ms for one write.
  const each = (values: readonly number[]): number => median(values.slice(1)) / writesPerRound;
  return [
    ratioRow('durable-write-vs-bare', 'ms', each(times.ours), each(times.bare), BARE, 1.3),
    ratioRow(
      'durable-write-growth',
      'ms',
      each(times.ours),
      each(small),
      'the same with a hundredth of the visits',
      1.2,
    ),
  ];
}

/** What a side does after its writes (ours writes the log back when it comes to a pause) is not laid on the next one. */
async function rested(asked: Promise<Timed>): Promise<Timed> {
  const timed = await asked;
  await sleep(REST_MS);
  return timed;
}

function poolOf(visits: number): string[] {
  const size = Math.min(visits, POOL);
  return Array.from({ length: size }, (_, index) => sessionId(Math.floor((index * visits) / size)));
}

async function dashboardQueries({ ours, bare }: Sides, sizes: BareSizes, print: (line: string) => void): Promise<Row> {
  const dashboard = await ours.ask<Dashboard>('dashboards');
  const total = { ours: 0, bare: 0 };
  for (const [name, reads] of Object.entries(dashboard)) {
    const times = await alternate(sizes.rounds, () => ({
      ours: () => ours.ask('dashboard', reads satisfies readonly Read[]),
      bare: () => bare.ask('dashboard', reads),
    }));
    const [one, other] = [median(times.ours), median(times.bare)];
    print(`  ${name}: ${reads.length} reads, ${one.toFixed(2)} ms ours, ${other.toFixed(2)} ms bare`);
    total.ours += one;
    total.bare += other;
  }
  return ratioRow('dashboard-queries-vs-bare', 'ms', total.ours, total.bare, BARE, 1.5);
}

async function coldOpen({ ours, bare }: Sides, sizes: BareSizes): Promise<Row> {
  const times = await alternate(sizes.rounds, () => ({ ours: () => ours.ask('open'), bare: () => bare.ask('open') }));
  return ratioRow('cold-open-vs-bare', 'ms', median(times.ours), median(times.bare), BARE, 2);
}

/** The first opening of a process, modules loaded: most of it is code that the engine sees for the first time. Printed only. */
async function freshProcesses(
  { ours, bare }: Sides,
  sizes: BareSizes,
  print: (line: string) => void,
  start: (side: string, folder: string) => Worker,
): Promise<void> {
  // Each file belongs to one process.
  await Promise.all([ours.ask('close'), bare.ask('close')]);
  const once = async (side: 'product' | 'bare'): Promise<Timed> => {
    const worker = start(side, side);
    try {
      return await worker.ask<Timed>('open');
    } finally {
      await worker.close();
    }
  };
  const times = await alternate(sizes.freshProcesses, () => ({
    ours: () => once('product'),
    bare: () => once('bare'),
  }));
  const [one, other] = [median(times.ours).toFixed(1), median(times.bare).toFixed(1)];
  print(`  opened first in a fresh process: ${one} ms ours, ${other} ms bare`);
}

interface Turns {
  ours(): Promise<Timed>;
  bare(): Promise<Timed>;
}

interface Samples {
  readonly ours: number[];
  readonly bare: number[];
}

/** Rounds after one that warms up. */
async function alternate(rounds: number, turnsOf: () => Turns): Promise<Samples> {
  const times: Samples = { ours: [], bare: [] };
  for (let round = 0; round <= rounds; round += 1) await inTurns(times, round, turnsOf());
  return { ours: times.ours.slice(1), bare: times.bare.slice(1) };
}

/** Each begins every second round, so that neither always comes after the other. */
async function inTurns(times: Samples, round: number, turns: Turns): Promise<void> {
  let one: Timed;
  let other: Timed;
  if (round % 2 === 0) {
    one = await turns.ours();
    other = await turns.bare();
  } else {
    other = await turns.bare();
    one = await turns.ours();
  }
  if (one.result !== other.result) throw new Error(`not the same: ${one.result} and ${other.result}`);
  times.ours.push(one.ms);
  times.bare.push(other.ms);
}
