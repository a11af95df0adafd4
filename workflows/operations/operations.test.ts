/** The command line on a real server, with a real worker. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection, ServiceError, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '../../electron/contract/index.ts';
import { SEARCH_ATTRIBUTES } from '../../electron/contract/workflows.ts';
import { archiveOf } from '../archive/config.ts';
import { clientConverter } from '../codec/data-converter.ts';
import { EncryptionCodec } from '../codec/encryption-codec.ts';
import { INSTALLATION_ID, derivedKeys } from '../codec/keys.ts';
import { ENCRYPTED } from '../codec/opened-history.ts';
import { freePort } from '../database/free-port.ts';
import { reconcile } from '../schedules/reconcile.ts';
import { startTemporal } from '../temporal/server.ts';
import { keptHistories } from '../testing/histories.ts';
import { needsTemporal } from '../testing/needs-temporal.ts';
import type { Lane } from '../testing/rig.ts';
import { Rig, TEST_KEY } from '../testing/rig.ts';
import { runCommand } from './run-command.ts';
import { commandsFor, register, registrationOf } from './search-attributes.ts';

let rig: Rig;
let lane: Lane;
beforeAll(async () => {
  const server = inject('temporal');
  if (server === null) return;
  rig = await Rig.start(server);
  lane = await rig.lane();
});
afterAll(async () => rig?.close());

const KEYS = `${TEST_KEY.id}:${Buffer.from(TEST_KEY.key).toString('base64')}`;

/** Lists follow what happens a moment later. */
function poll<T>(ask: () => Promise<T>) {
  return expect.poll(ask, { timeout: 30_000, interval: 200 });
}

async function unimplemented(): Promise<never> {
  throw new ServiceError('no', { cause: Object.assign(new Error('no'), { code: 12 }) });
}

interface Ran {
  readonly code: number;
  readonly said: string;
  readonly error: string;
}

/** @param keys whether the payload keys are there */
async function workflow(
  args: readonly string[],
  keys = true,
  more: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  let [said, error] = ['', ''];
  const code = await runCommand({
    args,
    environment: environment(keys, more),
    out: (line) => (said += `${line}\n`),
    err: (line) => (error += `${line}\n`),
  });
  return { code, said, error };
}

function environment(keys: boolean, more: Readonly<Record<string, string>>): Record<string, string | undefined> {
  return {
    PATH: process.env['PATH'],
    TEMPORAL_ADDRESS: rig.server.address,
    TEMPORAL_NAMESPACE: rig.server.namespace,
    ...(keys && { WORKFLOW_KEYS: KEYS }),
    ...more,
  };
}

