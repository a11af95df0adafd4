/**
 * `npm run test:conformance [-- --full] [--seed N] [--queries N]`: our RxDB storage against RxDB's own definition and its memory
 * storage, with random documents, writes and queries. Ends with one plain line of counts.
 */
import { argumentsOr } from '../fixtures/arguments.ts';
import { proveEquality } from './equality.ts';

const CI_QUERIES = 20_000;
const FULL_QUERIES = 1_000_000;

const { values } = argumentsOr(
  'npm run test:conformance [-- --full] [--seed N] [--queries N]',
  { full: { type: 'boolean', default: false }, seed: { type: 'string' }, queries: { type: 'string' } },
  false,
);
const seed = values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed);
const size = values.full ? FULL_QUERIES : CI_QUERIES;
const queries = values.queries === undefined ? size : Number(values.queries);

console.log(`equality: ${queries} queries, seed ${seed}`);
const began = performance.now();
let tenths = 0;
const result = await proveEquality(seed, queries, (asked) => {
  if (Math.floor((asked / queries) * 10) <= tenths) return;
  tenths = Math.floor((asked / queries) * 10);
  console.log(`${asked} of ${queries} queries, ${Math.round((performance.now() - began) / 1000)} s`);
});
const seconds = Math.round((performance.now() - began) / 1000);
console.log(
  `${result.worlds} collections, ${result.writes} batches of writes, ${result.queries} queries in ${seconds} s`,
);
console.log(`the memory storage itself left RxDB's definition in ${result.memoryDeviations} queries`);
if (result.memoryExample !== null) console.log(`  the first of them: ${result.memoryExample}`);
if (result.failure !== null) console.log(`FAILED  seed ${seed}: ${result.failure}`);
const failed = result.failure === null ? 0 : 1;
console.log(`\n${result.queries - failed} passed, ${failed} failed`);
if (failed > 0 || result.queries === 0) process.exitCode = 1;
