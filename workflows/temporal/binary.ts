/**
 * The Temporal development server's program, for development and tests: the one that was named, one that is installed, one that was got
 * before, or got now. A real installation has a Temporal service instead (`TEMPORAL_ADDRESS`).
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Of Temporal's command line program. The last one that `go install` takes: later ones have replace directives. */
const VERSION = '1.5.1';
const MODULE = `github.com/temporalio/cli/cmd/temporal@v${VERSION}`;
const PROGRAM = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
/** About 110 MB. */
const DOWNLOAD_MS = 120_000;
/** It takes two and a half minutes on two idle cores. */
const BUILD_MS = 20 * 60_000;

type Environment = Readonly<Record<string, string | undefined>>;

export interface ProgramOptions {
  /** `TEMPORAL_CLI` names a program, `PATH` says where to look for one. */
  readonly environment: Environment;
  /** Told what takes long, in a line. */
  readonly say: (line: string) => void;
  /** Where it is kept once it was got; by default in the user's cache folder, by version. */
  readonly folder?: string;
}

/**
 * Looks for the program, and gets it where there is none: from Temporal's download address, or built from the Go module proxy.
 *
 * @returns its path
 * @throws Error that says, way by way, why it can't be had
 */
export async function temporalProgram(options: ProgramOptions): Promise<string> {
  const { environment, say } = options;
  const named = environment['TEMPORAL_CLI'];
  if (named !== undefined && named !== '') {
    if (!isProgram(named)) throw new Error('TEMPORAL_CLI names no program');
    return named;
  }
  const folder = options.folder ?? join(cacheFolder(environment), 'vantage-workstation', `temporal-${VERSION}`);
  const kept = join(folder, PROGRAM);
  const found = [...(environment['PATH'] ?? '').split(delimiter).map((path) => join(path, PROGRAM)), kept].find(
    isProgram,
  );
  if (found !== undefined) return found;
  mkdirSync(folder, { recursive: true });
  const reasons: string[] = [];
  for (const [how, get] of [
    ['downloading Temporal’s development server', download],
    ['building Temporal’s development server with Go (some minutes, once)', build],
  ] as const) {
    say(`${how} …`);
    try {
      await get(folder, environment);
      if (isProgram(kept)) return kept;
      reasons.push(`${how}: it was not there afterwards`);
    } catch (error) {
      reasons.push(`${how}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    `no Temporal development server (set TEMPORAL_CLI to the path of Temporal's program)\n${reasons.join('\n')}`,
  );
}

/** The SDK's own way: it only downloads as a part of starting one. */
async function download(folder: string): Promise<void> {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const into = join(folder, 'download');
  mkdirSync(into, { recursive: true });
  try {
    const executable = { type: 'cached-download', downloadDir: into, version: `v${VERSION}` } as const;
    const environment = await within(DOWNLOAD_MS, TestWorkflowEnvironment.createLocal({ server: { executable } }));
    await environment.teardown();
    const [file] = readdirSync(into).filter((name) => name.startsWith('temporal'));
    if (file !== undefined) renameSync(join(into, file), join(folder, PROGRAM));
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
}

/** Into a folder of its own, then renamed: a build that is cut short leaves no program behind. */
async function build(folder: string, environment: Environment): Promise<void> {
  const into = join(folder, `build-${process.pid}`);
  try {
    await run('go', ['install', MODULE], { ...environment, GOBIN: into }, BUILD_MS);
    renameSync(join(into, PROGRAM), join(folder, PROGRAM));
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
}

async function run(program: string, args: readonly string[], environment: Environment, ms: number): Promise<void> {
  const child = spawn(program, args, { env: environment, stdio: ['ignore', 'ignore', 'pipe'], timeout: ms });
  // Whoever stops meanwhile leaves no build behind.
  const onExit = (): void => void child.kill();
  process.once('exit', onExit);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-500);
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.removeListener('exit', onExit);
      if (code === 0) resolve();
      else reject(new Error(signal === null ? said.trim() : `stopped after ${ms / 60_000} minutes`));
    });
  });
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      work,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not there after ${ms / 1000} s`)), ms);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function cacheFolder(environment: Environment): string {
  if (process.platform === 'win32') return environment['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  return environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
}
