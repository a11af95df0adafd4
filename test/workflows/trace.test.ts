/** One visit is one trace: from the screen that asked the station for it, by outbox, workflow and activities, to the cloud's API. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import type { IntentInput, Session } from '../../electron/contract/index.ts';
import { newId } from '../../electron/contract/index.ts';
import type { GuardOptions } from '../../electron/core/api/guard.ts';
import { Outbox } from '../../electron/core/outbox/outbox.ts';
import { outboxCounts } from '../../electron/core/outbox/outbox-rows.ts';
import type { Sender } from '../../electron/core/outbox/sender.ts';
import { sessionIntent } from '../../electron/core/outbox/session-request.ts';
import { TemporalSender } from '../../electron/core/outbox/temporal-sender.ts';
import type { Store } from '../../electron/core/store/index.ts';
import { openTestStore } from '../../electron/core/store/testing/documents.ts';
import { systemClock } from '../../electron/core/sync/clock.ts';
import { ScreenSpans } from '../../electron/core/telemetry/screen-spans.ts';
import { startTraces, traced } from '../../electron/core/telemetry/traces.ts';
import { visitTraceOf } from '../../electron/core/telemetry/visit-trace.ts';
import { NORTH_HARBOUR } from '../../workflows/api/testing/test-api.ts';
import { traceRequests } from '../../workflows/api/traces.ts';
import { tenantKey } from '../../workflows/codec/keys.ts';
import { needsTemporal } from '../../workflows/testing/needs-temporal.ts';
import type { TestVisit } from '../../workflows/testing/rig.ts';
import { Rig, TEST_KEY } from '../../workflows/testing/rig.ts';
import type { WorkerProcess } from '../../workflows/testing/worker-process.ts';
import { startWorkerProcess } from '../../workflows/testing/worker-process.ts';
import type { TracedScreen } from '../fixtures/traced-screen.ts';
import { openTracedScreen } from '../fixtures/traced-screen.ts';

const CANARY = 'Kanarienvogel';
const QUIET = { debug() {}, info() {}, warn() {}, error() {} };
const { tenantId } = NORTH_HARBOUR;

/** OTLP as JSON (opentelemetry.io/docs/specs/otlp): of a request what is looked at here. */
const requestSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(z.object({ key: z.string(), value: z.looseObject({}) })) }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
            }),
          ),
        }),
      ),
    }),
  ),
});

interface CollectedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
}

const collected: CollectedSpan[] = [];
const bodies: string[] = [];
let collector: Server;
let rig: Rig;
let worker: WorkerProcess;
let folder: string;
let store: Store;
let outbox: Outbox;
let screen: TracedScreen;
/** What the next call of the screen asks of the workflow. */
let asked: readonly IntentInput[] = [];
let stopTraces: () => Promise<void>;
const taskQueue = `traced-${newId()}`;

