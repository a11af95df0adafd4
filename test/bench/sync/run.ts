/** `npm run bench:sync [-- --json] [--full] [ROW...]`: stations against the real API. ROW is a row's name or how it begins. */
import { argumentsOr } from '../../fixtures/arguments.ts';
import { printRows } from '../bench.ts';
import type { Row } from '../bench.ts';
import { startRealCloud } from './real-cloud.ts';
import type { RealCloud } from './real-cloud.ts';
import { UPLOAD_ROW, UPLOAD_SIZES, lineTo, uploadRow } from './upload-bench.ts';

const { values, positionals } = argumentsOr(
  `npm run bench:sync [-- --full] [ROW ...] [--json]
rows, by name or how it begins: ${UPLOAD_ROW}`,
  { json: { type: 'boolean', default: false }, full: { type: 'boolean', default: false } },
);

const BENCHES: Readonly<Record<string, (cloud: RealCloud) => Promise<Row>>> = {
  [UPLOAD_ROW]: (cloud) => {
    const { bytes, fullBytes } = UPLOAD_SIZES;
    return uploadRow(lineTo(cloud), { ...UPLOAD_SIZES, bytes: values.full ? fullBytes : bytes }, (line) =>
      console.log(`  ${line}`),
    );
  },
};

const wanted = Object.entries(BENCHES).filter(
  ([name]) => positionals.length === 0 || positionals.some((each) => name.startsWith(each)),
);
if (wanted.length === 0) {
  console.error(`no such row; there are: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
const rows: Row[] = [];
const cloud = await startRealCloud();
try {
  for (const [, bench] of wanted) {
    const row = await bench(cloud);
    rows.push(row);
    printRows([row]);
  }
} finally {
  await cloud.close();
}
if (values.json) console.log(JSON.stringify({ bench: 'sync', rows }));
process.exit(0);
