/** The acceptance of a site on a real Temporal server: the workflow, the cloud's worker and API, and stations that poll. */
import { once } from 'node:events';
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { AcceptanceState, SiteAcceptanceInput } from '../../electron/contract/index.ts';
import { newId } from '../../electron/contract/index.ts';
import { needsTemporal } from '../../workflows/testing/needs-temporal.ts';
import { Rig } from '../../workflows/testing/rig.ts';
import type { SiteRun } from './site-rig.ts';
import { QUICK_STATION, SiteRig, said } from './site-rig.ts';

let site: SiteRig;
beforeAll(async () => {
  const server = inject('temporal');
  if (server === null) return;
  const rig = await Rig.start(server);
  site = new SiteRig(rig, await rig.lane({ timing: QUICK_STATION }));
});
afterEach(async () => site?.rest());
afterAll(async () => site?.rig.close());

/** @param anyStation whichever of the location answers first; else the one of the tests */
function newRun(anyStation = false): { readonly run: SiteRun; readonly input: SiteAcceptanceInput } {
  const runId = newId();
  const { tenantId, locationId, stationId } = site.place();
  const input: SiteAcceptanceInput = {
    runId,
    tenantId,
    locationId,
    stationId: anyStation ? null : stationId,
    buildId: '0.1.0',
    startedAt: '2026-11-21T09:00:00.000Z',
  };
  return { run: site.run('acceptance', runId, input), input };
}

const isAway = ({ stationAwaySince }: AcceptanceState): boolean => stationAwaySince !== null;

