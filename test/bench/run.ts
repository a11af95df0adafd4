/** `npm run bench [-- --json]`: from the device's bytes to the screen, each against the bare libraries in the same run. */
import { argumentsOr } from '../fixtures/arguments.ts';
import { printRows, ratioRow, type Row } from './bench.ts';

/** Each loads what it needs when its turn comes: the code of one is a heap that the collector would walk in another's. */
const BENCHES: Readonly<Record<string, () => Promise<Row>>> = {
  'fundus-to-map-8mp': fundusToMap,
  'capture-to-verdict-45mp': async () => (await import('./capture-bench.ts')).captureToVerdict(),
  'weight-wire-to-screen-p99': async () => (await import('./weight-bench.ts')).weightWireToScreen(),
};

async function fundusToMap(): Promise<Row> {
  const { benchFundusToMap } = await import('./inference-bench.ts');
  const { name, productMs, referenceMs, goal, detail } = await benchFundusToMap();
  console.log(`  ${detail}`);
  return ratioRow(name, 'ms', productMs, referenceMs, 'sharp full decode + session.run', goal);
}

const USAGE = `npm run bench [-- NAME ...] [--json]
names: ${Object.keys(BENCHES).join(', ')}`;
const { values, positionals } = argumentsOr(USAGE, { json: { type: 'boolean', default: false } });
const rows: Row[] = [];
for (const [name, bench] of Object.entries(BENCHES)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const row = await bench();
  rows.push(row);
  printRows([row]);
}
if (values.json) console.log(JSON.stringify({ bench: 'bench', rows }));
if (rows.length === 0) console.error(USAGE);
process.exit(rows.length === 0 ? 2 : 0);
