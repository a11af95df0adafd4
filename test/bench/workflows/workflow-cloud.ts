/** What workflows are measured on: the API in a process over PostgreSQL, a Temporal development server, workers, and a station. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bundleWorkflowCode } from '@temporalio/worker';
import { Pool } from 'pg';
import type { CollectionName, SessionInput } from '../../../electron/contract/index.ts';
import { newId } from '../../../electron/contract/index.ts';
import type { DevelopmentIssuer } from '../../../workflows/api/development-issuer.ts';
import { startDevelopmentIssuer } from '../../../workflows/api/development-issuer.ts';
import { TestBrowser } from '../../../workflows/api/testing/browser.ts';
import { push, rowOf } from '../../../workflows/api/testing/documents.ts';
import type { VisitForReview } from '../../../workflows/api/testing/reviewed-visit.ts';
import { sendFiles, visitForReview } from '../../../workflows/api/testing/reviewed-visit.ts';
import { TestStation } from '../../../workflows/api/testing/station.ts';
import { newContent } from '../../../workflows/api/testing/uploads.ts';
import type { NamedKey } from '../../../workflows/codec/keys.ts';
import { tenantKey } from '../../../workflows/codec/keys.ts';
import { seeded } from '../../../workflows/database/testing/seed.ts';
import type { TemporalServer } from '../../../workflows/temporal/server.ts';
import { startTemporal } from '../../../workflows/temporal/server.ts';
import { bundleWorkflows } from '../../../workflows/worker/bundle.ts';
import type { RealCloud } from '../sync/real-cloud.ts';
import { startRealCloud } from '../sync/real-cloud.ts';

const MASTER: NamedKey = { id: 'bench', key: randomBytes(32) };
const PLACE = seeded('north', 'harbour');
const AT_ONCE = 50;

export interface BenchVisit {
  readonly input: SessionInput;
  readonly reportSha256: string;
}

export interface WorkflowCloud {
  readonly api: RealCloud;
  readonly server: TemporalServer;
  readonly tenantId: string;
  /** The tenant's own, as a station has it. */
  readonly tenantKey: NamedKey;
  /** The superuser's connections to the API's database. */
  readonly database: Pool;
  /** The product's own worker in a process. @returns its queue */
  ownWorker(): Promise<BenchWorker>;
  /** The SDK's. */
  bareWorker(): Promise<BenchWorker>;
  /** The visit's patient, signed in with a browser. */
  patient(visit: BenchVisit): Promise<TestBrowser>;
  /** Visits that the cloud has all of, with their reports. */
  visits(count: number): Promise<readonly BenchVisit[]>;
  close(): Promise<void>;
}

export interface BenchWorker {
  readonly taskQueue: string;
  stop(): Promise<void>;
}

