/**
 * What goes wrong in a clinic, seen from its screens: each shows a code, says what is safe and offers one action; nothing is lost,
 * and the visit goes on.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CameraSimulator } from '../../native/simulator/camera.ts';
import { startCameraSimulator } from '../../native/simulator/camera.ts';
import { drawFundus } from '../../native/simulator/scenes/fundus.ts';
import type { ScaleSimulator } from '../../native/simulator/scale.ts';
import { startScaleSimulator } from '../../native/simulator/scale.ts';
import { launchBrowser } from '../fixtures/browser.ts';
import { cameraAt, scaleAt } from '../fixtures/devices.ts';
import type { Screen } from '../fixtures/person.ts';
import { checkInAtDesk, openScreen, printedAddress, typeOnPad, unlock } from '../fixtures/person.ts';
import type { StationProcess } from '../fixtures/station-process.ts';
import { startStation } from '../fixtures/station-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'vantage-bad-input-'));
let browser: Browser;
let station: StationProcess;
let staff: Screen;
let scale: ScaleSimulator;
let body: CameraSimulator;
let fundus: CameraSimulator;

beforeAll(async () => {
  browser = await launchBrowser();
  scale = await startScaleSimulator({ port: 0, person: 'manual' });
  body = await startCameraSimulator({ port: 0, kind: 'body-camera', exposureMs: 100 });
  fundus = await startCameraSimulator({ port: 0, kind: 'fundus-camera', imagesDirectory: await cutThenWhole() });
  station = await startStation({
    directory,
    devices: [scaleAt(scale.port), cameraAt('body-camera', body.port), cameraAt('fundus-camera', fundus.port)],
  });
  staff = await openScreen(browser, 'staff', printedAddress(station.staff, 'staff'));
});

afterAll(async () => {
  await browser.close();
  await station.stop();
  await Promise.all([scale.close(), body.close(), fundus.close()]);
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

/** Pictures that a camera hands out by name: one that ends in its middle, then the same one whole. */
async function cutThenWhole(): Promise<string> {
  const folder = join(directory, 'pictures');
  mkdirSync(folder);
  const whole = await drawFundus({ seed: 3, eye: 'right' });
  writeFileSync(join(folder, '1-cut.jpg'), whole.subarray(0, Math.floor(whole.length / 2)));
  writeFileSync(join(folder, '2-whole.jpg'), whole);
  return folder;
}

describe('a page without its key', () => {
  const expected = [{ pattern: /status of 401/, because: 'the browser notes the refusal that is looked at here' }];

  it('says so to staff, with the place where the address stands as its one action', async () => {
    const page = await openScreen(browser, 'staff', `${station.staff.origin}/`, expected);
    await page.sees('This page was opened without its key.');
    await page.sees(/TOKEN_MISSING/);
    expect(await page.page.getByRole('button').allInnerTexts()).toEqual([expect.stringContaining('Show how')]);
    await page.press(/^Show how/);
    await page.sees(/with everything after the question mark/);
    await page.shot('bad-token-missing');
    expect(page.troubles).toEqual([]);
    await page.context.close();
  });

  it('says so on a check-in tablet, without a word about anybody', async () => {
    const page = await openScreen(browser, 'checkin', `${station.checkin.origin}/checkin?t=wrong`, expected);
    await page.sees('This tablet is not connected to the clinic yet.');
    await page.sees('TOKEN_MISSING');
    await page.shot('bad-token-missing-checkin');
    expect(page.troubles).toEqual([]);
    await page.context.close();
  });
});

