/** The calibration of a device on a real Temporal server: the workflow, the cloud's worker and API, and a station that polls. */
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { CalibrationStanding, CalibrationState, DeviceCalibrationInput } from '../../electron/contract/index.ts';
import { CONTRACT_VERSION, newId } from '../../electron/contract/index.ts';
import { push, rowOf } from '../../workflows/api/testing/documents.ts';
import { needsTemporal } from '../../workflows/testing/needs-temporal.ts';
import { Rig } from '../../workflows/testing/rig.ts';
import type { SiteRun } from './site-rig.ts';
import { QUICK_STATION, SiteRig } from './site-rig.ts';

const SIGNATURE = Buffer.from('what the station signed').toString('base64');
const AT = '2026-11-21T09:00:00.000Z';

let site: SiteRig;
beforeAll(async () => {
  const server = inject('temporal');
  if (server === null) return;
  const rig = await Rig.start(server);
  site = new SiteRig(rig, await rig.lane({ timing: QUICK_STATION }));
});
afterEach(async () => site?.rest());
afterAll(async () => site?.rig.close());

interface Calibration {
  readonly run: SiteRun;
  readonly input: DeviceCalibrationInput;
}

function newCalibration(on: SiteRig = site): Calibration {
  const calibrationId = newId();
  const input = { calibrationId, deviceId: newId(), ...site.place(), buildId: '0.1.0', startedAt: AT };
  return { run: on.run('calibration', calibrationId, input), input };
}

function recorded(verdict: 'passed' | 'failed'): CalibrationStanding {
  return {
    state: 'recorded',
    verdict,
    validUntil: '2027-11-21T09:00:00.000Z',
    readings: 7,
    largestErrorKg: 0.02,
    keyId: '0'.repeat(64),
    signature: SIGNATURE,
  };
}

/** The record, as the station sends it. */
async function send({ calibrationId, deviceId, tenantId, locationId, stationId }: DeviceCalibrationInput) {
  const record = {
    id: calibrationId,
    tenantId,
    locationId,
    stationId,
    authorId: newId(),
    contractVersion: CONTRACT_VERSION,
    hlc: {},
    createdAt: AT,
    updatedAt: AT,
    deviceId,
    deviceKind: 'scale',
    identity: { manufacturer: 'Vantage', model: 'PS200', serial: 'VS-1', firmware: '1.0.0' },
    procedure: { name: 'scale', version: '1' },
    reference: { name: 'M1', certificate: 'C-1', expiresOn: '2027-06-30' },
    rawReadings: [],
    result: {},
    tolerance: {},
    verdict: 'passed',
    validFrom: AT,
    validUntil: '2027-11-21T09:00:00.000Z',
    supersedes: null,
    signature: SIGNATURE,
  };
  const { verdicts } = await push(site.rig.station, 'calibrations', [rowOf(record)]);
  expect(verdicts).toMatchObject([{ verdict: 'accepted' }]);
}

const isMeasuring = ({ step }: CalibrationState): boolean => step === 'measuring';

