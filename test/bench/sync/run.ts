/** `npm run bench:sync [-- --json] [--full] [ROW...]`: stations against the real API. ROW is a row's name or how it begins. */
import { argumentsOr } from '../../fixtures/arguments.ts';
import { printRows } from '../bench.ts';
import type { Row } from '../bench.ts';
import { DOCUMENT_ROWS, DOCUMENT_SIZES, documentRows } from './documents-bench.ts';
import { PACE_SIZES, paceRow, paceRowName } from './pace-bench.ts';
import { startRealCloud } from './real-cloud.ts';
import type { RealCloud } from './real-cloud.ts';
import { UPLOAD_ROW, UPLOAD_SIZES, lineTo, uploadRow } from './upload-bench.ts';

const PACE_ROWS = [paceRowName(PACE_SIZES.stations), paceRowName(PACE_SIZES.fullStations)] as const;

const { values, positionals } = argumentsOr(
  `npm run bench:sync [-- --full] [ROW ...] [--json]
rows, by name or how it begins: ${[UPLOAD_ROW, ...DOCUMENT_ROWS, PACE_ROWS[0]].join(', ')}
--full: a file of 2 GiB, more rounds of documents, ${PACE_ROWS[1]}`,
  { json: { type: 'boolean', default: false }, full: { type: 'boolean', default: false } },
);

interface Bench {
  readonly rows: readonly string[];
  /** Whether what it measures depends on how long the database waits for the disk. */
  readonly durable: boolean;
  readonly run: (cloud: RealCloud) => Promise<readonly Row[]>;
}

const print = (line: string): void => console.log(line);

const stations = values.full ? PACE_SIZES.fullStations : PACE_SIZES.stations;
const BENCHES: readonly Bench[] = [
  {
    rows: [UPLOAD_ROW],
    durable: false,
    run: async (cloud) => {
      const { bytes, fullBytes } = UPLOAD_SIZES;
      const sizes = { ...UPLOAD_SIZES, bytes: values.full ? fullBytes : bytes };
      return [await uploadRow(lineTo(cloud), sizes, (line) => print(`  ${line}`))];
    },
  },
  {
    rows: DOCUMENT_ROWS,
    durable: true,
    run: async (cloud) => {
      const { documents, rounds, fullRounds } = DOCUMENT_SIZES;
      return documentRows(cloud, { documents, rounds: values.full ? fullRounds : rounds }, print);
    },
  },
  {
    rows: [paceRowName(stations)],
    durable: true,
    run: async (cloud) => [await paceRow(cloud, { ...PACE_SIZES, stations }, print)],
  },
];

const isWanted = (row: string): boolean => positionals.length === 0 || positionals.some((name) => row.startsWith(name));
const wanted = BENCHES.filter((bench) => bench.rows.some(isWanted));
if (wanted.length === 0) {
  console.error(`no such row; there are: ${BENCHES.flatMap((bench) => bench.rows).join(', ')}`);
  process.exit(2);
}
const rows: Row[] = [];
for (const bench of wanted) {
  // A cloud of its own: what one has left there is not in another's way.
  const cloud = await startRealCloud(bench.durable);
  try {
    const measured = (await bench.run(cloud)).filter(({ measure }) => isWanted(measure));
    printRows(measured);
    rows.push(...measured);
  } finally {
    await cloud.close();
  }
}
if (values.json) console.log(JSON.stringify({ bench: 'sync', rows }));
process.exit(0);
