/**
 * The desktop program as it is built, with all its processes: what a window may and may not do, a weight on its way from a scale to
 * the screen, and its return after any part was killed. On Electron's test double this proves the program's wiring.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { derivedId } from '../../../electron/contract/index.ts';
import type { ScaleSimulator } from '../../../native/simulator/scale.ts';
import { startScaleSimulator } from '../../../native/simulator/scale.ts';
import { connect, exchangeToken, stationReady } from '../../fixtures/client.ts';
import type { StaffClient } from '../../fixtures/client.ts';
import { DEMONSTRATION_PIN } from '../../../electron/contract/index.ts';
import { startStation } from '../../fixtures/station-process.ts';
import { beginVisit } from '../../fixtures/visit.ts';
import type { DesktopApp } from './adapter.ts';
import { desktopRunner, startDesktop } from './adapter.ts';
import { choose, press, shows, textOf, unlock } from './page-steps.ts';

const runner = desktopRunner();
const unavailable = runner.kind === 'none' ? runner.reason : null;
const PATIENT = 'HR-04127';
const WEIGHT_KG = 71.2;
/** The rail of steps, with the first one behind. */
const SAVED = /Weight\s*, done\s*71[.,]20/;
/** What the screen says, for a while, when something that was away is back. */
const AGAIN = /part of the program was started again/;

let directory: string;
let scale: ScaleSimulator;
let app: DesktopApp;
/** The newest started last; ended from the last on, also when starting broke off half-way. */
const cleanUp: (() => Promise<unknown>)[] = [];

beforeEach((context) => context.skip(unavailable !== null, unavailable ?? ''));

