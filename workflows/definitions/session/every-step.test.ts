/** A visit at the steps that are hard to hold: cancelled there, its worker killed there, its server restarted there. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { SessionState } from '../../../electron/contract/index.ts';
import { newId } from '../../../electron/contract/index.ts';
import type { VisitForReview } from '../../api/testing/reviewed-visit.ts';
import { visitForReview } from '../../api/testing/reviewed-visit.ts';
import { TestBrowser } from '../../api/testing/browser.ts';
import { NORTH_HARBOUR } from '../../api/testing/test-api.ts';
import { startTemporal } from '../../temporal/server.ts';
import { keepHistory } from '../../testing/histories.ts';
import { needsTemporal } from '../../testing/needs-temporal.ts';
import type { Lane, TestVisit } from '../../testing/rig.ts';
import { QUICK, Rig } from '../../testing/rig.ts';
import type { WorkerProcess } from '../../testing/worker-process.ts';
import { startWorkerProcess } from '../../testing/worker-process.ts';

let rig: Rig;
let folder: string;
beforeAll(async () => {
  const server = inject('temporal');
  if (server === null) return;
  folder = mkdtempSync(join(tmpdir(), 'vantage-steps-'));
  rig = await Rig.start(server);
});
let ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.toReversed()) await end();
  ending = [];
});
afterAll(async () => {
  await rig?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

/** Nobody else writes for this tenant: what a workflow wants to write waits. @returns how to let go */
async function holdWrites(): Promise<() => Promise<void>> {
  const client = await rig.cloud.database.admin.connect();
  await client.query('BEGIN');
  await client.query(`SELECT set_config('vantage.tenant', $1, true)`, [NORTH_HARBOUR.tenantId]);
  await client.query('SELECT lock_writes()');
  return async () => {
    await client.query('ROLLBACK');
    client.release();
  };
}

/** As long as the clinic has made none. */
function withoutReport(): VisitForReview {
  const whole = visitForReview(NORTH_HARBOUR, rig.station.stationId);
  const { reports: _reports, ...documents } = whole.documents;
  return { ...whole, documents: { ...documents, sessions: { ...documents.sessions, reportId: null } } };
}

async function ended(visit: TestVisit): Promise<string> {
  const events = await rig.events(visit.input.sessionId);
  return events.at(-1) ?? '';
}

async function listedAsCancelled(visit: TestVisit): Promise<void> {
  const query = `SessionStatus = 'CANCELLED' AND SessionId = '${visit.input.sessionId}'`;
  await expect
    .poll(async () => (await rig.client.workflow.count(query)).count, { timeout: 60_000, interval: 100 })
    .toBe(1);
}

interface Held {
  readonly url: string;
  /** From now on it answers. */
  letGo(): void;
}

