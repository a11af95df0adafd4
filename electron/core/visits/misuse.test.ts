/** What must not be possible in a visit, whoever asks for it: nothing of one patient with another, nothing against their will. */
import { afterEach, expect, it, vi } from 'vitest';
import { problemCodeOf, until } from '../../../test/fixtures/client.ts';
import type { TestClinic, TestClinicOptions } from '../../../test/fixtures/clinic.ts';
import { openTestClinic } from '../../../test/fixtures/clinic.ts';
import { beginVisit, SIGNATURE, stepOf, takePicture, visitOf, weigh } from '../../../test/fixtures/visit.ts';
import { createPtpCameraDriver } from '../../../native/driver/camera-ptp.ts';
import { cameraConfiguration, MemorySink } from '../../../native/simulator/camera-testing.ts';
import { startCameraSimulator } from '../../../native/simulator/camera.ts';

const AMARA = 'HR-04127';
const OTHER = 'HR-04301';
let open: TestClinic | null = null;

async function start(options?: TestClinicOptions): Promise<TestClinic> {
  open = await openTestClinic(options);
  return open;
}

afterEach(async () => {
  vi.useRealTimers();
  await open?.close();
  open = null;
});

async function codeOf(call: Promise<unknown>): Promise<string | null> {
  return call.then(
    () => 'done',
    (error: unknown) => problemCodeOf(error),
  );
}

it('keeps a reading to the step and the visit that it was taken for', async () => {
  const station = await start();
  const staff = await station.signedIn('IM');
  const first = await beginVisit(staff, AMARA);
  const second = await beginVisit(staff, OTHER);
  const { deviceId } = stepOf(await visitOf(staff, first), 'weight');
  const reading = await staff.devices.weigh({ deviceId: deviceId ?? '' });
  const save = async (sessionId: string, stepId: string): Promise<string | null> =>
    codeOf(staff.visits.saveWeight({ sessionId, stepId, reading }));
  expect(await save(first, 'body-front')).toBe('STEP_NOT_NOW');
  expect(await save(first, 'height')).toBe('STEP_NOT_NOW');
  expect(await save(first, 'weight')).toBe('done');
  expect(await save(second, 'weight')).toBe('READING_STALE');
  // After a restart nobody remembers what was given out, but what was saved is known.
  await station.restart();
  const again = await station.signedIn('IM');
  expect(await codeOf(again.visits.saveWeight({ sessionId: second, stepId: 'weight', reading }))).toBe('READING_STALE');
});

it('saves no evidence that a screen made up, and no reading of tomorrow', async () => {
  const station = await start();
  const staff = await station.signedIn('IM');
  const sessionId = await beginVisit(staff, AMARA);
  const { deviceId } = stepOf(await visitOf(staff, sessionId), 'weight');
  const reading = await staff.devices.weigh({ deviceId: deviceId ?? '' });
  const forged = { ...reading, at: new Date(Date.parse(reading.at) - 1000).toISOString(), raw: 'made up' };
  const tomorrow = { ...forged, at: new Date(Date.now() + 86_400_000).toISOString() };
  expect(await codeOf(staff.visits.saveWeight({ sessionId, stepId: 'weight', reading: tomorrow }))).toBe(
    'READING_STALE',
  );
  await staff.visits.saveWeight({ sessionId, stepId: 'weight', reading: forged });
  expect(stepOf(await visitOf(staff, sessionId), 'weight').quantity?.raw).toMatch(/^S S +\d+\.\d+ kg$/);
});

it('takes and measures nothing more once the agreement is taken back', async () => {
  const station = await start();
  const staff = await station.signedIn('IM');
  const sessionId = await beginVisit(staff, AMARA);
  await staff.today.consent({ sessionId, agreed: [], language: 'en', signature: SIGNATURE });
  expect(await codeOf(staff.capture.take({ sessionId, stepId: 'body-front' }))).toBe('CONSENT_MISSING');
  expect(await codeOf(weigh(staff, sessionId))).toBe('CONSENT_MISSING');
  expect(await codeOf(staff.visits.enterByHand({ sessionId, stepId: 'height', value: 171, again: 171 }))).toBe(
    'CONSENT_MISSING',
  );
  await staff.visits.cancel({ sessionId, reason: 'the patient wants to go' });
  expect(await codeOf(staff.today.consent({ sessionId, agreed: [], language: 'en', signature: SIGNATURE }))).toBe(
    'STATUS_CONFLICT',
  );
});

