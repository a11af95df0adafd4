/**
 * `npm run test:faults -- NAME ... [--full] [--seed N] [--unsafe-control]`: named proofs that take long. Ends with one plain line
 * of counts.
 */
import { argumentsOr } from '../fixtures/arguments.ts';
import type { FaultProof } from './fault-proof.ts';

const PROOFS: Readonly<Record<string, () => Promise<FaultProof>>> = {
  visit: async () => (await import('./visit.ts')).visitFaults,
  store: async () => (await import('./store/store.ts')).storeFaults,
  power: async () => (await import('./store/power.ts')).powerFaults,
  plaintext: async () => (await import('./store/plaintext.ts')).plaintextFaults,
  damage: async () => (await import('./store/damage.ts')).damageFaults,
  outbox: async () => (await import('./outbox/outbox.ts')).outboxFaults,
};

const USAGE = `npm run test:faults -- NAME ... [--full] [--seed N] [--unsafe-control]
names: ${Object.keys(PROOFS).join(', ')}; without one all of them`;

const { values, positionals } = argumentsOr(USAGE, {
  full: { type: 'boolean', default: false },
  seed: { type: 'string' },
  'unsafe-control': { type: 'boolean', default: false },
});
const names = positionals.length > 0 ? positionals : Object.keys(PROOFS);
const seed = values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed);
let passed = 0;
let failed = 0;
let skipped = 0;

// So that what is to be undone at the end is undone then, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

for (const name of names) {
  const load = PROOFS[name];
  if (load === undefined) {
    console.error(`no such proof: ${name}; there are ${Object.keys(PROOFS).join(', ')}`);
    process.exitCode = 2;
    continue;
  }
  console.log(`${name}: size ${values.full ? 'full' : 'ci'}, seed ${seed}`);
  try {
    const proof = await load();
    const result = await proof({ full: values.full, seed, unsafeControl: values['unsafe-control'] });
    passed += result.passed;
    failed += result.failures.length;
    for (const failure of result.failures) console.log(`FAILED  ${failure}`);
    for (const reason of result.skipped ?? []) {
      skipped += 1;
      console.log(`skipped  ${reason}`);
    }
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
if (failed > 0 || passed + skipped === 0) process.exitCode = 1;
process.exit();