describe('one visit from the command line', () => {
  it('is started, described, shown, asked, told, and cancelled', async (context) => {
    needsTemporal(context);
    const { input, workflowId, handle } = lane.visit();
    const started = await workflow(['start', 'session', '--input', JSON.stringify(input), '--queue', lane.taskQueue]);
    expect(started).toMatchObject({ code: 0, said: expect.stringContaining(workflowId) as string });
    // Once more: the same one.
    const again = await workflow(['start', 'session', '--input', JSON.stringify(input), '--queue', lane.taskQueue]);
    expect(again.said).toBe(started.said);

    await poll(async () => (await workflow(['query', workflowId, 'getState'])).said).toContain(
      '"step": "waiting-for-captures"',
    );
    const told = await workflow(['signal', workflowId, 'captured', '--input', '{"at":"2026-11-21T09:20:00.000Z"}']);
    expect(told.said).toBe('{"outcome":"accepted"}\n');
    expect((await workflow(['query', workflowId, 'getProgress'])).said).toBe('30\n');

    const described = await workflow(['describe', workflowId, '--json']);
    expect(JSON.parse(described.said)).toMatchObject({
      type: 'sessionWorkflow',
      status: 'RUNNING',
      attributes: { SessionStatus: 'IN_PROGRESS', Progress: 30, LocationId: input.locationId },
    });
    const shown = await workflow(['show', workflowId]);
    expect(shown.said).toContain('WORKFLOW_EXECUTION_STARTED');
    expect(shown.said).toContain(`"sessionId":"${input.sessionId}"`);
    expect(shown.said).toContain(input.userId);

    expect(await workflow(['cancel', workflowId])).toMatchObject({ code: 0 });
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    const late = await workflow(['cancel', workflowId]);
    expect([late.code, late.error]).toEqual([2, expect.stringMatching(/^WORKFLOW_UNKNOWN: .*\n.*workflow -- list\n$/)]);
    const anew = await workflow(['start', 'session', '--input', JSON.stringify(input), '--queue', lane.taskQueue]);
    expect(anew.error).toContain('ALREADY_STARTED');
  });

  it('is read without keys as far as it is not encrypted, and nothing is sent in plain text', async (context) => {
    needsTemporal(context);
    const visit = lane.visit();
    await visit.start();
    await visit.until(({ step }) => step === 'waiting-for-captures');
    const shown = await workflow(['show', visit.workflowId], false);
    expect(shown.said).toContain(ENCRYPTED);
    expect(shown.said).not.toContain(visit.input.userId);
    expect((await workflow(['query', visit.workflowId, 'getState'], false)).said).toBe(`"${ENCRYPTED}"\n`);
    const input = '{"at":"2026-11-21T09:20:00.000Z"}';
    for (const args of [
      ['signal', visit.workflowId, 'captured', '--input', input],
      ['start', 'session', '--input', JSON.stringify({ ...visit.input, sessionId: newId() })],
    ]) {
      expect(await workflow(args, false)).toMatchObject({
        code: 2,
        error: expect.stringContaining('KEYS_MISSING') as string,
      });
    }
    expect((await visit.state()).round).toBe(0);

    const reasonless = await workflow(['terminate', visit.workflowId, '--reason', ' ']);
    expect([reasonless.code, reasonless.error]).toEqual([2, expect.stringContaining('REASON_MISSING')]);
    expect((await visit.handle.describe()).status.name).toBe('RUNNING');
    expect(await workflow(['terminate', visit.workflowId, '--reason', 'made by a test'])).toMatchObject({ code: 0 });
    expect((await visit.handle.describe()).status.name).toBe('TERMINATED');
    expect((await workflow(['show', visit.workflowId])).said).toContain('"reason":"made by a test"');
  });

  it.each([
    [['describe', 'session-12'], 'ID_INVALID'],
    [['describe', "x' OR 1"], 'ID_INVALID'],
    [['describe', `session-${newId()}`], 'WORKFLOW_UNKNOWN'],
    [['query', `session-${newId()}`, 'getState'], 'WORKFLOW_UNKNOWN'],
    [['start', 'session', '--input', '{"sessionId":"x"}'], 'ARGUMENT_INVALID: .*userId'],
    [['start', 'session', '--input', '{Jane Doe'], 'ARGUMENT_INVALID'],
    [['start', 'visit'], 'ARGUMENT_INVALID: .*session'],
    [['list', 'everything'], 'ARGUMENT_INVALID: .*pending-review'],
    [['list', 'active'], 'ARGUMENT_INVALID: .*--location ID is missing'],
    [['list', 'active', '--location', "' OR 1"], 'ARGUMENT_INVALID: .*locations'],
    [['end'], 'ARGUMENT_INVALID: .*terminate'],
    [['list', '--everything'], 'ARGUMENT_INVALID'],
  ])('%j is refused with a code and what to do', async (args, code) => {
    if (inject('temporal') === null) return;
    const { code: exit, said, error } = await workflow(args);
    expect([exit, said]).toEqual([2, '']);
    expect(error).toMatch(new RegExp(`^${code}.*\n.+\n$`));
    expect(error).not.toContain('Jane');
  });

  it('and one calibration', async (context) => {
    needsTemporal(context);
    const calibrationId = newId();
    const input = {
      calibrationId,
      deviceId: newId(),
      stationId: newId(),
      tenantId: newId(),
      locationId: newId(),
      buildId: '0.1.0',
      startedAt: '2026-11-22T09:00:00.000Z',
    };
    const queue = `nobody-${newId()}`;
    const id = `calibration-${calibrationId}`;
    const started = await workflow(['start', 'calibration', '--input', JSON.stringify(input), '--queue', queue]);
    expect(started).toMatchObject({ code: 0, said: expect.stringContaining(id) as string });
    expect((await workflow(['show', id])).said).toContain(input.deviceId);
    expect((await workflow(['signal', id, 'review'])).error).toContain('measured, cancelled');
    expect(await workflow(['terminate', id, '--reason', 'made by a test'])).toMatchObject({ code: 0 });
  });

  it('is a program', async (context) => {
    needsTemporal(context);
    const run = promisify(execFile);
    const answer = await run(process.execPath, ['workflows/operations/main.ts', 'list'], {
      env: environment(false, {}),
    });
    expect(answer.stdout).toContain('pending-review');
    const refused = run(process.execPath, ['workflows/operations/main.ts', 'end'], { env: environment(false, {}) });
    await expect(refused).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^ARGUMENT_INVALID/) as string,
    });
  });

  it('says what is wrong with the way to Temporal', async (context) => {
    needsTemporal(context);
    const nobody = `127.0.0.1:${await freePort()}`;
    const errors = await Promise.all([
      workflow(['list', 'stuck'], true, { TEMPORAL_ADDRESS: '' }),
      workflow(['list', 'stuck'], true, { TEMPORAL_ADDRESS: nobody }),
      workflow(['list', 'stuck'], true, { TEMPORAL_NAMESPACE: 'elsewhere' }),
      workflow(['list', 'stuck'], true, { WORKFLOW_KEYS: 'a:b' }),
    ]);
    expect(errors.map(({ error }) => error.split(':')[0])).toEqual([
      'NOT_CONFIGURED',
      'UNREACHABLE',
      'NAMESPACE_UNKNOWN',
      'CONFIGURATION_WRONG',
    ]);
  });

  it('that nobody works on says so, instead of waiting for ever', async (context) => {
    needsTemporal(context);
    const visit = rig.visitOn(`nobody-${newId()}`);
    await visit.start();
    const asked = await workflow(['query', visit.workflowId, 'getState']);
    expect([asked.code, asked.error]).toEqual([2, expect.stringContaining('NO_WORKER')]);
    const unknown = await workflow(['query', visit.workflowId, 'getEverything']);
    expect(unknown.error).toContain('NOT_UNDERSTOOD');
    expect(unknown.error).toContain('getProgress');
  });
});