/** Somebody whom the worker asks and who does not answer until told. */
async function holding(answer: object): Promise<Held> {
  const state = { isHeld: true };
  const server: Server = createServer((request, response) => {
    request.resume();
    // Whoever asked in vain was killed meanwhile.
    if (!state.isHeld) response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ending.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, letGo: () => void (state.isHeld = false) };
}

describe('a visit that is cancelled', () => {
  const at = '2026-11-21T09:30:00.000Z';

  /** How it gets to the step and stays there. @returns what lets it go on once it was cancelled */
  const steps: Partial<Record<SessionState['step'], (visit: TestVisit) => Promise<() => Promise<void>>>> = {
    'checking-in': async (visit) => {
      const letGo = await holdWrites();
      await visit.start();
      return letGo;
    },
    'waiting-for-report': async (visit) => {
      await visit.send();
      await visit.captured();
      return async () => undefined;
    },
  };

  const who = {
    'in-clinic': {
      cancel: async (visit: TestVisit): Promise<unknown> => visit.tell('cancelled', { at }),
      ends: { status: 'CANCELLED' },
    },
    'by-operator': {
      cancel: async (visit: TestVisit): Promise<unknown> => visit.handle.cancel(),
      ends: { name: 'WorkflowFailedError' },
    },
  } as const;

  it.for(
    (Object.keys(steps) as SessionState['step'][]).flatMap((step) =>
      (Object.keys(who) as (keyof typeof who)[]).map((by) => [step, by] as const),
    ),
  )('while %s ends as cancelled %s', async ([step, by], context) => {
    needsTemporal(context);
    const lane = await rig.lane();
    const visit = rig.visitOn(lane.taskQueue, withoutReport());
    const letGo = await steps[step]?.(visit);
    await visit.until((state) => state.step === step);
    await who[by].cancel(visit);
    await letGo?.();
    expect(await visit.handle.result().catch((error: unknown) => error)).toMatchObject(who[by].ends);
    await listedAsCancelled(visit);
    expect(await ended(visit)).toBe('VisitWorkflowEnded');
    await keepHistory(`cancelled-${by}-${step}`, visit);
  });
});

/** Approved, and nothing of it is written yet. */
async function approved(lane: Lane): Promise<{ visit: TestVisit; letGo: () => Promise<void> }> {
  const visit = lane.visit();
  await visit.send();
  await visit.captured();
  await visit.until(({ step }) => step === 'in-review');
  await expect.poll(async () => ended(visit)).toBe('ReviewOpened');
  const letGo = await holdWrites();
  expect(await visit.review('approved')).toEqual({ outcome: 'accepted' });
  return { visit, letGo };
}

describe('a visit whose approval is being written down', () => {
  it('is not published where it was cancelled meanwhile', async (context) => {
    needsTemporal(context);
    const { visit, letGo } = await approved(await rig.lane());
    expect(await visit.tell('cancelled', { at: '2026-11-21T10:30:00.000Z' })).toEqual({ outcome: 'accepted' });
    await letGo();
    expect(await visit.handle.result()).toMatchObject({ status: 'CANCELLED', reason: 'CANCELLED_IN_CLINIC' });
    expect(await rig.events(visit.input.sessionId)).not.toContain('ReportPublished');
    await keepHistory('cancelled-in-clinic-approved', visit);
  });

  it('begins anew where its captures were taken again meanwhile', async (context) => {
    needsTemporal(context);
    const { visit, letGo } = await approved(await rig.lane());
    const capturedAt = new Date().toISOString();
    expect(await visit.captured(capturedAt)).toEqual({ outcome: 'accepted' });
    await letGo();
    await visit.until(({ step, round }) => step === 'waiting-for-sync' && round === 2);
    const second = await visit.sendSecond(capturedAt);
    await visit.until(({ step, reportSha256 }) => step === 'in-review' && reportSha256 === second);
    expect(await visit.review('approved', { reportSha256: second })).toEqual({ outcome: 'accepted' });
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED', reportSha256: second });
    expect((await rig.events(visit.input.sessionId)).filter((type) => type === 'ReportPublished')).toHaveLength(1);
    await keepHistory('captured-again-approved', visit);
  });
});

describe('a worker that is killed', () => {
  it('while fusing, waiting for a report, sent back or telling the patient is followed by another, and nothing happens twice', async (context) => {
    needsTemporal(context);
    const analysis = await holding({ json: { measures: [], quality: { captures: 1, passed: 1 } } });
    const notices = await holding({});
    const taskQueue = `killed-${newId()}`;
    const timing = { ...QUICK, call: 2000, fusionAlive: 2000, notifyTries: 60_000 };
    const start = async (): Promise<WorkerProcess> => {
      const worker = await startWorkerProcess(rig, {
        taskQueue,
        environment: {
          FLOWISE_URL: analysis.url,
          NOTIFIER_URL: notices.url,
          WORKFLOW_TIMING: JSON.stringify(timing),
        },
      });
      ending.push(async () => worker.end('SIGKILL'));
      return worker;
    };
    const visit = rig.visitOn(taskQueue, withoutReport());
    let worker = await start();
    const killedAt = async (step: SessionState['step']): Promise<void> => {
      await visit.until((state) => state.step === step);
      await worker.end('SIGKILL');
    };
    await visit.send();
    await visit.captured();
    await killedAt('fusing');
    analysis.letGo();
    worker = await start();
    await killedAt('waiting-for-report');
    const firstReport = await visit.sendSecond('2026-11-21T09:20:00.000Z');
    worker = await start();
    await visit.until((state) => state.step === 'in-review' && state.reportSha256 === firstReport);
    expect(await visit.review('sent-back', { reportSha256: firstReport })).toEqual({ outcome: 'accepted' });
    await killedAt('sent-back');
    worker = await start();
    const capturedAt = new Date().toISOString();
    const secondReport = await visit.sendSecond(capturedAt);
    await visit.captured(capturedAt);
    await visit.until((state) => state.step === 'in-review' && state.reportSha256 === secondReport);
    expect(await visit.review('approved', { reportSha256: secondReport })).toEqual({ outcome: 'accepted' });
    await killedAt('notifying');
    notices.letGo();
    worker = await start();
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED', reportSha256: secondReport });
    const events = await rig.events(visit.input.sessionId);
    for (const type of ['VisitCheckedIn', 'ReportPublished', 'PatientNotified']) {
      expect(events.filter((each) => each === type)).toHaveLength(1);
    }
    expect(events.filter((type) => type === 'FusionDone')).toHaveLength(2);
  }, 300_000);
});

describe('a server that is killed in the middle of visits', () => {
  it('goes on with them from its file, and each ends once', async (context) => {
    const { program } = needsTemporal(context);
    const options = { program, databaseFile: join(folder, 'restarted.db') };
    let server = await startTemporal(options);
    ending.push(async () => server.kill());
    const own = await Rig.start({ program, address: server.address, namespace: server.namespace });
    ending.push(async () => own.close());
    const lane = await own.lane();
    const [waiting, reviewed] = [lane.visit(), lane.visit()];
    await waiting.start();
    await waiting.until(({ step }) => step === 'waiting-for-captures');
    await reviewed.send();
    await reviewed.captured();
    await reviewed.until(({ step }) => step === 'in-review');
    await server.kill();
    server = await startTemporal({ ...options, port: server.port });
    expect(await reviewed.review('approved')).toEqual({ outcome: 'accepted' });
    await waiting.send();
    await waiting.captured();
    await waiting.until(({ step }) => step === 'in-review');
    expect(await waiting.review('approved')).toEqual({ outcome: 'accepted' });
    for (const visit of [reviewed, waiting]) {
      expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED', progress: 100 });
      const events = await own.events(visit.input.sessionId);
      expect(events).toEqual([...new Set(events)]);
    }
  }, 240_000);
});

describe('a decision at a clinician’s screen', () => {
  it('publishes the report, or sends it back to the clinic', async (context) => {
    needsTemporal(context);
    const lane = await rig.lane();
    const browser = new TestBrowser(rig.cloud.base, rig.cloud.config.publicUrl);
    await browser.signIn(await rig.cloud.subject('clinician', NORTH_HARBOUR));
    const page = browser.client();
    const decided = async (decision: 'approved' | 'sent-back'): Promise<TestVisit> => {
      const visit = lane.visit();
      await visit.send();
      await visit.captured();
      await visit.until(({ step }) => step === 'in-review');
      const { reportId, pdf } = visit.documents;
      const reason = decision === 'approved' ? null : 'retake-images';
      await page.review.decide({ reportId, reportSha256: pdf.sha256, decision, reason, notes: null, pin: null });
      return visit;
    };
    expect(await (await decided('approved')).handle.result()).toMatchObject({ status: 'COMPLETED' });
    const sentBack = await decided('sent-back');
    expect(await sentBack.until(({ step }) => step === 'sent-back')).toMatchObject({ status: 'REQUIRES_REVIEW' });
    await sentBack.handle.cancel();
  }, 240_000);
});
