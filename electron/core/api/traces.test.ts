/** Nobody sees a patient, changes something or overrides a rule without a trace: what each procedure leaves, and that it does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CheckinContract, StaffContract } from '../../contract/index.ts';
import { DEMONSTRATION_PIN, newId } from '../../contract/index.ts';
import { until } from '../../../test/fixtures/client.ts';
import type { TestClinic } from '../../../test/fixtures/clinic.ts';
import { openTestClinic } from '../../../test/fixtures/clinic.ts';
import {
  beginVisit,
  CONSENTS,
  rowOf,
  SIGNATURE,
  stepOf,
  takePicture,
  visitOf,
  weigh,
} from '../../../test/fixtures/visit.ts';

type PathsOf<T> = {
  [K in keyof T & string]: T[K] extends { readonly '~orpc': unknown } ? K : `${K}.${PathsOf<T[K]>}`;
}[keyof T & string];

/** Null: shows no patient, and changes nothing that is kept. A procedure that is not named here does not compile. */
const STAFF: Readonly<Record<PathsOf<StaffContract>, string | null>> = {
  'station.hello': null,
  'station.watch': null,
  'station.checkDisk': null,
  'station.inference': null,
  'enrolment.state': null,
  // Has one where the cloud takes the station in (`test/cloud/enrolment.test.ts`); a demonstration is never enrolled.
  'enrolment.enrol': null,
  'access.people': null,
  'access.unlock': 'access.unlocked',
  'access.lock': 'access.locked',
  'today.watch': 'patient.listed',
  'today.outline': 'day.outline-read',
  'today.find': 'patient.found',
  'today.book': 'appointment.booked',
  'today.checkIn': 'visit.checked-in',
  'today.consent': 'consent.signed',
  'visits.watch': 'patient.read',
  'visits.start': 'visit.started',
  'visits.pause': 'visit.paused',
  'visits.resume': 'visit.resumed',
  'visits.end': 'visit.ended-early',
  'visits.cancel': 'visit.cancelled',
  // Has one where another station led the visit (`lead.test.ts`); here is only one station.
  'visits.takeOver': null,
  'visits.answerRequest': 'visit.request-answered',
  'visits.saveWeight': 'step.measured',
  'visits.enterByHand': 'step.entered-by-hand',
  'visits.skip': 'step.skipped',
  'visits.undo': 'step.undone',
  'visits.finish': 'visit.captured',
  'capture.take': 'capture.requested',
  'capture.cancel': 'capture.given-up',
  'capture.keep': 'capture.kept-despite-checks',
  'capture.retry': 'capture.tried-again',
  // A scale's numbers are nobody's until they are saved.
  'devices.watchReadings': null,
  'devices.weigh': null,
  'devices.zero': 'device.zeroed',
  'devices.reinstate': 'device.reinstated',
  'media.open': 'picture.read',
  'review.queue': 'patient.in-review-list',
  'review.watch': 'patient.read',
  'review.decide': 'report.approved',
  'audit.verify': 'audit.verified',
  // What changes something of these has one (`station-work.test.ts`); none is about a patient.
  'calibration.watch': null,
  'calibration.begin': null,
  'calibration.record': null,
  'calibration.takeBack': null,
  'calibration.finish': null,
  'calibration.giveUp': null,
  'acceptance.watch': null,
  'acceptance.begin': null,
  'acceptance.cancel': null,
  'acceptance.file': null,
  'maintenance.watch': null,
  'maintenance.backUp': 'backup.made',
  'maintenance.checkBackup': 'backup.checked',
  'maintenance.checkPictures': 'vault.checked',
  'maintenance.checkRecords': 'store.checked',
  'maintenance.checkAudit': 'audit.verified',
  'maintenance.copyAudit': 'audit.exported',
  'maintenance.cancel': 'maintenance.cancelled',
  'maintenance.previewRetention': null,
  'maintenance.setRetention': 'retention.policy-set',
  // Each visit that loses its pictures has an entry of its own (`retention.test.ts`); here is no cloud, so there is none.
  'maintenance.runRetention': null,
  // Each finding that is confirmed has one (`anchor.test.ts`); here is none.
  'maintenance.confirmStore': null,
  'maintenance.changeKey': 'store.key-change-begun',
  'maintenance.setRecovery': 'store.recovery-set',
  'sync.watch': null,
  'sync.artefacts': 'patient.in-sync-list',
  'sync.tryNow': 'sync.tried',
  // Both have one where there is a cloud (`sync-router.test.ts`); here is none.
  'sync.resend': null,
  'sync.setBandwidth': null,
  'telemetry.finished': null,
  'outbox.watch': null,
  'outbox.tryNow': 'outbox.tried',
  // Both have one where there is a request to decide about (`outbox-router.test.ts`); here is none.
  'outbox.retry': null,
  'outbox.discard': null,
};

