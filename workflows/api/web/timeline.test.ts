/** Patients with a browser: their own visits as they go on, and the report once it is published. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Timeline } from '../../../electron/contract/index.ts';
import { CLOUD_APP_PATHS, newId } from '../../../electron/contract/index.ts';
import { TestBrowser, firstOf } from '../testing/browser.ts';
import { push, rowOf } from '../testing/documents.ts';
import type { VisitForReview } from '../testing/reviewed-visit.ts';
import { sendFiles, sendVisit, visitForReview } from '../testing/reviewed-visit.ts';
import type { TestStation } from '../testing/station.ts';
import { call } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, NORTH_HILL, startTestApi } from '../testing/test-api.ts';

let cloud: TestApi;
let station: TestStation;
beforeAll(async () => {
  cloud = await startTestApi();
  station = await cloud.station(NORTH_HARBOUR);
});
afterAll(async () => cloud.close());

async function visitHere(): Promise<VisitForReview> {
  const visit = visitForReview(NORTH_HARBOUR, station.stationId);
  await sendVisit(station, visit);
  return visit;
}

async function patientOf(visit: VisitForReview, place = NORTH_HARBOUR): Promise<TestBrowser> {
  const browser = new TestBrowser(cloud.base, cloud.config.publicUrl);
  expect(await browser.signIn(await cloud.subject('patient', place, false, visit.patientId))).toBe('/');
  return browser;
}

async function timelineOf(browser: TestBrowser): Promise<Timeline> {
  return firstOf(await browser.client().timeline.watch());
}

/** As the workflow's activities do. */
async function step(visit: VisitForReview, type: string, data: object, stamps: readonly string[]): Promise<void> {
  const body = {
    cause: {
      workflowId: `session-${visit.sessionId}`,
      activityId: newId(),
      runId: 'r',
      workflowType: 'sessionWorkflow',
    },
    locationId: NORTH_HARBOUR.locationId,
    event: { type, data },
    fields: {},
    stamps,
    alert: null,
  };
  const token = await cloud.service(NORTH_HARBOUR.tenantId);
  const answer = await call(cloud.base, `/internal/v1/sessions/${visit.sessionId}/step`, token, body);
  expect(answer.status).toBe(200);
}

async function publish(visit: VisitForReview): Promise<void> {
  const report = { reportId: visit.reportId, sha256: visit.pdf.sha256, version: 1 };
  await step(visit, 'ReportPublished', report, ['publishedAt']);
}

async function codeOf(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => 'no failure',
    (error: unknown) =>
      (error as { readonly data?: { readonly code?: string } }).data?.code ??
      String((error as { readonly code?: string }).code),
  );
}

async function trailOf(patientId: string): Promise<readonly (readonly [string, string])[]> {
  const { rows } = await cloud.database.admin.query<{ action: string; role: string }>(
    'SELECT action, role FROM access_entries WHERE patient_id = $1 ORDER BY at',
    [patientId],
  );
  return rows.map(({ action, role }) => [action, role]);
}

