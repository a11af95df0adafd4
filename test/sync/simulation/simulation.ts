/**
 * Many seeds of `scenario.ts`, several at a time, each with stations of its own and a clinic of its own in the database. The first
 * one runs twice: it must go the same way, or no failure could be looked at again.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { SyncProof, SyncProofOptions } from '../sync-proof.ts';
import type { Crash } from '../worker-process.ts';
import { WorkerProcess } from '../worker-process.ts';
import { CONTROLS } from './controls.ts';
import type { Control } from './controls.ts';
import type { ScenarioResult } from './scenario.ts';
import type { WorkerOptions } from './worker.ts';

/** As it comes from a worker. */
type Result = Omit<ScenarioResult, 'faults'> & { readonly faults: Readonly<Record<string, number>> };
type Outcome = Result | (Crash & { readonly seed: number });

const WORKER = join(import.meta.dirname, 'worker.ts');
const CI = { seeds: 30, stations: 3 } as const;
const FULL = { seeds: 1000, stations: 20 } as const;
/** Then the process is ended and another one takes its place. */
const SEEDS_PER_WORKER = 40;
/** Seeds in which a broken rule must have been found out. */
const CONTROL_SEEDS = 6;
const SEEDS_PER_LINE = 10;
const COUNTED = [
  'writes',
  'requests',
  'kills',
  'clockJumps',
  'partitions',
  'apiRestarts',
  'restores',
  'purged',
  'forcedResyncs',
] as const;

export const simulationProof: SyncProof = async (options) => {
  if (options.unsafeControl) return proveControls(options);
  const size = options.full ? FULL : CI;
  const stations = options.stations ?? size.stations;
  const amount = options.only ? 1 : (options.seeds ?? size.seeds);
  const seeds = Array.from({ length: amount }, (_, index) => options.seed + index);
  console.log(`${amount} seeds from ${options.seed}, ${stations} stations each`);
  const outcomes = await runSeeds(options, seeds, stations, null);
  const failures = outcomes.flatMap(failuresOf);
  const [first] = outcomes;
  if (first !== undefined && failures.length === 0) {
    const [again] = await runSeeds({ ...options, only: false }, [first.seed], stations, null);
    if (traceOf(again) !== traceOf(first))
      failures.push(`simulation: seed ${first.seed} went another way the second time`);
    else console.log(`seed ${first.seed} went the same way twice`);
  }
  failures.push(...(await findWallClock(options)), ...idle(outcomes));
  const failed = new Set(outcomes.filter((outcome) => failuresOf(outcome).length > 0).map(({ seed }) => seed));
  return { passed: amount - failed.size, failures };
};

/** What a run of this size cannot do without; else it proves nothing of it. */
function idle(outcomes: readonly Outcome[]): string[] {
  const resyncs = outcomes.reduce((sum, each) => sum + ('crash' in each ? 0 : each.forcedResyncs), 0);
  return outcomes.length >= CI.seeds && resyncs === 0
    ? ['simulation: nobody was away while deletions were purged']
    : [];
}

/** Part of every run: the same stations with a cloud that reads the clock. @returns a failure where that was not found out */
async function findWallClock(options: SyncProofOptions): Promise<string[]> {
  if (options.only) return [];
  for (let index = 0; index < CONTROL_SEEDS; index += 1) {
    const [outcome] = await runSeeds(options, [options.seed + index], CI.stations, 'wall-clock', true);
    const [found] = outcome === undefined ? [] : failuresOf(outcome);
    if (found === undefined) continue;
    console.log(`control wall-clock: found out in seed ${options.seed + index}, as must be; ${found}`);
    return [];
  }
  return ['simulation: control: nothing was found with wall-clock'];
}

/** @returns a failure for each broken rule that was not found out */
async function proveControls(options: SyncProofOptions) {
  const failures: string[] = [];
  for (const control of CONTROLS) {
    const seeds = Array.from({ length: options.seeds ?? CONTROL_SEEDS }, (_, index) => options.seed + index);
    const outcomes = await runSeeds(options, seeds, options.stations ?? CI.stations, control, true);
    const found = outcomes.filter((outcome) => failuresOf(outcome).length > 0);
    const [example] = found.flatMap(failuresOf);
    console.log(`control ${control}: found out in ${found.length} of ${seeds.length} seeds; ${example ?? ''}`);
    if (found.length === 0) failures.push(`simulation: control: nothing was found with ${control}`);
  }
  return { passed: CONTROLS.length - failures.length, failures };
}

async function runSeeds(
  options: SyncProofOptions,
  seeds: readonly number[],
  stations: number,
  control: Control | null,
  quiet = false,
): Promise<Outcome[]> {
  const workerOptions: WorkerOptions = {
    server: { adminUrl: options.server.adminUrl, apiUrl: options.server.apiUrl },
    stations,
    control,
    verbose: options.only,
  };
  const left = [...seeds];
  const outcomes: Outcome[] = [];
  let told = 0;
  const work = async (): Promise<void> => {
    let worker: WorkerProcess<number, Result> | null = null;
    for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
      worker ??= await WorkerProcess.start<number, Result>(WORKER, workerOptions);
      const outcome: Outcome = { ...(await worker.run(seed)), seed };
      outcomes.push(outcome);
      if (!quiet) for (const failure of failuresOf(outcome)) console.log(`  ${failure}`);
      if ('crash' in outcome || worker.runs >= SEEDS_PER_WORKER) {
        await worker.end();
        worker = null;
      }
      if (!quiet && (outcomes.length - told >= SEEDS_PER_LINE || outcomes.length === seeds.length)) {
        console.log(lineOf(outcomes.slice(told), outcomes.length, seeds.length));
        told = outcomes.length;
      }
    }
    await worker?.end();
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), seeds.length) }, work));
  return outcomes.toSorted((left, right) => left.seed - right.seed);
}

function failuresOf(outcome: Outcome): string[] {
  const again = `(again: npm run test:sync -- --seed ${outcome.seed} --only)`;
  if ('crash' in outcome) return [`simulation: seed ${outcome.seed}: ${outcome.crash} ${again}`];
  return outcome.failures.map((failure) => `simulation: seed ${outcome.seed}: ${failure} ${again}`);
}

function traceOf(outcome: Outcome | undefined): string {
  return outcome === undefined || 'crash' in outcome ? 'none' : outcome.traceHash;
}

function lineOf(outcomes: readonly Outcome[], done: number, of: number): string {
  const sum = {
    writes: 0,
    requests: 0,
    kills: 0,
    clockJumps: 0,
    partitions: 0,
    apiRestarts: 0,
    restores: 0,
    purged: 0,
    forcedResyncs: 0,
    faults: 0,
  };
  let failed = 0;
  for (const outcome of outcomes) {
    if (failuresOf(outcome).length > 0) failed += 1;
    if ('crash' in outcome) continue;
    for (const name of COUNTED) sum[name] += outcome[name];
    sum.faults += Object.values(outcome.faults).reduce((total, count) => total + count, 0);
  }
  return (
    `${done} of ${of} seeds: ${sum.writes} writes, ${sum.requests} requests, ${sum.faults} faults on the line, ` +
    `${sum.partitions} partitions, ${sum.kills} kills, ${sum.clockJumps} clock jumps, ${sum.apiRestarts} restarts of the API, ` +
    `${sum.restores} backups put back, ${sum.purged} deletions purged, ${sum.forcedResyncs} resyncs for that, ` +
    `${failed} seeds failed`
  );
}
