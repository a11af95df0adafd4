/** People elsewhere, with a browser and nothing else: `npm run cloud`, a station that has sent a visit, a clinician and an operator. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createECDH } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { Client } from 'pg';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLOUD_PATHS, derivedId } from '../../electron/contract/index.ts';
import { renderReport } from '../../electron/core/reports/pdf.ts';
import { sampleReport } from '../../electron/core/reports/testing/sample-report.ts';
import { drawFundus } from '../../native/simulator/scenes/fundus.ts';
import { signServiceToken } from '../../workflows/api/access/service-tokens.ts';
import { alertDocument, pullAll, push, rowOf } from '../../workflows/api/testing/documents.ts';
import type { VisitForReview } from '../../workflows/api/testing/reviewed-visit.ts';
import { sendFiles, sendVisit, visitForReview } from '../../workflows/api/testing/reviewed-visit.ts';
import { TestStation } from '../../workflows/api/testing/station.ts';
import type { Content } from '../../workflows/api/testing/uploads.ts';
import { hashOf } from '../../workflows/api/testing/uploads.ts';
import { freePort } from '../../workflows/database/free-port.ts';
import { seeded } from '../../workflows/database/testing/seed.ts';
import { launchBrowser } from '../fixtures/browser.ts';
import type { Screen } from '../fixtures/person.ts';
import { openScreen } from '../fixtures/person.ts';

const ROOT = join(import.meta.dirname, '../..');
const PLACE = {
  ...seeded('development', 'main'),
  tenantId: derivedId('development', 'tenant'),
  locationId: derivedId('development', 'location'),
};
const folder = mkdtempSync(join(tmpdir(), 'vantage-cloud-page-'));
chmodSync(folder, 0o755);

let browser: Browser;
let cloud: ChildProcess;
let base: string;
let station: TestStation;
/** What `npm run cloud` printed. */
let said: string;
let visit: VisitForReview;
/** Of nobody: no push service is reached from here. */
const PUSH_KEY = createECDH('prime256v1').generateKeys('base64url');
const screens: Screen[] = [];

beforeAll(async () => {
  const built = join(folder, 'screens');
  await build({
    configFile: join(ROOT, 'renderer/vite.config.ts'),
    logLevel: 'error',
    build: { outDir: built, emptyOutDir: true },
  });
  said = await startCloud(built);
  base = /^Screens\s+(\S+)\/ /m.exec(said)?.[1] ?? '';
  const code = /^Enrolment\s+(\S+)/m.exec(said)?.[1] ?? '';
  station = await TestStation.create(base);
  await station.enrol(code);
  await station.signIn();
  visit = visitForReview(PLACE, station.stationId, await pictures());
  await sendVisit(station, visit);
  await sendFiles(base, station, visit);
  await push(station, 'alerts', [
    rowOf(alertDocument(PLACE, { stationId: station.stationId, text: 'Little room is left on the disk' })),
  ]);
  await station.call(CLOUD_PATHS.backlog, {
    documents: 4,
    auditEntries: 0,
    files: 2,
    oldestAt: new Date().toISOString(),
  });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser.close();
  const ended = once(cloud, 'exit');
  cloud.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

/** @returns what it printed until it was ready */
async function startCloud(built: string): Promise<string> {
  let printed = '';
  const port = await freePort();
  cloud = spawn(
    process.execPath,
    [join(ROOT, 'workflows/cloud.ts'), '--folder', join(folder, 'cloud'), '--port', String(port), '--no-workflows'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], SCREENS_FOLDER: built, NOTICES_BY_MAIL: 'true', PUSH_PUBLIC_KEY: PUSH_KEY },
    },
  );
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      printed += chunk.toString();
      if (printed.includes('ready;')) resolve();
    };
    cloud.stdout?.on('data', hear);
    cloud.stderr?.on('data', hear);
    cloud.once('exit', () => reject(new Error(printed)));
  });
  return printed;
}

function content(bytes: Uint8Array): Content {
  return { bytes: Buffer.from(bytes), sha256: hashOf(bytes) };
}

async function pictures(): Promise<Record<'picture' | 'overlay' | 'pdf', Content>> {
  const picture = await drawFundus({ seed: 7, eye: 'right' });
  const overlay = await sharp({
    create: { width: 820, height: 820, channels: 4, background: { r: 0, g: 200, b: 120, alpha: 0.1 } },
  })
    .png()
    .toBuffer();
  const report = await renderReport(await sampleReport());
  return { picture: content(picture), overlay: content(overlay), pdf: content(report.bytes) };
}

/** From the cloud's address through the sign-in. */
async function signIn(name: string): Promise<Screen> {
  const screen = await openScreen(browser, 'staff', `${base}/`, [
    {
      pattern: /status of 422 .*review\/decide/,
      because: 'a decision is refused until the person has signed in again',
    },
  ]);
  screens.push(screen);
  await screen.sees('The clinic, from elsewhere');
  if (screens.length === 1) await screen.shot('cloud-sign-in');
  await screen.press(/^Sign in/);
  await screen.page.getByRole('link', { name }).click();
  return screen;
}