beforeAll(async () => {
  if (unavailable !== null) return;
  directory = mkdtempSync(join(tmpdir(), 'vantage-desktop-'));
  cleanUp.push(() => rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  scale = await startScaleSimulator({ port: 0, host: '127.0.0.1', person: 'manual', seed: 3 });
  cleanUp.push(() => scale.close());
  await beginVisitAtTheOtherHost();
  app = await startDesktop({ directory });
  cleanUp.push(() => app.close());
  await shows(app, 'Ines Modelo', 'staff', 60_000);
});

afterAll(async () => {
  for (const end of cleanUp.toReversed()) await end();
});

/** A visit that has begun lies in the data: the Node host put it there, the desktop host goes on with it. */
async function beginVisitAtTheOtherHost(): Promise<void> {
  const station = await startStation({
    directory,
    devices: [
      {
        deviceId: derivedId('test', 'device', 'scale'),
        kind: 'scale',
        name: 'Scale',
        room: 'Room 1',
        model: 'mt-sics-scale',
        address: { type: 'tcp', host: '127.0.0.1', port: scale.port },
        expectedSerial: scale.serial,
        simulated: true,
      },
    ],
    arguments: ['--no-electron', '--no-browser'],
  });
  cleanUp.push(() => station.stop());
  const cookie = await exchangeToken(station.staff, 'staff');
  await stationReady(station.staff.origin, 'staff', cookie);
  const staff = await connect<StaffClient>(station.staff.origin, 'staff', cookie);
  const person = (await staff.client.access.people()).find(({ initials }) => initials === 'IM');
  await staff.client.access.unlock({ staffId: person?.staffId ?? '', pin: DEMONSTRATION_PIN });
  await beginVisit(staff.client, PATIENT);
  staff.close();
  await station.stop();
}

describe('windows', () => {
  it('the facilitator’s page loads from app:// as a secure context', async () => {
    const urls = await app.main((electron) =>
      electron.BrowserWindow.getAllWindows().map((each) => each.webContents.getURL()),
    );
    expect(urls).toEqual(['app://bundle/index.html']);
    expect(await app.page('isSecureContext')).toBe(true);
  });

  it('check-in follows onto a second display', async () => {
    await app.addDisplay();
    await app.until(
      () =>
        app.main((electron) =>
          electron.BrowserWindow.getAllWindows().some((each) =>
            each.webContents.getURL().startsWith('app://bundle/checkin.html'),
          ),
        ),
      'a window with check-in',
    );
    await app.until(
      () => app.page('document.querySelector("#root").childElementCount > 0', { surface: 'checkin' }),
      'check-in',
    );
    expect(await textOf(app, 'checkin')).not.toContain('Ines Modelo');
  });

  it('are sandboxed, isolated, without Node, each with a session in memory that is its own', async () => {
    const facts = await app.main((electron) =>
      electron.BrowserWindow.getAllWindows().map(({ webContents }) => {
        // Not in the types, but there in Electron: what the window was made with.
        const made = webContents as unknown as { getLastWebPreferences(): Readonly<Record<string, unknown>> };
        const { sandbox, contextIsolation, nodeIntegration, spellcheck } = made.getLastWebPreferences();
        return {
          preferences: { sandbox, contextIsolation, nodeIntegration, spellcheck },
          isPersistent: webContents.session.isPersistent(),
          isShared: webContents.session === electron.session.defaultSession,
        };
      }),
    );
    expect(facts).toHaveLength(2);
    for (const { preferences, isPersistent, isShared } of facts) {
      expect(preferences).toEqual({
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        spellcheck: false,
      });
      expect([isPersistent, isShared]).toEqual([false, false]);
    }
    expect(
      await app.page(
        '["require", "process", "module", "Buffer", "ipcRenderer", "vantage"].filter((name) => name in window)',
      ),
    ).toEqual([]);
  });
});

/** What the code gives, run later: the evaluation itself stands above the page's policy. */
const inLater = (code: string): string =>
  `new Promise((resolve) => setTimeout(() => { try { resolve(String(${code})); } catch (error) { resolve(error.name); } }))`;
const status = (path: string): Promise<number> =>
  app.page(`fetch(${JSON.stringify(path)}).then((answer) => answer.status)`);

describe('what a page cannot do', () => {
  it('run code that did not come with the bundle', async () => {
    expect(await app.page(inLater('eval("1 + 1")'))).toBe('EvalError');
    expect(await app.page(inLater('new Function("return 1")()'))).toBe('EvalError');
    expect(await app.page(inLater('document.body.insertAdjacentHTML("beforeend", "<b>x</b>")'))).toBe('TypeError');
    expect(await app.page(inLater('trustedTypes.createPolicy("mine", { createScript: (text) => text })'))).toBe(
      'TypeError',
    );
  });

  it('have an inline script run', async () => {
    const ran = await app.page(`new Promise((resolve) => {
      document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), { once: true });
      const script = document.createElement('script');
      script.append('window.inlineRan = true');
      document.head.append(script);
      setTimeout(() => resolve('nothing was said'), 3000);
    })`);
    expect(['script-src-elem', 'require-trusted-types-for']).toContain(ran);
    expect(await app.page('window.inlineRan === true')).toBe(false);
  });

  it('reach another address', async () => {
    expect(await app.page('fetch("https://example.org/").then(() => "went", (error) => error.name)')).toBe('TypeError');
  });

  it('go elsewhere, nor to the other surface', async () => {
    for (const url of [
      'https://example.org/',
      'app://bundle.example.org/index.html',
      '/checkin.html',
      'file:///etc/passwd',
    ]) {
      await app.page(`void (location.href = ${JSON.stringify(url)})`).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    const urls = await app.main((electron) =>
      electron.BrowserWindow.getAllWindows().map((each) => each.webContents.getURL()),
    );
    expect(urls.map((url) => url.split('#')[0]).toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
      'app://bundle/checkin.html',
      'app://bundle/index.html',
    ]);
    expect(await textOf(app)).toContain('Ines Modelo');
  });

  it('open a window', async () => {
    const before = await app.main((electron) => electron.BrowserWindow.getAllWindows().length);
    await app.page('void window.open("https://example.org/")', { gesture: true });
    await app.page('void window.open("app://bundle/index.html")', { gesture: true });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await app.main((electron) => electron.BrowserWindow.getAllWindows().length)).toBe(before);
  });

  it('get a permission', async () => {
    expect(
      await app.page('navigator.mediaDevices.getUserMedia({ video: true }).then(() => "given", (error) => error.name)'),
    ).toBe('NotAllowedError');
    expect(await app.page('Notification.requestPermission()')).toBe('denied');
    expect(
      await app.page(
        'new Promise((resolve) => navigator.geolocation.getCurrentPosition(() => resolve("given"), (error) => resolve(error.code)))',
      ),
    ).toBe(1);
  });

  it('fetch media that nobody has granted, or a file beside the bundle', async () => {
    expect(await status('/media/00000000000000000000000000000000')).toBe(404);
    expect(await status('/..%2f..%2fpackage.json')).toBe(404);
  });
});

