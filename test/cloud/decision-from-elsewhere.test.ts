/** A clinician decides about a report with a browser; the station that led the visit hears of it, and of whose decision stands. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Review, ReviewDecision } from '../../electron/contract/index.ts';
import { CaptureActivity } from '../../electron/core/capture/capture-activity.ts';
import { Reviews } from '../../electron/core/review/reviews.ts';
import type { Draft } from '../../electron/core/store/index.ts';
import { TestBrowser, firstOf } from '../../workflows/api/testing/browser.ts';
import type { CloudPageClient } from '../../workflows/api/testing/browser.ts';
import type { VisitForReview } from '../../workflows/api/testing/reviewed-visit.ts';
import { visitForReview } from '../../workflows/api/testing/reviewed-visit.ts';
import type { TestApi } from '../../workflows/api/testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../../workflows/api/testing/test-api.ts';
import type { ReplicatingStation } from './testing/replicating-station.ts';
import { eventually, startStation } from './testing/replicating-station.ts';

let cloud: TestApi;
const open: ReplicatingStation[] = [];

const offline = async (): Promise<Response> => Promise.reject(new TypeError('fetch failed'));
const LEILA = {
  staffId: '7b0e1c3a-0000-4000-8000-000000000001',
  name: 'Dr Leila Nemuneh',
  initials: 'LN',
  roles: ['clinician' as const],
};

beforeAll(async () => {
  cloud = await startTestApi();
});
afterEach(async () => {
  for (const station of open.splice(0)) await station.close();
});
afterAll(async () => cloud.close());

async function station(): Promise<ReplicatingStation> {
  const started = await startStation(cloud, NORTH_HARBOUR);
  open.push(started);
  return started;
}

/** The visit as it is finished at this station: written there, and pushed by it. */
async function finishVisit(at: ReplicatingStation): Promise<VisitForReview> {
  const visit = visitForReview(NORTH_HARBOUR, at.enrolled.stationId);
  const { patients, appointments, captures, findings, reports, sessions } = visit.documents;
  await at.store.transaction((tx) => {
    tx.put('patients', patients as unknown as Draft<'patients'>);
    tx.put('appointments', appointments as unknown as Draft<'appointments'>);
    tx.put('captures', captures as unknown as Draft<'captures'>);
    tx.put('findings', findings as unknown as Draft<'findings'>);
    tx.put('reports', reports as unknown as Draft<'reports'>);
    tx.put('sessions', sessions as unknown as Draft<'sessions'>);
  });
  await eventually(() => at.replication.unpushed() === 0, 'the visit is in the cloud');
  return visit;
}

async function clinicianElsewhere(): Promise<CloudPageClient> {
  const browser = new TestBrowser(cloud.base, cloud.config.publicUrl);
  expect(await browser.signIn(await cloud.subject('clinician', NORTH_HARBOUR))).toBe('/');
  return browser.client();
}

function reviewsAt({ store, enrolled }: ReplicatingStation): Reviews {
  return new Reviews(
    {
      store,
      stationId: enrolled.stationId,
      now: () => new Date(),
      deviceStatuses: () => [],
      activity: new CaptureActivity(() => undefined),
      reportsInProgress: new Set(),
      reportProblemOf: () => null,
      cloudTimesOf: () => ({ inCloud: null, verified: null }),
      lostBlobs: new Set(),
    },
    'test',
  );
}

const approval = ({ reportId, pdf }: VisitForReview): ReviewDecision => ({
  reportId,
  reportSha256: pdf.sha256,
  decision: 'approved',
  reason: null,
  notes: null,
});
const sentBack = (visit: VisitForReview): ReviewDecision => ({
  ...approval(visit),
  decision: 'sent-back',
  reason: 'retake-images',
});

async function reviewAt(at: ReplicatingStation, visit: VisitForReview): Promise<Review | null> {
  return (await at.store.get('reports', visit.reportId))?.review ?? null;
}

describe('a decision from elsewhere', { timeout: 120_000 }, () => {
  it('arrives at the station, which shows it, leads the visit no more and decides no second time', async () => {
    const here = await station();
    const visit = await finishVisit(here);
    const page = await clinicianElsewhere();
    // What is decided about there is what was finished here.
    const [there, shown] = [
      await firstOf(await page.review.watch({ sessionId: visit.sessionId })),
      await reviewsAt(here).view(visit.sessionId, new Date().toISOString()),
    ];
    expect(there.findings).toEqual(shown.findings);
    expect(there.report).toEqual(shown.report);
    expect(there.visit.patient).toEqual(shown.visit.patient);
    expect(there.visit.steps.map(({ mark, quantity }) => ({ mark, quantity }))).toEqual(
      shown.visit.steps.map(({ mark, quantity }) => ({ mark, quantity })),
    );

    const review = await page.review.decide({ ...sentBack(visit), pin: null });
    await eventually(async () => (await reviewAt(here, visit)) !== null, 'the decision is at the station');
    await eventually(
      async () => (await here.store.get('sessions', visit.sessionId))?.status === 'REQUIRES_REVIEW',
      'the visit is sent back at the station',
    );
    const after = await reviewsAt(here).view(visit.sessionId, new Date().toISOString());
    expect(after.report.review).toEqual(review);
    expect(after.visit.problems.map(({ code }) => code)).toEqual(['LED_ELSEWHERE']);
    expect((await here.store.get('sessions', visit.sessionId))?.leadStationId).not.toBe(here.enrolled.stationId);
    expect(await reviewsAt(here).queue()).toEqual([]);
    await expect(reviewsAt(here).decide(approval(visit), LEILA)).rejects.toMatchObject({ code: 'ALREADY_DECIDED' });
  });

  it.each(['the station', 'the cloud'] as const)(
    'and one at the station while the line was away come to one, the later: that of %s',
    async (later) => {
      const here = await station();
      const visit = await finishVisit(here);
      const page = await clinicianElsewhere();
      here.intercept = offline;
      const decideHere = async (): Promise<Review> => reviewsAt(here).decide(sentBack(visit), LEILA);
      const decideThere = async (): Promise<Review> => page.review.decide({ ...approval(visit), pin: null });
      const first = later === 'the station' ? await decideThere() : await decideHere();
      const second = later === 'the station' ? await decideHere() : await decideThere();
      expect(first.decision).not.toBe(second.decision);
      here.intercept = null;

      const status = second.decision === 'approved' ? 'COMPLETED' : 'REQUIRES_REVIEW';
      await eventually(async () => {
        const review = await reviewAt(here, visit);
        const session = await here.store.get('sessions', visit.sessionId);
        return here.replication.unpushed() === 0 && review?.by === second.by && session?.status === status;
      }, 'the later decision stands at the station');
      const view = await firstOf(await page.review.watch({ sessionId: visit.sessionId }));
      expect(view.report.review).toEqual(second);
      expect(view.visit.status).toBe(status);
      // That there was another one is in the trail of where it was made.
      const { rows } = await cloud.database.admin.query(
        `SELECT action FROM access_entries WHERE patient_id = $1 AND action LIKE 'report.%'`,
        [visit.patientId],
      );
      expect(rows).toEqual([{ action: 'report.approved' }]);
      const made = here.store.audit.read({ subjectId: visit.reportId });
      expect(made.filter(({ action }) => action === 'report.sent-back')).toHaveLength(1);
    },
  );
});
