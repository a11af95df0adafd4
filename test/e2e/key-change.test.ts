/**
 * The key of a station's data, from the screen: a passphrase for recovery, the key lost, the clinic opened with the passphrase and given a
 * new key, and a station that is killed while it gets one.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { DEMONSTRATION_PIN } from '../../electron/contract/index.ts';
import type { StorageView } from '../../electron/contract/index.ts';
import { fileKeyStore } from '../../electron/core/store/key-handling.ts';
import { clinicDirectory } from '../../electron/services/directories.ts';
import { launchBrowser } from '../fixtures/browser.ts';
import type { StaffClient } from '../fixtures/client.ts';
import { connect, exchangeToken, until } from '../fixtures/client.ts';
import type { Screen } from '../fixtures/person.ts';
import { checkInAtDesk, openScreen, printedAddress, unlock } from '../fixtures/person.ts';
import type { StationProcess } from '../fixtures/station-process.ts';
import { startStation } from '../fixtures/station-process.ts';

const FIRST = 'käse und brot und wein';
const SECOND = 'brot und wein und käse';

let browser: Browser;
let directory: string;
const clean: (() => unknown)[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterEach(async () => {
  for (const step of clean.splice(0).toReversed()) await step();
});
afterAll(() => browser.close());

function keyFile(): string {
  return join(clinicDirectory(directory, 'demonstration'), 'demonstration.key');
}

async function started(until: 'open' | 'addresses' = 'open'): Promise<StationProcess> {
  const station = await startStation({ directory, until });
  clean.push(() => station.stop());
  return station;
}

function newDirectory(): void {
  directory = mkdtempSync(join(tmpdir(), 'vantage-key-'));
  clean.push(() => rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
}

async function staffScreen(station: StationProcess): Promise<Screen> {
  const screen = await openScreen(browser, 'staff', printedAddress(station.staff, 'staff'), [
    { pattern: /status of 409 .*\/recover/, because: 'a wrong passphrase is entered first' },
  ]);
  clean.push(() => screen.context.close());
  return screen;
}

/** Fills the field of that name, as somebody who types. */
async function fill(screen: Screen, label: string | RegExp, text: string): Promise<void> {
  const field = screen.page.getByLabel(label, { exact: typeof label === 'string' }).and(screen.page.locator('input'));
  await field.fill(text);
}

async function enterPin(screen: Screen): Promise<void> {
  for (const digit of DEMONSTRATION_PIN) await screen.press(digit);
}

async function chooseRecovery(screen: Screen, button: RegExp, passphrase: string): Promise<void> {
  await screen.press(button);
  await screen.sees('A passphrase for recovery');
  await fill(screen, 'Passphrase', passphrase);
  await fill(screen, /^The same once more/, passphrase);
  await enterPin(screen);
  await screen.shot(`recovery-passphrase-${passphrase === FIRST ? 'first' : 'second'}`);
  await screen.press(/^Choose this passphrase/);
  await screen.seesNoMore('A passphrase for recovery');
}

