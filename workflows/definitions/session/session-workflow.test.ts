import { ApplicationFailure } from '@temporalio/common';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { SessionState } from '../../../electron/contract/index.ts';
import { newId } from '../../../electron/contract/index.ts';
import type { FusionEngine } from '../../activities/fusion/fusion-engine.ts';
import { pull } from '../../api/testing/documents.ts';
import { keepHistory } from '../../testing/histories.ts';
import { needsTemporal } from '../../testing/needs-temporal.ts';
import type { Lane, TestVisit } from '../../testing/rig.ts';
import { Rig } from '../../testing/rig.ts';

/** A gate that nobody waits for; the time after it is as long as ever. */
const SHORT_GATE = { gate: 300 };

let rig: Rig;
let lane: Lane;
beforeAll(async () => {
  const server = inject('temporal');
  if (server === null) return;
  rig = await Rig.start(server);
  lane = await rig.lane();
});
afterAll(async () => rig?.close());

async function atReview(on: Lane = lane): Promise<TestVisit> {
  const visit = on.visit();
  await visit.send();
  await visit.captured();
  await visit.until(({ step }) => step === 'in-review');
  return visit;
}

/** How a list by search attributes shows a visit, once the server has indexed it. */
async function listed(visit: TestVisit, query: string): Promise<number> {
  let count = 0;
  while (count === 0) {
    ({ count } = await rig.client.workflow.count(`${query} AND SessionId = '${visit.input.sessionId}'`));
  }
  return count;
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => error,
  );
}

async function failureType(work: Promise<unknown>): Promise<string | null | undefined> {
  const error = await failureOf(work);
  expect(error).toSatisfy((e) => e instanceof WorkflowFailedError || e instanceof WorkflowUpdateFailedError);
  const { cause } = error as WorkflowFailedError;
  return cause instanceof ApplicationFailure ? cause.type : cause?.name;
}

/** Every text in it, bytes too. */
function* textsOf(value: unknown): Generator<string> {
  if (value instanceof Uint8Array) yield Buffer.from(value).toString('latin1');
  else if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) yield* textsOf(part);
}

async function refuseNotice(): Promise<never> {
  throw ApplicationFailure.nonRetryable('no', 'NOTICE_REJECTED');
}

describe('a visit', () => {
  it('goes from check-in to its published report, and lists show where it is', async (context) => {
    needsTemporal(context);
    const visit = lane.visit();
    const { locationId, tenantId, sessionId } = visit.input;
    await visit.start();
    await visit.until(({ step }) => step === 'waiting-for-captures');
    expect(await visit.tell('setProgress', { progress: 20 })).toEqual({ outcome: 'accepted' });
    expect(await visit.handle.query<number>('getProgress')).toBe(20);
    const place = `LocationId = '${locationId}' AND TenantId = '${tenantId}' AND BuildId = '0.1.0'`;
    expect(await listed(visit, `${place} AND SessionStatus = 'IN_PROGRESS' AND Progress < 30`)).toBe(1);
    expect(await visit.captured()).toEqual({ outcome: 'accepted' });
    expect(await visit.tell('setProgress', { progress: 25 })).toEqual({ outcome: 'refused', reason: 'TOO_LATE' });
    await visit.send();
    const state = await visit.until(({ step }) => step === 'in-review');
    expect(state).toMatchObject({ status: 'REVIEW', progress: 90, reportSha256: visit.documents.pdf.sha256 });
    expect(await listed(visit, `SessionStatus = 'REVIEW' AND Progress = 90`)).toBe(1);
    expect(await visit.review('approved')).toEqual({ outcome: 'accepted' });
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED', progress: 100, reason: null });
    expect(await listed(visit, `SessionStatus = 'COMPLETED' AND Progress = 100`)).toBe(1);
    expect(await rig.events(sessionId)).toEqual([
      'VisitCheckedIn',
      'VisitCaptured',
      'FusionStarted',
      'FusionDone',
      'ReviewOpened',
      'ReviewAccepted',
      'ReportPublished',
      'PatientNotified',
    ]);
    const instant = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(await rig.cloudFields(sessionId)).toMatchObject({
      syncedAt: instant,
      fusionStartedAt: instant,
      fusionDoneAt: instant,
      publishedAt: instant,
      fusion: { engine: 'built-in', quality: { captures: 1, passed: 1 } },
      review: { outcome: 'accepted', reportSha256: visit.documents.pdf.sha256 },
    });
    await keepHistory('published', visit);
  });

  it('happens once: a message that is sent again has its first answer, also when all is over', async (context) => {
    needsTemporal(context);
    const visit = await atReview();
    const [updateId, reviewerId] = [newId(), newId()];
    const message = {
      decision: 'approved',
      reportSha256: visit.documents.pdf.sha256,
      reviewerId,
      role: 'clinician',
      at: '2026-11-21T10:00:00.000Z',
      reason: null,
    };
    expect(await visit.tell('review', message, updateId)).toEqual({ outcome: 'accepted' });
    await visit.handle.result();
    expect(await visit.handle.getUpdateHandle(updateId).result()).toEqual({ outcome: 'accepted' });
    expect(await failureOf(visit.start())).toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    expect((await rig.events(visit.input.sessionId)).filter((type) => type === 'ReportPublished')).toHaveLength(1);
  });

  it('leaves nothing that can be read in the history', async (context) => {
    needsTemporal(context);
    const visit = await atReview();
    await visit.review('sent-back', { notes: 'the left eye of Amara' });
    await visit.until(({ step }) => step === 'sent-back');
    const { events } = await visit.handle.fetchHistory();
    const all = [...textsOf(events)].join('\n');
    expect(all).toContain(visit.input.sessionId);
    for (const secret of ['Amara', visit.documents.pdf.sha256, visit.input.userId, 'retake-images']) {
      expect(all).not.toContain(secret);
    }
    await visit.handle.cancel();
  });
});

