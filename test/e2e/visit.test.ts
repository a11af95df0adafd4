/**
 * The whole visit as people do it: a patient at the check-in screen, a facilitator and a clinician at the staff screen, both
 * screens in a real browser against the station that `npm start` gives. Nothing is known but what can be read and touched.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMONSTRATION_PIN } from '../../electron/contract/index.ts';
import { launchBrowser } from '../fixtures/browser.ts';
import type { Screen } from '../fixtures/person.ts';
import { openScreen, printedAddress, sign, typeOnPad, unlock } from '../fixtures/person.ts';
import type { StationProcess } from '../fixtures/station-process.ts';
import { startStation } from '../fixtures/station-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'vantage-visit-'));
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

describe('a visit from check-in to the approved report', () => {
  it('checks the patient in with the code of the letter and a signature', async () => {
    await patient.sees(/Let’s check you in/);
    await patient.shot('visit-01-welcome');
    await patient.press(/Scan my code/);
    await patient.page.getByLabel('Your code').fill('DEMO-0930');
    await patient.shot('visit-02-code');
    await patient.press('Find my visit');
    await patient.sees('Is this you?');
    await patient.sees('Born in 1988');
    expect(await patient.text()).not.toContain('Exampleton');
    await patient.shot('visit-03-is-this-you');
    await patient.press('Yes, this is me');
    await patient.sees('Is this all right with you?');
    await patient.touch('Measure and photograph me today');
    await patient.touch('Keep my results for my care');
    await sign(patient);
    await patient.shot('visit-04-consent');
    await patient.press('I agree, continue');
    await patient.sees('Somebody will come for you.');
    await patient.shot('visit-05-waiting');
  });

  it('weighs, measures and photographs, with both screens in step', async () => {
    await staff.sees('Who is here?');
    await staff.shot('visit-06-lock');
    await unlock(staff, 'Ines Modelo');
    await staff.sees('Today');
    await staff.touch('Amara Exampleton');
    await staff.shot('visit-07-today');
    await staff.press(/^Start Amara’s visit/);

    await staff.sees('Live from the scale');
    await patient.sees('Your weight');
    await patient.shot('visit-08-patient-weight');
    await staff.sees('Stable');
    await staff.shot('visit-09-weight');
    await staff.press(/^Save [\d.]+.kg/);

    await staff.sees('How to read it');
    await patient.sees('Your height');
    await typeOnPad(staff, '171.5');
    await staff.press(/^Type it once more/);
    await staff.sees('once so far');
    await typeOnPad(staff, '171.5');
    await staff.shot('visit-10-height');
    await staff.press(/^Save 171.5/);

    for (const side of ['front', 'back', 'left side', 'right side']) {
      await staff.sees(`Ready for the ${side}`);
      if (side === 'front') {
        await patient.sees('A picture from the front');
        await patient.shot('visit-11-patient-body');
        await staff.shot('visit-11-body-ready');
      }
      await staff.press(new RegExp(`^Take the ${side}`));
      await staff.sees('Good. It can be kept.');
      if (side === 'right side') await staff.shot('visit-12-body');
      await staff.press(/^Keep, go to/);
    }
    await staff.sees('Ready for the right eye');
    await patient.sees('This is step 4 of 5.');
    expect(await staff.text()).toMatch(/72\.10 ± 0\.10.kg[^]*171\.5 ± 0\.2.cm[^]*4 of 4 kept/);
  });

  it('says where a retina is not sharp, and takes it again', async () => {
    await patient.sees('A picture of your right eye');
    await staff.shot('visit-13-retina-ready');
    // A pause does not light up the dark room.
    await staff.press(/^Pause visit/);
    await staff.sees(/^Paused at/);
    expect(await staff.page.locator('html').getAttribute('data-mode')).toBe('dim');
    await staff.press(/^Go on with Amara’s visit/);
    await staff.press(/^Take right eye/);
    await staff.sees('Not sharp. Take it again.');
    await staff.sees(/tiles are soft, all in the lower temporal part/);
    await staff.shot('visit-14-retina-not-sharp');
    await patient.sees('We take this one again, it did not come out clear. That happens often.');
    await patient.shot('visit-14-patient-again');
    await staff.press(/^Take right eye again/);
    await staff.sees('Sharp and complete.');
    await staff.shot('visit-15-retina-sharp');
    await staff.press(/^Keep, go to left eye/);
    await staff.sees('Ready for the left eye');
    await staff.press(/^Take left eye/);
    await staff.sees('Sharp and complete.');
    await staff.press(/^Keep, all steps done/);
    await staff.sees('All steps are done');
    expect(await staff.text()).toContain('good, try 2');
  });

  it('makes the report', async () => {
    await staff.shot('visit-16-all-done');
    await staff.press(/^Finish Amara’s visit/);
    await staff.sees('Waits for a clinician');
    await staff.shot('visit-17-waits');
    await patient.sees('You can go home.');
    await patient.shot('visit-18-patient-finished');
    await staff.press('Open the report');
    const frame = staff.page.getByTitle('Report', { exact: true });
    await frame.waitFor();
    await staff.page.waitForTimeout(1500);
    await staff.shot('visit-19-report');
    const path = (await frame.getAttribute('src')) ?? '';
    const answer = await staff.context.request.get(`${station.staff.origin}${path}`);
    expect(answer.status()).toBe(200);
    expect(answer.headers()['content-type']).toBe('application/pdf');
    const file = join(directory, 'report.pdf');
    writeFileSync(file, await answer.body());
    const text = execFileSync('pdftotext', ['-layout', file, '-'], { encoding: 'utf8' });
    expect(text).toContain('HR-04127');
    expect(text).toContain('Amara Exampleton');
  });

  it('is decided by a clinician, who sees where everything comes from', async () => {
    await staff.press('Back to the visit');
    await staff.press(/^Lock/);
    await unlock(staff, 'Dr Leila Nemuneh');
    await staff.page.getByRole('link', { name: /^Review/ }).click();
    await staff.shot('visit-20-reviews');
    await staff.touch('Amara Exampleton');
    await staff.sees('Where this comes from');
    await staff.sees(/^retinal-vessels/);
    await staff.shot('visit-21-review');
    await staff.press(/^Approve/);
    await staff.sees('Approve the report of Amara Exampleton');
    await typeOnPad(staff, DEMONSTRATION_PIN);
    await staff.shot('visit-22-approve');
    await staff.press(/^Approve version 1/);
    await staff.sees(/^Approved by Dr Leila Nemuneh/);
    await staff.shot('visit-23-approved');
    await patient.sees('Your clinician has looked at everything.');
    await patient.shot('visit-24-patient-approved');
    expect(await patient.text()).toContain('Ask at the desk for your report.');
  });

  it('had no error in the console of either screen, and nothing that the content policy refused', () => {
    expect([...patient.troubles, ...staff.troubles]).toEqual([]);
  });
});
