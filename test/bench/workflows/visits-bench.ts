/**
 * How many visits one worker takes to their published report in a second, against the SDK alone on the same server: as many activities,
 * updates and upserts, activities that do nothing, payloads that are not encrypted. The product's write to the real API over PostgreSQL.
 */
import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { WORKFLOW_TYPES, newId, workflowIdOf } from '../../../electron/contract/index.ts';
import { clientConverter } from '../../../workflows/codec/data-converter.ts';
import { EncryptionCodec } from '../../../workflows/codec/encryption-codec.ts';
import { ownKeys } from '../../../workflows/codec/keys.ts';
import type { Row } from '../bench.ts';
import { median, rateRow } from '../bench.ts';
import type { BenchVisit, BenchWorker, WorkflowCloud } from './workflow-cloud.ts';

export const VISITS_ROW = 'visits-per-second-vs-bare';
export const VISITS_SIZES = { visits: 40, rounds: 5, atOnce: 10, fullVisits: 200, fullRounds: 5 } as const;
const GOAL = 0.8;

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

interface Sizes {
  /** Of one round and side. */
  readonly visits: number;
  readonly rounds: number;
  readonly atOnce: number;
}

/** Who tells workflows, and the worker that they run at. */
export interface Side {
  readonly client: Client;
  readonly worker: BenchWorker;
}

/** What both sides must have as many of. */
const COUNTED = {
  activities: 'activityTaskScheduledEventAttributes',
  'local activities': 'markerRecordedEventAttributes',
  updates: 'workflowExecutionUpdateAcceptedEventAttributes',
  upserts: 'upsertWorkflowSearchAttributesEventAttributes',
} as const satisfies Record<string, keyof HistoryEvent>;

/** @throws Error when the two sides do not do the same */
export async function visitsRow(cloud: WorkflowCloud, sizes: Sizes, print: (line: string) => void): Promise<Row> {
  const { server, tenantId, tenantKey } = cloud;
  const connection = await Connection.connect({ address: server.address });
  const codec = new EncryptionCodec(ownKeys(tenantId, [tenantKey]), tenantId);
  const own: Side = {
    client: new Client({ connection, namespace: server.namespace, dataConverter: clientConverter(codec) }),
    worker: await cloud.ownWorker(),
  };
  const bare: Side = {
    client: new Client({ connection, namespace: server.namespace }),
    worker: await cloud.bareWorker(),
  };
  try {
    // Each has seen it all once before anything is measured.
    const counts = [await countsOf(own, await cloud.visits(4)), await countsOf(bare, await cloud.visits(4))];
    if (JSON.stringify(counts[0]) !== JSON.stringify(counts[1])) {
      throw new Error(`the two sides do not do the same: ${counts.map((each) => JSON.stringify(each)).join(' and ')}`);
    }
    const rates: Record<'own' | 'bare', number[]> = { own: [], bare: [] };
    for (let round = 0; round < sizes.rounds; round += 1) {
      const visits = { own: await cloud.visits(sizes.visits), bare: await cloud.visits(sizes.visits) };
      // Who is first may have it easier, or harder.
      for (const name of round % 2 === 0 ? (['own', 'bare'] as const) : (['bare', 'own'] as const)) {
        rates[name].push(await rate(name === 'own' ? own : bare, visits[name], sizes.atOnce));
      }
    }
    print(
      `  ${sizes.rounds} rounds of ${sizes.visits} visits, ${sizes.atOnce} at once; of each visit ${JSON.stringify(counts[0])}; ` +
        `ours ${shown(rates.own)}, the SDK alone ${shown(rates.bare)} visits/s`,
    );
    print(
      '  the SDK alone has as many activities, updates and upserts, one worker and the same server; its activities answer at once and its ' +
        'payloads are plain, while the product encrypts them and its activities call the API over PostgreSQL: all of that counts against it',
    );
    return rateRow(VISITS_ROW, 'visits/s', median(rates.own), median(rates.bare), 'the SDK alone', GOAL);
  } finally {
    await own.worker.stop();
    await bare.worker.stop();
    await connection.close();
  }
}

/** @returns visits a second */
async function rate(side: Side, visits: readonly BenchVisit[], atOnce: number): Promise<number> {
  const left = [...visits];
  const started = performance.now();
  const turn = async (): Promise<void> => {
    for (let visit = left.pop(); visit !== undefined; visit = left.pop()) await whole(side, visit);
  };
  await Promise.all(Array.from({ length: atOnce }, turn));
  return visits.length / ((performance.now() - started) / 1000);
}

/** From the first message, which starts it, to its result. @throws Error when it is not published */
export async function whole({ client, worker }: Side, { input, reportSha256 }: BenchVisit): Promise<void> {
  const workflowId = workflowIdOf('session', input.sessionId);
  const tell = async (name: string, message: object): Promise<unknown> =>
    client.workflow.executeUpdateWithStart(name, {
      args: [message],
      updateId: newId(),
      startWorkflowOperation: new WithStartWorkflowOperation(WORKFLOW_TYPES.session, {
        workflowId,
        taskQueue: worker.taskQueue,
        args: [input],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'USE_EXISTING',
      }),
    });
  const at = '2026-11-21T09:20:00.000Z';
  await tell('captured', { at });
  await tell('review', {
    decision: 'approved',
    reportSha256,
    reviewerId: newId(),
    role: 'clinician',
    at,
    reason: null,
  });
  const result = (await client.workflow.getHandle(workflowId).result()) as { readonly status: string };
  if (result.status !== 'COMPLETED') throw new Error(`a visit ended ${result.status}`);
}

async function countsOf(side: Side, visits: readonly BenchVisit[]): Promise<Readonly<Record<string, number>>> {
  for (const visit of visits) await whole(side, visit);
  const { sessionId } = visits.at(-1)?.input ?? { sessionId: '' };
  const { events } = await side.client.workflow.getHandle(workflowIdOf('session', sessionId)).fetchHistory();
  const count = (name: keyof HistoryEvent): number =>
    (events ?? []).filter((event) => (event[name] ?? null) !== null).length;
  return Object.fromEntries(Object.entries(COUNTED).map(([word, name]) => [word, count(name)]));
}

function shown(values: readonly number[]): string {
  return values.map((value) => value.toFixed(1)).join(', ');
}
