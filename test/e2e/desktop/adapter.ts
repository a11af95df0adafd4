/**
 * The desktop program under test, by one set of names over two runners: Electron itself through Playwright where `ELECTRON_BINARY`
 * names one, else Electron's test double (real Chromium, real processes), which proves the wiring and nothing about Electron.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Electron from 'electron';
import type { Surface } from '../../../electron/contract/index.ts';

type ElectronModule = typeof Electron;

export interface DesktopOptions {
  /** The data of this station; the same folder again is the same station. */
  readonly directory: string;
  /** Where the built program lies; the checkout if left out. */
  readonly program?: string;
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface DesktopApp {
  /** Runs in the main process. The function must stand by itself. */
  main<T, A = undefined>(work: (electron: ElectronModule, argument: A) => T, argument?: A): Promise<Awaited<T>>;
  /** Evaluates in the page of a surface; promises are waited for. */
  page<T>(code: string, options?: { readonly surface?: Surface; readonly gesture?: boolean }): Promise<T>;
  /** What `ask` answers, as soon as it is neither false, null, undefined nor an error. */
  until<T>(ask: () => Promise<T>, what: string, limitMs?: number): Promise<NonNullable<T>>;
  /** What the program printed. */
  output(): string;
  /** Gives the machine a second display. */
  addDisplay(): Promise<void>;
  /** The process of a service now, or null. */
  servicePid(name: string): Promise<number | null>;
  rendererPid(surface: Surface): Promise<number>;
  readonly exited: Promise<unknown>;
  close(): Promise<void>;
}

const ROOT = join(import.meta.dirname, '../../..');
const DOUBLE = join(ROOT, '../shared/electron-double/test/harness.mjs');
const CHROMIUM = '/usr/bin/chromium';
const POLL_MS = 50;

/** Which runner there is, and, where there is none, why not. */
export function desktopRunner():
  | { readonly kind: 'electron' | 'double' }
  | { readonly kind: 'none'; readonly reason: string } {
  if (process.env['ELECTRON_BINARY'] !== undefined) return { kind: 'electron' };
  if (!existsSync(DOUBLE))
    return { kind: 'none', reason: "neither Electron's binary (ELECTRON_BINARY) nor its test double is here" };
  if (!existsSync(CHROMIUM)) return { kind: 'none', reason: "Electron's test double needs /usr/bin/chromium" };
  return { kind: 'double' };
}

/** Starts the built program (`npm run build`). */
export async function startDesktop(options: DesktopOptions): Promise<DesktopApp> {
  if (!existsSync(mainOf(options))) throw new Error('dist/desktop/main.js is not there: npm run build');
  return desktopRunner().kind === 'electron' ? startElectron(options) : startDouble(options);
}

function mainOf({ program = ROOT }: DesktopOptions): string {
  return join(program, 'dist/desktop/main.js');
}