/** @param program Temporal's */
export async function startWorkflowCloud(program: string): Promise<WorkflowCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'vantage-bench-workflows-'));
  const paths = { own: join(folder, 'own.js'), bare: join(folder, 'bare.js') };
  writeFileSync(paths.own, (await bundleWorkflows()).code);
  const bare = await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, 'bare-workflow.ts'),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  writeFileSync(paths.bare, bare.code);
  const issuer = await startDevelopmentIssuer();
  const api = await startRealCloud(false, issuer.issuer);
  const server = await startTemporal({ program, databaseFile: join(folder, 'temporal.db') });
  const database = new Pool({ connectionString: api.adminUrl, max: 2 });
  // A connection that is on its way out when the server stops is told so, and nobody else listens.
  database.on('error', () => undefined);
  const workers = new Set<ChildProcess>();
  process.once('exit', () => {
    for (const child of workers) child.kill('SIGKILL');
  });
  const begin = async (file: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<BenchWorker> => {
    const child = fork(file, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], env: environment });
    workers.add(child);
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    await new Promise<void>((resolve, reject) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('listening')) resolve();
      });
      void gone.then(() => reject(new Error('a worker did not start')));
    });
    return {
      taskQueue: environment['TEMPORAL_TASK_QUEUE'] ?? '',
      async stop() {
        child.kill('SIGKILL');
        await gone;
        workers.delete(child);
      },
    };
  };
  const station = await signedIn(api);
  const files = { picture: newContent(5000), overlay: newContent(700), pdf: newContent(3000) };
  await sendFiles(api.url, station, visitForReview(PLACE, station.stationId, files));
  return {
    api,
    server,
    tenantId: PLACE.tenantId,
    tenantKey: tenantKey(MASTER, PLACE.tenantId),
    database,
    ownWorker: async () =>
      begin(join(import.meta.dirname, '../../../workflows/worker/main.ts'), [], {
        PATH: process.env['PATH'],
        TEMPORAL_ADDRESS: server.address,
        TEMPORAL_NAMESPACE: server.namespace,
        TEMPORAL_TASK_QUEUE: `own-${newId()}`,
        TEMPORAL_LOG_LEVEL: 'ERROR',
        API_PUBLIC_URL: api.publicUrl,
        INTERNAL_API_URL: api.url,
        INTERNAL_API_SECRET: Buffer.from(api.serviceSecret).toString('base64'),
        WORKFLOW_KEYS: `${MASTER.id}:${Buffer.from(MASTER.key).toString('base64')}`,
        WORKFLOW_BUNDLE: paths.own,
      }),
    bareWorker: async () => {
      const taskQueue = `bare-${newId()}`;
      return begin(join(import.meta.dirname, 'bare-worker-process.ts'), [server.address, taskQueue, paths.bare], {
        PATH: process.env['PATH'],
        TEMPORAL_TASK_QUEUE: taskQueue,
      });
    },
    async patient({ input }) {
      const browser = new TestBrowser(api.url, api.publicUrl);
      const page = await browser.signIn(await subjectOf(database, issuer, input.userId));
      if (page !== '/') throw new Error(`the patient was not let in: ${page}`);
      return browser;
    },
    async visits(count) {
      const made = Array.from({ length: count }, () => visitForReview(PLACE, station.stationId, files));
      for (let from = 0; from < made.length; from += AT_ONCE) await send(station, made.slice(from, from + AT_ONCE));
      await untilSynced(database, made);
      return made.map(({ sessionId, patientId, pdf }) => ({
        input: {
          sessionId,
          userId: patientId,
          tenantId: PLACE.tenantId,
          locationId: PLACE.locationId,
          buildId: '0.1.0',
          startedAt: '2026-11-21T09:00:00.000Z',
        },
        reportSha256: pdf.sha256,
      }));
    },
    async close() {
      for (const child of workers) child.kill('SIGKILL');
      await database.end();
      await server.kill();
      await api.close();
      await issuer.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function signedIn(api: RealCloud): Promise<TestStation> {
  const { stationId, key } = await api.station(PLACE);
  const station = await TestStation.create(api.url, stationId);
  station.key = key;
  const { status } = await station.signIn();
  if (status !== 200) throw new Error(`the station was not let in: ${status}`);
  return station;
}

/** @returns as whom the identity provider knows the patient */
async function subjectOf(database: Pool, { issuer }: DevelopmentIssuer, patientId: string): Promise<string> {
  const id = newId();
  const { tenantId, locationId } = PLACE;
  await database.query('INSERT INTO people (id, tenant_id, issuer, subject) VALUES ($1, $2, $3, $4)', [
    id,
    tenantId,
    issuer,
    id,
  ]);
  await database.query(
    `INSERT INTO people_roles (id, tenant_id, person_id, role, location_id, patient_id, granted_by)
     VALUES ($1, $2, $3, 'patient', $4, $5, 'bench')`,
    [newId(), tenantId, id, locationId, patientId],
  );
  return id;
}

async function send(station: TestStation, visits: readonly VisitForReview[]): Promise<void> {
  for (const name of ['patients', 'appointments', 'sessions', 'captures', 'findings', 'reports'] as const) {
    const rows = visits.flatMap(({ documents }) => (documents[name] === undefined ? [] : [rowOf(documents[name])]));
    const { verdicts } = await push(station, name satisfies CollectionName, rows);
    if (verdicts.some(({ verdict }) => verdict !== 'accepted')) throw new Error(`${name} were not taken`);
  }
}

async function untilSynced(database: Pool, visits: readonly VisitForReview[]): Promise<void> {
  const ids = visits.map(({ sessionId }) => sessionId);
  for (;;) {
    const { rows } = await database.query<{ count: string }>(
      `SELECT count(*) FROM documents WHERE collection = 'sessions' AND id = ANY($1) AND document #>> '{cloud,syncedAt}' IS NOT NULL`,
      [ids],
    );
    if (Number(rows[0]?.count) === ids.length) return;
    await pause(50);
  }
}
