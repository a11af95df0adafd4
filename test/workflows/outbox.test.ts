/** A station's outbox against a real Temporal server, the visit's own workflow, a worker and the cloud's API. */
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { IntentInput, Session } from '../../electron/contract/index.ts';
import { newId } from '../../electron/contract/index.ts';
import { Outbox } from '../../electron/core/outbox/outbox.ts';
import {
  entriesForPeople,
  lastDelivered,
  outboxCounts,
  waitingEntries,
} from '../../electron/core/outbox/outbox-rows.ts';
import type { Sender } from '../../electron/core/outbox/sender.ts';
import { sessionIntent } from '../../electron/core/outbox/session-request.ts';
import { TemporalSender } from '../../electron/core/outbox/temporal-sender.ts';
import type { Store } from '../../electron/core/store/index.ts';
import { openTestStore, temporaryFolder } from '../../electron/core/store/testing/documents.ts';
import { systemClock } from '../../electron/core/sync/clock.ts';
import { NORTH_HARBOUR } from '../../workflows/api/testing/test-api.ts';
import { tenantKey } from '../../workflows/codec/keys.ts';
import { needsTemporal } from '../../workflows/testing/needs-temporal.ts';
import type { TestVisit } from '../../workflows/testing/rig.ts';
import { Rig, TEST_KEY } from '../../workflows/testing/rig.ts';

const QUIET = { debug() {}, info() {}, warn() {}, error() {} };
const { tenantId } = NORTH_HARBOUR;
const OWN = tenantKey(TEST_KEY, tenantId);
const PAYLOAD_KEYS = `${OWN.id}:${Buffer.from(OWN.key).toString('base64')}`;

let rig: Rig;
beforeAll(async () => {
  const server = inject('temporal');
  if (server !== null) rig = await Rig.start(server);
});
afterAll(async () => rig?.close());

let closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  closing = [];
});

/** @param taskQueue of the test's own worker, in the place of the one that all visits share */
async function station(taskQueue: string): Promise<Store> {
  const folder = temporaryFolder();
  const store = await openTestStore(folder.path);
  const { address, namespace } = rig.server;
  const temporal = new TemporalSender({
    settings: { address, namespace, credentials: () => ({ tls: null, apiKey: null, payloadKeys: PAYLOAD_KEYS }) },
    clock: systemClock,
    identity: 'station',
    tenantId: () => tenantId,
  });
  const sender: Sender = {
    deliver: async ({ workflow, message }, signal) =>
      temporal.deliver({ workflow: { ...workflow, queue: taskQueue }, message }, signal),
    renew: () => temporal.renew(),
    close: async () => temporal.close(),
  };
  const outbox = new Outbox({
    store,
    sender,
    clock: systemClock,
    random: () => 0,
    log: QUIET,
    changed: () => undefined,
  });
  outbox.start();
  closing.push(async () => {
    await outbox.close();
    await store.close();
    folder.remove();
  });
  return Object.assign(store, { wake: () => outbox.tryNow() });
}

async function write(store: Store, ...intents: readonly IntentInput[]): Promise<void> {
  await store.transaction((tx) => {
    for (const intent of intents) tx.intent(intent);
  });
  (store as Store & { wake(): void }).wake();
}

function requests({ input, documents }: TestVisit) {
  const { sessionId, userId, locationId, startedAt } = input;
  const session = {
    id: sessionId,
    patientId: userId,
    tenantId,
    locationId,
    checkedInAt: startedAt,
    createdAt: startedAt,
  } satisfies Partial<Session> as unknown as Session;
  const at = '2026-11-21T09:20:00.000Z';
  const review = (reportSha256: string): IntentInput =>
    sessionIntent('session-review', newId(), session, 'test', {
      decision: 'approved',
      reportSha256,
      reviewerId: newId(),
      role: 'clinician',
      at,
      reason: null,
      notes: 'seen with the patient',
    });
  return {
    start: sessionIntent('session-start', newId(), session, 'test', null),
    captured: sessionIntent('session-captured', newId(), session, 'test', { at }),
    approved: review(documents.pdf.sha256),
    cancelled: sessionIntent('session-cancelled', newId(), session, 'test', { at }),
  };
}

const settled = { timeout: 60_000, interval: 50 } as const;

async function delivered(store: Store): Promise<void> {
  await expect.poll(() => outboxCounts(store.sqlite).waiting, settled).toBe(0);
}

describe('a station and the visit’s own workflow', () => {
  it('go through a visit together, to the published report', async (context) => {
    needsTemporal(context);
    const lane = await rig.lane();
    const store = await station(lane.taskQueue);
    const visit = lane.visit();
    const { start, captured, approved } = requests(visit);
    await visit.send();
    await write(store, start, captured);
    await delivered(store);
    await visit.until(({ step }) => step === 'in-review');
    await write(store, approved);
    await delivered(store);
    expect(await visit.handle.result()).toMatchObject({
      status: 'COMPLETED',
      reportSha256: visit.documents.pdf.sha256,
    });
    expect(lastDelivered(store.sqlite, 10).map(({ kind, answer }) => [kind, answer])).toEqual([
      ['session-review', 'accepted'],
      ['session-captured', 'accepted'],
      ['session-start', 'started'],
    ]);
  });

  it('hold a decision until the report is there, and give one that came too late back to a person', async (context) => {
    needsTemporal(context);
    const lane = await rig.lane();
    const store = await station(lane.taskQueue);
    const visit = lane.visit();
    const { start, captured, approved } = requests(visit);
    const { approved: approvedByOther } = requests(visit);
    await write(store, start, approved);
    await delivered(store);
    expect(lastDelivered(store.sqlite, 1)).toMatchObject([{ id: approved.id, answer: 'held' }]);
    await visit.send();
    await write(store, captured);
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED' });
    await write(store, approvedByOther);
    await delivered(store);
    expect(entriesForPeople(store.sqlite, 10)).toMatchObject([
      { id: approvedByOther.id, state: 'returned', problem: { code: 'REQUEST_REFUSED', detail: 'TOO_LATE' } },
    ]);
  });

  it('agree about a visit that has ended: what reached it was delivered, what came later did nothing', async (context) => {
    needsTemporal(context);
    const lane = await rig.lane();
    const visit = lane.visit();
    const { start, cancelled, captured } = requests(visit);
    const first = await station(lane.taskQueue);
    await write(first, start, cancelled);
    await delivered(first);
    expect(await visit.handle.result()).toMatchObject({ status: 'CANCELLED' });
    // Put back from a backup of before: everything goes again.
    const again = await station(lane.taskQueue);
    await write(again, start, cancelled, captured);
    await delivered(again);
    expect(lastDelivered(again.sqlite, 10).map(({ id }) => id)).toEqual([cancelled.id, start.id]);
    expect(entriesForPeople(again.sqlite, 10)).toMatchObject([{ id: captured.id, problem: { detail: 'TOO_LATE' } }]);
  });

  it('say that nobody works there while there is no worker; a start alone is taken', async (context) => {
    needsTemporal(context);
    const lane = await rig.lane();
    await lane.worker.stop();
    const store = await station(lane.taskQueue);
    const visit = lane.visit();
    const { start, captured } = requests(visit);
    await write(store, start, captured);
    await expect.poll(() => waitingEntries(store.sqlite, 1)[0]?.problem?.code, settled).toBe('WORKFLOWS_UNATTENDED');
    expect(lastDelivered(store.sqlite, 1)[0]?.id).toBe(start.id);
  });
});
