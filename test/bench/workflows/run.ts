/** `npm run bench:workflows [-- --json] [--full] [ROW...]`: workers and stations against a real server, API and database. */
import { temporalProgram } from '../../../workflows/temporal/binary.ts';
import { argumentsOr } from '../../fixtures/arguments.ts';
import type { Row } from '../bench.ts';
import { printRows } from '../bench.ts';
import { DELAY_SIZES, INTENT_ROW, intentRow } from './delays-bench.ts';
import { PUBLICATION_ROW, PUBLICATION_SIZES, publicationRow } from './publication-bench.ts';
import { VISITS_ROW, VISITS_SIZES, visitsRow } from './visits-bench.ts';
import type { WorkflowCloud } from './workflow-cloud.ts';
import { startWorkflowCloud } from './workflow-cloud.ts';

const print = (line: string): void => console.log(line);

const { values, positionals } = argumentsOr(
  `npm run bench:workflows [-- --full] [ROW ...] [--json]
rows, by name or how it begins: ${[VISITS_ROW, INTENT_ROW, PUBLICATION_ROW].join(', ')}
--full: more visits`,
  { json: { type: 'boolean', default: false }, full: { type: 'boolean', default: false } },
);
const { full } = values;

const BENCHES: Readonly<Record<string, (cloud: WorkflowCloud) => Promise<Row>>> = {
  [VISITS_ROW]: async (cloud) => {
    const { visits, rounds, fullVisits, fullRounds, atOnce } = VISITS_SIZES;
    const sizes = full ? { visits: fullVisits, rounds: fullRounds, atOnce } : { visits, rounds, atOnce };
    return visitsRow(cloud, sizes, print);
  },
  [INTENT_ROW]: async (cloud) => intentRow(cloud, full ? DELAY_SIZES.fullVisits : DELAY_SIZES.visits, print),
  [PUBLICATION_ROW]: async (cloud) =>
    publicationRow(cloud, full ? PUBLICATION_SIZES.fullVisits : PUBLICATION_SIZES.visits, print),
};

const wanted = Object.entries(BENCHES).filter(
  ([row]) => positionals.length === 0 || positionals.some((name) => row.startsWith(name)),
);
if (wanted.length === 0) {
  console.error(`no such row; there are: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
// So that what was started is ended then, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const program = await temporalProgram({ environment: process.env, say: print });
const cloud = await startWorkflowCloud(program);
const rows: Row[] = [];
try {
  for (const [, bench] of wanted) {
    const row = await bench(cloud);
    printRows([row]);
    rows.push(row);
  }
} finally {
  await cloud.close();
}
if (values.json) console.log(JSON.stringify({ bench: 'workflows', rows }));
process.exit(0);
