/** What a technician does with the scale and the station, through core: calibrations, acceptances, and what is signed of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AcceptanceRunView, CalibrationRunView } from '../../contract/index.ts';
import { acceptanceReportSchema, newId } from '../../contract/index.ts';
import type { StaffClient } from '../../../test/fixtures/client.ts';
import type { TestClinic } from '../../../test/fixtures/clinic.ts';
import { openTestClinic } from '../../../test/fixtures/clinic.ts';
import { isSignedBy, signerOf } from '../audit/signer.ts';
import { stationIdentity } from '../station.ts';
import { openStore } from '../store/index.ts';
import { calibrationStatement } from './calibration-statement.ts';
import { reportFile, verifyReportFile } from './report-file.ts';
import { allowedErrorKg, judgeScale } from './scale-procedure.ts';

const REFERENCE = { name: 'Set M1, seven of 20 kg', certificate: 'DEMO-2217', expiresOn: '2099-06-30' };

let clinic: TestClinic;
let technician: StaffClient;
let scaleId: string;
let cameraId: string;
beforeAll(async () => {
  clinic = await openTestClinic();
  technician = await clinic.signedIn('TP');
  for await (const { devices } of await technician.station.watch()) {
    const scale = devices.find(({ kind, identity }) => kind === 'scale' && identity !== null);
    const camera = devices.find(({ kind }) => kind === 'body-camera');
    if (scale === undefined || camera === undefined) continue;
    [scaleId, cameraId] = [scale.deviceId, camera.deviceId];
    break;
  }
}, 60_000);
afterAll(async () => clinic?.close());

async function first<T>(stream: Promise<AsyncIterable<T>>, isSo: (value: T) => boolean = () => true): Promise<T> {
  for await (const value of await stream) if (isSo(value)) return value;
  throw new Error('the stream ended');
}

async function begun(): Promise<string> {
  const answer = await technician.calibration.begin({ deviceId: scaleId, reference: REFERENCE });
  if (answer.outcome !== 'begun') throw new Error(answer.reason);
  return answer.calibrationId;
}

/** @param offKg how wrong the scale is */
async function weigh(calibrationId: string, loadKg: number, offKg = 0): Promise<void> {
  clinic.scale.stepOn(loadKg + offKg);
  await technician.calibration.record({ calibrationId, test: 'linearity', place: 'centre', loadKg });
}

async function code(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'done',
    (error: { data?: { code?: string } }) => error.data?.code,
  );
}

