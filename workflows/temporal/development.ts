/**
 * A Temporal development server that stays: it outlives whoever started it, keeps what it knows in a file, and is found again by its
 * folder (`server.json`, `server.log`, `temporal.db`).
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { freePort } from '../database/free-port.ts';
import { answers, serverArguments } from './server.ts';

const START_MS = 60_000;
const STOP_MS = 10_000;
const ASK_MS = 100;
const LAST_LINES = 20;

const runningSchema = z.object({
  pid: z.number().int().min(1),
  /** `HOST:PORT`. */
  address: z.string(),
  namespace: z.string(),
  /** Its page. */
  webUrl: z.url(),
});
export type RunningServer = z.output<typeof runningSchema>;

export interface DevelopmentOptions {
  readonly folder: string;
  readonly program: string;
  /** 0: any free one. */
  readonly port: number;
  readonly uiPort: number;
  readonly namespace: string;
}

/** Starts one, unless one of this folder runs. @throws Error with the server's last words */
export async function startDevelopment(options: DevelopmentOptions): Promise<RunningServer> {
  const { folder, program, namespace } = options;
  const there = runningIn(folder);
  if (there !== null) return there;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const port = options.port || (await freePort());
  const uiPort = options.uiPort || (await freePort());
  const args = serverArguments({
    namespace,
    port,
    uiPort,
    httpPort: await freePort(),
    metricsPort: await freePort(),
    databaseFile: databaseOf(folder),
  });
  const log = openSync(logOf(folder), 'a', 0o600);
  const child = spawn(program, args, { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  let ended = false;
  child.once('exit', () => (ended = true));
  child.once('error', () => (ended = true));
  const address = `127.0.0.1:${port}`;
  const deadline = Date.now() + START_MS;
  while (!(await answers(address, namespace))) {
    if (ended || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`Temporal's development server did not start:\n${lastLines(folder, LAST_LINES)}`);
    }
    await pause(ASK_MS);
  }
  // What answers may be another server, which had the port before.
  if (ended || child.pid === undefined) throw new Error(`another Temporal server listens at ${address}`);
  const running = { pid: child.pid, address, namespace, webUrl: `http://127.0.0.1:${uiPort}` };
  writeFileSync(stateOf(folder), `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
  child.unref();
  return running;
}

/** @returns whether one ran */
export async function stopDevelopment(folder: string): Promise<boolean> {
  const running = runningIn(folder);
  if (running !== null) {
    process.kill(running.pid, 'SIGTERM');
    const deadline = Date.now() + STOP_MS;
    while (isAlive(running.pid)) {
      if (Date.now() > deadline) process.kill(running.pid, 'SIGKILL');
      await pause(ASK_MS);
    }
  }
  rmSync(stateOf(folder), { force: true });
  return running !== null;
}

/** Null: none of this folder runs. A process that only got the number of one that is gone does not count. */
export function runningIn(folder: string): RunningServer | null {
  let running: RunningServer;
  try {
    running = runningSchema.parse(JSON.parse(readFileSync(stateOf(folder), 'utf8')));
  } catch {
    return null;
  }
  return isAlive(running.pid) && commandOf(running.pid).includes(databaseOf(folder)) ? running : null;
}

/** The last lines that the server of the folder wrote. */
export function lastLines(folder: string, count: number): string {
  try {
    return readFileSync(logOf(folder), 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}

function stateOf(folder: string): string {
  return join(folder, 'server.json');
}

export function logOf(folder: string): string {
  return join(folder, 'server.log');
}

function databaseOf(folder: string): string {
  return join(folder, 'temporal.db');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The command line of a process, as the system tells it. */
function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    if (process.platform !== 'win32') return execFileSync('ps', ['-o', 'command=', '-p', String(pid)]).toString();
    const asked = `(Get-CimInstance Win32_Process -Filter 'ProcessId=${pid}').CommandLine`;
    return execFileSync('powershell', ['-NoProfile', '-Command', asked]).toString();
  } catch {
    return '';
  }
}
