/**
 * What lies on the disk when things go wrong: another key, a second start, no room. Nothing is overwritten, nothing is lost, the
 * screen says which it was and offers one action.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { clinicDirectory } from '../../electron/services/directories.ts';
import { launchBrowser } from '../fixtures/browser.ts';
import type { Screen } from '../fixtures/person.ts';
import { checkInAtDesk, openScreen, printedAddress, typeOnPad, unlock } from '../fixtures/person.ts';
import type { StationProcess } from '../fixtures/station-process.ts';
import { startStation } from '../fixtures/station-process.ts';

const MIB = 1024 * 1024;
/** The vault's reserve, and room for the clinic itself and one picture. */
const SMALL_DISK_MIB = 640;
let browser: Browser;
const clean: (() => unknown)[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterEach(async () => {
  for (const step of clean.splice(0).toReversed()) await step();
});
afterAll(() => browser.close());

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vantage-disk-'));
  clean.push(() => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  return path;
}

async function start(directory: string, until: 'open' | 'addresses' = 'open'): Promise<StationProcess> {
  const station = await startStation({ directory, until });
  clean.push(() => station.stop());
  return station;
}

async function open(station: StationProcess): Promise<Screen> {
  const screen = await openScreen(browser, 'staff', printedAddress(station.staff, 'staff'));
  clean.push(() => screen.context.close());
  return screen;
}

/** Every file of the clinic but the log and the lock, with what is in it. */
function contentOf(clinic: string): Readonly<Record<string, string>> {
  const names = readdirSync(clinic, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('station.log'))
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    names.map((name) => [name.slice(clinic.length), createHash('sha256').update(readFileSync(name)).digest('hex')]),
  );
}

describe('a disk that was locked with another key', () => {
  it('is left as it is, the screen says so without asking anybody for a key, and it opens once the key is back', async () => {
    const directory = folder();
    const clinic = clinicDirectory(directory, 'demonstration');
    const keyFile = join(clinic, 'demonstration.key');
    await (await startStation({ directory })).stop();
    const key = readFileSync(keyFile, 'utf8');
    writeFileSync(keyFile, `${'ab'.repeat(32)}\n`, { mode: 0o600 });
    const before = contentOf(clinic);
    const station = await start(directory, 'addresses');
    const screen = await open(station);
    await screen.sees('The demonstration’s key file, demonstration.key, is not the one that its data was locked with.');
    await screen.sees(/Nothing was changed or overwritten\./);
    await screen.sees(/DEMONSTRATION_KEY/);
    expect(await screen.page.getByRole('button').allInnerTexts()).toEqual([expect.stringContaining('Try again')]);
    expect(await screen.text()).not.toContain('started again');
    await screen.shot('bad-key-wrong');
    expect(contentOf(clinic)).toEqual(before);
    expect(station.output()).toContain('DEMONSTRATION_KEY');
    writeFileSync(keyFile, key);
    await screen.press(/^Try again/);
    await screen.sees('Who is here?');
    expect(screen.troubles).toEqual([]);
  });
});

describe('a second start on the same directory', () => {
  it('ends with SECOND_INSTANCE and leaves the first one alone', async () => {
    const directory = folder();
    const station = await start(directory);
    const screen = await open(station);
    const second = spawnSync(process.execPath, ['electron/hosts/node/start.ts'], {
      env: { ...process.env, CI: 'true', VANTAGE_DIRECTORY: directory },
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(second.status).toBe(1);
    expect(second.stderr).toContain('SECOND_INSTANCE: This clinic is already open on this computer.');
    expect(second.stdout).not.toContain('?t=');
    await unlock(screen, 'Ines Modelo');
    await screen.sees('Today');
    expect(screen.troubles).toEqual([]);
  });
});

describe('a disk without room', () => {
  const reason = smallDiskReason();

  it('stops visits with DISK_FULL and goes on with everything that was there', async (context) => {
    if (reason !== null) context.skip(reason);
    const directory = folder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK_MIB}m,mode=0700`, 'tmpfs', directory]);
    clean.push(() => execFileSync('umount', ['--lazy', directory]));
    const station = await start(directory);
    const screen = await open(station);
    await unlock(screen, 'Ines Modelo');
    await checkInAtDesk(screen, 'Amara Exampleton');
    await screen.press(/^Start Amara’s visit/);
    await screen.sees('Stable');
    await screen.press(/^Save [\d.]+.kg/);
    await screen.sees('How to read it');

    fill(directory, 'most', 540);
    await screen.sees('This disk is full, so nothing new can be stored.');
    await screen.sees('Every picture and measurement taken so far is on this disk.');
    await screen.sees(/DISK_FULL/);
    await screen.sees(/ stay free to close visits safely$/);
    await screen.shot('bad-disk-full');
    await screen.press(/^Check the space again/);
    await screen.sees('This disk is full, so nothing new can be stored.');

    // Not a byte left, reserve and all: what can't be written is refused, and nothing stops working.
    fill(directory, 'all', 0);
    const other = await open(station);
    await unlock(other, 'Dr Leila Nemuneh');
    await other.sees(/DISK_FULL/);
    await other.shot('bad-disk-full-unlock');

    const core = station.pidOf('core');
    rmSync(join(directory, 'all'));
    rmSync(join(directory, 'most'));
    await screen.press(/^Check the space again/);
    await screen.sees('How to read it');
    expect(await screen.text()).toMatch(/72\.10 ± 0\.10.kg/);
    await typeOnPad(screen, '171.5');
    await screen.press(/^Type it once more/);
    await typeOnPad(screen, '171.5');
    await screen.press(/^Save 171.5/);
    await screen.sees('Ready for the front');
    await screen.press(/^Take the front/);
    await screen.sees('Good. It can be kept.');
    expect(station.pidOf('core')).toBe(core);
    expect([...screen.troubles, ...other.troubles]).toEqual([]);
  });
});

/** Why no small disk can be had here, or null. */
function smallDiskReason(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'a small disk can be mounted by root on Linux only';
  const probe = mkdtempSync(join(tmpdir(), 'vantage-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe]).status === 0;
  if (mounted) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true });
  return mounted ? null : 'this machine does not let a small disk be mounted';
}

/** Writes a file that leaves `freeMib` free. */
function fill(directory: string, name: string, freeMib: number): void {
  const { bavail, bsize } = statfsSync(directory);
  const bytes = bavail * bsize - freeMib * MIB;
  const path = join(directory, name);
  const piece = Buffer.alloc(4 * MIB);
  for (let left = bytes; left > 0; left -= piece.length) {
    writeFileSync(path, piece.subarray(0, Math.min(piece.length, left)), { flag: 'a' });
  }
}