describe('the calibration of a scale', () => {
  it('passes by readings of reference weights; its record is signed and in force from then on', async () => {
    const calibrationId = await begun();
    await weigh(calibrationId, 20);
    expect(await code(technician.calibration.finish({ calibrationId }))).toBe('INPUT_INVALID');
    await weigh(calibrationId, 60);
    await weigh(calibrationId, 61, 5);
    await technician.calibration.takeBack({ calibrationId });
    await weigh(calibrationId, 120);
    const [open] = await first<CalibrationRunView[]>(technician.calibration.watch());
    expect(open).toMatchObject({ calibrationId, missing: [], reference: REFERENCE });
    expect(open?.readings.map(({ loadKg }) => loadKg)).toEqual([20, 60, 120]);
    expect(await technician.calibration.finish({ calibrationId })).toEqual({ verdict: 'passed' });
    expect(await first(technician.calibration.watch())).toEqual([]);
    const standing = await clinic.clinic.stationWork.readCalibration({ calibrationId });
    expect(standing).toMatchObject({ state: 'recorded', verdict: 'passed', readings: 3 });
    // What was told of it stays: asked for again, it is ready, and nothing is taken back.
    expect(await clinic.clinic.stationWork.prepareCalibration({ calibrationId, deviceId: scaleId })).toMatchObject({
      outcome: 'ready',
    });
    expect(await clinic.clinic.stationWork.putBackCalibration({ calibrationId })).toEqual({ wasOpen: false });
  }, 120_000);

  it('fails by one reading that is too far off', async () => {
    const calibrationId = await begun();
    for (const [load, off] of [
      [20, 0],
      [60, 0],
      [120, 0.4],
    ] as const)
      await weigh(calibrationId, load, off);
    expect(await technician.calibration.finish({ calibrationId })).toEqual({ verdict: 'failed' });
  }, 120_000);

  it('takes the scale out of use for visits until it is over, however it ends', async () => {
    const facilitator = await clinic.signedIn('IM', 'another-staff-screen');
    const calibrationId = await begun();
    expect(await begun()).toBe(calibrationId);
    expect(await code(facilitator.devices.weigh({ deviceId: scaleId }))).toBe('DEVICE_BUSY');
    expect(await code(facilitator.calibration.giveUp({ calibrationId }))).toBe('NOT_ALLOWED');
    await technician.calibration.giveUp({ calibrationId });
    clinic.scale.stepOn(72.45);
    expect(await facilitator.devices.weigh({ deviceId: scaleId })).toMatchObject({ kg: 72.45 });
    expect(await code(technician.calibration.finish({ calibrationId }))).toBe('STATUS_CONFLICT');
  }, 60_000);

  it('begun by the cloud is one for the technician to make, and is put back where it is cancelled half done', async () => {
    const { stationWork } = clinic.clinic;
    const calibrationId = newId();
    expect(await stationWork.prepareCalibration({ calibrationId, deviceId: scaleId })).toMatchObject({
      outcome: 'ready',
    });
    expect(await stationWork.prepareCalibration({ calibrationId: newId(), deviceId: scaleId })).toEqual({
      outcome: 'NOT_AVAILABLE',
      reason: 'DEVICE_IN_CALIBRATION',
    });
    expect(await stationWork.readCalibration({ calibrationId })).toEqual({ state: 'open' });
    await clinic.restart();
    technician = await clinic.signedIn('TP');
    const [open] = await first<CalibrationRunView[]>(technician.calibration.watch());
    expect(open).toMatchObject({ calibrationId, reference: null, missing: expect.arrayContaining(['REFERENCE']) });
    expect(await clinic.clinic.stationWork.putBackCalibration({ calibrationId })).toEqual({ wasOpen: true });
    expect(await clinic.clinic.stationWork.putBackCalibration({ calibrationId })).toEqual({ wasOpen: false });
    expect(await first(technician.calibration.watch())).toEqual([]);
  }, 60_000);

  it('is NOT_AVAILABLE for what nothing here can calibrate', async () => {
    const answer = await technician.calibration.begin({ deviceId: cameraId, reference: REFERENCE });
    expect(answer).toEqual({ outcome: 'NOT_AVAILABLE', reason: 'NO_PROCEDURE' });
    expect(await technician.calibration.begin({ deviceId: newId(), reference: REFERENCE })).toEqual({
      outcome: 'NOT_AVAILABLE',
      reason: 'DEVICE_NOT_HERE',
    });
    const expired = { ...REFERENCE, expiresOn: '2020-01-01' };
    expect(await code(technician.calibration.begin({ deviceId: scaleId, reference: expired }))).toBe('INPUT_INVALID');
  });

  it('is judged by the errors that pass on initial verification, and by how far readings of one load lie apart', () => {
    // OIML R 76-1 table 6, e = 50 g: 25 g to 25 kg, 50 g to 100 kg, 75 g above.
    expect([25, 25.001, 100, 100.001].map((load) => allowedErrorKg(load, 0.05))).toEqual([0.025, 0.05, 0.05, 0.075]);
    const reading = { test: 'linearity', place: 'centre', loadKg: 60, allowedKg: 0.05, at: '', raw: '' } as const;
    const at = (errorKg: number) => ({ ...reading, kg: 60 + errorKg, errorKg });
    expect(judgeScale([at(0.05), at(0)])).toMatchObject({ verdict: 'passed', largestErrorKg: 0.05 });
    expect(judgeScale([at(0.05), at(-0.05)])).toMatchObject({ verdict: 'failed', largestSpreadKg: 0.1 });
    expect(judgeScale([])).toMatchObject({ verdict: 'failed' });
  });
});

async function made(): Promise<AcceptanceRunView> {
  const { runId } = await technician.acceptance.begin();
  const runs = await first<AcceptanceRunView[]>(technician.acceptance.watch(), (views) =>
    views.some((view) => view.runId === runId && view.state === 'concluded'),
  );
  return runs.find((view) => view.runId === runId)!;
}