const CHECKIN: Readonly<Record<PathsOf<CheckinContract>, string | null>> = {
  'station.hello': null,
  'station.watch': null,
  'telemetry.finished': null,
  'checkin.find': 'checkin.found',
  'checkin.confirm': 'checkin.confirmed',
  'checkin.consent': 'consent.signed',
  'checkin.progress': 'checkin.progress-read',
  'checkin.ask': 'visit.request',
  'checkin.leave': null,
};

const TEODOR = 'HR-02218';
const RASHID = 'HR-03877';
const JUAN = 'HR-02950';

let station: TestClinic;
beforeAll(async () => {
  station = await openTestClinic({
    fundusCamera: { badFirstTry: true },
    keys: { custody: { kind: 'file' }, change: async () => undefined },
  });
});
afterAll(async () => {
  await station.close();
});

it('every procedure that shows or changes something of a patient leaves its entry, and no name is in any', async () => {
  const ines = await station.signedIn('IM');
  const leila = await station.signedIn('LN', 'clinician');
  const aroha = await station.signedIn('AT', 'operator');
  const quality = { reason: 'as good as it gets' };

  // At the check-in screen.
  const { checkin } = station.checkin();
  const { ticket } = await checkin.find({ by: 'code', code: 'DEMO-0930' });
  const { sessionId } = await checkin.confirm({ ticket });
  await checkin.consent({ ticket, agreed: [...CONSENTS], language: 'en', signature: SIGNATURE });
  await until(await checkin.progress({ ticket }), () => true);
  await checkin.ask({ ticket, request: 'break' });
  await checkin.leave({ ticket });

  // A visit that is measured, undone, paused, ended.
  await ines.visits.answerRequest({ sessionId });
  await ines.visits.start({ sessionId });
  await weigh(ines, sessionId);
  await ines.visits.enterByHand({ sessionId, stepId: 'height', value: 171.5, again: 171.5 });
  await ines.visits.undo({ sessionId, stepId: 'height' });
  await ines.visits.pause({ sessionId });
  await ines.visits.resume({ sessionId });
  const deviceId = stepOf(await visitOf(ines, sessionId), 'weight').deviceId ?? '';
  station.scale.stepOff();
  // Stands still again: a swinging plate is not zeroed.
  await until(await ines.devices.watchReadings({ deviceId }), ({ kg, state }) => kg === 0 && state === 'stable');
  await ines.devices.zero({ deviceId });
  await ines.devices.reinstate({ deviceId });
  await ines.visits.end({ sessionId, reason: 'has to leave' });

  // A visit of pictures, to the approved report.
  const retina = await beginVisit(ines, TEODOR);
  await ines.visits.skip({ sessionId: retina, stepId: 'retina-left', reason: 'cannot keep the eye open' });
  const capture = await takePicture(ines, retina, 'retina-right');
  await ines.capture.retry({ captureId: capture.captureId });
  await ines.capture.cancel({ captureId: capture.captureId });
  await ines.media.open({ of: 'capture', captureId: capture.captureId, part: 'thumbnail' });
  await ines.capture.keep({ captureId: capture.captureId, ...quality });
  await ines.visits.finish({ sessionId: retina });
  const finished = await visitOf(ines, retina, (visit) => visit.status === 'REVIEW');
  await until(await leila.review.queue(), (queue) => queue.length > 0);
  await until(await leila.review.watch({ sessionId: retina }), () => true);
  await leila.review.decide({
    reportId: finished.report?.reportId ?? '',
    reportSha256: finished.report?.sha256 ?? '',
    decision: 'approved',
    reason: null,
    notes: null,
    pin: DEMONSTRATION_PIN,
  });

  // A visit that does not take place; a look at the day; a search; somebody without a booking.
  const booking = { givenName: 'Wanda', familyName: 'Walkerson', birthDate: '1970-02-03', sex: 'unknown' } as const;
  await ines.today.book({ ...booking, appointmentId: newId(), protocolId: 'retina-only' });
  const cancelled = await ines.today.checkIn({ appointmentId: (await rowOf(ines, RASHID)).appointmentId });
  await ines.visits.cancel({ ...cancelled, reason: 'did not wait' });
  expect((await ines.today.find({ text: JUAN })).length).toBeGreaterThan(0);
  await until(await aroha.today.outline(), () => true);
  await ines.access.lock();

  // The station's own things.
  const maintained = async (kind: string): Promise<void> => {
    await until(await aroha.maintenance.watch(), (view) =>
      view.jobs.some((job) => job.kind === kind && job.state === 'done'),
    );
  };
  await aroha.audit.verify();
  await aroha.maintenance.backUp();
  await maintained('backup');
  const { backups } = await until(await aroha.maintenance.watch(), () => true);
  await aroha.maintenance.checkBackup({ name: backups.list[0]?.name ?? '' });
  await maintained('backup-check');
  await aroha.maintenance.checkPictures();
  await maintained('scrub');
  await aroha.maintenance.checkRecords();
  await maintained('page-check');
  await aroha.maintenance.cancel({ kind: 'scrub' });
  await aroha.maintenance.setRetention({ keepDays: 60, keepThumbnails: true });
  await aroha.maintenance.setRecovery({ pin: DEMONSTRATION_PIN, passphrase: 'käse und brot und wein' });
  await aroha.maintenance.changeKey({ pin: DEMONSTRATION_PIN });

  // The way to the cloud, which this station does not have.
  await until(await aroha.sync.artefacts({ filter: 'all', cursor: null }), ({ rows }) => rows.length > 0);
  await aroha.sync.tryNow();
  await until(await aroha.outbox.watch(), ({ line }) => line.state === 'not-configured');
  await aroha.outbox.tryNow();

  await aroha.maintenance.copyAudit({ from: '2020-01-01T00:00:00.000Z', to: '2120-01-01T00:00:00.000Z' });
  await maintained('audit-copy');
  const { audit } = await until(await aroha.maintenance.watch(), () => true);
  const text = readFileSync(join(audit.copies[0]?.folder ?? '', audit.copies[0]?.fileName ?? ''), 'utf8');
  const actions = new Set([...text.matchAll(/"kind":"entry".*?"action":"([^"]+)"/g)].map((match) => match[1]));
  const missing = Object.entries({ ...STAFF, ...CHECKIN }).filter(
    ([, action]) => action !== null && !actions.has(action),
  );
  expect(missing).toEqual([]);
  for (const word of [
    'Exampleton',
    'Samplesson',
    'Amara',
    'Teodor',
    '1988-03-12',
    'has to leave',
    'keep the eye',
    'Modelo',
    'Walkerson',
    '1970-02-03',
  ]) {
    expect(text).not.toContain(word);
  }
}, 120_000);
