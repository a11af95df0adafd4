/** A cloud for tests: the API on PostgreSQL, a real Temporal server, a worker, and a station that sends what a clinic sends. */
import { randomBytes } from 'node:crypto';
import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
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
import type { Notifier } from '../activities/notifier.ts';
import type { VisitForReview } from '../api/testing/reviewed-visit.ts';
import { sendFiles, sendVisit, visitForReview } from '../api/testing/reviewed-visit.ts';
import type { TestStation } from '../api/testing/station.ts';
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

/** What would take days. */
export const QUICK: Partial<Timing> = {
  look: 50,
  lookAtMost: 200,
  fusionAgain: 20,
  notifyTries: 1000,
  callTries: 20_000,
};

export interface WorkerChoice {
  readonly timing?: Partial<Timing>;
  readonly notifier?: Notifier;
}

export class Rig {
  readonly cloud: TestApi;
  readonly station: TestStation;
  /** As a station has one: with its own tenant's key only. */
  readonly client: Client;
  readonly masterKeys: readonly NamedKey[];
  readonly taskQueue: string;
  readonly #server: TestServer;
  readonly #bundle: WorkflowBundleWithSourceMap;
  readonly #workers = new Set<RunningWorker>();

  private constructor(
    parts: Pick<Rig, 'cloud' | 'station' | 'client' | 'masterKeys' | 'taskQueue'>,
    server: TestServer,
    bundle: WorkflowBundleWithSourceMap,
  ) {
    this.cloud = parts.cloud;
    this.station = parts.station;
    this.client = parts.client;
    this.masterKeys = parts.masterKeys;
    this.taskQueue = parts.taskQueue;
    this.#server = server;
    this.#bundle = bundle;
  }

  static async start(server: TestServer, bundle: WorkflowBundleWithSourceMap): Promise<Rig> {
    const cloud = await startTestApi();
    const station = await cloud.station(NORTH_HARBOUR);
    const master = { id: 'test', key: randomBytes(32) };
    const keys = ownKeys(NORTH_HARBOUR.tenantId, [tenantKey(master, NORTH_HARBOUR.tenantId)]);
    const connection = await Connection.connect({ address: server.address });
    const client = new Client({
      connection,
      namespace: server.namespace,
      dataConverter: clientConverter(new EncryptionCodec(keys, NORTH_HARBOUR.tenantId)),
    });
    const taskQueue = `test-${newId()}`;
    return new Rig({ cloud, station, client, masterKeys: [master], taskQueue }, server, bundle);
  }

  async worker({ timing, notifier = { notify: async () => undefined } }: WorkerChoice = {}): Promise<RunningWorker> {
    const { config } = this.cloud;
    const api = new InternalApi({ baseUrl: this.cloud.base, audience: config.publicUrl, secret: config.serviceSecret });
    const times = timingSchema.parse({ ...QUICK, ...timing });
    const worker = await startWorker({
      temporal: { connection: { address: this.#server.address }, namespace: this.#server.namespace },
      limits: {
        taskQueue: this.taskQueue,
        activities: 20,
        workflowTasks: 10,
        cachedWorkflows: 50,
        logLevel: 'ERROR',
        metricsAddress: null,
        shutdownMs: 1000,
      },
      keys: derivedKeys(this.masterKeys),
      activities: createActivities({ api, fusion: builtInFusion(), notifier, timing: times }),
      tracing: startTracing(null),
      bundle: this.#bundle,
    });
    this.#workers.add(worker);
    void worker.done.then(
      () => this.#workers.delete(worker),
      () => this.#workers.delete(worker),
    );
    return worker;
  }

  visit(): TestVisit {
    return new TestVisit(this, visitForReview(NORTH_HARBOUR, this.station.stationId));
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
    for (const worker of this.#workers) await worker.stop();
    await this.client.connection.close();
    await this.cloud.close();
  }
}

/** One visit, as the station that leads it sends it. */
export class TestVisit {
  readonly #rig: Rig;
  readonly documents: VisitForReview;
  readonly input: SessionInput;
  readonly workflowId: string;

  constructor(rig: Rig, documents: VisitForReview) {
    this.#rig = rig;
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

  /** Update-with-start, as the outbox of a station sends it. */
  async tell(name: SessionMessageName, message: object, updateId: string = newId()): Promise<MessageAnswer> {
    const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOW_TYPES.session, {
      ...this.#options(),
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    return this.#rig.client.workflow.executeUpdateWithStart(name, {
      args: [message],
      updateId,
      startWorkflowOperation,
    }) as Promise<MessageAnswer>;
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

  async state(): Promise<SessionState> {
    return this.handle.query<SessionState>('getState');
  }

  /** Asks until it is so. */
  async until(isSo: (state: SessionState) => boolean): Promise<SessionState> {
    for (;;) {
      const state = await this.state();
      if (isSo(state)) return state;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #options() {
    return {
      workflowId: this.workflowId,
      taskQueue: this.#rig.taskQueue,
      args: [this.input] as [SessionInput],
      workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    };
  }
}
