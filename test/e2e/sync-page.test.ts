/**
 * The operator's page of where everything is, at an enrolled station: the Node host and the API as processes, PostgreSQL, a camera over its
 * protocol, and a line that is cut and comes back to a cloud that fails on one record.
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMONSTRATION_PIN, newId } from '../../electron/contract/index.ts';
import { startCameraSimulator } from '../../native/simulator/camera.ts';
import { launchBrowser } from '../fixtures/browser.ts';
import type { StaffClient } from '../fixtures/client.ts';
import { connect, exchangeToken, until } from '../fixtures/client.ts';
import { cameraAt } from '../fixtures/devices.ts';
import type { Screen } from '../fixtures/person.ts';
import { openScreen, printedAddress, unlock } from '../fixtures/person.ts';
import type { StationProcess } from '../fixtures/station-process.ts';
import { startStation } from '../fixtures/station-process.ts';
import { CONSENTS, SIGNATURE, takePicture } from '../fixtures/visit.ts';
import { CloudProcess } from '../sync/clinic/cloud-process.ts';
import { startDatabase } from '../sync/cloud-database.ts';
import { FINE, TcpProxy } from '../sync/processes/proxy.ts';

/** Of the person whose record the cloud fails on. */
const UNLUCKY = 'Pechvogel';
const TIME = String.raw`\d\d:\d\d:\d\d`;
const LONG = { timeout: 90_000 };

const folder = mkdtempSync(join(tmpdir(), 'vantage-sync-page-'));
/** Undone at the end, the last first. */
const clean: (() => unknown)[] = [];
let cloud: CloudProcess;
let proxy: TcpProxy;
let browser: Browser;
let station: StationProcess;
let screen: Screen;
let ines: StaffClient;
let sessionId: string;