it('is opened with its recovery passphrase when the key is lost, and then gets a new key, all from the screen', async () => {
  newDirectory();
  const first = await started();
  const before = await staffScreen(first);
  await unlock(before, 'Ines Modelo');
  await checkInAtDesk(before, 'Amara Exampleton');
  await before.press(/^Lock/);
  await unlock(before, 'Aroha Tauira');
  await before.touch('Storage');
  await before.sees('The key of the data');
  await chooseRecovery(before, /^Choose a recovery passphrase/, FIRST);
  await before.sees(/chosen today/);
  expect(before.troubles).toEqual([]);
  expect(first.output()).not.toContain(FIRST);
  const lost = await fileKeyStore(keyFile()).load();
  await first.stop();

  rmSync(keyFile());
  const station = await started('addresses');
  const screen = await staffScreen(station);
  await screen.sees(/DEMONSTRATION_KEY/);
  await fill(screen, 'Passphrase for recovery', 'something else');
  await screen.press(/^Open with it/);
  await screen.sees('That passphrase does not open this station’s key.');
  await fill(screen, 'Passphrase for recovery', FIRST);
  await screen.shot('key-enter-passphrase');
  await screen.press(/^Open with it/);
  await screen.sees('Who is here?');
  // The next start finds it again.
  expect(await fileKeyStore(keyFile()).load()).toEqual(lost);

  await unlock(screen, 'Aroha Tauira');
  await screen.touch('Storage');
  // Whoever saw the passphrase has the key: that is said here until it is another one, and to operators.
  await screen.sees('Change the key: the recovery passphrase was used');
  await screen.touch('Operations');
  await screen.sees('Change the key: the recovery passphrase was used');
  await screen.press(/^Show storage and records/);
  await screen.sees('Storage and records');
  await screen.press(/^Change the key/);
  await screen.sees('Change the key of the data');
  await enterPin(screen);
  await screen.shot('key-change');
  await screen.press(/^Change the key now/);
  await screen.sees('The key of this station is being changed');
  await screen.shot('key-change-progress');
  // It comes back by itself, with who was signed in.
  await screen.sees('Choose a new recovery passphrase');
  await screen.seesNoMore('Change the key: the recovery passphrase was used');
  expect(await screen.text()).toMatch(/Changed\s+today/);
  const key = await fileKeyStore(keyFile()).load();
  expect(key).not.toEqual(lost);
  expect(existsSync(join(clinicDirectory(directory, 'demonstration'), 'recovery.key'))).toBe(false);
  await chooseRecovery(screen, /^Choose a recovery passphrase/, SECOND);
  await screen.sees(/chosen today/);
  await screen.seesNoMore('Choose a new recovery passphrase');
  await screen.shot('key-changed');
  await screen.press(/^Lock/);
  await unlock(screen, 'Ines Modelo');
  await screen.sees('Amara Exampleton');
  expect(screen.troubles).toEqual([]);
  const log = readFileSync(join(clinicDirectory(directory, 'demonstration'), 'station.log'), 'utf8');
  for (const secret of [FIRST, SECOND, Buffer.from(key ?? []).toString('hex')]) {
    expect(log).not.toContain(secret);
    expect(station.output()).not.toContain(secret);
  }
});

it(
  'survives a kill of the whole station while it gets a new key: it opens with all that it had',
  { timeout: 300_000 },
  async () => {
    newDirectory();
    const wasKilledAt = new Set<string>();
    const told = new Set<string | undefined>();
    for (const wanted of ['copying', 'encrypting', 'replacing'] as const) {
      const station = await started();
      const staff = await operatorAt(station);
      const before = await viewOf(staff.client);
      await staff.client.maintenance.changeKey({ pin: DEMONSTRATION_PIN });
      staff.close();
      const keyBefore = await fileKeyStore(keyFile()).load();
      wasKilledAt.add(await killWhen(station, wanted));

      const again = await started();
      const after = await operatorAt(again);
      const view = await viewOf(after.client);
      expect(view.vault).toEqual(before.vault);
      expect(view.anchorProblems).toEqual([]);
      const isNew = !Buffer.from((await fileKeyStore(keyFile()).load()) ?? []).equals(Buffer.from(keyBefore ?? []));
      const said = view.jobs.find(({ kind }) => kind === 'key-change')?.problem?.code;
      // Killed before it was noted, or when it was over: then there is nothing to tell.
      expect([undefined, isNew ? 'KEY_CHANGE_FINISHED_LATE' : 'KEY_CHANGE_UNDONE']).toContain(said);
      told.add(said);
      expect(view.audit.sequence).toBeGreaterThan(before.audit.sequence);
      after.close();
      await again.stop();
    }
    expect([...told].filter((code) => code !== undefined)).not.toEqual([]);
    console.log(`killed while: ${[...wasKilledAt].join(', ')}`);
  },
);

