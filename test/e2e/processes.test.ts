/**
 * `kill -9` of each process in the middle of a visit, seen from the screen: it says what happened, comes back by itself on the
 * same page and signed in, and the visit goes on where it stood. What must not be lost over many kills is test/faults' matter.
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CameraSimulator } from '../../native/simulator/camera.ts';
import { startCameraSimulator } from '../../native/simulator/camera.ts';
import { launchBrowser } from '../fixtures/browser.ts';
import { cameraAt } from '../fixtures/devices.ts';
import type { Screen } from '../fixtures/person.ts';
import { checkInAtDesk, openScreen, printedAddress, typeOnPad, unlock } from '../fixtures/person.ts';
import type { ProcessName, StationProcess } from '../fixtures/station-process.ts';
import { startStation } from '../fixtures/station-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'vantage-processes-'));
let browser: Browser;
let station: StationProcess;
let staff: Screen;
let camera: CameraSimulator;

beforeAll(async () => {
  browser = await launchBrowser();
  // The camera is outside the station, as a real one is, and slow enough to be caught with an open shutter.
  camera = await startCameraSimulator({ port: 0, kind: 'body-camera', exposureMs: 2500 });
  station = await startStation({ directory, devices: [cameraAt('body-camera', camera.port)] });
  staff = await openScreen(browser, 'staff', printedAddress(station.staff, 'staff'));
  await unlock(staff, 'Ines Modelo');
  await checkInAtDesk(staff, 'Amara Exampleton');
  await staff.press(/^Start Amara’s visit/);
  await staff.sees('Live from the scale');
  // Gone after a reload: the page that is looked at in the end is the one that was opened.
  await staff.page.evaluate(() => Object.assign(window, { openedOnce: true }));
});

afterAll(async () => {
  await browser.close();
  await station.stop();
  await camera.close();
  await rm(directory, { recursive: true, force: true });
});

function kill(name: ProcessName): number {
  const pid = station.pidOf(name);
  if (pid === null) throw new Error(`${name} is not running`);
  process.kill(pid, 'SIGKILL');
  return pid;
}

const STARTED_AGAIN = 'A part of the program was started again. Everything acknowledged is on this disk.';

describe('a process that is killed in the middle of a visit', () => {
  it('core: the strip says so, and the same visit is there again, signed in, with the scale live', async () => {
    await staff.sees('Stable');
    const before = kill('core');
    await staff.sees('A part of the program is being started again.');
    await staff.shot('kill-core-away');
    await staff.sees(STARTED_AGAIN);
    await staff.shot('kill-core-back');
    expect(station.pidOf('core')).not.toBe(before);
    // What was read before is gone; the scale is read anew.
    await staff.sees('Stable');
    await staff.press(/^Save [\d.]+.kg/);
    await staff.sees('How to read it');
    expect(await staff.text()).toMatch(/72\.10 ± 0\.10.kg/);
    await typeOnPad(staff, '171.5');
    await staff.press(/^Type it once more/);
    await typeOnPad(staff, '171.5');
    await staff.press(/^Save 171.5/);
  });

  it('devices: the picture whose shutter was released is fetched, not taken twice, and the next ones work', async () => {
    await staff.sees('Ready for the front');
    await staff.press(/^Take the front/);
    while (camera.shutterCount() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    kill('devices');
    await staff.sees(STARTED_AGAIN);
    await staff.shot('kill-devices-back');
    await staff.sees('Good. It can be kept.');
    await staff.press(/^Keep, go to/);
    for (const side of ['back', 'left side', 'right side']) {
      await staff.sees(`Ready for the ${side}`);
      await staff.press(new RegExp(`^Take the ${side}`));
      await staff.sees('Good. It can be kept.');
      await staff.press(/^Keep, go to/);
    }
    await staff.sees('Ready for the right eye');
    expect(await staff.text()).toContain('4 of 4 kept');
    expect(camera.shutterCount()).toBe(4);
  });

  it('inference: the picture is judged again by itself', async () => {
    // Held still first, so that the picture is surely being checked when the process goes.
    process.kill(station.pidOf('inference') ?? 0, 'SIGSTOP');
    await staff.press(/^Take right eye/);
    await staff.sees('Being checked');
    await staff.shot('kill-inference-judging');
    kill('inference');
    await staff.sees(STARTED_AGAIN);
    await staff.shot('kill-inference-back');
    await staff.sees('Not sharp. Take it again.');
    await staff.press(/^Take right eye again/);
    await staff.sees('Sharp and complete.');
    await staff.press(/^Keep, go to left eye/);
    await staff.sees('Ready for the left eye');
    await staff.press(/^Take left eye/);
    await staff.sees('Sharp and complete.');
    await staff.press(/^Keep, all steps done/);
    await staff.press(/^Finish Amara’s visit/);
    await staff.sees('Waits for a clinician');
    expect(await staff.page.evaluate(() => 'openedOnce' in window)).toBe(true);
  });

  it('left nothing in the console', () => {
    expect(staff.troubles).toEqual([]);
  });
});