describe('the review gate of a visit', () => {
  it('holds a review that comes before the report, and lets it count then', async (context) => {
    needsTemporal(context);
    const visit = lane.visit();
    await visit.captured();
    expect(await visit.review('approved')).toEqual({ outcome: 'held' });
    expect(await visit.state()).toMatchObject({ reviewsHeld: 1 });
    await visit.send();
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED' });
    await keepHistory('review-held', visit);
  });

  it('refuses one about another report and tells people, and goes on waiting', async (context) => {
    needsTemporal(context);
    const { checkpoint } = await pull(rig.station, 'alerts');
    const visit = await atReview();
    expect(await visit.review('approved', { reportSha256: 'f'.repeat(64) })).toEqual({ outcome: 'held' });
    await visit.until(({ review }) => review?.reason === 'REPORT_CHANGED');
    expect(await rig.cloudFields(visit.input.sessionId)).toMatchObject({
      review: { outcome: 'refused', reason: 'REPORT_CHANGED', reportSha256: 'f'.repeat(64) },
    });
    const { rows } = await pull(rig.station, 'alerts', checkpoint);
    expect(rows.map(({ document }) => document)).toContainEqual(
      expect.objectContaining({ kind: 'review-refused', subjectId: visit.input.sessionId }),
    );
    expect(await visit.review('approved')).toEqual({ outcome: 'accepted' });
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED' });
  });

  it('takes no message of the wrong shape, nor a decision of somebody who may not decide', async (context) => {
    needsTemporal(context);
    const visit = await atReview();
    expect(await failureType(visit.review('approved', { role: 'facilitator' }))).toBe('REVIEWER_NOT_PERMITTED');
    expect(await failureType(visit.review('sent-back', { reason: null }))).toBe('INVALID');
    expect(await failureType(visit.review('approved', { reviewerId: 'Dr Clara' }))).toBe('INVALID');
    expect(await failureType(visit.tell('captured', {}))).toBe('INVALID');
    const { events = [] } = await visit.handle.fetchHistory();
    const taken = events?.flatMap(({ workflowExecutionUpdateAcceptedEventAttributes: update }) => update ?? []);
    expect(taken?.map(({ acceptedRequest }) => acceptedRequest?.input?.name)).toEqual(['captured']);
    expect(await visit.state()).toMatchObject({ step: 'in-review', reviewsHeld: 0, review: null });
    await visit.handle.cancel();
  });

  it('sends back to the clinic, and waits for the next report there', async (context) => {
    needsTemporal(context);
    const visit = await atReview();
    expect(await visit.review('sent-back')).toEqual({ outcome: 'accepted' });
    await visit.until(({ step }) => step === 'sent-back');
    expect(await listed(visit, `SessionStatus = 'REQUIRES_REVIEW'`)).toBe(1);
    expect(await visit.review('approved')).toEqual({ outcome: 'refused', reason: 'ALREADY_DECIDED' });
    const capturedAt = new Date().toISOString();
    const second = await visit.sendSecond(capturedAt);
    await visit.captured(capturedAt);
    await visit.until(({ step, reportSha256 }) => step === 'in-review' && reportSha256 === second);
    expect(await visit.review('approved', { reportSha256: second })).toEqual({ outcome: 'accepted' });
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED', reportSha256: second });
    expect((await rig.events(visit.input.sessionId)).filter((type) => type === 'ReportPublished')).toHaveLength(1);
    await keepHistory('sent-back', visit);
  });

  it('begins anew when captures are taken again while a report waits', async (context) => {
    needsTemporal(context);
    const visit = await atReview();
    const capturedAt = new Date().toISOString();
    await visit.captured(capturedAt);
    await visit.until(({ step, round }) => step === 'waiting-for-sync' && round === 2);
    const second = await visit.sendSecond(capturedAt);
    await visit.until(({ step, reportSha256 }) => step === 'in-review' && reportSha256 === second);
    await visit.review('approved', { reportSha256: second });
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED', reportSha256: second });
    await keepHistory('captured-again', visit);
  });

  it('is satisfied by a decision that came with the documents alone', async (context) => {
    needsTemporal(context);
    const visit = await atReview();
    await visit.decideInDocuments('approved');
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED' });
  });

  it('tells people when its time is over, and still takes a decision', async (context) => {
    needsTemporal(context);
    const quick = await rig.lane({ timing: SHORT_GATE });
    const visit = await atReview(quick);
    await visit.until(({ status }) => status === 'REQUIRES_REVIEW');
    expect(await listed(visit, `SessionStatus = 'REQUIRES_REVIEW' AND Progress = 90`)).toBe(1);
    expect(await visit.state()).toMatchObject({ step: 'in-review', reason: 'REVIEW_TIMEOUT' });
    expect(await visit.review('approved')).toEqual({ outcome: 'accepted' });
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED' });
    expect(await rig.events(visit.input.sessionId)).toContain('ReviewOverdue');
    await keepHistory('review-overdue', visit);
  });

  it('ends as needing review when nobody ever decides, or takes the visit up again', async (context) => {
    needsTemporal(context);
    const quick = await rig.lane({ timing: { ...SHORT_GATE, followUp: 600 } });
    const undecided = await atReview(quick);
    expect(await undecided.handle.result()).toMatchObject({ status: 'REQUIRES_REVIEW', reason: 'REVIEW_TIMEOUT' });
    const sentBack = quick.visit();
    await sentBack.captured();
    await sentBack.review('sent-back');
    await sentBack.send();
    expect(await sentBack.handle.result()).toMatchObject({ status: 'REQUIRES_REVIEW', reason: 'SENT_BACK' });
    expect(await rig.events(sentBack.input.sessionId)).not.toContain('ReportPublished');
    await keepHistory('left-to-people', sentBack);
  });
});

