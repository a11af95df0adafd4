/** A cloud for tests: the API on PostgreSQL, a real Temporal server, a worker, and a station that sends what a clinic sends. */
import { createHash } from 'node:crypto';
import { Client, Connection, WithStartWorkflowOperation, isGrpcServiceError } from '@temporalio/client';
import type { WorkerDeploymentOptions } from '@temporalio/worker';
import type {
  MessageAnswer,
  SessionInput,
  SessionMessageName,
  SessionResult,
  SessionState,
} from '../../electron/contract/index.ts';
import { WORKFLOW_TYPES, newId, workflowIdOf } from '../../electron/contract/index.ts';
import { createActivities } from '../activities/create-activities.ts';
import { builtInFusion } from '../activities/fusion/built-in-fusion.ts';
import { InternalApi } from '../activities/internal-api.ts';
import type { FusionEngine } from '../activities/fusion/fusion-engine.ts';
import type { Notifier } from '../activities/notifier.ts';
import type { OperationsActivities } from '../activities/operations-activities.ts';
import { NO_NOTIFIER } from '../activities/notifier.ts';
import { pullAll, push, reportDocument, rowOf } from '../api/testing/documents.ts';
import type { VisitForReview } from '../api/testing/reviewed-visit.ts';
import { sendFiles, sendVisit, visitForReview } from '../api/testing/reviewed-visit.ts';
import type { TestStation } from '../api/testing/station.ts';
import { newContent } from '../api/testing/uploads.ts';
import type { TestApi } from '../api/testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../api/testing/test-api.ts';
import { clientConverter } from '../codec/data-converter.ts';
import { EncryptionCodec } from '../codec/encryption-codec.ts';
import type { NamedKey } from '../codec/keys.ts';
import { derivedKeys, ownKeys, tenantKey } from '../codec/keys.ts';
import type { Timing } from '../definitions/timing.ts';
import { timingSchema } from '../definitions/timing.ts';
import type { RunningWorker } from '../worker/create-worker.ts';
import { startWorker } from '../worker/create-worker.ts';
import { startTracing } from '../worker/telemetry.ts';
import type { TestServer } from './needs-temporal.ts';
import { testBundle } from './test-bundle.ts';

/** Published: histories that are kept for replaying are under it. */
export const TEST_KEY: NamedKey = { id: 'test', key: createHash('sha256').update('histories for tests').digest() };
/** What would take days. */
export const QUICK: Partial<Timing> = {
  look: 50,
  lookAtMost: 200,
  fusionAgain: 20,
  notifyTries: 1000,
  callTries: 120_000,
};

/** Of gRPC. */
const FAILED_PRECONDITION = 9;

export interface LaneOptions {
  readonly timing?: Partial<Timing>;
  readonly fusion?: FusionEngine;
  readonly notifier?: Notifier;
  readonly deployment?: WorkerDeploymentOptions;
  /** Of the installation's own workflows, beside those of visits. */
  readonly operations?: (api: InternalApi) => OperationsActivities;
  /** Of another lane, which this worker serves, too. */
  readonly taskQueue?: string;
}

/** A worker with a queue of its own, and the visits that it serves. */
export interface Lane {
  readonly taskQueue: string;
  readonly worker: RunningWorker;
  readonly visit: () => TestVisit;
}

export class Rig {
  readonly cloud: TestApi;
  readonly station: TestStation;
  /** As a station has one: with its own tenant's key only. */
  readonly client: Client;
  readonly server: TestServer;
  readonly #workers = new Set<RunningWorker>();

  private constructor(parts: Pick<Rig, 'cloud' | 'station' | 'client' | 'server'>) {
    this.cloud = parts.cloud;
    this.station = parts.station;
    this.client = parts.client;
    this.server = parts.server;
  }

  static async start(server: TestServer): Promise<Rig> {
    const cloud = await startTestApi();
    const station = await cloud.station(NORTH_HARBOUR);
    const { tenantId } = NORTH_HARBOUR;
    const keys = ownKeys(tenantId, [tenantKey(TEST_KEY, tenantId)]);
    const connection = await Connection.connect({ address: server.address });
    const client = new Client({
      connection,
      namespace: server.namespace,
      dataConverter: clientConverter(new EncryptionCodec(keys, tenantId)),
      plugins: [startTracing(null).plugin],
    });
    return new Rig({ cloud, station, client, server });
  }

