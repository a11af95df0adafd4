/**
 * Visits whose every input carries something to be looked for, run to their ends: none of it is found with Temporal (its database file,
 * histories, lists), in what worker, API and station log, in metrics, or in what is pushed to patients. Each place is one in
 * which something else of the visit is found, and without encryption the same search finds what the messages carried.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, WithStartWorkflowOperation } from '@temporalio/client';
// CommonJS whose names Node does not see.
import proto from '@temporalio/proto';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { IntentInput, Session } from '../../electron/contract/index.ts';
import { WORKFLOW_TYPES, newId } from '../../electron/contract/index.ts';
import { openOutbox } from '../../electron/core/outbox/index.ts';
import { outboxCounts } from '../../electron/core/outbox/outbox-rows.ts';
import { sessionIntent } from '../../electron/core/outbox/session-request.ts';
import type { StationIdentity } from '../../electron/core/station.ts';
import { openTestStore } from '../../electron/core/store/testing/documents.ts';
import { createActivities } from '../../workflows/activities/create-activities.ts';
import { builtInFusion } from '../../workflows/activities/fusion/built-in-fusion.ts';
import { InternalApi } from '../../workflows/activities/internal-api.ts';
import { NO_NOTIFIER } from '../../workflows/activities/notifier.ts';
import { visitForReview } from '../../workflows/api/testing/reviewed-visit.ts';
import { NORTH_HARBOUR } from '../../workflows/api/testing/test-api.ts';
import { hashOf } from '../../workflows/api/testing/uploads.ts';
import type { VisitForReview } from '../../workflows/api/testing/reviewed-visit.ts';
import { tenantKey } from '../../workflows/codec/keys.ts';
import { timingSchema } from '../../workflows/definitions/timing.ts';
import { freePort } from '../../workflows/database/free-port.ts';
import type { TemporalServer } from '../../workflows/temporal/server.ts';
import { startTemporal } from '../../workflows/temporal/server.ts';
import { needsTemporal } from '../../workflows/testing/needs-temporal.ts';
import { QUICK, Rig, TEST_KEY } from '../../workflows/testing/rig.ts';
import type { TestVisit } from '../../workflows/testing/rig.ts';
import type { WorkerProcess } from '../../workflows/testing/worker-process.ts';
import { testBundle } from '../../workflows/testing/test-bundle.ts';
import { startWorkerProcess } from '../../workflows/testing/worker-process.ts';
import { startTracing } from '../../workflows/worker/telemetry.ts';
import { VISITS_QUEUE } from '../../electron/contract/workflows.ts';
import type { Needle } from '../faults/store/needles.ts';
import { needlesOfBytes, needlesOfText, searchBytes, searchFolder } from '../faults/store/needles.ts';

const { tenantId } = NORTH_HARBOUR;
const { History } = proto.temporal.api.history.v1;

/** By what a clinic writes down. Each is unlike anything that programs write. */
const CANARIES = {
  'given name': 'Zwitscherine',
  'family name': 'Kanarienvogelsang',
  number: 'HR-90817263544',
  'date of birth': '1907-03-29',
  weight: '71.8531799',
  'what the scale said': 'S S 71.8531799kgZwitsch',
  'a reason': 'weil der Kanarienvogel es sagte',
  'a note': 'Notiz über das linke Auge des Kanarienvogels',
  'a name of staff': 'Dr. Piepmatz-Gelbfeder',
  'name of a file': 'DCIM/100CANON/ZWITSCHER_4711.CR3',
  'text of the report': 'Befund: der Kanarienvogel singt wieder',
} as const;
/** What stands in each place: an id, a name of a metric, a word. */
const KNOWN = [
  'sessionWorkflow',
  'vantage-visits',
  'answered',
  'session-captured',
  'temporal_',
  'http_',
  'something-to-see',
];
const NEEDLES: readonly Needle[] = Object.entries(CANARIES).flatMap(([name, text]) => needlesOfText(name, text));

interface Station {
  readonly said: string[];
  /** Writes requests as a clinic does, and waits until none waits any more. */
  send(...intents: readonly IntentInput[]): Promise<void>;
  close(): Promise<void>;
}

let folder: string;
let server: TemporalServer;
let rig: Rig;
let worker: WorkerProcess;
let station: Station;
let patients: Server;
let analyses: Server;
/** All that anybody asked of the two, and by which headers. */
const pushed: string[] = [];
const metricsAt: { worker: string } = { worker: '' };

