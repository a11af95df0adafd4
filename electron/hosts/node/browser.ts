/** Opens an installed browser of the Chromium family as if it were the application. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Machine {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
}

const NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
  'microsoft-edge-stable',
  'brave-browser',
] as const;
const MAC_APPLICATIONS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
] as const;
const WINDOWS_PROGRAMS = [
  'Google\\Chrome\\Application\\chrome.exe',
  'Microsoft\\Edge\\Application\\msedge.exe',
] as const;

/** Whether a window can be opened at all: not in CI, and on Linux only with a display. */
export function hasDisplay({ environment, platform }: Machine): boolean {
  if (environment['CI'] !== undefined && environment['CI'] !== '' && environment['CI'] !== 'false') return false;
  if (platform !== 'linux') return true;
  return Boolean(environment['DISPLAY']) || Boolean(environment['WAYLAND_DISPLAY']);
}

/** The path of the first one found, or null. */
export function findBrowser(machine: Machine, exists: (path: string) => boolean = existsSync): string | null {
  return candidates(machine).find(exists) ?? null;
}

function candidates({ environment, platform }: Machine): string[] {
  if (platform === 'darwin') return [...MAC_APPLICATIONS];
  if (platform === 'win32') {
    const roots = ['ProgramFiles', 'ProgramFiles(x86)', 'LOCALAPPDATA'].map((name) => environment[name]);
    return roots.flatMap((root) => (root === undefined ? [] : WINDOWS_PROGRAMS.map((program) => join(root, program))));
  }
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
}

/** The arguments of a window without an address bar, in a profile of its own that keeps no page. */
export function browserArguments(url: string, profileDirectory: string, machine: Machine): string[] {
  return [
    `--app=${url}`,
    `--user-data-dir=${profileDirectory}`,
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-sync',
    '--disable-background-networking',
    '--disable-component-update',
    '--disk-cache-size=1',
    // Chromium has no sandbox for root on Linux and would not start.
    ...(machine.platform === 'linux' && machine.isRoot ? ['--no-sandbox'] : []),
  ];
}

export interface OpenedBrowser {
  close(): void;
}

/** Starts it and does not wait. `onFailed` when it could not be started, or ended with an error. */
export function openBrowser(
  browser: string,
  url: string,
  profileDirectory: string,
  machine: Machine,
  onFailed: (reason: string) => void,
): OpenedBrowser {
  const child = spawn(browser, browserArguments(url, profileDirectory, machine), { stdio: 'ignore' });
  let isClosing = false;
  child.on('error', (error) => onFailed(error.message));
  child.on('exit', (code) => {
    if (!isClosing && code !== null && code !== 0) onFailed(`it ended with ${code}`);
  });
  child.unref();
  return {
    close: () => {
      isClosing = true;
      child.kill();
    },
  };
}