  async lane(options: LaneOptions = {}): Promise<Lane> {
    const { timing, fusion = builtInFusion(), notifier = NO_NOTIFIER, deployment } = options;
    const { config } = this.cloud;
    const api = new InternalApi({ baseUrl: this.cloud.base, audience: config.publicUrl, secret: config.serviceSecret });
    const times = timingSchema.parse({ ...QUICK, ...timing });
    const taskQueue = options.taskQueue ?? `test-${newId()}`;
    const worker = await startWorker({
      temporal: { connection: { address: this.server.address }, namespace: this.server.namespace },
      limits: {
        taskQueue,
        activities: 20,
        workflowTasks: 10,
        cachedWorkflows: 50,
        cacheMs: 10_000,
        logLevel: 'ERROR',
        metricsAddress: null,
        shutdownMs: 1000,
      },
      keys: derivedKeys([TEST_KEY]),
      activities: { ...createActivities({ api, fusion, notifier, timing: times }), ...options.operations?.(api) },
      tracing: startTracing(null),
      deployment,
      bundle: testBundle(),
    });
    this.#workers.add(worker);
    return { taskQueue, worker, visit: () => this.visitOn(taskQueue) };
  }

  visitOn(taskQueue: string, documents = visitForReview(NORTH_HARBOUR, this.station.stationId)): TestVisit {
    return new TestVisit(this, taskQueue, documents);
  }

  /** Domain events of a visit, in their order. */
  async events(sessionId: string): Promise<readonly string[]> {
    const { rows } = await this.cloud.database.admin.query<{ type: string }>(
      `SELECT type FROM domain_events WHERE subject_id = $1 AND metadata ? 'workflowId' ORDER BY recorded_at, id`,
      [sessionId],
    );
    return rows.map(({ type }) => type);
  }

  /** What the cloud says of a visit in its document. */
  async cloudFields(sessionId: string): Promise<Readonly<Record<string, unknown>>> {
    const { rows } = await this.cloud.database.admin.query<{ cloud: Record<string, unknown> }>(
      `SELECT document -> 'cloud' AS cloud FROM documents WHERE collection = 'sessions' AND id = $1`,
      [sessionId],
    );
    return rows[0]?.cloud ?? {};
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers].map(async (worker) => worker.stop()));
    await this.client.connection.close();
    await this.cloud.close();
  }
}

/** One visit, as the station that leads it sends it. */
export class TestVisit {
  readonly #rig: Rig;
  readonly #taskQueue: string;
  readonly documents: VisitForReview;
  readonly input: SessionInput;
  readonly workflowId: string;

  constructor(rig: Rig, taskQueue: string, documents: VisitForReview) {
    this.#rig = rig;
    this.#taskQueue = taskQueue;
    this.documents = documents;
    this.input = {
      sessionId: documents.sessionId,
      userId: documents.patientId,
      tenantId: NORTH_HARBOUR.tenantId,
      locationId: NORTH_HARBOUR.locationId,
      buildId: '0.1.0',
      startedAt: '2026-11-21T09:00:00.000Z',
    };
    this.workflowId = workflowIdOf('session', documents.sessionId);
  }

  get handle() {
    return this.#rig.client.workflow.getHandle<(input: SessionInput) => Promise<SessionResult>>(this.workflowId);
  }

  async start(): Promise<void> {
    await this.#rig.client.workflow.start(WORKFLOW_TYPES.session, this.#options());
  }