describe('lists', () => {
  it('find visits by where they stand', async (context) => {
    needsTemporal(context);
    const visit = lane.visit();
    await visit.start();
    await visit.until(({ step }) => step === 'waiting-for-captures');
    const { locationId } = visit.input;
    const ids = async (args: readonly string[]): Promise<readonly string[]> =>
      (await workflow(['list', ...args, '--json'])).said
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { readonly workflowId?: string }).workflowId ?? '');
    await poll(async () => ids(['active', '--location', locationId])).toContain(visit.workflowId);
    expect(await ids(['active', '--location', newId()])).toEqual(['']);
    expect(await ids(['stuck'])).not.toContain(visit.workflowId);
    await visit.captured();
    await visit.send();
    await visit.until(({ step }) => step === 'in-review');
    await poll(async () => ids(['pending-review', '--location', locationId])).toContain(visit.workflowId);
    expect(await ids(['tenant-review', '--tenant', visit.input.tenantId])).toContain(visit.workflowId);
    expect(await ids(['tenant-review', '--tenant', newId()])).toEqual(['']);
    await visit.handle.terminate('a failure for a list');
    await poll(async () => ids(['failed'])).toContain(visit.workflowId);
    expect((await workflow(['list'])).said).toContain('pending-review');
  });
});

describe('search attributes', () => {
  it('are registered where they are missing, once, and another type is told', async (context) => {
    const { program } = needsTemporal(context);
    const server = await startTemporal({ program });
    const connection = await Connection.connect({ address: server.address });
    try {
      const client = new Client({ connection });
      const services = {
        namespace: server.namespace,
        operatorService: connection.operatorService,
        workflowService: client.workflowService,
      };
      const there = { TEMPORAL_ADDRESS: server.address, TEMPORAL_NAMESPACE: server.namespace };
      await connection.operatorService.removeSearchAttributes({
        namespace: server.namespace,
        searchAttributes: ['SiteStatus', 'BuildId'],
      });
      await poll(async () => (await registrationOf(services)).missing).toEqual(['BuildId', 'SiteStatus']);
      expect((await workflow(['register', '--dry-run'], true, there)).said).toContain('missing: BuildId, SiteStatus');
      expect((await registrationOf(services)).missing).toHaveLength(2);

      // As on Temporal Cloud.
      const cloud = {
        ...services,
        operatorService: { listSearchAttributes: unimplemented, addSearchAttributes: unimplemented },
      } as unknown as typeof services;
      await poll(async () => (await registrationOf(cloud)).missing).toEqual(['BuildId', 'SiteStatus']);
      expect((await registrationOf(cloud)).canRegister).toBe(false);
      expect(commandsFor('clinic.abc', ['Progress'])).toEqual([
        'tcld namespace search-attributes add --namespace clinic.abc --search-attribute "Progress=Int"',
      ]);

      expect((await workflow(['register'], true, there)).said).toContain('registered: BuildId, SiteStatus');
      await poll(async () => (await registrationOf(services)).missing).toEqual([]);
      expect((await workflow(['register'], true, there)).said).toBe(
        `there: ${Object.keys(SEARCH_ATTRIBUTES).join(', ')}\n`,
      );
      await register(services, ['BuildId']);

      await connection.operatorService.removeSearchAttributes({
        namespace: server.namespace,
        searchAttributes: ['Progress'],
      });
      await poll(async () => (await registrationOf(services)).missing).toEqual(['Progress']);
      await connection.operatorService.addSearchAttributes({
        namespace: server.namespace,
        searchAttributes: { Progress: 2 },
      });
      await poll(async () => (await registrationOf(services)).differing).toEqual(['Progress is Keyword, not Int']);
      expect((await workflow(['register'], true, there)).error).toMatch(
        /^TYPE_DIFFERS: .*Progress is Keyword, not Int/,
      );
    } finally {
      await connection.close();
      await server.stop();
    }
  });
});

