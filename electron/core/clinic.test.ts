import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { DEMONSTRATION_PIN } from '../contract/index.ts';
import { problemCodeOf, until } from '../../test/fixtures/client.ts';
import type { TestClinic, TestClinicOptions } from '../../test/fixtures/clinic.ts';
import { openTestClinic } from '../../test/fixtures/clinic.ts';
import {
  beginVisit,
  captureEverything,
  CONSENTS,
  rowOf,
  SIGNATURE,
  stepOf,
  takePicture,
  visitOf,
  weigh,
} from '../../test/fixtures/visit.ts';

const AMARA = 'HR-04127';
const TEODOR = 'HR-02218';

let open: TestClinic | null = null;

async function start(options: TestClinicOptions = {}): Promise<TestClinic> {
  open = await openTestClinic(options);
  return open;
}

afterEach(async () => {
  await open?.close();
  open = null;
});

async function codeOf(call: Promise<unknown>): Promise<string | null> {
  return call.then(
    () => 'no error',
    (error: unknown) => problemCodeOf(error),
  );
}

describe('a visit', () => {
  it('goes from the check-in screen to an approved report', async () => {
    const station = await start({ fundusCamera: { badFirstTry: true } });
    const checkin = station.checkin();
    const { match, ticket } = await checkin.checkin.find({ by: 'code', code: 'demo-0930' });
    expect(match).toMatchObject({ initials: 'AE', birthYear: 1988, alreadyCheckedIn: false });
    const { sessionId, needsConsent } = await checkin.checkin.confirm({ ticket });
    expect(needsConsent).toBe(true);

    const ines = await station.signedIn('IM');
    expect(await codeOf(ines.visits.start({ sessionId }))).toBe('CONSENT_MISSING');
    await checkin.checkin.consent({ ticket, agreed: [...CONSENTS], language: 'en', signature: SIGNATURE });
    await ines.visits.start({ sessionId });
    const running = await until(await checkin.checkin.progress({ ticket }), (progress) => progress.state === 'running');
    expect(running).toMatchObject({ givenName: 'Amara', step: { title: 'Your weight', position: 1 } });

    const visit = await captureEverything(ines, sessionId);
    expect(visit.progress).toBe(90);
    const right = stepOf(visit, 'retina-right');
    expect(right.tries.map((capture) => capture.judgement?.passed)).toEqual([false, true]);
    expect(right.tries[0]?.judgement?.tiles.some((tile) => tile.soft)).toBe(true);
    for (const check of right.tries.flatMap((capture) => capture.judgement?.checks ?? [])) {
      expect(check.provenance).toMatchObject({
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        runtime: expect.stringContaining(' '),
      });
    }

    expect(await codeOf(ines.review.watch({ sessionId }))).toBe('NOT_ALLOWED');
    const leila = await station.signedIn('LN', 'staff-2');
    const review = await until(await leila.review.watch({ sessionId }), () => true);
    expect(review.findings.map((finding) => finding.eye).toSorted()).toEqual(['left', 'right']);
    expect(review.findings[0]?.provenance).toMatchObject({ model: 'retinal-vessels', provider: 'cpu' });
    const decision = {
      reportId: review.report.reportId,
      reportSha256: review.report.sha256,
      decision: 'approved',
      reason: null,
      notes: null,
    } as const;
    expect(
      await codeOf(leila.review.decide({ ...decision, reportSha256: '0'.repeat(64), pin: DEMONSTRATION_PIN })),
    ).toBe('REPORT_CHANGED');
    expect(await codeOf(leila.review.decide({ ...decision, pin: '9999' }))).toBe('PIN_WRONG');
    await leila.review.decide({ ...decision, pin: DEMONSTRATION_PIN });
    expect(await codeOf(leila.review.decide({ ...decision, pin: DEMONSTRATION_PIN }))).toBe('ALREADY_DECIDED');

    const done = await visitOf(leila, sessionId);
    expect(done).toMatchObject({ status: 'COMPLETED', progress: 100 });
    const pdf = await leila.media.open({ of: 'report', reportId: review.report.reportId });
    expect(
      Buffer.from(await station.media(pdf.path, 'staff-2'))
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');
    // A path opens nothing at another screen.
    await expect(station.media(pdf.path, 'staff-1')).rejects.toThrow('no such media');
    const admin = await station.signedIn('AT', 'staff-3');
    expect(await admin.audit.verify({})).toMatchObject({ ok: true });
    expect((await until(await checkin.checkin.progress({ ticket }), () => true)).state).toBe('approved');
  }, 180_000);

  it('goes on after core was stopped and started: sign-in, step and patient screen are as they were', async () => {
    const station = await start();
    const checkin = station.checkin();
    const { ticket } = await checkin.checkin.find({ by: 'name', familyName: 'exampleton', birthDate: '1988-03-12' });
    const { sessionId } = await checkin.checkin.confirm({ ticket });
    await checkin.checkin.consent({ ticket, agreed: [...CONSENTS], language: 'en', signature: SIGNATURE });
    const ines = await station.signedIn('IM');
    await ines.visits.start({ sessionId });
    const kg = await weigh(ines, sessionId);
    await station.restart();
    const again = station.staff();
    expect((await again.station.hello({})).signedIn?.initials).toBe('IM');
    const visit = await visitOf(again, sessionId);
    expect(stepOf(visit, 'weight').quantity).toMatchObject({ value: kg, unit: 'kg', source: 'device' });
    expect(visit.currentStepId).toBe('height');
    expect((await until(await station.checkin().checkin.progress({ ticket }), () => true)).step?.title).toBe(
      'Your height',
    );
  });

  it('can be sent back, taken again and reviewed again, each report with its own hash', async () => {
    const station = await start();
    const ines = await station.signedIn('IM');
    const sessionId = await beginVisit(ines, TEODOR);
    await ines.visits.skip({ sessionId, stepId: 'retina-left', reason: 'Cannot keep the eye open' });
    await ines.visits.skip({ sessionId, stepId: 'retina-right', reason: 'Cannot keep the eye open' });
    await ines.visits.finish({ sessionId });
    const first = await visitOf(ines, sessionId, (visit) => visit.status === 'REVIEW');
    const leila = await station.signedIn('LN', 'staff-2');
    const decision = {
      reportId: first.report?.reportId ?? '',
      reportSha256: first.report?.sha256 ?? '',
      notes: null,
      pin: DEMONSTRATION_PIN,
    } as const;
    expect(await codeOf(leila.review.decide({ ...decision, decision: 'sent-back', reason: null }))).toBe(
      'INPUT_INVALID',
    );
    await leila.review.decide({ ...decision, decision: 'sent-back', reason: 'retake-images' });
    await ines.visits.start({ sessionId });
    await ines.visits.undo({ sessionId, stepId: 'retina-right' });
    const capture = await takePicture(ines, sessionId, 'retina-right');
    await ines.capture.keep({
      captureId: capture.captureId,
      reason: capture.judgement?.passed === true ? null : 'best possible',
    });
    await ines.visits.finish({ sessionId });
    const second = await visitOf(ines, sessionId, (visit) => visit.status === 'REVIEW');
    expect(second.report).toMatchObject({ version: 2 });
    expect(second.report?.sha256).not.toBe(first.report?.sha256);
    expect(await codeOf(leila.review.decide({ ...decision, decision: 'approved', reason: null }))).toBe(
      'ALREADY_DECIDED',
    );
  }, 60_000);
});

describe('rights', () => {
  it('a locked screen learns nothing about anybody', async () => {
    const station = await start();
    const staff = station.staff();
    expect((await staff.access.people()).map((person) => person.initials).toSorted()).toEqual(['AT', 'IM', 'LN', 'TP']);
    expect(await codeOf(staff.today.watch())).toBe('NOT_SIGNED_IN');
  });

  it('each role gets what is its own', async () => {
    const station = await start();
    const tomasz = await station.signedIn('TP');
    const ines = await station.signedIn('IM', 'staff-2');
    const row = await rowOf(ines, AMARA);
    expect(await codeOf(tomasz.today.watch())).toBe('NOT_ALLOWED');
    expect(await codeOf(tomasz.today.checkIn({ appointmentId: row.appointmentId }))).toBe('NOT_ALLOWED');
    expect(await codeOf(tomasz.audit.verify({}))).toBe('NOT_ALLOWED');
    expect(await codeOf(ines.audit.verify({}))).toBe('NOT_ALLOWED');
  });

  it('a lock ends what is running on that screen', async () => {
    const station = await start();
    const ines = await station.signedIn('IM');
    const stream = await ines.today.watch();
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    const next = iterator.next().then(
      () => 'no error',
      (error: unknown) => problemCodeOf(error),
    );
    await ines.access.lock({});
    expect(await next).toBe('NOT_SIGNED_IN');
  });

  it('wrong PINs make the next try wait, also after a restart', async () => {
    const station = await start();
    const staff = station.staff();
    const [person] = await staff.access.people();
    const staffId = person?.staffId ?? '';
    const codes = [];
    for (let index = 0; index < 4; index += 1) codes.push(await codeOf(staff.access.unlock({ staffId, pin: '0000' })));
    expect(codes).toEqual(['PIN_WRONG', 'PIN_WRONG', 'PIN_WAIT', 'PIN_WAIT']);
    await station.restart();
    expect(await codeOf(station.staff().access.unlock({ staffId, pin: DEMONSTRATION_PIN }))).toBe('PIN_WAIT');
  });

  it('a check-in ticket opens one visit on one screen', async () => {
    const station = await start();
    const here = station.checkin('checkin-1');
    const there = station.checkin('checkin-2');
    const { ticket } = await here.checkin.find({ by: 'code', code: 'DEMO-0930' });
    expect(await codeOf(there.checkin.confirm({ ticket }))).toBe('NOT_ALLOWED');
    await here.checkin.leave({ ticket });
    expect(await codeOf(here.checkin.confirm({ ticket }))).toBe('NOT_ALLOWED');
    expect(await codeOf(here.checkin.find({ by: 'name', familyName: 'Exampleton', birthDate: '1988-03-13' }))).toBe(
      'CODE_UNKNOWN',
    );
  });

  it('a code is found as people type it', async () => {
    const station = await start();
    const screen = station.checkin();
    for (const typed of [' demo-0930', 'demo 0930', 'Demo\u20110930', 'demo0930']) {
      expect((await screen.checkin.find({ by: 'code', code: typed })).match.initials).toBe('AE');
    }
    expect(await codeOf(screen.checkin.find({ by: 'code', code: 'demo-09-30' }))).toBe('CODE_UNKNOWN');
  });
});

describe('devices that lie, stall or vanish', () => {
  it('a reading that no scale gave is not saved', async () => {
    const station = await start();
    const ines = await station.signedIn('IM');
    const sessionId = await beginVisit(ines, AMARA);
    const { deviceId } = stepOf(await visitOf(ines, sessionId), 'weight');
    const reading = await ines.devices.weigh({ deviceId: deviceId ?? '' });
    expect(
      await codeOf(
        ines.visits.saveWeight({ sessionId, stepId: 'weight', reading: { ...reading, kg: reading.kg + 5 } }),
      ),
    ).toBe('READING_STALE');
    expect(stepOf(await visitOf(ines, sessionId), 'weight').mark).toBe('now');
    await ines.visits.saveWeight({ sessionId, stepId: 'weight', reading });
    // The same request again (its answer was lost) is not a second measurement.
    await ines.visits.saveWeight({ sessionId, stepId: 'weight', reading });
  });

  it('a camera that vanishes in the middle of a picture is asked for it when it is back; the shutter is released once', async () => {
    const station = await start();
    const ines = await station.signedIn('IM');
    const sessionId = await beginVisit(ines, TEODOR);
    station.fundusCamera.addFault({
      selector: 'GetPartialObject',
      skip: 0,
      count: 1,
      action: 'unplug',
      atByte: 200_000,
    });
    const { captureId } = await ines.capture.take({ sessionId, stepId: 'retina-right' });
    await visitOf(ines, sessionId, (visit) =>
      stepOf(visit, 'retina-right').tries.some((capture) => capture.state === 'uncertain'),
    );
    await station.fundusCamera.plugIn();
    const visit = await visitOf(ines, sessionId, (view) =>
      stepOf(view, 'retina-right').tries.some((capture) => capture.state === 'judged'),
    );
    expect(stepOf(visit, 'retina-right').tries.map((capture) => capture.captureId)).toEqual([captureId]);
    expect(station.fundusCamera.shutterCount()).toBe(1);
  });

  it('a damaged picture is kept as it came, and says so', async () => {
    const images = await mkdtemp(join(tmpdir(), 'vantage-damaged-'));
    const whole = await sharp({ create: { width: 1200, height: 900, channels: 3, background: '#a0623c' } })
      .jpeg()
      .toBuffer();
    writeFileSync(join(images, 'cut.jpg'), whole.subarray(0, Math.floor(whole.length / 2)));
    const station = await start({ fundusCamera: { imagesDirectory: images } });
    const ines = await station.signedIn('IM');
    const sessionId = await beginVisit(ines, TEODOR);
    const capture = await takePicture(ines, sessionId, 'retina-right');
    expect(capture).toMatchObject({ state: 'failed', hasImage: true, problem: { code: 'IMAGE_DAMAGED' } });
    await rm(images, { recursive: true });
  });
});