async function waitUntil<T>(
  ask: () => Promise<T>,
  what: string,
  output: () => string,
  limitMs: number,
): Promise<NonNullable<T>> {
  const end = Date.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== null && answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end)
      throw new Error(`waited in vain for ${what}; last: ${String(last)}\n${output().slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const UNTIL_LIMIT_MS = 30_000;

/** Runs in the main process: finds the window by the page it shows. */
async function evaluateInPage(
  electron: ElectronModule,
  argument: { readonly page: string; readonly code: string; readonly gesture: boolean },
): Promise<unknown> {
  const window = electron.BrowserWindow.getAllWindows().find((each) =>
    each.webContents.getURL().includes(argument.page),
  );
  if (window === undefined) throw new Error(`no window shows ${argument.page}`);
  return window.webContents.executeJavaScript(argument.code, argument.gesture);
}

function pageOf(surface: Surface): string {
  return surface === 'staff' ? '/index.html' : '/checkin.html';
}

/** The part of the double's harness that is used. */
interface DoubleApp {
  readonly child: { readonly pid?: number };
  readonly exited: Promise<unknown>;
  main(work: { toString(): string }, argument?: unknown): Promise<unknown>;
  output(): string;
  close(): Promise<void>;
}
interface DoubleHarness {
  start(options: {
    readonly main: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    readonly home: string;
  }): Promise<DoubleApp>;
}

async function startDouble(options: DesktopOptions): Promise<DesktopApp> {
  mkdirSync(join(options.directory, 'home'), { recursive: true });
  const harness = (await import(pathToFileURL(DOUBLE).href)) as DoubleHarness;
  const app = await harness.start({
    main: mainOf(options),
    args: options.arguments ?? [],
    env: { VANTAGE_DIRECTORY: options.directory, ...options.environment },
    home: join(options.directory, 'home'),
  });
  // The harness sends the function's text; it is called with the double's own knobs in the middle.
  const main: DesktopApp['main'] = async (work, argument) =>
    (await app.main(
      { toString: () => `(electron, D, argument) => (${String(work)})(electron, argument)` },
      argument,
    )) as never;
  const inMain = (code: string): Promise<unknown> => app.main({ toString: () => `async (electron, D) => { ${code} }` });
  const output = (): string => app.output();
  return {
    main,
    page: async (code, { surface = 'staff', gesture = false } = {}) =>
      (await main(evaluateInPage, { page: pageOf(surface), code, gesture })) as never,
    until: (ask, what, limitMs = UNTIL_LIMIT_MS) => waitUntil(ask, what, output, limitMs),
    output,
    addDisplay: async () => {
      await inMain('await D.addDisplay({ left: 1280, top: 0, width: 1024, height: 768 });');
    },
    servicePid: async (name) => childRunning(app.child.pid ?? 0, `dist/services/${name}.js`),
    rendererPid: async (surface) => {
      const page = JSON.stringify(pageOf(surface));
      const find = `electron.BrowserWindow.getAllWindows().find((each) => each.webContents.getURL().includes(${page}))`;
      return (await inMain(`return ${find}.webContents._pid();`)) as number;
    },
    exited: app.exited,
    close: () => app.close(),
  };
}

/** The child of `parent` whose command line names `script`; Linux, where the double runs. */
function childRunning(parent: number, script: string): number | null {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      if (Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]) !== parent) continue;
      if (readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(script)) return Number(name);
    } catch {
      // It ended while it was looked at.
    }
  }
  return null;
}

async function startElectron(options: DesktopOptions): Promise<DesktopApp> {
  const { _electron } = await import('playwright-core');
  const binary = process.env['ELECTRON_BINARY'] ?? '';
  const app = await _electron.launch({
    executablePath: binary,
    args: [mainOf(options), ...(options.arguments ?? [])],
    env: { ...definedOnly(process.env), VANTAGE_DIRECTORY: options.directory, ...options.environment },
  });
  let printed = '';
  for (const stream of [app.process().stdout, app.process().stderr]) {
    stream?.on('data', (bytes: Buffer) => {
      printed += bytes.toString('utf8');
    });
  }
  const output = (): string => printed;
  const main: DesktopApp['main'] = async (work, argument) =>
    (await app.evaluate(work as never, argument as never)) as never;
  return {
    main,
    page: async (code, { surface = 'staff', gesture = false } = {}) =>
      (await main(evaluateInPage, { page: pageOf(surface), code, gesture })) as never,
    until: (ask, what, limitMs = UNTIL_LIMIT_MS) => waitUntil(ask, what, output, limitMs),
    output,
    // A real machine's displays are what they are: the program's own switch opens check-in beside the other window.
    addDisplay: async () => {
      if ((await main((electron) => electron.screen.getAllDisplays().length)) < 2)
        throw new Error('this machine has one display; start with --check-in-here');
    },
    servicePid: async (name) =>
      main((electron, wanted) => {
        const found = electron.app.getAppMetrics().find((each) => each.name?.startsWith(`vantage-${wanted}-`));
        return found?.pid ?? null;
      }, name),
    rendererPid: async (surface) =>
      main((electron, page) => {
        const window = electron.BrowserWindow.getAllWindows().find((each) => each.webContents.getURL().includes(page));
        return window?.webContents.getOSProcessId() ?? 0;
      }, pageOf(surface)),
    exited: new Promise((resolve) => {
      app.process().once('exit', resolve);
    }),
    close: () => app.close(),
  };
}

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
