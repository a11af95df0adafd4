import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  CLOUD_APP_PATHS,
  CLOUD_PATHS,
  CONTRACT_VERSION,
  newId,
  replicationPath,
} from '../../../electron/contract/index.ts';
import { TestBrowser, firstOf } from '../testing/browser.ts';
import { alertDocument, pullAll, push, rowOf } from '../testing/documents.ts';
import type { VisitForReview } from '../testing/reviewed-visit.ts';
import { sendFiles, sendVisit, visitForReview } from '../testing/reviewed-visit.ts';
import type { TestStation } from '../testing/station.ts';
import { call } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, NORTH_HILL, SOUTH_HARBOUR, startTestApi } from '../testing/test-api.ts';

let cloud: TestApi;
let station: TestStation;
beforeAll(async () => {
  cloud = await startTestApi();
  station = await cloud.station(NORTH_HARBOUR);
});
afterAll(async () => cloud.close());
beforeEach(() => {
  cloud.clock.aheadMs = 0;
});

async function signedIn(...who: Parameters<TestApi['subject']>): Promise<TestBrowser> {
  const browser = new TestBrowser(cloud.base, cloud.config.publicUrl);
  expect(await browser.signIn(await cloud.subject(...who))).toBe('/');
  return browser;
}

async function visitHere(): Promise<VisitForReview> {
  const visit = visitForReview(NORTH_HARBOUR, station.stationId);
  await sendVisit(station, visit);
  return visit;
}

async function entries(patientId: string): Promise<readonly (readonly [string, string, string])[]> {
  const { rows } = await cloud.database.admin.query<{ action: string; actor: string; role: string }>(
    'SELECT action, actor, role FROM access_entries WHERE patient_id = $1 ORDER BY at',
    [patientId],
  );
  return rows.map(({ action, actor, role }) => [action, actor, role]);
}

async function codeOf(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => 'no failure',
    (error: unknown) =>
      (error as { readonly data?: { readonly code?: string } }).data?.code ??
      String((error as { readonly code?: string }).code),
  );
}

const decisionOf = ({ reportId, pdf }: VisitForReview, changes: object = {}) => ({
  reportId,
  reportSha256: pdf.sha256,
  decision: 'approved' as const,
  reason: null,
  notes: null,
  pin: null,
  ...changes,
});