/** As if everybody had been at it for an hour. */
async function signedInAnHourAgo(): Promise<void> {
  const { database } = JSON.parse(readFileSync(join(folder, 'cloud', 'secrets.json'), 'utf8')) as { database: string };
  const [, , , port] = readFileSync(join(folder, 'cloud', 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n');
  const client = new Client({
    host: '127.0.0.1',
    port: Number(port),
    user: 'postgres',
    password: database,
    database: 'vantage',
  });
  await client.connect();
  await client.query(`UPDATE browser_sessions SET signed_in_at = signed_in_at - interval '1 hour'`);
  await client.end();
}

async function violations(page: Page): Promise<readonly string[]> {
  // Axe brings itself in as text, which the policy notes although the debugger may.
  page.removeAllListeners('console');
  const found = await new AxeBuilder({ page }).analyze();
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.target.join(' ') ?? ''}`);
}

describe('a clinician at home', () => {
  let clara: Screen;

  it('signs in and sees what is here', async () => {
    clara = await signIn('Dr Clara Clinician');
    await clara.sees('What is here');
    await clara.sees('1 report waits');
    await clara.sees('Development clinic');
    expect(await clara.text()).not.toMatch(/Amara|Exampleton/);
    await clara.shot('cloud-home-clinician');
  });

  it('opens the visit that waits, with its picture, measures and where they come from', async () => {
    await clara.touch('Reports to review');
    await clara.sees('Amara Exampleton');
    await clara.shot('cloud-review-queue');
    await clara.touch('Amara Exampleton');
    await clara.sees('Where this comes from');
    const picture = clara.page.getByRole('img', { name: 'Right retina today' });
    await expect
      .poll(async () => picture.evaluate((image: HTMLImageElement) => image.naturalWidth), { timeout: 30_000 })
      .toBeGreaterThan(100);
    await clara.sees('retina-vessels 1.4.0');
    expect(clara.page.url()).not.toMatch(/Amara|Exampleton|HR-/);
    await clara.shot('cloud-review');
  });

  it('reads the report and approves it, signed by signing in once more', async () => {
    const pdf = clara.page.waitForResponse((answer) => answer.headers()['content-type'] === 'application/pdf');
    await clara.press(/^Open the report/);
    expect((await pdf).status()).toBe(200);
    await clara.shot('cloud-report');
    await clara.page.keyboard.press('Escape');
    await clara.press(/^Approve/);
    await clara.sees('Signed by');
    await clara.shot('cloud-approve');
    await signedInAnHourAgo();
    await clara.press(/^Approve version 1/);
    await clara.sees('A decision is signed by signing in, and you signed in a while ago.');
    await clara.shot('cloud-sign-in-again');
    await clara.press('Sign in again');
    await clara.page.getByRole('link', { name: 'Dr Clara Clinician' }).click();
    // Back at the same visit, and nothing decided yet.
    await clara.sees('Amara Exampleton');
    await clara.press(/^Approve/);
    await clara.press(/^Approve version 1/);
    await clara.sees('Approved by Dr Clara Clinician');
    await clara.shot('cloud-approved');
    const sessions = await pullAll(station, 'sessions');
    expect(sessions.find(({ document }) => document['id'] === visit.sessionId)?.document['status']).toBe('COMPLETED');
  });

  it('signs out, and the address of the visit leads to the sign-in', async () => {
    await clara.press(/^Sign out/);
    await clara.sees('The clinic, from elsewhere');
    await clara.page.goto(`${base}/#/review/${visit.sessionId}`);
    await clara.page.reload();
    await clara.sees('The clinic, from elsewhere');
    expect(await clara.text()).not.toMatch(/Amara|Exampleton/);
  });
});