describe('a wrong PIN', () => {
  it('is refused, and makes the next try wait once it was wrong several times', async () => {
    const page = await openScreen(browser, 'staff', printedAddress(station.staff, 'staff'));
    await unlock(page, 'Aroha Tauira', '1357');
    await page.sees(/That was not the PIN\. Enter it again\./);
    await page.sees('PIN_WRONG');
    await page.shot('bad-pin');
    for (let again = 0; again < 4 && !(await page.text()).includes('PIN_WAIT'); again += 1) {
      await typeOnPad(page, '1357');
      await page.press(/^Unlock/);
      await page.sees(/PIN_WRONG|PIN_WAIT/);
      await page.page.waitForTimeout(300);
    }
    await page.sees(/Try again in \d+ s/);
    await page.sees('PIN_WAIT');
    await page.shot('bad-pin-wait');
    await page.seesNoMore(/Try again in \d+ s/);
    await typeOnPad(page, '2468');
    await page.press(/^Unlock/);
    await page.sees('Today');
    expect(page.troubles).toEqual([]);
    await page.context.close();
  });
});

describe('a device that does not do what it should', () => {
  it('a scale that never settles: SCALE_NOT_STABLE, and the weight when it stands still', async () => {
    await unlock(staff, 'Ines Modelo');
    await checkInAtDesk(staff, 'Amara Exampleton');
    await staff.press(/^Start Amara’s visit/);
    await staff.sees('Live from the scale');
    scale.setRestless(true);
    scale.stepOn(72.3);
    await staff.sees('The scale did not come to rest.');
    await staff.sees('SCALE_NOT_STABLE');
    await staff.shot('bad-scale-restless');
    scale.setRestless(false);
    await staff.page.getByRole('alert').getByRole('button', { name: 'Weigh again' }).click();
    await staff.sees('Stable');
    await staff.press(/^Save 72\.30.kg/);
    await typeOnPad(staff, '171.5');
    await staff.press(/^Type it once more/);
    await typeOnPad(staff, '171.5');
    await staff.press(/^Save 171.5/);
    await staff.sees('Ready for the front');
    expect(await staff.text()).toMatch(/72\.30 ± 0\.10.kg/);
  });

  it('a camera that vanishes in the middle of a picture: it is fetched when the camera is back, not taken twice', async () => {
    body.addFault({ selector: 'GetPartialObject', action: 'unplug', atByte: 200_000 });
    await staff.press(/^Take the front/);
    await body.unplugged();
    await staff.sees('CAMERA_REPLY_LOST');
    await staff.sees('The picture is looked for on the camera; it is not taken twice.');
    await staff.shot('bad-camera-gone');
    await body.plugIn();
    await staff.sees('Good. It can be kept.');
    expect(body.shutterCount()).toBe(1);
    await staff.shot('bad-camera-back');
    await staff.press(/^Keep, go to/);
    await staff.sees('Ready for the back');
  });

  it('a picture that ends in its middle: IMAGE_DAMAGED, kept as it came, and taken again', async () => {
    await staff.page.getByRole('link', { name: 'Today' }).click();
    await checkInAtDesk(staff, 'Teodor Samplesson');
    await staff.press(/^Start Teodor’s visit/);
    await staff.sees('Ready for the right eye');
    await staff.press(/^Take right eye/);
    await staff.sees('The picture arrived damaged and cannot be opened.');
    await staff.sees('IMAGE_DAMAGED');
    await staff.shot('bad-image-damaged');
    await staff.press(/^Take right eye again/);
    await staff.sees('Sharp and complete.');
    expect(fundus.shutterCount()).toBe(2);
    await staff.press(/^Keep, go to left eye/);
  });
});

describe('a role without the right', () => {
  it('a technician who opens a visit is told so and shown nothing of it', async () => {
    await staff.sees('Ready for the left eye');
    const address = staff.page.url();
    await staff.press(/^Lock/);
    await unlock(staff, 'Tomasz Przykład');
    // What the one before left open is left; the same address is asked for again.
    await staff.page.waitForURL((url) => url.href !== address);
    await staff.sees('Today');
    await staff.page.goto(address);
    await staff.sees('Your role may not do this.');
    await staff.sees(/NOT_ALLOWED/);
    expect(await staff.text()).not.toMatch(/Teodor|Samplesson|HR-02218/);
    await staff.shot('bad-role');
    await staff.press(/^Back to today/);
    await staff.sees('Today');
  });

  it('left nothing in the console', () => {
    expect(staff.troubles).toEqual([]);
  });
});
