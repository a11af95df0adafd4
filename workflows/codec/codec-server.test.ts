/** Temporal's own command line program reads a history through the API's codec server. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { TestApi } from '../api/testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../api/testing/test-api.ts';
import { needsTemporal } from '../testing/needs-temporal.ts';
import { Rig, TEST_KEY } from '../testing/rig.ts';

let rig: Rig;
let api: TestApi;
beforeAll(async () => {
  const server = inject('temporal');
  if (server === null) return;
  rig = await Rig.start(server);
  api = await startTestApi({}, { workflows: { temporal: null, webUrl: null, keys: [TEST_KEY] } });
});
afterAll(async () => {
  await api?.close();
  await rig?.close();
});

describe('Temporal’s command line', () => {
  it('shows what an administrator may see, and what it is to nobody else', async (context) => {
    const { program } = needsTemporal(context);
    const lane = await rig.lane();
    const visit = lane.visit();
    await visit.start();
    await visit.until(({ step }) => step === 'waiting-for-captures');
    const show = async (token: string): Promise<string> => {
      const place = ['--address', rig.server.address, '--namespace', rig.server.namespace];
      const codec = ['--codec-endpoint', `${api.base}/v1/codec`, '--codec-auth', `Bearer ${token}`];
      const args = ['workflow', 'show', '--workflow-id', visit.workflowId, '--output', 'json', ...place, ...codec];
      const { stdout } = await promisify(execFile)(program, args, { env: { HOME: '/nonexistent' } });
      return stdout;
    };
    const text = Buffer.from(JSON.stringify(visit.input)).toString('base64');
    expect(await show(await api.person('admin', NORTH_HARBOUR, true))).toContain(text);
    await expect(show(await api.person('operator', NORTH_HARBOUR, true))).rejects.toThrow(/403|codec/);
  });
});