beforeAll(async () => {
  const server = inject('temporal');
  if (server === null) return;
  folder = mkdtempSync(join(tmpdir(), 'vantage-traces-'));
  collector = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      bodies.push(`${request.url}`, body);
      collect(JSON.parse(body));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  // This process is the station, and the API.
  stopTraces = await startTraces(endpoint);
  traceRequests();
  rig = await Rig.start(server);
  worker = await startWorkerProcess(rig, {
    taskQueue,
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
  });
  store = await openTestStore(join(folder, 'station'));
  outbox = startOutbox();
  screen = await openTracedScreen(guard, async () => keep(asked));
});
afterAll(async () => {
  await screen?.close();
  await outbox?.close();
  await store?.close();
  await worker?.end('SIGKILL');
  await rig?.close();
  collector?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

function collect(body: unknown): void {
  for (const { resource, scopeSpans } of requestSchema.parse(body).resourceSpans) {
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value['stringValue'];
    for (const { spans } of scopeSpans) {
      for (const { parentSpanId, ...span } of spans) {
        const parent = parentSpanId === undefined || parentSpanId === '' ? null : parentSpanId;
        collected.push({ ...span, service: String(service), parentSpanId: parent });
      }
    }
  }
}

function startOutbox(): Outbox {
  const own = tenantKey(TEST_KEY, tenantId);
  const payloadKeys = `${own.id}:${Buffer.from(own.key).toString('base64')}`;
  const { address, namespace } = rig.server;
  const temporal = new TemporalSender({
    settings: { address, namespace, credentials: () => ({ tls: null, apiKey: null, payloadKeys }) },
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
  const started = new Outbox({ store, sender, clock: systemClock, random: () => 0, log: QUIET, changed() {} });
  started.start();
  return started;
}

/** How many spans the screen has handed over. */
let handedOver = 0;
class CountedSpans extends ScreenSpans {
  override finished(spans: Parameters<ScreenSpans['finished']>[0]): boolean {
    handedOver += spans.length;
    return super.finished(spans);
  }
}

const guard: GuardOptions = {
  now: () => new Date(),
  log: QUIET,
  refused() {},
  seen() {},
  traceOf: async (input) => visitTraceOf(store, input),
  screenSpans: new CountedSpans(() => new Date()),
};

async function keep(intents: readonly IntentInput[]): Promise<void> {
  await store.transaction((tx) => {
    for (const intent of intents) tx.intent(intent);
  });
}

async function delivered(): Promise<void> {
  outbox.tryNow();
  await expect.poll(() => outboxCounts(store.sqlite).waiting, { timeout: 60_000, interval: 50 }).toBe(0);
}

/** By the screen's own client, over a socket. */
async function fromScreen(call: () => Promise<unknown>, ...intents: readonly IntentInput[]): Promise<void> {
  asked = intents;
  await call();
  await delivered();
}

function sessionOf({ input }: TestVisit): Session {
  return {
    id: input.sessionId,
    patientId: input.userId,
    tenantId,
    locationId: input.locationId,
    checkedInAt: input.startedAt,
    createdAt: input.startedAt,
  } satisfies Partial<Session> as unknown as Session;
}

describe('a visit', () => {
  it('is one connected trace at a collector, in which nobody is named', async (context) => {
    needsTemporal(context);
    const visit = rig.visitOn(taskQueue);
    const { sessionId } = visit.input;
    const session = sessionOf(visit);
    const at = '2026-11-21T09:20:00.000Z';
    await visit.send();
    const { client } = screen;
    await fromScreen(
      () => client.today.checkIn({ appointmentId: newId() }),
      sessionIntent('session-start', newId(), session, 'test', null),
    );
    await fromScreen(
      () => client.visits.finish({ sessionId }),
      sessionIntent('session-captured', newId(), session, 'test', { at }),
    );
    await visit.until(({ step }) => step === 'in-review');
    // A decision names the report that was read, and no visit.
    const { sha256: reportSha256, bytes } = visit.documents.pdf;
    const report = await store.write('reports', {
      id: newId(),
      tenantId,
      locationId: session.locationId,
      authorId: newId(),
      sessionId,
      patientId: session.patientId,
      version: 1,
      blobId: newId(),
      sha256: reportSha256,
      size: bytes.length,
      pages: 1,
      madeAt: at,
      review: null,
    });
    const review = sessionIntent('session-review', newId(), session, 'test', {
      decision: 'approved',
      reportSha256,
      reviewerId: newId(),
      role: 'clinician',
      at,
      reason: null,
      notes: CANARY,
    });
    await fromScreen(
      () =>
        client.review.decide({
          reportId: report.id,
          reportSha256,
          decision: 'approved',
          reason: null,
          notes: CANARY,
          pin: null,
        }),
      review,
    );
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED' });
    // What goes wrong says it to people, and not to a collector.
    await expect(
      traced(`call ${CANARY}<>`, { attributes: { note: CANARY } }, async () => {
        throw new Error(CANARY);
      }),
    ).rejects.toThrow(CANARY);
    // What the screen measured comes a little later.
    await expect.poll(() => handedOver, { timeout: 20_000 }).toBe(3);
    await expect(client.telemetry.finished({ spans: [] })).resolves.toEqual({ wanted: true });
    expect(await worker.end('SIGTERM')).toBe(0);
    await stopTraces();

    const [root] = collected.filter(({ name }) => name === 'screen today.checkIn');
    const trace = collected.filter(({ traceId }) => traceId === root?.traceId);
    const ids = new Set(trace.map(({ spanId }) => spanId));
    const roots = trace.filter(({ parentSpanId }) => parentSpanId === null || !ids.has(parentSpanId));
    expect(roots).toEqual([root]);
    expect(trace.map(({ service, name }) => `${service}: ${name}`)).toEqual(
      expect.arrayContaining([
        'vantage-screen: screen today.checkIn',
        'vantage-station: call today.checkIn',
        'vantage-screen: screen visits.finish',
        'vantage-station: call visits.finish',
        'vantage-screen: screen review.decide',
        'vantage-station: call review.decide',
        'vantage-station: deliver',
        'vantage-worker: RunWorkflow:sessionWorkflow',
        'vantage-worker: RunActivity:markCheckedIn',
        'vantage-worker: RunActivity:publish',
        'vantage-station: POST /internal/v1/sessions/:sessionId/step',
      ]),
    );
    // Nothing of the visit is in another one.
    expect(bodies.join('\n')).toContain(`session-${sessionId}`);
    const others = collected.filter(({ traceId }) => traceId !== root?.traceId);
    // The test itself asks, too.
    expect(others.map(({ name }) => name).filter((name) => !name.includes('Query'))).toEqual(['unnamed']);
    expect(bodies.join('\n')).not.toContain(CANARY);
  }, 240_000);
});

describe('without a collector', () => {
  it('nothing of OpenTelemetry is loaded', () => {
    const program = `
      const { createRequire } = await import('node:module');
      for (const file of ['core/clinic.ts', 'core/telemetry/traces.ts']) {
        await import(process.argv[1] + '/electron/' + file);
      }
      const loaded = Object.keys(createRequire(process.argv[1] + '/x.js').cache);
      console.log(loaded.length, loaded.filter((path) => path.includes('opentelemetry')).length);`;
    const root = join(import.meta.dirname, '..', '..');
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', program, root], { encoding: 'utf8' });
    const [loaded = 0, ours = -1] = said.trim().split(' ').map(Number);
    expect(loaded).toBeGreaterThan(50);
    expect(ours).toBe(0);
  }, 60_000);
});
