/** The activities of the cloud's worker. They read and write through the internal API only. */
import { Context, activityInfo, heartbeat } from '@temporalio/activity';
import type { Timing } from '../definitions/timing.ts';
import type { FusionEngine } from './fusion/fusion-engine.ts';
import type { InternalApi, StepRequest } from './internal-api.ts';
import { notYet } from './internal-api.ts';
import type { Notifier } from './notifier.ts';
import type { ReportRef, SessionActivities, VisitRef } from './session-activities.ts';
import type { SiteActivities } from './site-activities.ts';

export interface ActivityDependencies {
  readonly api: InternalApi;
  readonly fusion: FusionEngine;
  readonly notifier: Notifier;
  readonly timing: Timing;
}

/** Of the heartbeat's timeout: often enough to be missed twice. */
const SIGNS_PER_TIMEOUT = 3;
/** A session's `capturedAt` and the message about it are written in one transaction, a moment apart. */
const SAME_MOMENT_MS = 5000;

export type CloudActivities = SessionActivities & SiteActivities;

export function createActivities({ api, fusion, notifier, timing }: ActivityDependencies): CloudActivities {
  const step = async (visit: VisitRef, request: Omit<StepRequest, 'locationId'>): Promise<void> =>
    api.step(visit.tenantId, visit.sessionId, { ...request, locationId: visit.locationId });
  const verifiedReport = async ({ tenantId, sessionId }: VisitRef) => {
    const standing = await api.standing(tenantId, sessionId);
    return standing?.report?.verified === true ? standing.report : null;
  };
  return {
    readTiming: async () => timing,
    markCheckedIn: async ({ visit, buildId, at }) =>
      step(visit, { event: { type: 'VisitCheckedIn', data: { buildId, at } } }),
    markCaptured: async ({ visit, round, at }) =>
      step(visit, { event: { type: 'VisitCaptured', data: { round, at } } }),
    checkSynced: async ({ visit, capturedAt }) => {
      const standing = await api.standing(visit.tenantId, visit.sessionId);
      if (standing === null) throw notYet('the session has not arrived');
      const isOfThisRound = isSince(standing.capturedAt, capturedAt);
      if (!isOfThisRound || standing.syncedAt === null) throw notYet('the cloud does not have all of it');
    },
    startFusion: async ({ visit, round }) =>
      step(visit, {
        event: { type: 'FusionStarted', data: { round, engine: fusion.name } },
        fields: { fusionDoneAt: null },
        stamps: ['fusionStartedAt'],
      }),
    fuse: async ({ visit, round }) => {
      const { name: engine, version } = fusion;
      const observations = await api.observations(visit.tenantId, visit.sessionId);
      const result = await alive(timing.fusionAlive, async (signal) => fusion.fuse(observations, signal));
      await step(visit, {
        event: { type: 'FusionDone', data: { round, engine, version } },
        fields: { fusion: { engine, version, ...result } },
        stamps: ['fusionDoneAt'],
      });
      return { engine, version };
    },
    discardFusion: async ({ visit }) =>
      step(visit, { event: { type: 'FusionDiscarded', data: {} }, fields: { fusionStartedAt: null } }),
    findReport: async ({ visit, capturedAt, otherThan }) => {
      const report = await verifiedReport(visit);
      const isWanted = report !== null && report.sha256 !== otherThan && isSince(report.madeAt, capturedAt);
      if (!isWanted) throw notYet('there is no report yet');
      return referenceTo(report);
    },
    watchReport: async ({ visit, reportSha256, otherOnly }) => {
      const report = await verifiedReport(visit);
      if (report === null) throw notYet('nothing is new');
      const review = report.review?.reportSha256 === report.sha256 ? report.review : null;
      const isOther = report.sha256 !== reportSha256;
      if (!isOther && (otherOnly || review === null)) throw notYet('nothing is new');
      return { report: referenceTo(report), review };
    },
    openReview: async ({ visit, report, dueAt }) =>
      step(visit, {
        event: { type: 'ReviewOpened', data: { ...report, dueAt } },
        fields: { reviewDueAt: dueAt, reviewOverdueAt: null },
      }),
    tellReview: async ({ visit, review }) =>
      step(visit, {
        event: { type: review.outcome === 'accepted' ? 'ReviewAccepted' : 'ReviewRefused', data: { ...review } },
        fields: { review: { ...review } },
        alert:
          review.outcome === 'accepted'
            ? null
            : {
                kind: 'review-refused',
                severity: 'warn',
                text: 'A decision about a report did not count: look at the visit and decide again.',
              },
      }),
    routeToPeople: async ({ visit, reportSha256 }) =>
      step(visit, {
        event: { type: 'ReviewOverdue', data: { reportSha256 } },
        stamps: ['reviewOverdueAt'],
        alert: { kind: 'review-overdue', severity: 'warn', text: 'A report has waited too long for its review.' },
      }),
    publish: async ({ visit, report }) =>
      step(visit, {
        event: { type: 'ReportPublished', data: { ...report } },
        fields: { reviewOverdueAt: null },
        stamps: ['publishedAt'],
      }),
    notifyPatient: async ({ visit, userId }) => {
      const { activityId, workflowExecution } = activityInfo();
      const key = `${workflowExecution?.workflowId ?? ''}:${activityId}`;
      await notifier.notify(
        { tenantId: visit.tenantId, userId, template: 'something-to-see', key },
        Context.current().cancellationSignal,
      );
      await step(visit, { event: { type: 'PatientNotified', data: {} } });
    },
    markEnded: async ({ visit, status, reason }) =>
      step(visit, { event: { type: 'VisitWorkflowEnded', data: { status, reason } } }),
    tellOfSite: async ({ site: { tenantId, subjectId, locationId }, type, data, alert }) =>
      api.siteStep(tenantId, subjectId, { locationId, event: { type, data: { ...data } }, alert }),
    findCalibration: async ({ site: { tenantId, subjectId }, signature }) => {
      const record = await api.document(tenantId, 'calibrations', subjectId);
      if (record?.['signature'] !== signature) throw notYet('the record has not arrived');
    },
    recordAcceptance: async ({ site: { tenantId, subjectId, locationId }, signed }) =>
      api.acceptance(tenantId, subjectId, { locationId, signed }),
  };
}

function referenceTo({ id, sha256, version }: { id: string; sha256: string; version: number }): ReportRef {
  return { reportId: id, sha256, version };
}

/** @param from ISO 8601; empty: at any time */
function isSince(at: string | null, from: string): boolean {
  return at !== null && (from === '' || Date.parse(at) + SAME_MOMENT_MS >= Date.parse(from));
}

/** Gives signs of life while it works; aborted when the activity is cancelled. */
async function alive<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signs = setInterval(() => heartbeat(), timeoutMs / SIGNS_PER_TIMEOUT);
  try {
    return await work(Context.current().cancellationSignal);
  } finally {
    clearInterval(signs);
  }
}