/** As an administrator of the clinic and as a workflow's activity: both by the API. */
async function post(path: string, token: string, body: object): Promise<void> {
  const answer = await fetch(`${base}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

async function knowThePatient(): Promise<void> {
  const [, provider = ''] = /^Sign-in\s+POST (\S+)/m.exec(said) ?? [];
  const answer = (await (await fetch(provider, { method: 'POST' })).json()) as { readonly access_token: string };
  await post('/v1/people', answer.access_token, {
    subject: 'patient',
    grants: [{ role: 'patient', locationId: PLACE.locationId, patientId: visit.patientId }],
  });
}

async function publish(): Promise<void> {
  const { internal } = JSON.parse(readFileSync(join(folder, 'cloud', 'secrets.json'), 'utf8')) as { internal: string };
  const token = await signServiceToken(Buffer.from(internal, 'base64'), base, PLACE.tenantId, new Date());
  await post(`/internal/v1/sessions/${visit.sessionId}/step`, token, {
    cause: {
      workflowId: `session-${visit.sessionId}`,
      activityId: 'publish',
      runId: 'r',
      workflowType: 'sessionWorkflow',
    },
    locationId: PLACE.locationId,
    event: { type: 'ReportPublished', data: { reportId: visit.reportId, sha256: visit.pdf.sha256, version: 1 } },
    fields: {},
    stamps: ['publishedAt'],
    alert: null,
  });
}

describe('a patient at home', () => {
  let pat: Screen;

  it('follows the visit, in plain words and nothing of what was measured', async () => {
    await knowThePatient();
    pat = await signIn('Pat Patient');
    await pat.sees(/^Amara’s visits|visits$/);
    await pat.sees('Your results are put together.');
    await pat.sees('Why this step');
    expect(await pat.text()).not.toMatch(/71\.85|retina|Exampleton|HR-1|workflow/i);
    expect(await pat.page.getByRole('listitem').filter({ hasText: 'now' }).count()).toBe(1);
    await pat.shot('cloud-patient');
  });

  it('reads it in Arabic, from right to left', async () => {
    await pat.press('العربية');
    await pat.sees('تم جمع نتائجك.');
    expect(await pat.page.evaluate(() => document.documentElement.dir)).toBe('rtl');
    expect(await violations(pat.page)).toEqual([]);
    await pat.shot('cloud-patient-ar');
    await pat.page.setViewportSize({ width: 390, height: 844 });
    await pat.shot('cloud-patient-narrow-ar');
    expect(await pat.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await pat.press('English');
    await pat.sees('Your results are put together.');
    await pat.shot('cloud-patient-narrow');
    await pat.page.setViewportSize({ width: 1280, height: 800 });
  });

  it('agrees to be told by mail, and takes it back', async () => {
    await pat.page.getByLabel('Mail address').fill('pat@example.org');
    await pat.press('Tell me by mail');
    await pat.sees(/^agreed on /);
    await pat.sees('pat@example.org');
    await pat.page.getByRole('heading', { name: 'Be told when there is news' }).scrollIntoViewIfNeeded();
    await pat.shot('cloud-patient-notices');
    expect(await violations(pat.page)).toEqual([]);
    await pat.press('Stop it');
    await pat.seesNoMore('pat@example.org');
  });

  it('has a browser that shows a notice while no page looks', async () => {
    const { page, context } = pat;
    await context.grantPermissions(['notifications'], { origin: base });
    // The script as the page has it; a push service can't be had here, so the browser is given the message itself.
    const devtools = await context.newCDPSession(page);
    const registered = new Promise<string>((resolve) => {
      devtools.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
        const running = versions.find(({ status }) => status === 'activated');
        if (running !== undefined) resolve(running.registrationId);
      });
    });
    await devtools.send('ServiceWorker.enable');
    await pat.press('Tell me in this browser');
    const data = JSON.stringify({ title: 'Vantage', body: 'There is news.', lang: 'en', dir: 'ltr', tag: 'x' });
    await devtools.send('ServiceWorker.deliverPushMessage', {
      origin: base,
      registrationId: await registered,
      data,
    });
    const shown = async (): Promise<string[][]> =>
      page.evaluate(async () => {
        const worker = await navigator.serviceWorker.ready;
        return (await worker.getNotifications()).map(({ title, body }) => [title, body]);
      });
    await expect.poll(shown, { timeout: 30_000 }).toEqual([['Vantage', 'There is news.']]);
  });

  it('sees the report by itself once it is published, and reads it', async () => {
    await publish();
    await pat.sees('Your report is ready.');
    await pat.shot('cloud-patient-ready');
    const pdf = pat.page.waitForResponse((answer) => answer.headers()['content-type'] === 'application/pdf');
    await pat.press('Read your report');
    expect((await pdf).status()).toBe(200);
    await pat.sees('Open it by itself');
    await pat.shot('cloud-patient-report');
    await pat.page.keyboard.press('Escape');
    expect(pat.page.url()).not.toMatch(/Amara|Exampleton|HR-/);
    await pat.press('Sign out');
    await pat.sees('The clinic, from elsewhere');
    expect(await pat.text()).not.toContain('Amara');
  });
});

describe('an operator', () => {
  it('sees the stations and no patient', async () => {
    const otto = await signIn('Otto Operator');
    await otto.sees('1 station, 1 needs somebody');
    await otto.touch('Stations');
    await otto.sees('Last contact');
    await otto.sees(/^Little room is left on the disk/);
    await otto.sees(/^4 records, 2 files/);
    expect(await otto.text()).not.toMatch(/Amara|Exampleton|Review/);
    await otto.shot('cloud-stations');
    await otto.touch('Workflows');
    await otto.sees('Workflows are not configured.');
    await otto.shot('cloud-workflows-not-configured');
    expect(await violations(otto.page)).toEqual([]);
  });
});

it('went without an error on the page or a refused resource', () => {
  expect(screens.flatMap(({ troubles }) => troubles)).toEqual([]);
});
