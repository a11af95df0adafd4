/** The process of `npm run worker`, as tests start and end it. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Rig } from './rig.ts';
import { QUICK, TEST_KEY } from './rig.ts';
import { testBundle } from './test-bundle.ts';

const MAIN = join(import.meta.dirname, '..', 'worker', 'main.ts');

export interface WorkerProcessOptions {
  readonly taskQueue: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface WorkerProcess {
  /** All that it printed. */
  readonly said: () => string;
  /** @returns its exit code, or the signal that it ended by. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | NodeJS.Signals | null>;
}

/** Starts one and waits until it listens. @throws Error with what it said when it does not */
export async function startWorkerProcess(
  rig: Rig,
  { taskQueue, environment = {} }: WorkerProcessOptions,
): Promise<WorkerProcess> {
  const { config } = rig.cloud;
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      TEMPORAL_ADDRESS: rig.server.address,
      TEMPORAL_NAMESPACE: rig.server.namespace,
      TEMPORAL_TASK_QUEUE: taskQueue,
      TEMPORAL_LOG_LEVEL: 'ERROR',
      API_PUBLIC_URL: config.publicUrl,
      INTERNAL_API_URL: rig.cloud.base,
      INTERNAL_API_SECRET: Buffer.from(config.serviceSecret).toString('base64'),
      WORKFLOW_KEYS: `${TEST_KEY.id}:${Buffer.from(TEST_KEY.key).toString('base64')}`,
      // What died with its worker is tried again soon.
      TEMPORAL_CACHE_SECONDS: '1',
      WORKFLOW_TIMING: JSON.stringify({ ...QUICK, call: 2000 }),
      WORKFLOW_BUNDLE: testBundle().codePath,
      ...environment,
    },
  });
  // Whoever ends without ending it leaves none behind.
  const onExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onExit);
  child.once('exit', () => process.removeListener('exit', onExit));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes('listening')) resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('close', () => reject(new Error(said)));
  });
  return { said: () => said, end: async (signal) => end(child, signal) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'close');
    child.kill(signal);
    await gone;
  }
  return child.exitCode ?? child.signalCode;
}
