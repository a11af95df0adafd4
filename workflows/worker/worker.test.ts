import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '../../electron/contract/index.ts';
import { freePort } from '../database/free-port.ts';
import { needsTemporal } from '../testing/needs-temporal.ts';
import { QUICK, Rig, TEST_KEY } from '../testing/rig.ts';
import { bundleWorkflows } from './bundle.ts';
import { workerConfigOf } from './config.ts';

let rig: Rig;
const running = new Set<ChildProcess>();
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-worker-'));
  const server = inject('temporal');
  if (server === null) return;
  const bundle = await bundleWorkflows();
  writeFileSync(join(folder, 'workflows.js'), bundle.code);
  rig = await Rig.start(server, bundle);
});
afterEach(async () => {
  for (const child of running) await end(child, 'SIGKILL');
});
afterAll(async () => {
  await rig?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** @returns its exit code, or the signal that it ended by. */
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
  running.delete(child);
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
  return child.exitCode ?? child.signalCode;
}

/** The process of `npm run worker`, listening. */
async function startProcess(taskQueue: string, more: Readonly<Record<string, string>> = {}): Promise<ChildProcess> {
  const { config } = rig.cloud;
  const child = spawn(process.execPath, ['workflows/worker/main.ts'], {
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
      // A call that died with its worker is tried again soon.
      WORKFLOW_TIMING: JSON.stringify({ ...QUICK, call: 2000 }),
      WORKFLOW_BUNDLE: join(folder, 'workflows.js'),
      ...more,
    },
  });
  running.add(child);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes('listening')) resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('exit', () => reject(new Error(said)));
  });
  return child;
}

describe('the worker as a process', () => {
  it('may be killed at any step: another one goes on where it was, and nothing happens twice', async (context) => {
    needsTemporal(context);
    const taskQueue = `killed-${newId()}`;
    const visit = rig.visitOn(taskQueue);
    let worker = await startProcess(taskQueue);
    await visit.start();
    await visit.until(({ step }) => step === 'waiting-for-captures');
    await end(worker, 'SIGKILL');
    worker = await startProcess(taskQueue);
    await visit.captured();
    await visit.until(({ step }) => step === 'waiting-for-sync');
    await end(worker, 'SIGKILL');
    await visit.send();
    worker = await startProcess(taskQueue);
    await visit.until(({ step }) => step === 'in-review');
    await end(worker, 'SIGKILL');
    worker = await startProcess(taskQueue);
    expect(await visit.review('approved')).toEqual({ outcome: 'accepted' });
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED' });
    const events = await rig.events(visit.input.sessionId);
    expect(events).toEqual([...new Set(events)]);
    expect(events).toHaveLength(8);
    expect(await end(worker, 'SIGTERM')).toBe(0);
  }, 300_000);

  it('shows its metrics to Prometheus, and says what is missing before it starts', async (context) => {
    needsTemporal(context);
    const metrics = `127.0.0.1:${await freePort()}`;
    const worker = await startProcess(`metrics-${newId()}`, { TEMPORAL_METRICS_ADDRESS: metrics });
    const answer = await fetch(`http://${metrics}/metrics`);
    expect(await answer.text()).toContain('temporal_worker_task_slots_available');
    expect(await end(worker, 'SIGTERM')).toBe(0);
    await expect(startProcess('x', { WORKFLOW_KEYS: 'a:b' })).rejects.toThrow('WORKFLOW_KEYS');
    await expect(startProcess('x', { TEMPORAL_ADDRESS: '' })).rejects.toThrow('TEMPORAL_ADDRESS');
  });
});

describe('the configuration of a worker', () => {
  const environment = {
    API_PUBLIC_URL: 'https://cloud.example.org/',
    INTERNAL_API_SECRET: Buffer.alloc(32, 1).toString('base64'),
    WORKFLOW_KEYS: `2026:${Buffer.alloc(32, 2).toString('base64')}`,
  };

  it('has the waits of production unless told otherwise, and the analysis that is built in', () => {
    const config = workerConfigOf({ ...environment, WORKFLOW_TIMING: '{"gate":1000}' });
    expect(config.timing).toMatchObject({ gate: 1000, fusion: 300_000 });
    expect([config.fusion.name, config.api.baseUrl]).toEqual(['built-in', 'https://cloud.example.org']);
    expect(workerConfigOf(environment).timing.gate).toBe(86_400_000);
    expect(workerConfigOf({ ...environment, FLOWISE_URL: 'http://flowise:3000' }).fusion.name).toBe('flowise');
  });

  it('is refused by the names of what is wrong, never by values', () => {
    expect(() => workerConfigOf({})).toThrow('API_PUBLIC_URL, INTERNAL_API_SECRET, WORKFLOW_KEYS');
    expect(() => workerConfigOf({ ...environment, WORKFLOW_TIMING: '{"gates":1}' })).toThrow('WORKFLOW_TIMING');
    expect(() => workerConfigOf({ ...environment, WORKFLOW_KEYS: '2026:c2VjcmV0' })).toThrow(/^(?!.*c2VjcmV0)/);
  });
});