describe('the acceptance of a site', () => {
  it('is READY where every check passed, and keeps the report as the station signed it', async (context) => {
    needsTemporal(context);
    const { api } = await site.station();
    const { run, input } = newRun(true);
    await run.start();
    expect(await run.handle.result()).toMatchObject({ siteStatus: 'READY', verdict: 'passed', reason: null });
    expect(api.asked).toEqual([
      'takeUpAcceptance',
      'runCheck:storage',
      'runCheck:network',
      'runCheck:inference',
      'runCheck:devices',
      'concludeAcceptance',
    ]);
    const { locationId, tenantId, runId } = input;
    const place = `LocationId = '${locationId}' AND TenantId = '${tenantId}' AND BuildId = '0.1.0'`;
    expect(await site.listed(run.workflowId, `${place} AND SiteStatus = 'READY'`)).toBe(1);
    expect(await site.rig.events(runId)).toEqual(['AcceptanceStarted', 'AcceptanceReported', 'SiteAccepted']);
    const { rows } = await site.rig.cloud.database.admin.query<{ data: { signed: unknown; isKnownKey: boolean } }>(
      `SELECT data FROM domain_events WHERE subject_id = $1 AND type = 'AcceptanceReported'`,
      [runId],
    );
    expect(rows[0]?.data).toMatchObject({
      isKnownKey: true,
      signed: { report: { runId, verdict: 'passed', stationId: site.place().stationId } },
    });
    expect(await site.alerts(runId)).toEqual([]);
    await run.keep('acceptance', 'ready');
  });

  it('is NOT_READY where one failed, and people at the location are told', async (context) => {
    needsTemporal(context);
    await site.station({ outcomes: { inference: 'failed', devices: 'not-available' } });
    const { run, input } = newRun();
    await run.start();
    expect(await run.handle.result()).toMatchObject({ siteStatus: 'NOT_READY', verdict: 'failed' });
    expect(await site.listed(run.workflowId, `SiteStatus = 'NOT_READY'`)).toBe(1);
    expect(await site.alerts(input.runId)).toEqual([expect.stringContaining('did not pass')]);
    await run.keep('acceptance', 'not-ready');
  });

  it('is incomplete, and never READY, where something could not be tried', async (context) => {
    needsTemporal(context);
    await site.station({ outcomes: { devices: 'not-available' } });
    const { run, input } = newRun();
    await run.start();
    expect(await run.handle.result()).toMatchObject({ siteStatus: 'NOT_READY', verdict: 'incomplete' });
    expect(await site.rig.events(input.runId)).toContain('SiteNotAccepted');
    await run.keep('acceptance', 'incomplete');
  });

  it('says that the station is away while nobody polls, and goes on when one does', async (context) => {
    needsTemporal(context);
    const { run, input } = newRun();
    await run.start();
    const state = await run.until(isAway);
    expect(state).toMatchObject({ siteStatus: 'TESTING', step: 'taking-up' });
    expect(await run.timeouts()).toContain('SCHEDULE_TO_START');
    await expect
      .poll(async () => site.alerts(input.runId), { timeout: 30_000 })
      .toEqual([expect.stringContaining('does not answer')]);
    await site.station();
    expect(await run.handle.result()).toMatchObject({ siteStatus: 'READY' });
    // However often it was asked in vain, people were told once.
    expect(await site.rig.events(input.runId)).toEqual([
      'AcceptanceStarted',
      'StationAway',
      'AcceptanceReported',
      'SiteAccepted',
    ]);
    await run.keep('acceptance', 'station-away');
  });

  it('ends NOT_READY where no station came for as long as is waited', async (context) => {
    needsTemporal(context);
    const lane = await site.rig.lane({ timing: { ...QUICK_STATION, stationStart: 500, stationWait: 600 } });
    const { input } = newRun();
    const run = new SiteRig(site.rig, lane).run('acceptance', input.runId, input);
    await run.start();
    expect(await run.handle.result()).toMatchObject({ siteStatus: 'NOT_READY', verdict: null, reason: 'STATION_AWAY' });
    await run.keep('acceptance', 'never-came');
  });

  it('notices a station-worker that was killed in the middle, and another one finishes', async (context) => {
    needsTemporal(context);
    const first = await site.stationProcess('inference');
    const { run, input } = newRun();
    const hangs = said(first, 'hanging');
    await run.start();
    await hangs;
    first.kill('SIGKILL');
    await once(first, 'exit');
    const state = await run.until(isAway);
    expect(state).toMatchObject({ step: 'checking', check: 'inference', done: 2 });
    expect(await run.timeouts()).toEqual(['HEARTBEAT']);
    await site.stationProcess(null);
    // What the killed one had found is gone with it in this script: a real station keeps it.
    expect(await run.handle.result()).toMatchObject({ siteStatus: 'NOT_READY', verdict: 'incomplete' });
    expect((await site.rig.events(input.runId)).filter((type) => type === 'StationAway')).toHaveLength(1);
    await run.keep('acceptance', 'killed');
  });

  it('is cancelled in the clinic: the station gives its run up, and the site is not ready', async (context) => {
    needsTemporal(context);
    const { promise: inCheck, resolve } = Promise.withResolvers<void>();
    const { api } = await site.station({
      before: async (name, request, signal) => {
        if (name !== 'runCheck' || !('check' in request) || request.check !== 'network') return;
        resolve();
        await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('given up'))));
      },
    });
    const { run, input } = newRun();
    await run.start();
    await inCheck;
    expect(await run.tell('cancelled')).toEqual({ outcome: 'accepted' });
    expect(await run.handle.result()).toMatchObject({ siteStatus: 'NOT_READY', reason: 'CANCELLED_IN_CLINIC' });
    expect(api.asked.at(-1)).toBe('giveUpAcceptance');
    expect(api.asked).not.toContain('concludeAcceptance');
    expect(await site.rig.events(input.runId)).toEqual(['AcceptanceStarted', 'AcceptanceEnded']);
    expect(await run.happened('activityTaskCanceled')).toHaveLength(1);
    await run.keep('acceptance', 'cancelled-in-clinic');
  });

  it('is cancelled by an operator: the workflow is cancelled, and nothing is left at the station', async (context) => {
    needsTemporal(context);
    const { run } = newRun();
    await run.start();
    await run.until(isAway);
    await run.handle.cancel();
    const { api } = await site.station();
    await expect(run.handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    expect((await run.handle.describe()).status.name).toBe('CANCELLED');
    expect(api.asked).toEqual(['giveUpAcceptance']);
    expect(await site.listed(run.workflowId, `SiteStatus = 'NOT_READY'`)).toBe(1);
    await run.keep('acceptance', 'cancelled-by-operator');
  });

  it('does not count a report that was changed on the way, or is about something else', async (context) => {
    needsTemporal(context);
    const { run } = newRun();
    const { api } = await site.station();
    const conclude = api.concludeAcceptance;
    api.concludeAcceptance = async (request) => {
      const signed = await conclude(request);
      return { ...signed, report: { ...signed.report, buildId: 'another' } };
    };
    await run.start();
    await expect(run.handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    expect(await site.listed(run.workflowId, `SiteStatus = 'NOT_READY'`)).toBe(1);
    await run.keep('acceptance', 'forged');
  });

  it('is about one run: an input that is none, and messages that are none, are turned down', async (context) => {
    needsTemporal(context);
    const { input } = newRun();
    const run = site.run('acceptance', input.runId, { ...input, locationId: 'somewhere' });
    await run.start();
    await expect(run.handle.result()).rejects.toMatchObject({ cause: { type: 'INVALID' } });
    const { run: other } = newRun();
    await other.start();
    await expect(other.tell('cancelled', { at: 'soon' })).rejects.toMatchObject({ cause: { type: 'INVALID' } });
    await other.handle.terminate('over');
  });
});
