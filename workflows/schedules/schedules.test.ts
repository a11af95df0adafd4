import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '../../electron/contract/index.ts';
import type { OperationsDependencies } from '../activities/create-operations-activities.ts';
import { createOperationsActivities } from '../activities/create-operations-activities.ts';
import type { InternalApi } from '../activities/internal-api.ts';
import type { ArchiveReport, VisitsReport } from '../activities/operations-activities.ts';
import { folderArchiveStore } from '../archive/archive-store.ts';
import { HistoryArchive } from '../archive/history-archive.ts';
import { SOUTH_HARBOUR } from '../api/testing/test-api.ts';
import { clientConverter } from '../codec/data-converter.ts';
import { EncryptionCodec } from '../codec/encryption-codec.ts';
import { INSTALLATION_ID, derivedKeys } from '../codec/keys.ts';
import { keepHistory } from '../testing/histories.ts';
import { needsTemporal } from '../testing/needs-temporal.ts';
import { Rig, TEST_KEY } from '../testing/rig.ts';
import { reconcile } from './reconcile.ts';
import type { OwnSchedule } from './schedules.ts';
import { OWN_PREFIX, SCHEDULES } from './schedules.ts';

let rig: Rig;
let connection: Connection;
/** As an operator has one, and as a worker has one for its activities. */
let client: Client;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-schedules-'));
  const server = inject('temporal');
  if (server === null) return;
  rig = await Rig.start(server);
  connection = await Connection.connect({ address: server.address });
  client = new Client({
    connection,
    namespace: server.namespace,
    dataConverter: clientConverter(new EncryptionCodec(derivedKeys([TEST_KEY]), INSTALLATION_ID)),
  });
});
afterEach(async () => {
  if (client === undefined) return;
  await poll(async () => reconcile(client, [], false)).toMatchObject({ changes: [] });
});
afterAll(async () => {
  await connection?.close();
  await rig?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Lists of schedules follow what happens a moment later. */
function poll<T>(ask: () => Promise<T>) {
  return expect.poll(ask, { timeout: 30_000, interval: 200 });
}

function named(...changes: readonly (readonly [string, string])[]) {
  return changes.map(([name, change]) => ({ scheduleId: OWN_PREFIX + name, change }));
}

describe('schedules', () => {
  it('become what the code says, and only those that are ours', async (context) => {
    needsTemporal(context);
    const [archive, report] = SCHEDULES as readonly [OwnSchedule, OwnSchedule];
    const both = ['archive-histories', 'report-visits'] as const;
    expect(await reconcile(client, SCHEDULES, true)).toEqual({
      changes: named([both[0], 'create'], [both[1], 'create']),
      foreign: [],
    });
    expect((await reconcile(client, SCHEDULES, false)).changes).toHaveLength(2);
    expect((await reconcile(client, SCHEDULES, false)).changes).toEqual(named([both[0], 'keep'], [both[1], 'keep']));

    // What somebody changed by hand is put right; that it is paused is theirs to say.
    const handle = client.schedule.getHandle(`${OWN_PREFIX}archive-histories`);
    await handle.pause('a storage is being exchanged');
    await handle.update(({ action, policies, state }) => ({
      action,
      policies,
      state,
      spec: { calendars: [{ hour: 3, minute: 0 }] },
    }));
    const moved: OwnSchedule = { ...report, at: { hour: 6, minute: 15 }, dayOfWeek: 1 };
    expect((await reconcile(client, [archive, moved], true)).changes).toEqual(
      named([both[0], 'update'], [both[1], 'update']),
    );
    await reconcile(client, [archive, moved], false);
    const { spec, state } = await handle.describe();
    expect([spec.calendars?.[0]?.hour[0]?.start, state]).toEqual([
      archive.at.hour,
      { paused: true, note: 'a storage is being exchanged', remainingActions: undefined },
    ]);
    expect((await reconcile(client, [archive, moved], false)).changes).toEqual(
      named([both[0], 'keep'], [both[1], 'keep']),
    );

    // Somebody else's, one of them under a name of ours.
    const others = { spec: { intervals: [{ every: '1 day' as const }] }, action: elsewhere() };
    await client.schedule.create({ scheduleId: `${OWN_PREFIX}theirs`, ...others });
    await client.schedule.create({ scheduleId: 'nightly', ...others });
    await poll(async () => reconcile(client, [archive], true)).toEqual({
      changes: named([both[0], 'keep'], [both[1], 'delete']),
      foreign: [`${OWN_PREFIX}theirs`],
    });
    await reconcile(client, [archive], false);
    await expect(client.schedule.getHandle(`${OWN_PREFIX}report-visits`).describe()).rejects.toThrow('not found');
    const taken = await reconcile(client, [archive, { ...report, name: 'theirs' }], false);
    expect(taken.foreign).toEqual([`${OWN_PREFIX}theirs`]);
    for (const scheduleId of [`${OWN_PREFIX}theirs`, 'nightly']) {
      expect((await client.schedule.getHandle(scheduleId).describe()).action.workflowType).toBe('nobodyRunsIt');
      await client.schedule.getHandle(scheduleId).delete();
    }
  });

  it('run what they are about: the archive, and the count of visits that somebody has to look at', async (context) => {
    needsTemporal(context);
    const keys = [{ id: 'archive', key: createHash('sha256').update('archive').digest() }];
    const archive = new HistoryArchive(folderArchiveStore(folder), keys, null);
    const lane = await rig.lane({ operations: (api) => createOperationsActivities({ client, api, archive }) });
    const failed = lane.visit();
    await failed.start();
    await failed.until(({ step }) => step === 'waiting-for-captures');
    await failed.handle.terminate('a failure for a count');
    await poll(async () => {
      const { count } = await client.workflow.count(
        `SessionId = '${failed.input.sessionId}' AND CloseTime > '2020-01-01T00:00:00Z'`,
      );
      return count;
    }).toBe(1);

    await reconcile(
      client,
      SCHEDULES.map((schedule) => ({ ...schedule, taskQueue: lane.taskQueue })),
      false,
    );
    const counted = (await triggered('report-visits')) as VisitsReport;
    expect(counted.failed).toBeGreaterThanOrEqual(1);
    const { rows } = await rig.cloud.database.admin.query<{ data: unknown }>(
      "SELECT data FROM domain_events WHERE type = 'VisitsReported' AND subject_id = $1",
      [failed.input.tenantId],
    );
    expect(rows).toEqual([{ data: expect.objectContaining({ stuck: expect.any(Number) as number }) as unknown }]);

    const archived = (await triggered('archive-histories')) as ArchiveReport;
    expect(archived.expired).toEqual([]);
    expect((await archive.cursor(rig.server.namespace))?.toISOString()).toBe(archived.until);
  });

  it('tell each clinic of its visits, whatever others have started beside them', async (context) => {
    needsTemporal(context);
    const apis: InternalApi[] = [];
    const lane = await rig.lane({
      operations: (api) => {
        apis.push(api);
        return createOperationsActivities({ client, api, archive: null });
      },
    });
    const ended = async (tenantId: string, sessionId: string): Promise<string> => {
      const workflowId = `session-${sessionId}`;
      const typedSearchAttributes = [
        { key: defineSearchAttributeKey('TenantId', 'KEYWORD'), value: tenantId },
        { key: defineSearchAttributeKey('SessionId', 'KEYWORD'), value: sessionId },
      ];
      const taskQueue = `nobody-${newId()}`;
      await client.workflow.start('sessionWorkflow', { workflowId, taskQueue, typedSearchAttributes });
      await client.workflow.getHandle(workflowId).terminate('a failure for a count');
      return workflowId;
    };
    const { tenantId } = lane.visit().input;
    const untold = SOUTH_HARBOUR.tenantId;
    const ids = [
      await ended(tenantId, newId()),
      await ended(untold, newId()),
      await ended('nobody', newId()),
      await ended(tenantId, 'nothing'),
    ];
    await poll(async () => {
      const { count } = await client.workflow.count(
        `WorkflowId IN (${ids.map((id) => `'${id}'`).join(', ')}) AND CloseTime > '2020-01-01T00:00:00Z'`,
      );
      return count;
    }).toBe(4);
    const [real] = apis;
    if (real === undefined) throw new Error('no API');
    const api: OperationsDependencies['api'] = {
      standing: async (...asked) => real.standing(...asked),
      tell: async (tenant, ...told) => {
        if (tenant === untold) throw new Error('it is not written just now');
        await real.tell(tenant, ...told);
      },
    };
    const activities = createOperationsActivities({ client, api, archive: null });
    const workflowExecution = { workflowId: newId(), runId: newId() };
    const activity = new MockActivityEnvironment({ workflowExecution, workflowType: 'reportVisitsWorkflow' });
    // Tried again, for whom it was not written.
    const run = activity.run(async () => activities.reportVisits({ schedule: 'report-visits' }));
    await expect(run).rejects.toThrow('not written just now');
    const { rows } = await rig.cloud.database.admin.query(
      "SELECT FROM domain_events WHERE type = 'VisitsReported' AND subject_id = $1 AND metadata ->> 'workflowId' = $2",
      [tenantId, workflowExecution.workflowId],
    );
    expect(rows).toHaveLength(1);
  });

  it('without an archive fail for good, with the reason', async (context) => {
    needsTemporal(context);
    const lane = await rig.lane({ operations: (api) => createOperationsActivities({ client, api, archive: null }) });
    await reconcile(
      client,
      SCHEDULES.map((schedule) => ({ ...schedule, taskQueue: lane.taskQueue })),
      false,
    );
    await expect(triggered('archive-histories')).rejects.toMatchObject({
      cause: { cause: { type: 'ARCHIVE_NOT_CONFIGURED' } },
    });
  });
});

function elsewhere() {
  return { type: 'startWorkflow' as const, workflowType: 'nobodyRunsIt', taskQueue: `nobody-${newId()}` };
}

/** Runs it now. @returns the workflow's result */
async function triggered(name: string): Promise<unknown> {
  const handle = client.schedule.getHandle(OWN_PREFIX + name);
  await handle.trigger();
  const started = async () => (await handle.describe()).info.recentActions.at(-1)?.action.workflow;
  await poll(started).toBeDefined();
  const workflow = await started();
  if (workflow === undefined) throw new Error('nothing was started');
  const { workflowId } = workflow;
  const handleOfRun = client.workflow.getHandle(workflowId, workflow.firstExecutionRunId);
  const result: unknown = await handleOfRun.result();
  await keepHistory(name, { handle: handleOfRun, workflowId }, 'operations');
  return result;
}
