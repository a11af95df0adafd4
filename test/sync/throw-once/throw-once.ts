/**
 * Throws once at every callback and storage call of the replication. After each of them the stations and the cloud must come to the
 * same state with nothing unpushed, nothing lost, and nothing that only counts as pushed.
 */
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../../workflows/api/config.ts';
import { Random } from '../../fixtures/random.ts';
import { CloudDatabase, apiEnvironment } from '../cloud-database.ts';
import { SimulatedCloud } from '../simulation/cloud.ts';
import type { SyncProof } from '../sync-proof.ts';
import type { Fault } from './fault-plan.ts';
import { FaultPlan } from './fault-plan.ts';
import { removeStations, runScenario } from './scenario.ts';
import type { ScenarioParts } from './scenario.ts';

const ADDRESS = 'https://cloud.test';
/** Calls of each site that fail in the smaller size: the first ones, and some by the seed. */
const FIRST_CALLS = 1;
const CALLS_BY_SEED = 16;
const PROGRESS_EVERY = 50;
const MEMORY_DISK = '/dev/shm';

export const throwOnceProof: SyncProof = async ({ full, seed, server }) => {
  const admin = await CloudDatabase.create(server, 'throw_once');
  const api = new SimulatedCloud(readConfig(apiEnvironment(admin.apiUrl, ADDRESS)), () => new Date());
  await api.start();
  const folder = mkdtempSync(join(existsSync(MEMORY_DISK) ? MEMORY_DISK : tmpdir(), 'vantage-throw-once-'));
  const parts: ScenarioParts = { api, admin, folder };
  const failures: string[] = [];
  let passed = 0;
  let unreached = 0;
  const stray: unknown[] = [];
  const noteStray = (error: unknown): void => {
    stray.push(error);
  };
  process.on('unhandledRejection', noteStray);
  process.on('uncaughtException', noteStray);
  try {
    const calm = new FaultPlan(null);
    await runScenario(parts, calm);
    const all = [...calm.calls].flatMap(([site, calls]) =>
      Array.from({ length: calls }, (_, index): Fault => ({ site, call: index + 1 })),
    );
    const faults = full ? all : chosen(all, seed);
    console.log(
      `throw-once: ${calm.calls.size} sites, ${all.length} calls in the scenario; ${faults.length} of them fail`,
    );
    for (const [index, fault] of faults.entries()) {
      if (index > 0 && index % PROGRESS_EVERY === 0) console.log(`throw-once: ${index} of ${faults.length}`);
      const plan = new FaultPlan(fault);
      const failure = await failureOf(async () => runScenario(parts, plan));
      if (stray.length > 0) failures.push(`${nameOf(fault)}: nobody handled ${String(stray.splice(0)[0])}`);
      else if (failure !== null) failures.push(`${nameOf(fault)}: ${failure}`);
      else passed += 1;
      if (!plan.struck) unreached += 1;
      const last = failures.at(-1);
      if (last?.startsWith(`${nameOf(fault)}:`) === true) console.log(`throw-once: ${last}`);
    }
    console.log(`throw-once: ${faults.length - unreached} of ${faults.length} calls came and failed once`);
  } finally {
    process.off('unhandledRejection', noteStray);
    process.off('uncaughtException', noteStray);
    await api.stop();
    await admin.drop();
    removeStations(folder);
  }
  return { passed, failures };
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

async function failureOf(run: () => Promise<void>): Promise<string | null> {
  try {
    await run();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function nameOf({ site, call }: Fault): string {
  return `${site}, call ${call}`;
}