describe('a visit that fails', () => {
  it('says at which step, and is found by its status', async (context) => {
    needsTemporal(context);
    const quick = await rig.lane({ timing: { captureWait: 300, syncWait: 600 } });
    const never = quick.visit();
    await never.start();
    expect(await failureType(never.handle.result())).toBe('CAPTURE_TIMEOUT');
    expect(await listed(never, `SessionStatus = 'FAILED'`)).toBe(1);
    const lost = quick.visit();
    await lost.captured();
    expect(await failureType(lost.handle.result())).toBe('SYNC_TIMEOUT');
    expect(await rig.events(lost.input.sessionId)).toEqual(['VisitCheckedIn', 'VisitCaptured', 'VisitWorkflowEnded']);
  });

  it('at the analysis has it taken back', async (context) => {
    needsTemporal(context);
    const fusion: FusionEngine = {
      name: 'refusing',
      version: '1',
      fuse: async () => {
        throw ApplicationFailure.nonRetryable('no', 'FUSION_REJECTED');
      },
    };
    const visit = (await rig.lane({ fusion })).visit();
    await visit.send();
    await visit.captured();
    expect(await failureType(visit.handle.result())).toBe('FUSION_FAILED');
    expect(await rig.events(visit.input.sessionId)).toContain('FusionDiscarded');
    expect(await rig.cloudFields(visit.input.sessionId)).toMatchObject({ fusionStartedAt: null });
    await keepHistory('fusion-failed', visit);
  });

  it('is not one whose patient could not be told', async (context) => {
    needsTemporal(context);
    const visit = await atReview(await rig.lane({ notifier: { notify: refuseNotice } }));
    await visit.review('approved');
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED', reason: 'NOT_NOTIFIED' });
  });
});