beforeAll(async () => {
  clean.push(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  const server = await startDatabase();
  clean.push(() => server.stop());
  cloud = await CloudProcess.start(server, 'sync_page', folder);
  clean.push(() => cloud.stop());
  proxy = await TcpProxy.start(() => cloud.port);
  clean.push(() => proxy.stop());
  const fundus = await startCameraSimulator({ port: 0, kind: 'fundus-camera', seed: 5, exposureMs: 50 });
  clean.push(() => fundus.close());
  station = await startStation({
    directory: folder,
    devices: [cameraAt('fundus-camera', fundus.port)],
    passphrase: 'a passphrase for a test',
  });
  clean.push(() => station.stop());
  browser = await launchBrowser();
  clean.push(() => browser.close());
  screen = await openScreen(browser, 'staff', printedAddress(station.staff, 'staff'));
});

afterAll(async () => {
  for (const step of clean.toReversed()) await step();
});

async function signedIn(initials: string): Promise<StaffClient> {
  const cookie = await exchangeToken(station.staff, 'staff');
  const connection = await connect<StaffClient>(station.staff.origin, 'staff', cookie);
  clean.push(() => connection.close());
  const person = (await connection.client.access.people()).find((each) => each.initials === initials);
  await connection.client.access.unlock({ staffId: person?.staffId ?? '', pin: DEMONSTRATION_PIN });
  return connection.client;
}

/** Somebody comes without a booking. @returns their visit */
async function book(givenName: string, familyName: string): Promise<{ appointmentId: string; sessionId: string }> {
  const who = { givenName, familyName, birthDate: '1970-02-03', sex: 'unknown' } as const;
  return ines.today.book({ ...who, appointmentId: newId(), protocolId: 'retina-only' });
}

/** How a row of the artefacts reads, its cells apart. Whoever looks has a hand at the mouse: a screen that nobody touches locks. */
async function artefact(name: RegExp): Promise<string> {
  const [x, y] = [400 + (Date.now() % 100), 500];
  await screen.page.mouse.move(x, y);
  return (await screen.page.getByRole('row', { name }).innerText()).replaceAll(/\s*\t\s*/g, ' | ');
}

function counted(name: string): Locator {
  const section = screen.page.getByRole('region', { name: /^Not in the cloud yet/ });
  return section.getByRole('listitem').filter({ hasText: name }).first().locator('b');
}

async function patientsInCloud(): Promise<readonly string[]> {
  const { rows } = await cloud.pool.query<{ name: string }>(
    `SELECT document ->> 'familyName' AS name FROM documents WHERE collection = 'patients' AND NOT deleted`,
  );
  return rows.map(({ name }) => name);
}

describe('the page of where everything is', () => {
  it('is there once the station is enrolled from its screen, and has nothing left to send', async () => {
    const { page } = screen;
    await page.getByLabel('Address of the cloud').fill(`http://127.0.0.1:${proxy.port}`);
    await page.getByLabel('Code', { exact: true }).fill(await cloud.enrolmentCode());
    await page.getByLabel('What this station is called').fill('Station 2');
    await screen.press('Enrol this station');
    await unlock(screen, 'Aroha Tauira');
    // The locked screen's line says less.
    await screen.sees('Operations');
    await screen.press(/^Online/);
    await screen.sees('Where everything is');
    await screen.sees('Nothing has been taken yet. The first picture appears here as soon as it is.');
    await screen.sees('Everything is in the cloud and verified.');
    expect(await counted('Records').innerText()).toBe('0');
  });

  it('shows a picture with its four receipts while the line is there', async () => {
    ines = await signedIn('IM');
    await until(
      await ines.station.watch(),
      ({ devices }) => devices.length > 0 && devices.every(({ state }) => state === 'ready'),
    );
    const visit = await book('Amara', 'Exampleton');
    sessionId = visit.sessionId;
    await ines.today.checkIn({ appointmentId: visit.appointmentId });
    await ines.today.consent({ sessionId, agreed: [...CONSENTS], language: 'en', signature: SIGNATURE });
    await ines.visits.start({ sessionId });
    await takePicture(ines, sessionId, 'retina-right');
    await expect
      .poll(async () => artefact(/^Retina, right eye /), LONG)
      .toMatch(new RegExp(String.raw`(cleared|kept) \| ${TIME} \| ${TIME} \| ${TIME} \| `));
    await screen.sees('Everything is in the cloud and verified.');
    await screen.shot('sync-enrolled-online');
  });

  it('says since when the line is cut, and how much is only here', async () => {
    proxy.weather = { ...FINE, refuses: true };
    proxy.cut();
    await screen.sees(/^Offline since \d\d:\d\d/);
    await takePicture(ines, sessionId, 'retina-left');
    await book('Unica', UNLUCKY);
    const aroha = await signedIn('AT');
    await expect
      .poll(async () => artefact(/^Retina, left eye /), LONG)
      .toMatch(new RegExp(String.raw`(cleared|kept) \| ${TIME} \| (\d\w\w in line|not yet) \| not yet \| `));
    // What was verified stays so.
    expect(await artefact(/^Retina, right eye /)).toMatch(new RegExp(String.raw`${TIME} \| ${TIME} \| ${TIME} \| `));
    const { unpushed } = await until(await aroha.sync.watch(), () => true);
    expect(unpushed.files).toBeGreaterThan(0);
    // The person, the visit and the picture at least.
    expect(unpushed.documents).toBeGreaterThanOrEqual(3);
    await expect.poll(async () => counted('Files').innerText()).toBe(String(unpushed.files));
    await expect.poll(async () => counted('Records').innerText()).toBe(String(unpushed.documents));
    // Nothing is on its way where there is none.
    const text = await screen.text();
    expect(text).toContain('waits for the line, read ');
    expect(text).not.toMatch(/^sending|^fetching/m);
    expect(text).not.toContain('Everything is in the cloud and verified.');
    expect(await patientsInCloud()).toEqual(['Exampleton']);
    await screen.shot('sync-enrolled-offline');
  });

  it('names the one record that the cloud fails on, and what to do, while everything else goes on', async () => {
    await cloud.pool.query(`
      CREATE FUNCTION fails_on_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'as a fault of its own would'; END $$;
      CREATE TRIGGER fails_on_one BEFORE INSERT OR UPDATE ON documents FOR EACH ROW
        WHEN (NEW.document ->> 'familyName' = '${UNLUCKY}') EXECUTE FUNCTION fails_on_one()`);
    proxy.weather = FINE;
    await screen.press(/^Try the line now/);
    await screen.sees(/^Line back since /);
    await screen.sees('The cloud kept one record back');
    await screen.sees(/^The cloud failed on it/);
    await screen.sees('CLOUD_FAILED');
    await screen.sees(/Try the line now: what the cloud failed on is sent again/);
    await expect
      .poll(async () => artefact(/^Retina, left eye /), LONG)
      .toMatch(new RegExp(String.raw`${TIME} \| ${TIME} \| ${TIME} \| `));
    await expect.poll(async () => counted('Records').innerText(), LONG).toBe('1');
    await expect.poll(async () => counted('Files').innerText(), LONG).toBe('0');
    const text = await screen.text();
    expect(text).toContain('1 kept back');
    expect(text).not.toContain('Everything is in the cloud and verified.');
    expect(text).not.toContain(UNLUCKY);
    expect(await patientsInCloud()).toEqual(['Exampleton']);
    await screen.shot('sync-enrolled-kept-back');
  });

  it('sends it again when somebody tries the line, and then everything is verified', async () => {
    await cloud.pool.query('DROP TRIGGER fails_on_one ON documents');
    await screen.press(/^Try the line now/);
    await screen.seesNoMore('The cloud kept one record back');
    await screen.sees('Everything is in the cloud and verified.');
    expect((await patientsInCloud()).toSorted()).toEqual(['Exampleton', UNLUCKY]);
    await screen.shot('sync-enrolled-verified');
  });

  it('went without an error on the page', () => {
    expect(screen.troubles).toEqual([]);
  });
});