describe('the acceptance of a station', () => {
  it('of a demonstration is incomplete: simulated devices and no cloud are nothing that could have passed', async () => {
    const { checks, verdict } = await made();
    expect(verdict).toBe('incomplete');
    expect(checks.map(({ check, outcome, reason }) => [check, outcome, reason])).toEqual([
      ['storage', 'passed', null],
      ['network', 'not-available', 'NOT_ENROLLED'],
      ['inference', 'passed', null],
      ['devices', 'not-available', 'SIMULATED'],
    ]);
    const [storage] = checks;
    expect(storage?.parts.map(({ subject }) => subject)).toEqual(['room', 'write-and-read', 'files', 'records']);
    expect(storage?.measures.find(({ name }) => name === 'trialBytes')?.value).toBe(8 * 1024 * 1024);
  }, 120_000);

  it('ends with a report that anybody can verify, and that tells which byte was changed', async () => {
    const { runId } = await made();
    const { text, fileName } = await technician.acceptance.file({ runId });
    expect(fileName).toContain(runId);
    const file = Buffer.from(text);
    const { ok, signed } = verifyReportFile(file);
    expect([ok, signed?.report.runId]).toEqual([true, runId]);
    expect(acceptanceReportSchema.parse(JSON.parse(text.split('\n')[0] ?? ''))).toEqual(signed?.report);
    const line = file.indexOf(0x0a);
    for (const byte of [0, 17, Math.floor(line / 2), line - 1]) {
      const changed = Buffer.from(file);
      changed[byte] = (changed[byte] ?? 0) ^ 0x01;
      expect(verifyReportFile(changed)).toMatchObject({ ok: false, finding: { byte } });
    }
    for (const byte of [line + 30, file.indexOf('"signature":"') + 14, file.length - 3]) {
      const changed = Buffer.from(file);
      changed[byte] = (changed[byte] ?? 0) ^ 0x01;
      expect(verifyReportFile(changed).ok).toBe(false);
    }
    expect(verifyReportFile(file.subarray(0, line)).ok).toBe(false);
    expect(verifyReportFile(Buffer.concat([file.subarray(0, 40), file.subarray(41)])).ok).toBe(false);
    expect(verifyReportFile(Buffer.from(`${text}more`)).ok).toBe(false);
    const other = signerOf(ANOTHER_KEY);
    const forged = { ...signed!, publicKey: other.publicKey };
    expect(verifyReportFile(Buffer.from(reportFile(forged))).ok).toBe(false);
  }, 120_000);

  it('asked for by the cloud is kept from its beginning: each check is made once, the report signed once', async () => {
    const { stationWork } = clinic.clinic;
    const runId = newId();
    await expect(stationWork.runCheck({ runId, check: 'storage' })).rejects.toMatchObject({ code: 'STATUS_CONFLICT' });
    await stationWork.takeUpAcceptance({ runId, startedAt: new Date().toISOString() });
    const [one, same] = await Promise.all([
      stationWork.runCheck({ runId, check: 'storage' }),
      stationWork.runCheck({ runId, check: 'storage' }),
    ]);
    expect(same).toEqual(one);
    await clinic.restart();
    technician = await clinic.signedIn('TP');
    expect(await clinic.clinic.stationWork.runCheck({ runId, check: 'storage' })).toEqual(one);
    const signed = await clinic.clinic.stationWork.concludeAcceptance({ runId });
    expect(signed.report).toMatchObject({ verdict: 'incomplete', checks: [one] });
    expect(await clinic.clinic.stationWork.concludeAcceptance({ runId })).toEqual(signed);
    await clinic.clinic.stationWork.giveUpAcceptance({ runId });
    expect(await code(technician.acceptance.cancel({ runId }))).toBe('STATUS_CONFLICT');
  }, 60_000);

  it('given up has no report', async () => {
    const { stationWork } = clinic.clinic;
    const runId = newId();
    await stationWork.takeUpAcceptance({ runId, startedAt: new Date().toISOString() });
    await technician.acceptance.cancel({ runId });
    await expect(stationWork.concludeAcceptance({ runId })).rejects.toMatchObject({ code: 'STATUS_CONFLICT' });
    expect(await code(technician.acceptance.file({ runId }))).toBe('NOT_FOUND');
  });
});

/** Of nobody. */
const ANOTHER_KEY = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIC8Vk5bRmYb1y5oqQpQ8n0o3o1bqz9b4uFZ0rIYv2m3a
-----END PRIVATE KEY-----`;

it('the records of calibrations are signed by the station, and are in the trail', async () => {
  const { directory, masterKey } = clinic;
  await clinic.restart(async () => {
    const store = await openStore({
      directory,
      key: masterKey,
      now: Date.now,
      stationId: newId(),
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
    const { publicKey } = signerOf(stationIdentity(store, 'demonstration', newId()).privateKey);
    const records = await store.find('calibrations', {});
    const actions = store.audit.read({}).map(({ action }) => action);
    await store.close();
    expect(records).toHaveLength(2);
    for (const record of records) {
      const isSigned = (change: object): boolean =>
        isSignedBy(publicKey, calibrationStatement({ ...record, ...change }), record.signature);
      expect([isSigned({}), isSigned({ rawReadings: [] })]).toEqual([true, false]);
    }
    for (const action of ['calibration.begun', 'calibration.recorded', 'calibration.given-up', 'acceptance.signed']) {
      expect(actions).toContain(action);
    }
  });
});