  /** Update-with-start, as the outbox of a station sends it: again where the server cannot take it now. */
  async tell(name: SessionMessageName, message: object, updateId: string = newId()): Promise<MessageAnswer> {
    for (;;) {
      const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOW_TYPES.session, {
        ...this.#options(),
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      try {
        return (await this.#rig.client.workflow.executeUpdateWithStart(name, {
          args: [message],
          updateId,
          startWorkflowOperation,
        })) as MessageAnswer;
      } catch (error) {
        if (!isNotReady(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  async captured(at = '2026-11-21T09:20:00.000Z'): Promise<MessageAnswer> {
    return this.tell('captured', { at });
  }

  async review(decision: 'approved' | 'sent-back', changes: object = {}): Promise<MessageAnswer> {
    return this.tell('review', {
      decision,
      reportSha256: this.documents.pdf.sha256,
      reviewerId: newId(),
      role: 'clinician',
      at: '2026-11-21T10:00:00.000Z',
      reason: decision === 'approved' ? null : 'retake-images',
      notes: null,
      ...changes,
    });
  }

  /** Documents and files. */
  async send(): Promise<void> {
    await sendVisit(this.#rig.station, this.documents);
    await sendFiles(this.#rig.cloud.base, this.#rig.station, this.documents);
  }

  /** The visit was taken up again: captures complete, another report. @returns its hash */
  async sendSecond(capturedAt: string): Promise<string> {
    const { station, cloud } = this.#rig;
    const { sessionId, patientId } = this.documents;
    const pdf = newContent(3001);
    const [row] = (await pullAll(station, 'sessions', 50)).filter(({ document }) => document['id'] === sessionId);
    if (row === undefined) throw new Error('the session is not there');
    const report = reportDocument(NORTH_HARBOUR, sessionId, {
      id: newId(),
      patientId,
      version: 2,
      sha256: pdf.sha256,
      size: pdf.bytes.length,
      madeAt: new Date().toISOString(),
    });
    await pushed(station, 'reports', rowOf(report));
    const next = { ...row.document, capturedAt, reportId: report['id'] };
    await pushed(station, 'sessions', rowOf(next, { document: row.document, deleted: false, version: row.version }));
    await sendFiles(cloud.base, station, { ...this.documents, pdf });
    return pdf.sha256;
  }

  /** A decision in the clinic, of which the cloud hears by the documents alone. */
  async decideInDocuments(decision: 'approved' | 'sent-back', changes: object = {}): Promise<void> {
    const { station } = this.#rig;
    const { documents, reportId, pdf } = this.documents;
    const [row] = (await pullAll(station, 'reports', 50)).filter(({ document }) => document['id'] === reportId);
    if (row === undefined) throw new Error('the report is not there');
    const at = '2026-11-21T10:30:00.000Z';
    const by = String(documents.reports?.['authorId']);
    const reason = decision === 'approved' ? null : 'other';
    const common = { decision, reportSha256: pdf.sha256, by, byName: 'Dr Clara Clinician', at, reason, notes: null };
    const review = { ...common, ...changes };
    const assumed = { document: row.document, deleted: false, version: row.version };
    await pushed(station, 'reports', rowOf({ ...row.document, review }, assumed));
  }

  async state(): Promise<SessionState> {
    return this.handle.query<SessionState>('getState');
  }

  /** Asks until it is so. @throws Error when the visit ends otherwise */
  async until(isSo: (state: SessionState) => boolean): Promise<SessionState> {
    for (;;) {
      const state = await this.state();
      if (isSo(state)) return state;
      if (state.step === 'ended') throw new Error(`the visit has ended: ${JSON.stringify(state)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #options() {
    return {
      workflowId: this.workflowId,
      taskQueue: this.#taskQueue,
      args: [this.input] as [SessionInput],
      workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    };
  }
}

/** Several workers in a row have died with the workflow's task: the server takes no update until one has done it. */
function isNotReady(error: unknown): boolean {
  return [error, (error as Error).cause].some((each) => {
    const code: number | null = isGrpcServiceError(each) ? each.code : null;
    return code === FAILED_PRECONDITION;
  });
}

async function pushed(station: TestStation, name: 'reports' | 'sessions', row: unknown): Promise<void> {
  const { verdicts } = await push(station, name, [row]);
  if (verdicts.some(({ verdict }) => verdict !== 'accepted')) throw new Error(`${name}: ${JSON.stringify(verdicts)}`);
}
