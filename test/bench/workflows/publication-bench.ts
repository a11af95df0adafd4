/**
 * How long a publication takes to the patient: from the instant that the workflow's activity writes into the visit to the patient's open
 * page, which shows the report as one to be opened. One visit after the other, by the real workflow, API and database.
 */
import { Client, Connection } from '@temporalio/client';
import { firstOf } from '../../../workflows/api/testing/browser.ts';
import { clientConverter } from '../../../workflows/codec/data-converter.ts';
import { EncryptionCodec } from '../../../workflows/codec/encryption-codec.ts';
import { ownKeys } from '../../../workflows/codec/keys.ts';
import type { Row } from '../bench.ts';
import { limitRow, percentile } from '../bench.ts';
import { whole } from './visits-bench.ts';
import type { BenchVisit, WorkflowCloud } from './workflow-cloud.ts';

export const PUBLICATION_ROW = 'publish-to-patient-p95-ms';
export const PUBLICATION_SIZES = { visits: 20, fullVisits: 100 } as const;
const GOAL_MS = 2000;

/** @throws Error when a report does not get there */
export async function publicationRow(cloud: WorkflowCloud, count: number, print: (line: string) => void): Promise<Row> {
  const { server, tenantId, tenantKey, database } = cloud;
  const connection = await Connection.connect({ address: server.address });
  const codec = new EncryptionCodec(ownKeys(tenantId, [tenantKey]), tenantId);
  const side = {
    client: new Client({ connection, namespace: server.namespace, dataConverter: clientConverter(codec) }),
    worker: await cloud.ownWorker(),
  };
  const delayOf = async (visit: BenchVisit): Promise<number> => {
    const page = (await cloud.patient(visit)).client();
    const stream = await page.timeline.watch();
    const isReady = firstOf(stream, ({ visits }) => visits.some(({ report }) => report === 'ready')).then(() =>
      Date.now(),
    );
    await whole(side, visit);
    const seenAt = await isReady;
    const { rows } = await database.query<{ at: string }>(
      `SELECT document #>> '{cloud,publishedAt}' AS at FROM documents WHERE collection = 'sessions' AND id = $1`,
      [visit.input.sessionId],
    );
    return seenAt - Date.parse(rows[0]?.at ?? '');
  };
  try {
    const delays: number[] = [];
    for (const visit of await cloud.visits(count)) delays.push(await delayOf(visit));
    print(
      `  ${count} publications to an open page; median ${Math.round(percentile(delays, 50))} ms, ` +
        `most ${Math.round(Math.max(...delays))} ms`,
    );
    return limitRow(PUBLICATION_ROW, 'ms', percentile(delays, 95), GOAL_MS);
  } finally {
    await side.worker.stop();
    await connection.close();
  }
}