describe('a visit that is cancelled', () => {
  /** How a visit gets to a step and stays there. */
  const steps: Partial<Record<SessionState['step'], (visit: TestVisit) => Promise<unknown>>> = {
    'waiting-for-captures': async (visit) => visit.start(),
    'waiting-for-sync': async (visit) => visit.captured(),
    fusing: async (visit) => {
      await visit.send();
      await visit.captured();
    },
    'in-review': async (visit) => {
      await visit.send();
      await visit.captured();
    },
    'sent-back': async (visit) => {
      await visit.send();
      await visit.captured();
      await visit.review('sent-back');
    },
  };
  const endless: FusionEngine = {
    name: 'endless',
    version: '1',
    fuse: async (_observations, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
      }),
  };

  it.for(Object.keys(steps) as SessionState['step'][])(
    'while %s ends as cancelled, whoever did it',
    async (step, context) => {
      needsTemporal(context);
      const on = step === 'fusing' ? await rig.lane({ fusion: endless, timing: { fusionAlive: 300 } }) : lane;
      const [inClinic, byOperator] = [on.visit(), on.visit()];
      for (const visit of [inClinic, byOperator]) {
        await steps[step]?.(visit);
        await visit.until((state) => state.step === step);
      }
      expect(await inClinic.tell('cancelled', { at: '2026-11-21T09:30:00.000Z' })).toEqual({ outcome: 'accepted' });
      expect(await inClinic.handle.result()).toMatchObject({ status: 'CANCELLED', reason: 'CANCELLED_IN_CLINIC' });
      await byOperator.handle.cancel();
      expect(await failureType(byOperator.handle.result())).toBe('CancelledFailure');
      for (const visit of [inClinic, byOperator]) {
        expect(await listed(visit, `SessionStatus = 'CANCELLED'`)).toBe(1);
        const events = await rig.events(visit.input.sessionId);
        expect(events.at(-1)).toBe('VisitWorkflowEnded');
        expect(events.includes('FusionDiscarded')).toBe(step === 'fusing');
      }
      await keepHistory(`cancelled-in-clinic-${step}`, inClinic);
      await keepHistory(`cancelled-by-operator-${step}`, byOperator);
    },
  );

  it('after its report was published stays as it is', async (context) => {
    needsTemporal(context);
    const told = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const notify = async (): Promise<void> => {
      told.resolve();
      await gone.promise;
    };
    const visit = await atReview(await rig.lane({ notifier: { notify }, timing: { notifyTries: 60_000 } }));
    await visit.review('approved');
    await told.promise;
    expect(await visit.tell('cancelled', { at: '2026-11-21T10:30:00.000Z' })).toEqual({
      outcome: 'refused',
      reason: 'TOO_LATE',
    });
    expect(await visit.captured(new Date().toISOString())).toEqual({ outcome: 'refused', reason: 'TOO_LATE' });
    await visit.handle.cancel();
    gone.resolve();
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED' });
  });
});
