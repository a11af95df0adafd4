/** `npm run test:faults -- NAME [--full] [--seed N]`: a named proof that takes long. Ends with one plain line of counts. */
import { parseArgs } from 'node:util';
import type { FaultProof } from './fault-proof.ts';

const PROOFS: Readonly<Record<string, () => Promise<FaultProof>>> = {
  visit: async () => (await import('./visit.ts')).visitFaults,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { full: { type: 'boolean', default: false }, seed: { type: 'string' } },
});
const names = positionals.length > 0 ? positionals : Object.keys(PROOFS);
const seed = values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed);
let passed = 0;
let failed = 0;

for (const name of names) {
  const load = PROOFS[name];
  if (load === undefined) {
    console.error(`no such proof: ${name}; there are ${Object.keys(PROOFS).join(', ')}`);
    process.exitCode = 2;
    continue;
  }
  console.log(`${name}: size ${values.full ? 'full' : 'ci'}, seed ${seed}`);
  try {
    const result = await (await load())({ full: values.full, seed });
    passed += result.passed;
    failed += result.failures.length;
    for (const failure of result.failures) console.log(`FAILED  ${failure}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}
console.log(`\n${passed} passed, ${failed} failed`);
if (failed > 0 || passed === 0) process.exitCode = 1;
process.exit();