describe('a visit', () => {
  it('unlocks, opens, and shows the weight that the scale sends', async () => {
    await unlock(app);
    await choose(app, 'Amara Exampleton');
    await press(app, /Open Amara’s visit/);
    await shows(app, 'Live from the scale');
    scale.stepOn(WEIGHT_KG);
    await shows(app, /71[.,]2/);
    await press(app, /^Save 71[.,]20/);
    expect(await shows(app, SAVED)).toContain('step 2');
  });

  it.each(['core', 'devices', 'inference'])('goes on after %s was killed, and the screen says so', async (name) => {
    await app.until(async () => !AGAIN.test(await textOf(app)), 'the last notice to go');
    const before = await app.until(() => app.servicePid(name), `the ${name} process`);
    process.kill(before, 'SIGKILL');
    await app.until(async () => {
      const now = await app.servicePid(name);
      return now !== null && now !== before;
    }, `another ${name} process`);
    // For core that is said when the line to it is open again.
    expect(await shows(app, AGAIN)).toContain('Exampleton');
    expect(await textOf(app)).toMatch(SAVED);
  });

  it('comes back at its place, still unlocked, after its page was killed', async () => {
    const before = await app.page<number>('performance.timeOrigin');
    process.kill(await app.rendererPid('staff'), 'SIGKILL');
    await app.until(async () => (await app.page('performance.timeOrigin')) !== before, 'another page');
    expect(await shows(app, SAVED)).toContain('Exampleton');
  });
});

describe('starting', () => {
  it('a second time shows the first one’s window and touches nothing', async () => {
    await app.main((electron) => {
      const seen = globalThis as { seenFocus?: number };
      seen.seenFocus = 0;
      for (const window of electron.BrowserWindow.getAllWindows()) {
        window.on('focus', () => {
          seen.seenFocus = (seen.seenFocus ?? 0) + 1;
        });
      }
    });
    const second = await startDesktop({ directory });
    await second.exited;
    expect(second.output()).toContain('SECOND_INSTANCE');
    expect(second.output()).not.toContain('"launched"');
    const command = ['electron/hosts/node/clinic-command.ts', 'backups', '--data', join(directory, 'demonstration')];
    expect(spawnSync(process.execPath, command, { encoding: 'utf8' }).stderr).toContain('SECOND_INSTANCE');
    await app.until(
      () => app.main(() => (globalThis as { seenFocus?: number }).seenFocus !== 0),
      'the first window in front',
    );
    expect(await textOf(app)).toContain('Exampleton');
  });

  it('a clinic without a safe key ring says so and stores nothing', async () => {
    const own = mkdtempSync(join(tmpdir(), 'vantage-desktop-ring-'));
    const other = await startDesktop({
      directory: own,
      arguments: ['--clinic', '--windowed', '--password-store=basic'],
      environment: { DOUBLE_STORAGE_BACKEND: 'basic_text' },
    });
    try {
      expect(await shows(other, 'KEY_STORE_INSECURE')).not.toContain('Ines Modelo');
      const clinic = join(own, 'clinic');
      expect(readdirSync(clinic)).toEqual(process.platform === 'win32' ? [] : ['instance.sock']);
    } finally {
      await other.close();
      await rm(own, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  });

  it('with a key that is not this disk’s says so and overwrites nothing', async () => {
    await app.close();
    const key = join(directory, 'demonstration/demonstration.key');
    const right = readFileSync(key);
    writeFileSync(key, 'ab'.repeat(32));
    const database = readFileSync(join(directory, 'demonstration/clinic.db'));
    app = await startDesktop({ directory });
    expect(await shows(app, 'DEMONSTRATION_KEY')).not.toContain('Ines Modelo');
    expect(readFileSync(join(directory, 'demonstration/clinic.db')).equals(database)).toBe(true);
    // The person has found the right key, and asks to try again.
    writeFileSync(key, right);
    await press(app, /Try again/);
    expect(await shows(app, 'Ines Modelo', 'staff', 60_000)).not.toContain('DEMONSTRATION_KEY');
  });
});
