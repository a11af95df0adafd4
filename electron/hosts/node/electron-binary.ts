/** Finds Electron's binary, or fetches it once in bounded time; never imports the `electron` package, whose import downloads. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PROBE_LIMIT_MS = 3000;
const FETCH_LIMIT_MS = 60_000;

export type ElectronSearch =
  | { readonly kind: 'found'; readonly path: string }
  /** `reason`: one line, for a person. */
  | { readonly kind: 'missing'; readonly reason: string };

export interface ElectronSearchOptions {
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly fetchLimitMs?: number;
  /** Told once, before a download begins. */
  readonly onFetch: () => void;
}

/** Where the binary is, after at most a few seconds of asking, or a minute where the download's source answers. */
export async function findElectron(options: ElectronSearchOptions): Promise<ElectronSearch> {
  const { environment, root } = options;
  const given = environment['ELECTRON_BINARY'];
  if (given !== undefined && given !== '') {
    return existsSync(given)
      ? { kind: 'found', path: given }
      : { kind: 'missing', reason: `ELECTRON_BINARY names ${given}, which is not there` };
  }
  const installed = installedElectron(root, environment);
  if (installed !== null) return { kind: 'found', path: installed };
  const version = electronVersion(root);
  if (version === null) return { kind: 'missing', reason: 'the electron package is not installed' };
  if (!(await answers(downloadAddress(version, environment)))) {
    return { kind: 'missing', reason: 'its download cannot be reached from here' };
  }
  options.onFetch();
  try {
    await promisify(execFile)(process.execPath, [join(root, 'node_modules', 'electron', 'install.js')], {
      timeout: options.fetchLimitMs ?? FETCH_LIMIT_MS,
      killSignal: 'SIGKILL',
    });
  } catch {
    return { kind: 'missing', reason: 'its download did not finish in time' };
  }
  const fetched = installedElectron(root, environment);
  return fetched === null
    ? { kind: 'missing', reason: 'its download brought no program' }
    : { kind: 'found', path: fetched };
}

/** As `electron/index.js` finds it, without running that file. */
function installedElectron(root: string, environment: ElectronSearchOptions['environment']): string | null {
  const folder = join(root, 'node_modules', 'electron');
  const override = environment['ELECTRON_OVERRIDE_DIST_PATH'];
  try {
    const name = readFileSync(join(folder, 'path.txt'), 'utf8').trim();
    const path = join(override ?? join(folder, 'dist'), name);
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

function electronVersion(root: string): string | null {
  try {
    const text = readFileSync(join(root, 'node_modules', 'electron', 'package.json'), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return null;
  }
}

function downloadAddress(version: string, environment: ElectronSearchOptions['environment']): string {
  const mirror =
    environment['ELECTRON_MIRROR'] ??
    environment['npm_config_electron_mirror'] ??
    'https://github.com/electron/electron/releases/download/';
  return `${mirror.replace(/\/?$/, '/')}v${version}/SHASUMS256.txt`;
}

async function answers(address: string): Promise<boolean> {
  try {
    const response = await fetch(address, { method: 'HEAD', signal: AbortSignal.timeout(PROBE_LIMIT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