describe('the calibration of a device', () => {
  it('passes once the technician has measured and the cloud has the record as it was signed', async (context) => {
    needsTemporal(context);
    const { api } = await site.station({ standing: recorded('passed') });
    const { run, input } = newCalibration();
    await run.start();
    await run.until(isMeasuring);
    const { locationId, tenantId } = input;
    expect(await site.listed(run.workflowId, `LocationId = '${locationId}' AND TenantId = '${tenantId}'`)).toBe(1);
    expect(await run.tell('measured')).toEqual({ outcome: 'accepted' });
    await run.until<CalibrationState>(({ step }) => step === 'recording');
    await send(input);
    expect(await run.handle.result()).toMatchObject({ outcome: 'PASSED', reason: null });
    expect(api.asked).toEqual(['prepareCalibration', 'readCalibration']);
    expect(await site.rig.events(input.calibrationId)).toEqual(['CalibrationStarted', 'CalibrationPassed']);
    await run.keep('calibration', 'passed');
  });

  it('that was made while the line was down is followed up all the same, its messages in one go', async (context) => {
    needsTemporal(context);
    await site.station({ standing: recorded('failed') });
    const { run, input } = newCalibration();
    await send(input);
    expect(await run.tell('measured')).toEqual({ outcome: 'accepted' });
    expect(await run.handle.result()).toMatchObject({ outcome: 'FAILED' });
    expect(await site.alerts(input.calibrationId)).toEqual([expect.stringContaining('did not pass')]);
    await run.keep('calibration', 'failed');
  });

  it('is NOT_AVAILABLE where there is no procedure, and nothing of the device was changed', async (context) => {
    needsTemporal(context);
    const { api } = await site.station({ prepared: { outcome: 'NOT_AVAILABLE', reason: 'NO_PROCEDURE' } });
    const { run, input } = newCalibration();
    await run.start();
    expect(await run.handle.result()).toMatchObject({ outcome: 'NOT_AVAILABLE', reason: 'NO_PROCEDURE' });
    expect(api.asked).toEqual(['prepareCalibration']);
    expect(await site.rig.events(input.calibrationId)).toEqual(['CalibrationStarted', 'CalibrationNotAvailable']);
    await run.keep('calibration', 'not-available');
  });

  it('waits for a station that is away, says so, and goes on', async (context) => {
    needsTemporal(context);
    const { run } = newCalibration();
    await run.start();
    await run.until<CalibrationState>(({ stationAwaySince }) => stationAwaySince !== null);
    expect(await run.timeouts()).toContain('SCHEDULE_TO_START');
    await site.station({ standing: recorded('passed') });
    expect(await run.until(isMeasuring)).toMatchObject({ stationAwaySince: null });
    expect(await run.tell('cancelled')).toEqual({ outcome: 'accepted' });
    expect(await run.handle.result()).toMatchObject({ outcome: 'CANCELLED' });
    await run.keep('calibration', 'station-away');
  });

  it('cancelled half done puts the device back in use, and answers what comes later with too late', async (context) => {
    needsTemporal(context);
    const { api } = await site.station();
    const { run, input } = newCalibration();
    await run.start();
    await run.until(isMeasuring);
    expect(await run.tell('cancelled')).toEqual({ outcome: 'accepted' });
    expect(await run.handle.result()).toMatchObject({ outcome: 'CANCELLED', reason: 'CANCELLED_IN_CLINIC' });
    expect(api.asked).toEqual(['prepareCalibration', 'putBackCalibration']);
    expect(await site.rig.events(input.calibrationId)).toEqual(['CalibrationStarted', 'CalibrationEnded']);
    expect(await site.alerts(input.calibrationId)).toEqual([]);
    await run.keep('calibration', 'cancelled-in-clinic');
  });

  it('that an operator cancels, or that nobody measures in time, puts the device back, too', async (context) => {
    needsTemporal(context);
    const { api } = await site.station();
    const cancelled = newCalibration();
    await cancelled.run.start();
    await cancelled.run.until(isMeasuring);
    await cancelled.run.handle.cancel();
    await expect(cancelled.run.handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    expect(api.asked).toEqual(['prepareCalibration', 'putBackCalibration']);
    await cancelled.run.keep('calibration', 'cancelled-by-operator');
    const lane = await site.rig.lane({ timing: { ...QUICK_STATION, measureWait: 100 } });
    const late = newCalibration(new SiteRig(site.rig, lane));
    await late.run.start();
    await expect(late.run.handle.result()).rejects.toMatchObject({ cause: { type: 'NOT_MEASURED' } });
    expect(api.asked.at(-1)).toBe('putBackCalibration');
    expect(await site.alerts(late.input.calibrationId)).toEqual([expect.stringContaining('not completed')]);
    await late.run.keep('calibration', 'not-measured');
  });

  it('said to be measured while the station has no record of it counts as not measured', async (context) => {
    needsTemporal(context);
    const { api } = await site.station({ standing: { state: 'given-up' } });
    const { run } = newCalibration();
    expect(await run.tell('measured')).toEqual({ outcome: 'accepted' });
    await expect(run.handle.result()).rejects.toMatchObject({ cause: { type: 'NOT_MEASURED' } });
    expect(api.asked.at(-1)).toBe('putBackCalibration');
    await run.keep('calibration', 'no-record');
  });
});
