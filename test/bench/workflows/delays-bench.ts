/**
 * How long a station's request takes to the workflow: from the commit of the transaction that caused it to the workflow's own answer, by
 * the product's outbox. One visit after the other, each with its start and its first message, as on a working day.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Session } from '../../../electron/contract/index.ts';
import { newId } from '../../../electron/contract/index.ts';
import { Outbox } from '../../../electron/core/outbox/outbox.ts';
import { entryById } from '../../../electron/core/outbox/outbox-rows.ts';
import type { Sender } from '../../../electron/core/outbox/sender.ts';
import { sessionIntent } from '../../../electron/core/outbox/session-request.ts';
import { TemporalSender } from '../../../electron/core/outbox/temporal-sender.ts';
import { openTestStore, patientDraft } from '../../../electron/core/store/testing/documents.ts';
import { systemClock } from '../../../electron/core/sync/clock.ts';
import type { Row } from '../bench.ts';
import { limitRow, percentile } from '../bench.ts';
import type { BenchVisit, WorkflowCloud } from './workflow-cloud.ts';

export const INTENT_ROW = 'intent-to-workflow-p95-ms';
export const DELAY_SIZES = { visits: 40, fullVisits: 200 } as const;
const GOAL_MS = 2000;
const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

/** @throws Error when a request does not reach its workflow */
export async function intentRow(cloud: WorkflowCloud, count: number, print: (line: string) => void): Promise<Row> {
  const { server, tenantId, tenantKey } = cloud;
  const folder = mkdtempSync(join(tmpdir(), 'vantage-bench-outbox-'));
  const store = await openTestStore(folder, { now: Date.now });
  const worker = await cloud.ownWorker();
  const payloadKeys = `${tenantKey.id}:${Buffer.from(tenantKey.key).toString('base64')}`;
  const temporal = new TemporalSender({
    settings: {
      address: server.address,
      namespace: server.namespace,
      credentials: () => ({ tls: null, apiKey: null, payloadKeys }),
    },
    clock: systemClock,
    identity: 'bench',
    tenantId: () => tenantId,
  });
  const sender: Sender = {
    deliver: async ({ workflow, message }, signal) =>
      temporal.deliver({ workflow: { ...workflow, queue: worker.taskQueue }, message }, signal),
    renew: () => temporal.renew(),
    close: async () => temporal.close(),
  };
  const told: { changed: () => void } = { changed: nothing };
  const outbox = new Outbox({
    store,
    sender,
    clock: systemClock,
    random: Math.random,
    log: QUIET,
    changed: () => told.changed(),
  });
  outbox.start();
  const send = async ({ input }: BenchVisit, index: number): Promise<number> => {
    const id = newId();
    const answered = new Promise<void>((resolve, reject) => {
      told.changed = () => {
        const entry = entryById(store.sqlite, id);
        if (entry?.state === 'delivered') resolve();
        else if (entry !== null && entry.state !== 'waiting') reject(new Error(`a request is ${entry.state}`));
      };
    });
    const session = sessionOf(input);
    const at = input.startedAt;
    await store.transaction((tx) => {
      // The outbox hears of documents, with which intents are written.
      tx.put('patients', patientDraft(`bench-${index}`));
      tx.intent(sessionIntent('session-start', newId(), session, 'bench', null));
      tx.intent(sessionIntent('session-captured', id, session, 'bench', { at }));
    });
    const committed = performance.now();
    await answered;
    return performance.now() - committed;
  };
  try {
    const visits = await cloud.visits(count + 1);
    const delays: number[] = [];
    for (const [index, visit] of visits.entries()) delays.push(await send(visit, index));
    // The first loads Temporal's client and connects.
    const [first = 0, ...others] = delays;
    print(
      `  ${others.length} visits, start and message; the first, which connects, ${Math.round(first)} ms; ` +
        `median ${Math.round(percentile(others, 50))} ms, most ${Math.round(Math.max(...others))} ms`,
    );
    return limitRow(INTENT_ROW, 'ms', percentile(others, 95), GOAL_MS);
  } finally {
    await outbox.close();
    await store.close();
    await worker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function sessionOf({ sessionId, userId, tenantId, locationId, startedAt }: BenchVisit['input']): Session {
  return {
    id: sessionId,
    patientId: userId,
    tenantId,
    locationId,
    checkedInAt: startedAt,
    createdAt: startedAt,
  } satisfies Partial<Session> as unknown as Session;
}

function nothing(): void {
  // Nothing was asked for yet.
}