beforeAll(async () => {
  const given = inject('temporal');
  if (given === null) return;
  folder = mkdtempSync(join(tmpdir(), 'vantage-canary-'));
  server = await startTemporal({ program: given.program, databaseFile: join(folder, 'temporal.db') });
  rig = await Rig.start({ ...given, address: server.address, namespace: server.namespace });
  metricsAt.worker = `127.0.0.1:${await freePort()}`;
  patients = await listening(receivePush);
  analyses = await listening(answerAnalysis);
  worker = await startWorkerProcess(rig, {
    taskQueue: VISITS_QUEUE,
    environment: {
      TEMPORAL_LOG_LEVEL: 'DEBUG',
      TEMPORAL_METRICS_ADDRESS: metricsAt.worker,
      NOTIFIER_URL: addressOf(patients),
      FLOWISE_URL: addressOf(analyses),
      WORKFLOW_TIMING: JSON.stringify({ ...QUICK, notifyTries: 60_000 }),
    },
  });
  station = await startStation();
});
afterAll(async () => {
  await station?.close();
  await worker?.end('SIGKILL');
  await rig?.close();
  await server?.kill();
  patients?.close();
  analyses?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

async function listening(answer: (body: string, headers: string) => { status: number; body: string }): Promise<Server> {
  const made = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { status, body: text } = answer(body, `${request.url} ${JSON.stringify(request.headers)}`);
      response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    });
  });
  made.listen(0, '127.0.0.1');
  await once(made, 'listening');
  return made;
}

function addressOf(made: Server): string {
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}

/** The first of each is refused with words that nobody should repeat. */
function receivePush(body: string, headers: string): { status: number; body: string } {
  const isFirst = !pushed.includes(body);
  pushed.push(body, headers);
  return isFirst ? { status: 503, body: CANARIES['a note'] } : { status: 200, body: '{}' };
}

const analysed = { asked: 0 };

/** Says back what it was asked: at first as an error, then as its result. The one that it finds wrong is refused for good. */
function answerAnalysis(body: string): { status: number; body: string } {
  analysed.asked += 1;
  if (body.includes('wrong-for-analysis')) return { status: 422, body };
  if (analysed.asked % 2 === 1) return { status: 500, body };
  const json = { measures: [], quality: { captures: 1, passed: 1 }, echo: body };
  return { status: 200, body: JSON.stringify({ json, question: body }) };
}

