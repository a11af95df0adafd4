/**
 * `npm run bench:store [-- --json] [--full] [ROW...]`: our storage against the free ones under RxDB's own performance test, and
 * the product's encrypted store against the same work by hand. ROW is a row's name or how it begins.
 */
import { argumentsOr } from '../../fixtures/arguments.ts';
import { printRows } from '../bench.ts';
import type { Row } from '../bench.ts';
import { BARE_ROWS, BARE_SIZES, bareRows, FULL_VISITS } from './bare-rows.ts';
import { RXDB_SIZES, rxdbRows } from './rxdb-rows.ts';

const USAGE = `npm run bench:store [-- --full] [ROW ...] [--json]
rows, by name or how it begins: ${BARE_ROWS.join(', ')}, rxdb`;

const { values, positionals } = argumentsOr(USAGE, {
  json: { type: 'boolean', default: false },
  full: { type: 'boolean', default: false },
});

function wanted(row: string): boolean {
  return positionals.length === 0 || positionals.some((name) => row.startsWith(name));
}

const rows: Row[] = [];
function add(measured: readonly Row[]): void {
  const kept = measured.filter((row) => wanted(row.measure));
  printRows(kept);
  rows.push(...kept);
}
const print = (line: string): void => console.log(line);

if (BARE_ROWS.some(wanted)) {
  add(await bareRows({ ...BARE_SIZES, visits: values.full ? FULL_VISITS : BARE_SIZES.visits }, wanted, print));
}
// What RxDB measures is known only when it has run.
if (positionals.length === 0 || positionals.some((name) => name.startsWith('rxdb'))) {
  add(await rxdbRows(RXDB_SIZES, print));
}
if (values.json) console.log(JSON.stringify({ bench: 'store', rows }));
if (rows.length === 0) console.error(USAGE);
process.exit(rows.length === 0 ? 2 : 0);