describe('a patient with a browser', () => {
  it('is told apart from the staff, and sees their own visits and nothing else', async () => {
    const [own, somebodyElse] = [await visitHere(), await visitHere()];
    const browser = await patientOf(own);
    const session = await (await browser.get(CLOUD_APP_PATHS.session)).json();
    expect(session).toEqual({ signedIn: true, as: 'patient', canSignIn: true });
    const timeline = await timelineOf(browser);
    expect(timeline).toEqual({
      givenName: 'Amara',
      visits: [
        {
          visitId: own.sessionId,
          day: '2026-11-21',
          place: 'harbour',
          state: 'going-on',
          reached: 80,
          report: 'none',
        },
      ],
    });
    const page = browser.client();
    expect(await codeOf(page.timeline.openReport({ visitId: somebodyElse.sessionId }))).toBe('NOT_FOUND');
    expect([
      await codeOf(page.review.queue()),
      await codeOf(page.review.watch({ sessionId: own.sessionId })),
      await codeOf(page.fleet.watch()),
      await codeOf(page.media.open({ of: 'report', reportId: own.reportId })),
    ]).toEqual(['NOT_ALLOWED', 'NOT_ALLOWED', 'NOT_ALLOWED', 'NOT_ALLOWED']);
    const hello = await page.station.hello();
    expect(hello).toMatchObject({ clinicName: 'north', signedIn: { roles: [] } });
    await page.access.lock();
    expect(await codeOf(page.timeline.watch())).toBe('UNAUTHORIZED');
  });

  it('sees nothing where they are no patient', async () => {
    const visit = await visitHere();
    expect(await timelineOf(await patientOf(visit, NORTH_HILL))).toEqual({ givenName: '', visits: [] });
    const staff = new TestBrowser(cloud.base, cloud.config.publicUrl);
    await staff.signIn(await cloud.subject('clinician', NORTH_HARBOUR));
    expect(await codeOf(staff.client().timeline.watch())).toBe('NOT_ALLOWED');
  });

  it('follows a visit from station to station of its line, and never more than it says', async () => {
    const visit = visitForReview(NORTH_HARBOUR, station.stationId);
    const { sessions, patients } = visit.documents;
    const early = { ...sessions, status: 'CAPTURING', capturedAt: null, reportId: null };
    await push(station, 'patients', [rowOf(patients)]);
    await push(station, 'sessions', [rowOf(early)]);
    const browser = await patientOf(visit);
    const stream = await browser.client().timeline.watch();
    const seen: string[] = [];
    const words: string[] = [];
    const until = (wanted: string): Promise<Timeline> => {
      return (async () => {
        for (;;) {
          const next = await stream.next();
          if (next.done === true) throw new Error('the stream ended');
          const [shown] = next.value.visits;
          seen.push(`${shown?.state} ${shown?.reached} ${shown?.report}`);
          words.push(JSON.stringify(next.value));
          if (seen.at(-1) === wanted) return next.value;
        }
      })();
    };
    await until('going-on 0 none');
    for (const [type, stamp, reached] of [
      ['VisitSynced', 'syncedAt', 50],
      ['FusionDone', 'fusionDoneAt', 80],
    ] as const) {
      await step(visit, type, {}, [stamp]);
      await until(`going-on ${reached} none`);
    }
    const { appointments: _a, sessions: _s, ...rest } = visit.documents;
    for (const [name, document] of Object.entries(rest)) await push(station, name as 'reports', [rowOf(document)]);
    await publish(visit);
    await until('done 100 ready');
    expect(seen).toEqual(['going-on 0 none', 'going-on 50 none', 'going-on 80 none', 'done 100 ready']);
    // Neither what was measured nor what was found, nor anybody else's name.
    expect(words.join()).not.toMatch(/71\.85|retina|weight|Exampleton|HR-1|sha256/);
    await stream.return?.();
    expect(await trailOf(visit.patientId)).toEqual([['visit.followed', 'patient']]);
  });

  it('opens the report once it is published, and leaves each look in the trail', async () => {
    const visit = await visitHere();
    await sendFiles(cloud.base, station, visit);
    const browser = await patientOf(visit);
    const { timeline } = browser.client();
    const asked = { visitId: visit.sessionId };
    expect(await codeOf(timeline.openReport(asked))).toBe('NOT_FOUND');
    // The files are there; they are opened by the publication and nothing else.
    const { rows } = await cloud.database.admin.query<{ id: string; sha256: string }>('SELECT id, sha256 FROM files');
    const pathOf = (sha256: string): string => `/app/files/${rows.find((row) => row.sha256 === sha256)?.id}`;
    expect((await browser.get(pathOf(visit.pdf.sha256))).status).toBe(404);
    await publish(visit);
    const { path, mediaType } = await timeline.openReport(asked);
    expect(mediaType).toBe('application/pdf');
    expect(path).toBe(pathOf(visit.pdf.sha256));
    const report = await browser.get(path);
    expect(report.status).toBe(200);
    expect(Buffer.from(await report.arrayBuffer())).toEqual(visit.pdf.bytes);
    expect((await browser.get(pathOf(visit.picture.sha256))).status).toBe(404);
    expect(await trailOf(visit.patientId)).toEqual([['report.read', 'patient']]);
    const reads = await cloud.database.admin.query<{ role: string }>('SELECT role FROM file_reads WHERE file_id = $1', [
      path.split('/').at(-1),
    ]);
    expect(reads.rows).toEqual([{ role: 'patient' }]);

    const somebodyElse = await patientOf(await visitHere());
    expect((await somebodyElse.get(path)).status).toBe(404);
    expect(await codeOf(somebodyElse.client().timeline.openReport(asked))).toBe('NOT_FOUND');
  });
});

it('leaves nothing of a patient in the log', () => {
  expect(JSON.stringify(cloud.logged)).not.toMatch(/Amara|Exampleton|HR-1/);
});
