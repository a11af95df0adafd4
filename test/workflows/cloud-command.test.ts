/** `npm run cloud` with workflows: what an enrolled station, the schedules and an operator with a browser find there. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  CLOUD_APP_PATHS,
  VISITS_QUEUE,
  WORKFLOW_TYPES,
  derivedId,
  enrolResponseSchema,
  newId,
  workflowIdOf,
} from '../../electron/contract/index.ts';
import { TestStation } from '../../workflows/api/testing/station.ts';
import { clientConverter } from '../../workflows/codec/data-converter.ts';
import { EncryptionCodec } from '../../workflows/codec/encryption-codec.ts';
import { ownKeys } from '../../workflows/codec/keys.ts';
import { needsTemporal } from '../../workflows/testing/needs-temporal.ts';
import { chromiumPath, launchBrowser } from '../fixtures/browser.ts';

const TENANT_ID = derivedId('development', 'tenant');
/** A browser beside two servers, a worker and a database takes its time on a small machine. */
const PAGE_MS = 120_000;
const sessionId = newId();
const workflowId = workflowIdOf('session', sessionId);

let folder: string;
let cloud: ChildProcess;
let gone: Promise<unknown>;
let browser: Browser | null = null;
let said = '';
beforeAll(async () => {
  const server = inject('temporal');
  if (server === null) return;
  folder = mkdtempSync(join(tmpdir(), 'vantage-cloud-'));
  chmodSync(folder, 0o755);
  cloud = spawn(process.execPath, ['workflows/cloud.ts', '--folder', join(folder, 'cloud'), '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], TEMPORAL_CLI: server.program },
  });
  gone = once(cloud, 'exit');
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (/^Temporal .*\n/m.test(said)) resolve();
      else if (/^Workflows +none/m.test(said)) reject(new Error(said));
    };
    cloud.stdout?.on('data', hear);
    cloud.stderr?.on('data', hear);
    cloud.once('exit', () => reject(new Error(said)));
  });
}, 240_000);
afterAll(async () => {
  if (inject('temporal') === null) return;
  await browser?.close();
  cloud.kill('SIGTERM');
  await gone;
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** What it printed. */
function told(line: RegExp): string {
  return line.exec(said)?.[1] ?? '';
}

describe('npm run cloud', () => {
  it('runs the workflows of a station that was enrolled there, under the keys that came with it', async (context) => {
    needsTemporal(context);
    const station = await TestStation.create(told(/^API +(\S+)/m));
    const { body } = await station.enrol(told(/^Enrolment +(\S+)/m));
    const keys = (enrolResponseSchema.parse(body).payloadKeys ?? []).map(({ id, key }) => ({
      id,
      key: Buffer.from(key, 'base64'),
    }));
    expect(said).not.toContain('TEMPORAL_PAYLOAD_KEYS_FILE');
    const connection = await Connection.connect({ address: told(/TEMPORAL_ADDRESS=(\S+)/) });
    const codec = new EncryptionCodec(ownKeys(TENANT_ID, keys), TENANT_ID);
    const client = new Client({ connection, dataConverter: clientConverter(codec) });
    const input = {
      sessionId,
      userId: newId(),
      tenantId: TENANT_ID,
      locationId: derivedId('development', 'location'),
      buildId: '0.1.0',
      startedAt: '2026-11-21T09:00:00.000Z',
    };
    const handle = await client.workflow.start(WORKFLOW_TYPES.session, {
      workflowId,
      taskQueue: VISITS_QUEUE,
      args: [input],
    });
    await expect
      .poll(async () => (await handle.query<{ step: string }>('getState')).step, { timeout: 60_000 })
      .toBe('waiting-for-captures');
    await connection.close();
  });

  it('has the schedules, and archives what has ended', async (context) => {
    needsTemporal(context);
    const connection = await Connection.connect({ address: told(/TEMPORAL_ADDRESS=(\S+)/) });
    const { schedules } = await connection.workflowService.listSchedules({ namespace: 'default' });
    const ids = (schedules ?? []).map(({ scheduleId }) => scheduleId ?? '');
    expect(ids.toSorted()).toEqual(['vantage-archive-histories', 'vantage-report-visits']);
    await new Client({ connection }).schedule.getHandle('vantage-archive-histories').trigger();
    await expect
      .poll(
        () => {
          const [archived] = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
            name.endsWith(join('histories', 'cursor.json')),
          );
          return archived;
        },
        { timeout: 60_000 },
      )
      .toBe(join('cloud', 'histories', 'cursor.json'));
    await connection.close();
  });

  it('shows Temporal’s own page to an operator who is signed in, to be looked at and no more', async (context) => {
    const { namespace } = needsTemporal(context);
    if (chromiumPath() === null) context.skip('no Chromium');
    browser = await launchBrowser();
    const page = await browser.newPage();
    page.setDefaultTimeout(PAGE_MS);
    const base = told(/^API +(\S+)/m);
    const wrong: string[] = [];
    page.on('console', (message) => {
      const { url } = message.location();
      // It asks workflows what they say of themselves by POST, and does without. What the identity provider lacks is its own affair.
      const isHarmless = url.includes('/query/') || !url.startsWith(base);
      if (message.type() === 'error' && !isHarmless) wrong.push(`${message.text()} ${url}`);
    });
    const temporal = told(/^Temporal +(\S+)/m);
    // Nobody is signed in: first there, and back to where one wanted to go.
    await page.goto(temporal);
    expect(page.url().startsWith(base)).toBe(false);
    await page.getByRole('link', { name: 'Otto Operator' }).click();
    await page.getByRole('link', { name: workflowId }).first().click();
    await page
      .getByText('WorkflowExecutionStarted', { exact: false })
      .or(page.getByText('Workflow Execution Started'))
      .first()
      .waitFor();
    expect(page.url()).toContain(`${temporal}/namespaces/${namespace}/workflows/${workflowId}/`);
    expect(wrong).toEqual([]);

    // As a script of that page would, if it were another's.
    const rpc = `${CLOUD_APP_PATHS.rpc}/station/hello`;
    const own = `/ops/temporal/api/v1/namespaces/${namespace}/workflows`;
    expect(await page.evaluate(ask, `POST ${rpc}`)).toBe('blocked');
    expect(await page.evaluate(ask, `POST ${own}`)).toBe('405');
    expect(await page.evaluate(ask, `GET ${own}`)).toBe('200');
    expect(await page.evaluate(() => window.open('/') === null)).toBe(true);
  }, 240_000);

  it('ends well when it is told to', async (context) => {
    needsTemporal(context);
    cloud.kill('SIGTERM');
    expect(await gone).toEqual([0, null]);
  });
});

/** Runs in the page. @param request method and address */
async function ask(request: string): Promise<string> {
  const [method = '', url = ''] = request.split(' ');
  return fetch(url, { method, headers: { 'x-vantage-page': '1' } }).then(
    ({ status }) => String(status),
    () => 'blocked',
  );
}