it('releases no shutter for a visit that was cancelled while the camera was being asked', async () => {
  const station = await start();
  const staff = await station.signedIn('IM');
  const sessionId = await beginVisit(staff, AMARA);
  station.bodyCamera.addFault({ selector: 'GetObjectHandles', action: 'delay', delayMs: 1500 });
  await staff.capture.take({ sessionId, stepId: 'body-front' });
  await staff.visits.cancel({ sessionId, reason: 'the patient wants to go' });
  const visit = await visitOf(staff, sessionId, (view) => stepOf(view, 'body-front').tries[0]?.state === 'failed');
  expect(stepOf(visit, 'body-front').tries[0]?.problem?.code).toBe('CANCELLED');
  expect(station.bodyCamera.shutterCount()).toBe(0);
});

it('never takes a picture from another camera that stands in the place of the one that was lost', async () => {
  const station = await start();
  const staff = await station.signedIn('IM');
  const sessionId = await beginVisit(staff, AMARA);
  station.bodyCamera.addFault({ selector: 'InitiateCapture', action: 'unplug' });
  await staff.capture.take({ sessionId, stepId: 'body-front' });
  await station.bodyCamera.unplugged();
  const stranger = await startCameraSimulator({
    port: station.bodyCamera.port,
    kind: 'body-camera',
    seed: 99,
    serial: 'STRANGER',
    exposureMs: 20,
  });
  try {
    const driver = createPtpCameraDriver(cameraConfiguration('body-camera', stranger.port));
    while (
      (await driver.capture({ subject: 'body-back' }, new MemorySink(), () => undefined, AbortSignal.timeout(5000)))
        .kind !== 'completed'
    );
    await driver.close();
    const held = stranger.objects().length;
    const visit = await visitOf(
      staff,
      sessionId,
      (view) => stepOf(view, 'body-front').tries[0]?.problem?.code === 'DEVICE_WRONG',
    );
    expect(stepOf(visit, 'body-front').tries[0]).toMatchObject({ state: 'uncertain', hasImage: false });
    expect(stranger.objects()).toHaveLength(held);
  } finally {
    await stranger.close();
  }
});

it.each(['__proto__', 'constructor', 'toString', 'another'])('knows no step %s', async (stepId) => {
  const station = await start();
  const staff = await station.signedIn('IM');
  const sessionId = await beginVisit(staff, AMARA);
  expect(await codeOf(staff.visits.undo({ sessionId, stepId }))).toBe('NOT_FOUND');
  expect(await codeOf(staff.visits.skip({ sessionId, stepId, reason: 'x' }))).toBe('NOT_FOUND');
  expect(await codeOf(staff.capture.take({ sessionId, stepId }))).toBe('NOT_FOUND');
});

it('keeps a visit that runs over midnight in the list, and no other of yesterday', async () => {
  const station = await start();
  const staff = await station.signedIn('IM');
  const sessionId = await beginVisit(staff, AMARA);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 86_400_000 });
  const { rows } = await until(await staff.today.watch(), () => true);
  const ofYesterday = rows.filter((row) => Date.parse(row.startsAt) < Date.now() - 43_200_000);
  expect(ofYesterday.map((row) => row.sessionId)).toContain(sessionId);
  expect(ofYesterday.every((row) => row.status === 'CAPTURING')).toBe(true);
});

it('records a search, and each patient whom it has shown', async () => {
  const station = await start();
  const staff = await station.signedIn('IM');
  const auditor = await station.signedIn('AT', 'auditor');
  // The verification itself is the third.
  const before = (await auditor.audit.verify()).entries;
  const rows = await staff.today.find({ text: AMARA });
  expect(new Set(rows.map((row) => row.patient.number))).toEqual(new Set([AMARA]));
  expect(await auditor.audit.verify()).toMatchObject({ ok: true, entries: before + 3 });
});

it('stores a picture that two screens ask for at once one time', async () => {
  const station = await start();
  const one = await station.signedIn('IM', 'one');
  const two = await station.signedIn('IM', 'two');
  const sessionId = await beginVisit(one, AMARA);
  const both = await Promise.all([
    takePicture(one, sessionId, 'body-front'),
    two.capture.take({ sessionId, stepId: 'body-front' }),
  ]);
  expect(both[0].captureId).toBe(both[1].captureId);
  expect(station.bodyCamera.shutterCount()).toBe(1);
});