describe('signing in with a browser', () => {
  it('goes by the identity provider, and keeps a session in a cookie that no script and no other site has', async () => {
    const browser = new TestBrowser(cloud.base, cloud.config.publicUrl);
    const before = await browser.get(CLOUD_APP_PATHS.session);
    expect(await before.json()).toEqual({ signedIn: false, as: null, canSignIn: true });
    const back = await browser.askForCode(await cloud.subject('clinician', NORTH_HARBOUR));
    expect(browser.lastCookies.join()).toMatch(/^__Host-vantage-sign-in=.*HttpOnly; SameSite=Lax; .*Secure$/);
    expect(await browser.comeBack(back)).toBe('/');
    const [, session] = browser.lastCookies;
    expect(session).toMatch(/^__Host-vantage-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; .*Secure$/);
    expect(await (await browser.get(CLOUD_APP_PATHS.session)).json()).toMatchObject({ signedIn: true });
    const { rows } = await cloud.database.admin.query('SELECT * FROM browser_sessions');
    expect(JSON.stringify(rows)).not.toContain(browser.cookies.get('__Host-vantage-session'));
  });

  it('takes a code once, and only in the browser that asked for it', async () => {
    const subject = await cloud.subject('clinician', NORTH_HARBOUR);
    const asked = new TestBrowser(cloud.base, cloud.config.publicUrl);
    const back = await asked.askForCode(subject);
    const thief = new TestBrowser(cloud.base, cloud.config.publicUrl);
    expect(await thief.comeBack(back)).toBe('/#/refused/not-signed-in');
    await thief.askForCode(subject);
    expect(await thief.comeBack(back)).toBe('/#/refused/not-signed-in');
    expect(thief.cookies.size).toBe(0);
    expect(await asked.comeBack(back)).toBe('/');
    await asked.askForCode(subject);
    expect(await asked.comeBack(back)).toBe('/#/refused/not-signed-in');
  });

  it('lets in nobody without a role, and ends with the role, the session, and its time', async () => {
    const stranger = new TestBrowser(cloud.base, cloud.config.publicUrl);
    expect(await stranger.signIn(newId())).toBe('/#/refused/not-allowed');
    const browser = await signedIn('clinician', NORTH_HARBOUR);
    const hello = await browser.client().station.hello();
    expect(hello).toMatchObject({ clinicName: 'north', signedIn: { roles: ['clinician'] } });
    await browser.client().access.lock();
    expect(await codeOf(browser.client().station.hello())).toBe('UNAUTHORIZED');

    const dismissed = await signedIn('clinician', NORTH_HARBOUR);
    const { signedIn: person } = await dismissed.client().station.hello();
    await cloud.database.admin.query('DELETE FROM people_roles WHERE person_id = $1', [person?.staffId]);
    expect(await codeOf(dismissed.client().station.hello())).toBe('FORBIDDEN');

    const idle = await signedIn('clinician', NORTH_HARBOUR);
    cloud.clock.aheadMs = 61 * 60_000;
    expect(await codeOf(idle.client().station.hello())).toBe('UNAUTHORIZED');
  });

  it('is worth nothing to a page of another site', async () => {
    const browser = await signedIn('clinician', NORTH_HARBOUR);
    for (const headers of [
      { origin: 'https://elsewhere.test' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      expect(await codeOf(browser.client(headers).station.hello())).toBe('FORBIDDEN');
    }
    const form = await browser.request(`${CLOUD_APP_PATHS.rpc}/access/lock`, {
      method: 'POST',
      headers: { origin: new URL(cloud.config.publicUrl).origin, 'content-type': 'text/plain' },
      body: '{}',
    });
    expect(form.status).toBe(403);
    expect(await codeOf(browser.client().station.hello())).toBe('no failure');
    // The API for programs takes no cookie.
    expect((await browser.get('/v1/me')).status).toBe(401);
  });
});

describe('the review from elsewhere', () => {
  it('shows what waits at one’s own locations, and leaves who saw whom in the trail', async () => {
    const visit = await visitHere();
    const here = await signedIn('clinician', NORTH_HARBOUR);
    const isIn = (queue: readonly { readonly sessionId: string }[]): boolean =>
      queue.some(({ sessionId }) => sessionId === visit.sessionId);
    const queue = await firstOf(await here.client().review.queue());
    expect(queue.find(({ sessionId }) => sessionId === visit.sessionId)).toMatchObject({
      patient: { givenName: 'Amara', familyName: 'Exampleton' },
      review: null,
    });
    const { signedIn: person } = await here.client().station.hello();
    expect(await entries(visit.patientId)).toEqual([
      ['patient.in-review-list', `person:${person?.staffId}`, 'clinician'],
    ]);
    for (const place of [NORTH_HILL, SOUTH_HARBOUR]) {
      const elsewhere = await signedIn('clinician', place);
      expect(isIn(await firstOf(await elsewhere.client().review.queue()))).toBe(false);
      const opened = elsewhere.client().review.watch({ sessionId: visit.sessionId });
      expect(await codeOf(opened)).toBe('NOT_FOUND');
    }
    const everywhere = await signedIn('clinician', NORTH_HILL, true);
    expect(isIn(await firstOf(await everywhere.client().review.queue()))).toBe(true);
    expect(await entries(visit.patientId)).toHaveLength(2);
  });

  it('hears of a visit that arrives while it is looked at', async () => {
    const browser = await signedIn('clinician', NORTH_HARBOUR);
    const stream = await browser.client().review.queue();
    await firstOf(await browser.client().review.queue());
    const arrives = firstOf(stream, (queue) => queue.some(({ sessionId }) => sessionId === visit.sessionId));
    const visit = visitForReview(NORTH_HARBOUR, station.stationId);
    await sendVisit(station, visit);
    expect(await arrives).toBeDefined();
  });

  it('opens a visit with its measures, and its pictures as soon as the cloud has compared them', async () => {
    const visit = await visitHere();
    const browser = await signedIn('clinician', NORTH_HARBOUR);
    const page = browser.client();
    const request = { of: 'capture', captureId: visit.captureId, part: 'image' } as const;
    const early = await firstOf(await page.review.watch({ sessionId: visit.sessionId }));
    expect(early.visit.steps.find(({ stepId }) => stepId === 'retina-right')?.tries[0]).toMatchObject({
      hasImage: true,
      hasOverlay: false,
      receipts: { inCloud: null, verified: null },
    });
    expect(early.findings).toHaveLength(1);
    expect(early.visit.steps.find(({ stepId }) => stepId === 'weight')?.quantity?.value).toBe(71.85);
    expect(await codeOf(page.media.open(request))).toBe('NOT_IN_CLOUD_YET');

    await sendFiles(cloud.base, station, visit);
    const later = await firstOf(await page.review.watch({ sessionId: visit.sessionId }));
    const [capture] = later.visit.steps.find(({ stepId }) => stepId === 'retina-right')?.tries ?? [];
    expect(capture).toMatchObject({ hasImage: true, hasOverlay: true });
    expect(capture?.receipts.verified).not.toBeNull();
    const { path } = await page.media.open(request);
    expect(path).not.toContain(visit.captureId);
    const image = await browser.get(path, { 'sec-fetch-site': 'same-origin' });
    expect(image.status).toBe(200);
    expect(image.headers.get('content-security-policy')).toContain('sandbox');
    expect(Buffer.from(await image.arrayBuffer())).toEqual(visit.picture.bytes);
    const part = await browser.get(path, { range: 'bytes=10-19' });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(visit.picture.bytes.subarray(10, 20));
    const { path: pdf } = await page.media.open({ of: 'report', reportId: visit.reportId });
    const report = await browser.get(pdf);
    expect(report.headers.get('content-security-policy')).toContain("frame-ancestors 'self'");
    expect(Buffer.from(await report.arrayBuffer())).toEqual(visit.pdf.bytes);
    expect((await entries(visit.patientId)).map(([action]) => action)).toEqual([
      'patient.read',
      'patient.read',
      'picture.read',
      'report.read',
    ]);

    // The address alone opens nothing: not without the cookie, not elsewhere, not on somebody else's page.
    const nobody = new TestBrowser(cloud.base, cloud.config.publicUrl);
    expect((await nobody.get(path)).status).toBe(401);
    const elsewhere = await signedIn('clinician', NORTH_HILL);
    expect((await elsewhere.get(path)).status).toBe(404);
    expect((await browser.get(path, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });

  it('lets facilitators see what waits and not what is in it, operators neither', async () => {
    const visit = await visitHere();
    const facilitator = (await signedIn('facilitator', NORTH_HARBOUR)).client();
    expect(await codeOf(firstOf(await facilitator.review.queue()))).toBe('no failure');
    expect(await codeOf(facilitator.review.watch({ sessionId: visit.sessionId }))).toBe('NOT_ALLOWED');
    const operator = (await signedIn('operator', NORTH_HARBOUR)).client();
    expect(await codeOf(operator.review.queue())).toBe('NOT_ALLOWED');
    expect(await codeOf(operator.media.open({ of: 'report', reportId: visit.reportId }))).toBe('NOT_ALLOWED');
    expect(await codeOf(operator.review.decide(decisionOf(visit)))).toBe('NOT_ALLOWED');
  });

  it('answers what only a station can do with a clear word', async () => {
    const browser = await signedIn('clinician', NORTH_HARBOUR);
    const page = browser.client() as unknown as { readonly visits: { readonly start: (of: object) => Promise<void> } };
    expect(await codeOf(page.visits.start({ sessionId: newId() }))).toBe('ONLY_AT_STATION');
  });
});

describe('a decision from elsewhere', () => {
  it('is by the hash that was read, once, and reaches the station with the lead', async () => {
    const visit = await visitHere();
    const page = (await signedIn('clinician', NORTH_HARBOUR)).client();
    const decide = (changes: object): Promise<string> => codeOf(page.review.decide(decisionOf(visit, changes)));
    expect(await decide({ reportSha256: '0'.repeat(64) })).toBe('REPORT_CHANGED');
    expect(await decide({ decision: 'sent-back' })).toBe('INPUT_INVALID');
    const review = await page.review.decide(decisionOf(visit));
    expect(review).toMatchObject({ decision: 'approved', reportSha256: visit.pdf.sha256 });
    expect(await decide({})).toBe('ALREADY_DECIDED');
    const find = async (name: 'reports' | 'sessions', id: string) =>
      (await pullAll(station, name)).find(({ document }) => document['id'] === id)?.document;
    expect(await find('reports', visit.reportId)).toMatchObject({ review: { by: review.by, decision: 'approved' } });
    const session = await find('sessions', visit.sessionId);
    expect(session).toMatchObject({ status: 'COMPLETED', endedAt: review.at });
    expect(session?.['leadStationId']).not.toBe(station.stationId);
    expect((await entries(visit.patientId)).at(-1)?.[0]).toBe('report.approved');
    const { rows } = await cloud.database.admin.query(`SELECT data FROM domain_events WHERE type = 'ReportDecided'`);
    expect(JSON.stringify(rows)).toContain(visit.reportId);
  });

  it('is signed by having just signed in', async () => {
    const visit = await visitHere();
    const subject = await cloud.subject('clinician', NORTH_HARBOUR);
    const browser = new TestBrowser(cloud.base, cloud.config.publicUrl);
    await browser.signIn(subject);
    cloud.clock.aheadMs = 20 * 60_000;
    expect(await codeOf(browser.client().review.decide(decisionOf(visit)))).toBe('SIGN_IN_AGAIN');
    cloud.clock.aheadMs = 0;
    await browser.signIn(subject, true);
    expect(await codeOf(browser.client().review.decide(decisionOf(visit)))).toBe('no failure');
  });

  it('is made by one of two who decide at once', async () => {
    const visit = await visitHere();
    const both = await Promise.all([signedIn('clinician', NORTH_HARBOUR), signedIn('clinician', NORTH_HARBOUR)]);
    const answers = await Promise.all(both.map(async (each) => codeOf(each.client().review.decide(decisionOf(visit)))));
    expect(answers.toSorted()).toEqual(['ALREADY_DECIDED', 'no failure']);
  });
});

describe('the trail of what people were shown', () => {
  it('is for administrators of the location, and changed by nobody', async () => {
    const visit = await visitHere();
    const browser = await signedIn('clinician', NORTH_HARBOUR);
    const { signedIn: person } = await browser.client().station.hello();
    await firstOf(await browser.client().review.watch({ sessionId: visit.sessionId }));
    const search = async (token: string) =>
      call(cloud.base, '/v1/access/search', token, { patientId: visit.patientId });
    const here = await search(await cloud.person('admin', NORTH_HARBOUR));
    expect(here.body['entries']).toMatchObject([
      {
        actor: `person:${person?.staffId}`,
        role: 'clinician',
        action: 'patient.read',
        subjectKind: 'session',
        subjectId: visit.sessionId,
      },
    ]);
    expect((await search(await cloud.person('admin', NORTH_HILL))).body).toEqual({ entries: [], more: false });
    expect((await search(await cloud.person('clinician', NORTH_HARBOUR))).status).toBe(403);
    await expect(cloud.database.admin.query('DELETE FROM access_entries')).rejects.toThrow('append-only');
  });
});

describe('the fleet', () => {
  it('shows operators the stations of their locations, and nothing of patients', async () => {
    const own = await cloud.station(NORTH_HARBOUR);
    const alert = alertDocument(NORTH_HARBOUR, { stationId: own.stationId, text: 'Little room is left' });
    await push(own, 'alerts', [rowOf(alert)]);
    const broken = { ...visitForReview(NORTH_HARBOUR, own.stationId).documents.patients, sex: 'Amara Exampleton' };
    await push(own, 'patients', [rowOf(broken)]);
    const operator = (await signedIn('operator', NORTH_HARBOUR)).client();
    const isOwn = ({ stationId }: { readonly stationId: string }): boolean => stationId === own.stationId;
    expect((await firstOf(await operator.fleet.watch())).stations.find(isOwn)?.unsent).toBeNull();
    const unsent = { documents: 3, auditEntries: 1, files: 2, oldestAt: '2026-11-21T09:00:00.000Z' };
    expect((await own.call(CLOUD_PATHS.backlog, unsent)).status).toBe(200);
    const view = await firstOf(await operator.fleet.watch());
    const row = view.stations.find(({ stationId }) => stationId === own.stationId);
    expect(row).toMatchObject({
      locationName: 'harbour',
      state: 'active',
      unsent,
      quarantined: { records: 1 },
      trailBreaks: 0,
      alerts: [{ text: 'Little room is left', severity: 'warn' }],
    });
    expect(row?.lastContactAt).not.toBeNull();
    expect(JSON.stringify(view)).not.toMatch(/Amara|Exampleton/);
    // Any request is a contact, and the page hears of it without one of its own.
    const before = row?.lastContactAt ?? '';
    const stream = await operator.fleet.watch();
    cloud.clock.aheadMs = 5 * 60_000;
    await own.call(replicationPath('alerts', 'pull'), {
      contractVersion: CONTRACT_VERSION,
      checkpoint: null,
      limit: 1,
    });
    const later = await firstOf(stream, ({ stations }) =>
      stations.some(({ stationId, lastContactAt }) => stationId === own.stationId && (lastContactAt ?? '') > before),
    );
    expect(later.stations.length).toBeGreaterThan(0);
    cloud.clock.aheadMs = 0;
    const elsewhere = (await signedIn('operator', NORTH_HILL)).client();
    expect((await firstOf(await elsewhere.fleet.watch())).stations.map(({ stationId }) => stationId)).not.toContain(
      own.stationId,
    );
    expect(await codeOf((await signedIn('clinician', NORTH_HARBOUR)).client().fleet.watch())).toBe('NOT_ALLOWED');
  });
});

it('leaves nothing of a patient, a cookie or a code in the log', () => {
  expect(cloud.logged.length).toBeGreaterThan(50);
  expect(JSON.stringify(cloud.logged)).not.toMatch(/Amara|Exampleton|HR-1|vantage-session=|code=/);
});
