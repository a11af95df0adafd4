/** Where everything is, at a real station: what an operator and a technician see of it while a visit goes on. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMONSTRATION_PIN } from '../../electron/contract/index.ts';
import { visitIntent } from '../../electron/core/outbox/testing/intents.ts';
import { stationIdOf } from '../../electron/core/station.ts';
import { fileKeyStore, openStore } from '../../electron/core/store/index.ts';
import { clinicDirectory } from '../../electron/services/directories.ts';
import { launchBrowser } from '../fixtures/browser.ts';
import type { Connection, StaffClient } from '../fixtures/client.ts';
import { connect, exchangeToken } from '../fixtures/client.ts';
import type { Screen } from '../fixtures/person.ts';
import { openScreen, printedAddress, unlock } from '../fixtures/person.ts';
import type { StationProcess } from '../fixtures/station-process.ts';
import { startStation } from '../fixtures/station-process.ts';
import { beginVisit, takePicture } from '../fixtures/visit.ts';

const TEODOR = 'HR-02218';
const directory = mkdtempSync(join(tmpdir(), 'vantage-operations-'));
let browser: Browser;
let station: StationProcess;
let ines: Connection<StaffClient>;
let screen: Screen;

beforeAll(async () => {
  browser = await launchBrowser();
  station = await startStation({ directory });
  screen = await openScreen(browser, 'staff', printedAddress(station.staff, 'staff'));
  const cookie = await exchangeToken(station.staff, 'staff');
  ines = await connect<StaffClient>(station.staff.origin, 'staff', cookie);
  const person = (await ines.client.access.people()).find(({ initials }) => initials === 'IM');
  await ines.client.access.unlock({ staffId: person?.staffId ?? '', pin: DEMONSTRATION_PIN });
});

afterAll(async () => {
  ines.close();
  await browser.close();
  await station.stop();
  await rm(directory, { recursive: true, force: true });
});

/** A station that had workflows once has a decision that came back from one. */
async function keepRefusedRequest(): Promise<void> {
  const folder = clinicDirectory(directory, 'demonstration');
  const key = await fileKeyStore(join(folder, 'demonstration.key')).load();
  if (key === null) throw new Error('the station has no key');
  const store = await openStore({ directory: folder, key, now: Date.now, stationId: stationIdOf(folder) });
  await store.transaction((tx) => {
    tx.intent(visitIntent('refused', 1));
    const problem = `problem_code = 'REQUEST_REFUSED', problem_detail = 'TOO_LATE', problem_at = created_at`;
    tx.sqlite.prepare(`UPDATE intents SET state = 'returned', ${problem}`).run();
  });
  await store.close();
}

describe('operations at a station without a cloud', () => {
  it('is one touch away in the station line, and claims nothing of a cloud', async () => {
    await unlock(screen, 'Aroha Tauira');
    await screen.sees('Operations');
    await screen.press(/^No cloud/);
    await screen.sees('Where everything is');
    await screen.sees('Nothing has been taken yet. The first picture appears here as soon as it is.');
    await screen.sees('Visits end on this station. Everything is encrypted on this disk.');
    expect(await screen.text()).not.toContain('Everything is in the cloud and verified.');
  });

  it('shows a picture as soon as it is taken, with the receipts that it has', async () => {
    await takePicture(ines.client, await beginVisit(ines.client, TEODOR), 'retina-right');
    await screen.sees('Retina, right eye');
    await screen.sees('Teodor Samplesson');
    const row = screen.page.getByRole('row', { name: /Retina, right eye/ });
    expect(await row.innerText()).toMatch(/\d\d:\d\d:\d\d\s+no cloud here\s+no cloud here/);
    await screen.shot('operations-real');
  });

  it('tells a technician time and room, and no name', async () => {
    await screen.press(/^Lock/);
    // The place that was left open is theirs, too.
    await unlock(screen, 'Tomasz Przykład');
    await screen.sees('Retina, right eye');
    expect(await screen.text()).not.toMatch(/Teodor|Samplesson|HR-0/);
    await screen.shot('operations-real-technician');
  });

  it('leads those who have no such view to no page', async () => {
    await screen.press(/^Lock/);
    await unlock(screen, 'Ines Modelo');
    await screen.sees('Today');
    await screen.press(/^No cloud/);
    await screen.sees('Visits end on this station. Everything is encrypted on this disk.');
    expect(await screen.text()).not.toContain('Where everything is');
  });

  it('says of a request that was given up who decided it, and why there was something to decide', async () => {
    expect(screen.troubles).toEqual([]);
    await screen.context.close();
    ines.close();
    await station.stop();
    await keepRefusedRequest();
    station = await startStation({ directory });
    screen = await openScreen(browser, 'staff', printedAddress(station.staff, 'staff'));
    await unlock(screen, 'Aroha Tauira');
    await screen.sees('Operations');
    await screen.press(/^No cloud/);
    await screen.sees(/came back$/);
    await screen.press('Give it up');
    for (const digit of DEMONSTRATION_PIN) await screen.press(digit);
    await screen.press(/^Give it up now/);
    await screen.sees('Given up');
    await screen.sees(/^given up \d\d:\d\d:\d\d, by Aroha Tauira$/);
    await screen.sees('The workflow was past the point at which it could change anything.');
    expect(await screen.text()).not.toContain('came back');
    await screen.shot('operations-given-up');
  });

  it('went without an error on the page', () => {
    expect(screen.troubles).toEqual([]);
  });
});
