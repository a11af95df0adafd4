/**
 * Throws once at every callback and storage call of the replication. After each of them the stations and the cloud must come to the
 * same state with nothing unpushed, nothing lost, and nothing that only counts as pushed. Several processes share the faults.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Random } from '../../fixtures/random.ts';
import type { SyncProof } from '../sync-proof.ts';
import { WorkerProcess } from '../worker-process.ts';
import type { Fault } from './fault-plan.ts';
import type { ThrowOnceJob, ThrowOnceOptions, ThrowOnceOutcome } from './worker.ts';

type Worker = WorkerProcess<ThrowOnceJob, ThrowOnceOutcome>;

const WORKER = join(import.meta.dirname, 'worker.ts');
/** Calls of each site that fail in the smaller size: the first ones, and some by the seed. */
const FIRST_CALLS = 1;
const CALLS_BY_SEED = 16;
const PROGRESS_EVERY = 50;
/** For each core: while one waits for its retries or its database, another goes on. */
const WORKERS_PER_CORE = 2;

export const throwOnceProof: SyncProof = async ({ full, seed, server }) => {
  const options: ThrowOnceOptions = { server: { adminUrl: server.adminUrl, apiUrl: server.apiUrl } };
  const start = (): Promise<Worker> => WorkerProcess.start(WORKER, options);
  const first = await start();
  const calm = await first.run({ fault: null });
  if ('crash' in calm || calm.failure !== null) {
    await first.end();
    return { passed: 0, failures: [`throw-once: nothing failed, and ${'crash' in calm ? calm.crash : calm.failure}`] };
  }
  const all = calm.calls.flatMap(([site, calls]) =>
    Array.from({ length: calls }, (_, index): Fault => ({ site, call: index + 1 })),
  );
  const faults = full ? all : chosen(all, seed);
  console.log(
    `throw-once: ${calm.calls.length} sites, ${all.length} calls in the scenario; ${faults.length} of them fail`,
  );

  const failures: string[] = [];
  let [done, struck] = [0, 0];
  const left = [...faults];
  const work = async (ready: Worker | null): Promise<void> => {
    let worker = ready;
    for (let fault = left.shift(); fault !== undefined; fault = left.shift()) {
      worker ??= await start();
      const outcome = await worker.run({ fault });
      const isCrash = 'crash' in outcome;
      const failure = isCrash ? outcome.crash : outcome.failure;
      if (failure !== null) {
        failures.push(`${fault.site}, call ${fault.call}: ${failure}`);
        console.log(`throw-once: ${failures.at(-1)}`);
      }
      if (!isCrash && outcome.struck) struck += 1;
      if (isCrash) worker = null;
      done += 1;
      if (done % PROGRESS_EVERY === 0) console.log(`throw-once: ${done} of ${faults.length}`);
    }
    await worker?.end();
  };
  const others = Math.min(availableParallelism() * WORKERS_PER_CORE, faults.length) - 1;
  await Promise.all([work(first), ...Array.from({ length: others }, async () => work(null))]);
  console.log(`throw-once: ${struck} of ${faults.length} calls came and failed once`);
  return { passed: faults.length - failures.length, failures };
};

function chosen(all: readonly Fault[], seed: number): Fault[] {
  const random = new Random(seed);
  const first = all.filter(({ call }) => call <= FIRST_CALLS);
  const rest = all.filter(({ call }) => call > FIRST_CALLS);
  const more: Fault[] = [];
  while (more.length < CALLS_BY_SEED && rest.length > 0) {
    more.push(...rest.splice(Math.floor(random.next() * rest.length), 1));
  }
  return [...first, ...more];
}