it('of a clinic with a passphrase is opened by the one for recovery, at the start and from the screen', async () => {
  newDirectory();
  const own = 'correct horse battery';
  await (await startStation({ directory, passphrase: own })).stop();
  expect(command(['recovery-passphrase', '--passphrase-fd', '3', '--new-passphrase-fd', '4'], own, FIRST)).toBe(0);

  const wrong = await startStation({ directory, passphrase: 'forgotten by everybody', until: 'addresses' });
  clean.push(() => wrong.stop());
  const cookie = await exchangeToken(wrong.staff, 'staff');
  expect(await sessionOf(wrong, cookie, 'failed')).toMatchObject({
    problem: { code: 'KEY_WRONG' },
    recovery: { of: 'key', passphrases: ['station', 'recovery'] },
  });
  expect(await recover(wrong, cookie, 'nor this one')).toEqual({ status: 409, code: 'PASSPHRASE_WRONG' });
  expect((await recover(wrong, cookie, FIRST)).status).toBe(200);
  expect(await sessionOf(wrong, cookie, 'ready')).toMatchObject({ problem: null, recovery: null });
  expect(wrong.output()).not.toContain(FIRST);
  await wrong.stop();

  // Its own file is as it was, for whoever still knows its passphrase.
  for (const passphrase of [FIRST, own]) await (await startStation({ directory, passphrase })).stop();
});

/** The command as it is typed, at the clinic. @param passphrases on file descriptors 3 and 4. @returns its exit code. */
function command(given: readonly string[], ...passphrases: readonly string[]): number | null {
  const descriptors = passphrases.map((passphrase, index) => {
    const path = join(directory, `passphrase-${index}`);
    writeFileSync(path, `${passphrase}\n`, { mode: 0o600 });
    return openSync(path, 'r');
  });
  const { status } = spawnSync(
    process.execPath,
    ['electron/hosts/node/clinic-command.ts', ...given, '--data', clinicDirectory(directory, 'clinic')],
    { stdio: ['ignore', 'ignore', 'inherit', ...descriptors], timeout: 60_000 },
  );
  for (const descriptor of descriptors) closeSync(descriptor);
  return status;
}

/** What the station says of itself once it is in this phase. */
async function sessionOf(station: StationProcess, cookie: string, wanted: string): Promise<unknown> {
  for (;;) {
    const answer = await fetch(`${station.staff.origin}/session/staff`, { headers: { cookie } });
    const session = (await answer.json()) as { readonly phase: string };
    if (session.phase === wanted) return session;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function recover(
  station: StationProcess,
  cookie: string,
  passphrase: string,
): Promise<{ readonly status: number; readonly code: string | undefined }> {
  const { origin } = station.staff;
  const answer = await fetch(`${origin}/recover`, {
    method: 'POST',
    headers: { cookie, origin, 'content-type': 'application/json' },
    body: JSON.stringify({ do: 'unlock', passphrase }),
  });
  return { status: answer.status, code: ((await answer.json()) as { readonly code?: string }).code };
}

async function operatorAt(
  station: StationProcess,
): Promise<{ readonly client: StaffClient; readonly close: () => void }> {
  const cookie = await exchangeToken(station.staff, 'staff');
  const line = await connect<StaffClient>(station.staff.origin, 'staff', cookie);
  const person = (await line.client.access.people()).find(({ initials }) => initials === 'AT');
  await line.client.access.unlock({ staffId: person?.staffId ?? '', pin: DEMONSTRATION_PIN });
  return line;
}

async function viewOf(client: StaffClient): Promise<StorageView> {
  return until(await client.maintenance.watch(), () => true);
}

/** Kills host and core at once as soon as the station says that it has come so far, or is over it. @returns what it was at. */
async function killWhen(station: StationProcess, wanted: string): Promise<string> {
  const cookie = await exchangeToken(station.staff, 'staff');
  const order = ['closing', 'copying', 'encrypting', 'replacing', 'opening'];
  for (;;) {
    const answer = await fetch(`${station.staff.origin}/session/staff`, { headers: { cookie } });
    const { work, phase } = (await answer.json()) as { work: { step: string } | null; phase: string };
    const place = work === null ? -1 : order.indexOf(work.step);
    if (place < order.indexOf(wanted) && !(work === null && phase === 'ready')) continue;
    for (const name of ['core', 'host'] as const) {
      const pid = station.pidOf(name);
      if (pid !== null) process.kill(pid, 'SIGKILL');
    }
    await station.exited;
    return work?.step ?? 'over';
  }
}