async function startStation(): Promise<Station> {
  const directory = mkdtempSync(join(tmpdir(), 'vantage-canary-station-'));
  const store = await openTestStore(directory);
  const said: string[] = [];
  const say = (fields: object, message: string): unknown => said.push(JSON.stringify({ ...fields, message }));
  const own = tenantKey(TEST_KEY, tenantId);
  const outbox = openOutbox({
    store,
    station: stationOf(rig.station.stationId),
    mode: 'clinic',
    settings: {
      address: server.address,
      namespace: server.namespace,
      credentials: () => ({
        tls: null,
        apiKey: null,
        payloadKeys: `${own.id}:${Buffer.from(own.key).toString('base64')}`,
      }),
    },
    log: { debug: say, info: say, warn: say, error: say },
    changed: () => undefined,
  });
  outbox.start();
  return {
    said,
    async send(...intents) {
      await store.transaction((tx) => {
        for (const intent of intents) tx.intent(intent);
      });
      outbox.tryNow();
      await expect.poll(() => outboxCounts(store.sqlite).waiting, { timeout: 60_000, interval: 50 }).toBe(0);
      said.push(JSON.stringify(await outbox.view()), JSON.stringify(outbox.problems));
    },
    async close() {
      await outbox.close();
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function stationOf(stationId: string): StationIdentity {
  return {
    tenantId,
    locationId: NORTH_HARBOUR.locationId,
    stationId,
    clinicName: CANARIES['a name of staff'],
    locationName: 'Location',
    stationName: 'Station',
    idleLockSeconds: 180,
    workflowsConfigured: true,
    privateKey: '',
  };
}

/** A visit with something to be found in all that a clinic writes of it. */
function tellingVisit(protocolId = 'wellness-imaging-short'): VisitForReview {
  const pdf = Buffer.from(`%PDF-1.7\n${CANARIES['text of the report']}\n${newId()}`);
  const made = visitForReview(NORTH_HARBOUR, rig.station.stationId, { pdf: { bytes: pdf, sha256: hashOf(pdf) } });
  const { patients: patient, sessions: session, captures: capture } = made.documents;
  const steps = session['steps'] as Record<string, { quantity: object | null }>;
  const weight = { ...steps['weight']?.quantity, value: Number(CANARIES.weight), raw: CANARIES['what the scale said'] };
  return {
    ...made,
    documents: {
      ...made.documents,
      patients: {
        ...patient,
        givenName: CANARIES['given name'],
        familyName: CANARIES['family name'],
        number: CANARIES.number,
        birthDate: CANARIES['date of birth'],
      },
      sessions: {
        ...session,
        protocolId,
        endedReason: CANARIES['a reason'],
        steps: {
          ...steps,
          weight: { ...steps['weight'], quantity: weight },
          'body-front': {
            ...steps['retina-right'],
            captureId: null,
            state: 'skipped',
            skippedReason: CANARIES['a reason'],
          },
        },
      },
      captures: { ...capture, token: CANARIES['name of a file'] },
    },
  };
}

function requestsOf({ input, documents }: TestVisit) {
  const session = {
    id: input.sessionId,
    patientId: input.userId,
    tenantId,
    locationId: input.locationId,
    checkedInAt: input.startedAt,
    createdAt: input.startedAt,
  } satisfies Partial<Session> as unknown as Session;
  const review = (decision: 'approved' | 'sent-back', changes: object = {}): IntentInput =>
    sessionIntent('session-review', newId(), session, 'test', {
      decision,
      reportSha256: documents.pdf.sha256,
      reviewerId: newId(),
      role: 'clinician',
      at: '2026-11-21T10:00:00.000Z',
      reason: decision === 'approved' ? null : 'other',
      notes: CANARIES['a note'],
      ...changes,
    });
  const at = '2026-11-21T09:20:00.000Z';
  return {
    start: sessionIntent('session-start', newId(), session, 'test', null),
    captured: sessionIntent('session-captured', newId(), session, 'test', { at }),
    cancelled: sessionIntent('session-cancelled', newId(), session, 'test', { at }),
    review,
  };
}

/** Everything that Temporal says about its workflows: their histories as they are stored, and how it lists and describes them. */
async function allOfTemporal(): Promise<readonly { readonly place: string; readonly bytes: Buffer }[]> {
  const found: { place: string; bytes: Buffer }[] = [];
  // Without a codec: as they lie there.
  const client = new Client({ connection: rig.client.connection, namespace: server.namespace });
  for await (const listed of client.workflow.list()) {
    const { workflowId } = listed;
    const handle = client.workflow.getHandle(workflowId);
    const history = await handle.fetchHistory();
    found.push(
      { place: `history ${workflowId}`, bytes: Buffer.from(History.encode(history).finish()) },
      { place: `list ${workflowId}`, bytes: Buffer.from(JSON.stringify([listed, (await handle.describe()).raw])) },
    );
  }
  return found;
}

function found(places: readonly { readonly place: string; readonly bytes: Buffer }[], needles: readonly Needle[]) {
  return places.flatMap(({ place, bytes }) => searchBytes(bytes, needles, place));
}

describe('what is known of a patient', () => {
  it('is found nowhere but where it belongs, however a visit ends', async (context) => {
    needsTemporal(context);
    const [approved, sentBack, cancelled, stopped, refused] = [
      tellingVisit(),
      tellingVisit(),
      tellingVisit(),
      tellingVisit(),
      tellingVisit('wrong-for-analysis'),
    ].map((documents) => rig.visitOn(VISITS_QUEUE, documents)) as [
      TestVisit,
      TestVisit,
      TestVisit,
      TestVisit,
      TestVisit,
    ];

    for (const visit of [approved, sentBack, cancelled, stopped, refused]) {
      const { start, captured } = requestsOf(visit);
      await visit.send();
      await station.send(start, captured);
    }
    await approved.until(({ step }) => step === 'in-review');
    const { review } = requestsOf(approved);
    // One that may not decide, one about another report, one that decides, and one that comes too late.
    await station.send(review('approved', { role: 'facilitator' }));
    await station.send(review('approved', { reportSha256: 'f'.repeat(64) }), review('approved'));
    expect(await approved.handle.result()).toMatchObject({ status: 'COMPLETED', reason: null });
    await station.send(review('sent-back'));

    await sentBack.until(({ step }) => step === 'in-review');
    await station.send(requestsOf(sentBack).review('sent-back'));
    await sentBack.until(({ step }) => step === 'sent-back');
    await sentBack.handle.cancel();
    await expect(sentBack.handle.result()).rejects.toThrow('cancelled');

    await cancelled.until(({ step }) => step === 'in-review');
    await station.send(requestsOf(cancelled).cancelled);
    expect(await cancelled.handle.result()).toMatchObject({ status: 'CANCELLED' });

    await stopped.until(({ step }) => step === 'in-review');
    await stopped.decideInDocuments('approved', { notes: CANARIES['a note'], byName: CANARIES['a name of staff'] });
    expect(await stopped.handle.result()).toMatchObject({ status: 'COMPLETED' });
    await expect(refused.handle.result()).rejects.toThrow('failed');

    const answers = await Promise.all(
      [`http://${metricsAt.worker}/metrics`, `${rig.cloud.base}/metrics`].map(async (url) => (await fetch(url)).text()),
    );
    const [workerMetrics = '', apiMetrics = ''] = answers;
    const places = [
      ...(await allOfTemporal()),
      ...Object.entries({
        'log of the worker': worker.said(),
        'log of the API': rig.cloud.logged.map((line) => JSON.stringify(line)).join('\n'),
        'log and page of the station': station.said.join('\n'),
        'metrics of the worker': workerMetrics,
        'metrics of the API': apiMetrics,
        pushes: pushed.join('\n'),
      }).map(([place, text]) => ({ place, bytes: Buffer.from(text) })),
    ];
    expect(found(places, NEEDLES)).toEqual([]);
    const database = searchFolder(folder, NEEDLES);
    expect(database.found).toEqual([]);

    // All of these are what they are said to be.
    const { sessionId } = approved.input;
    const known = new Set(
      places
        .filter(({ bytes }) => KNOWN.some((text) => bytes.includes(text)))
        .map(({ place }) => place.split(' session-')[0]),
    );
    expect(known).toEqual(
      new Set([
        'history',
        'list',
        'log of the worker',
        'log of the API',
        'log and page of the station',
        'metrics of the worker',
        'metrics of the API',
        'pushes',
      ]),
    );
    expect(places.map(({ place }) => place)).toContain(`history session-${sessionId}`);
    expect(searchFolder(folder, needlesOfText('workflow', `session-${sessionId}`)).found).not.toEqual([]);
    expect(found(places, needlesOfText('visit', sessionId)).map((each) => each.split(' in ')[1])).toContain(
      'log of the worker',
    );
    expect(analysed.asked).toBeGreaterThan(4);
  }, 240_000);

  it('would be found by this search if payloads were not encrypted', async (context) => {
    needsTemporal(context);
    const visit = rig.visitOn(`plain-${newId()}`, tellingVisit());
    await visit.send();
    const { config } = rig.cloud;
    const connection = await NativeConnection.connect({ address: server.address });
    const plainWorker = await Worker.create({
      connection,
      namespace: server.namespace,
      taskQueue: VISITS_QUEUE.concat('-plain'),
      workflowBundle: testBundle(),
      activities: createActivities({
        api: new InternalApi({ baseUrl: rig.cloud.base, audience: config.publicUrl, secret: config.serviceSecret }),
        fusion: builtInFusion(),
        notifier: NO_NOTIFIER,
        timing: timingSchema.parse(QUICK),
      }),
      plugins: [startTracing(null).plugin],
    });
    const client = new Client({ connection: rig.client.connection, namespace: server.namespace });
    await plainWorker.runUntil(async () => {
      const { sessionId } = visit.input;
      const tell = async (name: string, message: object): Promise<unknown> =>
        client.workflow.executeUpdateWithStart(name, {
          args: [message],
          startWorkflowOperation: new WithStartWorkflowOperation(WORKFLOW_TYPES.session, {
            workflowId: visit.workflowId,
            taskQueue: VISITS_QUEUE.concat('-plain'),
            args: [visit.input],
            workflowIdConflictPolicy: 'USE_EXISTING',
          }),
        });
      await tell('captured', { at: '2026-11-21T09:20:00.000Z' });
      await tell('review', {
        decision: 'sent-back',
        reportSha256: visit.documents.pdf.sha256,
        reviewerId: newId(),
        role: 'clinician',
        at: '2026-11-21T10:00:00.000Z',
        reason: 'other',
        notes: CANARIES['a note'],
      });
      const handle = client.workflow.getHandle(`session-${sessionId}`);
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow('cancelled');
    });
    await connection.close();
    const needles = [
      ...needlesOfText('note', CANARIES['a note']),
      ...needlesOfBytes('report', Buffer.from(visit.documents.pdf.sha256)),
    ];
    const inHistory = found(await allOfTemporal(), needles);
    expect(inHistory).toContain(`note, UTF-8 in history ${visit.workflowId}`);
    expect(inHistory.join('\n')).toContain('report');
    expect(searchFolder(folder, needles).found.join('\n')).toContain('note, UTF-8');
  }, 120_000);
});
