/** A staff screen while somebody stands at the check-in screen: what each role may see of it, and what it notices by itself. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../fixtures/browser.ts';
import type { Screen } from '../fixtures/person.ts';
import { openScreen, printedAddress, sign, unlock } from '../fixtures/person.ts';
import type { StationProcess } from '../fixtures/station-process.ts';
import { startStation } from '../fixtures/station-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'vantage-screens-'));
let browser: Browser;
let station: StationProcess;
let patient: Screen;
let staff: Screen;

beforeAll(async () => {
  browser = await launchBrowser();
  station = await startStation({ directory });
  patient = await openScreen(browser, 'checkin', printedAddress(station.checkin, 'checkin'));
  staff = await openScreen(browser, 'staff', printedAddress(station.staff, 'staff'));
});

afterAll(async () => {
  await browser.close();
  await station.stop();
  await rm(directory, { recursive: true, force: true });
});

async function foundByCode(code: string): Promise<void> {
  await patient.press(/Scan my code/);
  await patient.page.getByLabel('Your code').fill(code);
  await patient.press('Find my visit');
  await patient.press('Yes, this is me');
  await patient.sees('Is this all right with you?');
}

describe('a staff screen and a check-in screen', () => {
  it('tell the demonstration from a clinic, and claim of its devices what is so', async () => {
    await staff.sees('Demonstration clinic: every device is simulated. No real patients.');
    await patient.sees('Demonstration clinic: no real patients.');
    expect(await patient.text()).not.toContain('device');
  });

  it('call somebody to the check-in screen though the staff screen is locked, without a name', async () => {
    await foundByCode('DEMO-0930');
    await patient.press('Talk to someone first');
    await patient.sees('That is fine. We will talk about it.');
    await staff.sees('Help is wanted at the check-in screen.');
    expect(await staff.text()).not.toMatch(/Amara|Exampleton/);
    await staff.shot('two-screens-help');
  });

  it('show a technician times, states and initials, and no name', async () => {
    await unlock(staff, 'Tomasz Przykład');
    await staff.sees('Initials only: names are shown to those who lead visits.');
    await staff.sees('AE');
    await staff.sees('Help wanted');
    expect(await staff.text()).not.toMatch(/Amara|Exampleton|HR-0/);
    await staff.shot('two-screens-technician');
    await staff.press(/^Lock/);
  });

  it('let the person who came say that it is seen to, from Today', async () => {
    await unlock(staff, 'Ines Modelo');
    await staff.touch('Amara Exampleton');
    await staff.sees('Amara asks for help.');
    await staff.press('Seen to');
    await staff.seesNoMore('Help wanted');
    expect(await staff.text()).not.toContain('Asks for help');
  });

  it('notice at the desk that the patient has signed at the check-in screen meanwhile', async () => {
    await staff.press(/^Ask Amara to agree/);
    await staff.sees('Is this Amara Exampleton?');
    await staff.touch('Measure and photograph me today');
    await patient.press('Back to the agreement');
    await patient.touch('Measure and photograph me today');
    await patient.touch('Keep my results for my care');
    await patient.touch('Use my images for research');
    await sign(patient);
    await patient.press('I agree, continue');
    await staff.sees('Amara has agreed and is checked in');
    await staff.sees('Measurements, care and research.');
    await staff.shot('two-screens-desk');
    await staff.press(/^Back to today/);
    await staff.press(/^Start Amara’s visit/);
    await staff.sees('Live from the scale');
    expect(await staff.text()).toContain('HR-04127');
  });

  it('had no error in the console of either screen, and nothing that the content policy refused', () => {
    expect([...patient.troubles, ...staff.troubles]).toEqual([]);
  });
});
