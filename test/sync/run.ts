/**
 * `npm run test:sync -- NAME ... [--full] [--seed N] [--only] [--from N] [--seeds N] [--stations N] [--unsafe-control]`: proofs that
 * stations and cloud come together after everything that can happen between them. Ends with one plain line of counts.
 */
import { argumentsOr } from '../fixtures/arguments.ts';
import { startDatabase } from './cloud-database.ts';
import type { SyncProof } from './sync-proof.ts';

const PROOFS: Readonly<Record<string, () => Promise<SyncProof>>> = {
  simulation: async () => (await import('./simulation/simulation.ts')).simulationProof,
  processes: async () => (await import('./processes/processes.ts')).processesProof,
  'throw-once': async () => (await import('./throw-once/throw-once.ts')).throwOnceProof,
  order: async () => (await import('./order.ts')).orderProof,
  visit: async () => (await import('./clinic/visit.ts')).visitProof,
  offline: async () => (await import('./clinic/offline.ts')).offlineProof,
};

const USAGE = `npm run test:sync -- NAME ... [--full] [--seed N] [--only] [--from N] [--seeds N] [--stations N] [--unsafe-control]
names: ${Object.keys(PROOFS).join(', ')}; without one all of them
--seed N --only    the simulation of this one seed again, with what happened in it
--from N --seeds N the simulation of these seeds: a slice of a full run, which several processes may share
--unsafe-control   with a rule broken, which must be found out`;

const { values, positionals } = argumentsOr(USAGE, {
  full: { type: 'boolean', default: false },
  seed: { type: 'string' },
  only: { type: 'boolean', default: false },
  from: { type: 'string' },
  seeds: { type: 'string' },
  stations: { type: 'string' },
  'unsafe-control': { type: 'boolean', default: false },
});
const names =
  positionals.length > 0
    ? positionals
    : values.only || values.from !== undefined
      ? ['simulation']
      : Object.keys(PROOFS);
const first = values.seed ?? values.from;
const seed = first === undefined ? Math.floor(Math.random() * 1_000_000) : Number(first);
const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
let passed = 0;
let failed = 0;

const server = await startDatabase();
// The package that runs PostgreSQL stops it on a signal by itself; what else was started is undone at the end of the process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

for (const name of names) {
  const load = PROOFS[name];
  if (load === undefined) {
    console.error(`no such proof: ${name}; there are ${Object.keys(PROOFS).join(', ')}`);
    process.exitCode = 2;
    continue;
  }
  console.log(`${name}: size ${values.full ? 'full' : 'ci'}, seed ${seed}`);
  const began = performance.now();
  try {
    const proof = await load();
    const result = await proof({
      full: values.full,
      seed,
      only: values.only,
      seeds: numberOf(values.seeds),
      stations: numberOf(values.stations),
      unsafeControl: values['unsafe-control'],
      server,
    });
    passed += result.passed;
    failed += result.failures.length;
    for (const failure of result.failures) console.log(`FAILED  ${failure}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  console.log(`${name}: ${Math.round((performance.now() - began) / 1000)} s`);
}
await server.stop();
console.log(`\n${passed} passed, ${failed} failed`);
if (failed > 0 || passed === 0) process.exitCode ||= 1;
process.exit();