describe('the installation', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vantage-operations-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('has its schedules made, once they are asked for', async (context) => {
    needsTemporal(context);
    try {
      expect((await workflow(['schedules', '--dry-run'])).said).toContain('would create  vantage-archive-histories');
      expect((await workflow(['schedules'])).said).toMatch(/^create  vantage-archive-histories\ncreate  /);
      expect((await workflow(['schedules'])).said).toMatch(/^keep  vantage-archive-histories\nkeep  /);
      expect((await workflow(['schedules'], false)).error).toContain('KEYS_MISSING');
    } finally {
      const codec = new EncryptionCodec(derivedKeys([TEST_KEY]), INSTALLATION_ID);
      const connection = await Connection.connect({ address: rig.server.address });
      const dataConverter = clientConverter(codec);
      const client = new Client({ connection, namespace: rig.server.namespace, dataConverter });
      await poll(async () => (await reconcile(client, [], false)).changes).toEqual([]);
      await connection.close();
    }
  });

  it('has its histories archived, verified and given back', async (context) => {
    needsTemporal(context);
    const environment = {
      HISTORY_ARCHIVE_FOLDER: join(folder, 'archive'),
      HISTORY_ARCHIVE_KEYS: `one:${Buffer.alloc(32, 7).toString('base64')}`,
    };
    expect((await workflow(['archive'])).error).toContain('HISTORY_ARCHIVE_FOLDER');
    const wrong = await workflow(['archive'], true, { ...environment, HISTORY_ARCHIVE_KEYS: 'a:b' });
    expect(wrong.error).toMatch(/^CONFIGURATION_WRONG: .*HISTORY_ARCHIVE_KEYS/);
    expect((await workflow(['archive'], true, environment)).said).toMatch(
      /^archived 0, .* is archived; days removed 0\n$/,
    );
    expect((await workflow(['archive-verify'], true, environment)).said).toBe(
      'whole 0, under unknown keys 0, damaged 0\n',
    );

    const [kept] = keptHistories();
    if (kept === undefined) throw new Error('no history');
    const id = `session-${newId()}`;
    const archive = archiveOf(environment, null);
    await archive?.add(
      {
        namespace: 'default',
        workflowId: id,
        runId: 'run',
        type: 'sessionWorkflow',
        status: 'COMPLETED',
        closedAt: '2026-11-20T10:00:00.000Z',
        archivedAt: '2026-11-21T01:30:00.000Z',
        events: (kept.history as { readonly events: readonly unknown[] }).events.length,
      },
      JSON.stringify(kept.history),
    );
    const to = join(folder, 'history.json');
    const given = await workflow(['archive-restore', id, '--run', 'run', '--to', to], true, environment);
    expect(given.said).toContain('sessionWorkflow, ended COMPLETED');
    expect(JSON.parse(readFileSync(to, 'utf8'))).toEqual(kept.history);
    expect((await workflow(['archive-restore', id, '--run', 'x', '--to', to], true, environment)).error).toMatch(
      /^ARCHIVE_UNKNOWN/,
    );
    const file = join(folder, 'archive', '2026-11-20', id, 'run');
    chmodSync(file, 0o600);
    writeFileSync(file, readFileSync(file).subarray(0, -1));
    const verified = await workflow(['archive-verify'], true, environment);
    expect([verified.code, verified.error]).toEqual([2, expect.stringMatching(/^ARCHIVE_DAMAGED: .*2026-11-20/)]);
    expect(
      (await workflow(['archive-restore', id, '--run', 'run', '--to', `${to}2`], true, environment)).error,
    ).toMatch(/^ARCHIVE_DAMAGED/);
  });
});
