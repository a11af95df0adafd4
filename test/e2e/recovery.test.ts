/** A clinic that does not open: a copy of what is there, and the backup, both from the screen that says so. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { clinicDirectory } from '../../electron/services/directories.ts';
import { launchBrowser } from '../fixtures/browser.ts';
import { checkInAtDesk, openScreen, printedAddress, unlock } from '../fixtures/person.ts';
import { startStation } from '../fixtures/station-process.ts';

let browser: Browser;
const clean: (() => unknown)[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterEach(async () => {
  for (const step of clean.splice(0).toReversed()) await step();
});
afterAll(() => browser.close());

function command(
  clinic: string,
  ...given: readonly string[]
): { readonly status: number | null; readonly stdout: string } {
  return spawnSync(process.execPath, ['electron/hosts/node/clinic-command.ts', ...given, '--data', clinic], {
    encoding: 'utf8',
    timeout: 60_000,
  });
}

it('is restored from its backup by a person who sees what is damaged, and the damaged data are kept', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vantage-recovery-'));
  clean.push(() => rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  const clinic = clinicDirectory(directory, 'demonstration');
  const first = await startStation({ directory });
  clean.push(() => first.stop());
  const before = await openScreen(browser, 'staff', printedAddress(first.staff, 'staff'));
  await unlock(before, 'Ines Modelo');
  await checkInAtDesk(before, 'Amara Exampleton');
  await before.context.close();
  await first.stop();
  expect(command(clinic, 'backup').status).toBe(0);
  const file = join(clinic, 'clinic.db');
  const bytes = readFileSync(file);
  // Its salt: nothing of the file can be read without it.
  bytes.fill(0, 0, 16);
  writeFileSync(file, bytes);

  const station = await startStation({ directory, until: 'addresses' });
  clean.push(() => station.stop());
  const screen = await openScreen(browser, 'staff', printedAddress(station.staff, 'staff'));
  clean.push(() => screen.context.close());
  await screen.sees('The clinic’s data on this disk is damaged.');
  await screen.sees(/STORE_DAMAGED/);
  await screen.press(/^Save a copy of the damaged data/);
  await screen.sees(/^The copy is in/);
  const [copy = ''] = readdirSync(join(clinic, 'copies'));
  expect(readFileSync(join(clinic, 'copies', copy, 'clinic.db')).equals(bytes)).toBe(true);
  await screen.press(/^Restore the backup of/);
  await screen.sees(/What lies here now is kept beside it/);
  await screen.shot('recovery');
  await screen.press(/^Restore it/);
  await screen.sees('Who is here?');
  await unlock(screen, 'Ines Modelo');
  await screen.sees('Amara Exampleton');
  expect(screen.troubles).toEqual([]);
  const [aside = ''] = readdirSync(join(clinic, 'aside'));
  expect(readFileSync(join(clinic, 'aside', aside, 'clinic.db')).equals(bytes)).toBe(true);
  expect(existsSync(join(clinic, 'clinic.replace'))).toBe(false);
  await screen.context.close();
  await station.stop();
  expect(command(clinic, 'check')).toMatchObject({ status: 0, stdout: expect.stringContaining('All is well.') });
});
