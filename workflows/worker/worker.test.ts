import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '../../electron/contract/index.ts';
import { freePort } from '../database/free-port.ts';
import { needsTemporal } from '../testing/needs-temporal.ts';
import { Rig } from '../testing/rig.ts';
import type { WorkerProcess } from '../testing/worker-process.ts';
import { startWorkerProcess } from '../testing/worker-process.ts';
import { workerConfigOf } from './config.ts';

let rig: Rig;
const running = new Set<WorkerProcess>();
beforeAll(async () => {
  const server = inject('temporal');
  if (server !== null) rig = await Rig.start(server);
});
afterEach(async () => {
  for (const child of running) await child.end('SIGKILL');
  running.clear();
});
afterAll(async () => rig?.close());

async function startProcess(
  taskQueue: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<WorkerProcess> {
  const child = await startWorkerProcess(rig, { taskQueue, environment });
  running.add(child);
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
    await worker.end('SIGKILL');
    worker = await startProcess(taskQueue);
    await visit.captured();
    await visit.until(({ step }) => step === 'waiting-for-sync');
    await worker.end('SIGKILL');
    await visit.send();
    worker = await startProcess(taskQueue);
    await visit.until(({ step }) => step === 'in-review');
    await worker.end('SIGKILL');
    worker = await startProcess(taskQueue);
    expect(await visit.review('approved')).toEqual({ outcome: 'accepted' });
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED' });
    const events = await rig.events(visit.input.sessionId);
    expect(events).toEqual([...new Set(events)]);
    expect(events).toHaveLength(8);
    expect(await worker.end('SIGTERM')).toBe(0);
  }, 300_000);

  it('shows its metrics to Prometheus, and says what is missing before it starts', async (context) => {
    needsTemporal(context);
    const metrics = `127.0.0.1:${await freePort()}`;
    const worker = await startProcess(`metrics-${newId()}`, { TEMPORAL_METRICS_ADDRESS: metrics });
    const answer = await fetch(`http://${metrics}/metrics`);
    expect(await answer.text()).toContain('temporal_worker_task_slots_available');
    expect(await worker.end('SIGTERM')).toBe(0);
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
