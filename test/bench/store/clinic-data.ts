/**
 * Visits of an invented clinic, each from its own number and the seed: whoever asks for visit 17 gets the same one. Shaped like
 * what the product writes: ten captures a visit with tiles, checks and provenance, a signed consent, a report where it got so far.
 */
import { createHash } from 'node:crypto';
import { captureIdOf, derivedId, sessionIdOf } from '../../../electron/contract/index.ts';
import type { Draft } from '../../../electron/core/store/index.ts';
import { Random } from '../../fixtures/random.ts';

export const SEED = 20_261_121;
/** The clinic's last day, on which visits are in every state. */
export const TODAY = new Date(2026, 10, 20, 15, 0);
export const CAPTURES_PER_VISIT = 10;
const VISITS_PER_DAY = 40;
const VISITS_PER_PATIENT = 4;
const DAY_MS = 86_400_000;

const COMMON = {
  tenantId: derivedId('bench', 'tenant'),
  locationId: derivedId('bench', 'location'),
  authorId: derivedId('bench', 'author'),
};
export const STATION_ID = derivedId('bench', 'station');

export interface Visit {
  /** null where an earlier visit brought the patient. */
  readonly patient: Draft<'patients'> | null;
  readonly appointment: Draft<'appointments'>;
  readonly consent: Draft<'consents'>;
  readonly session: Draft<'sessions'>;
  readonly captures: readonly Draft<'captures'>[];
  readonly report: Draft<'reports'> | null;
}

export function sessionId(index: number): string {
  return sessionIdOf(derivedId('bench', 'appointment', index));
}

/** @param capture from 0 to `CAPTURES_PER_VISIT` - 1 */
export function captureId(index: number, capture: number): string {
  const { stepId, attempt } = tryOf(capture);
  return captureIdOf(sessionId(index), stepId, attempt);
}

/** @param visits how many there are: the last of them are today's. */
export function visitOf(index: number, visits: number): Visit {
  const random = new Random(SEED + index * 7919);
  const daysAgo = Math.floor((visits - 1 - index) / VISITS_PER_DAY);
  const begins = new Date(TODAY.getTime() - daysAgo * DAY_MS);
  begins.setHours(8, (index % VISITS_PER_DAY) * 12, 0, 0);
  const at = (minutes: number): string => new Date(begins.getTime() + minutes * 60_000).toISOString();
  const patients = Math.max(1, Math.floor(visits / VISITS_PER_PATIENT));
  const patientId = derivedId('bench', 'patient', index % patients);
  const appointmentId = derivedId('bench', 'appointment', index);
  const id = sessionId(index);
  const consentId = derivedId('bench', 'consent', index);
  const day = dayText(begins);
  const status = statusOf(daysAgo, random);
  const report = hasReport(status) ? reportOf(index, id, patientId, random, at(40)) : null;
  return {
    patient: index < patients ? patientOf(index, patientId, random) : null,
    appointment: {
      ...COMMON,
      id: appointmentId,
      patientId,
      startsAt: at(0),
      day,
      protocolId: 'wellness-imaging-short',
      room: `Room ${1 + (index % 2)}`,
      note: '',
      codeHash: sha256Of(random),
      state: 'booked',
    },
    consent: consentOf(consentId, id, patientId, random, at(2)),
    session: {
      ...COMMON,
      id,
      appointmentId,
      patientId,
      protocolId: 'wellness-imaging-short',
      protocolVersion: '1.0',
      day,
      status,
      leadStationId: STATION_ID,
      checkedInAt: at(2),
      startedAt: at(4),
      pausedAt: null,
      capturedAt: status === 'CAPTURING' ? null : at(30),
      endedAt: status === 'COMPLETED' ? at(60) : null,
      endedReason: null,
      consentId,
      steps: stepsOf(index, random, at),
      reportId: report?.id ?? null,
      endsLocally: true,
      patientRequest: null,
      cloud: null,
    },
    captures: Array.from({ length: CAPTURES_PER_VISIT }, (_, capture) =>
      captureOf(index, capture, { sessionId: id, patientId, random, at }),
    ),
    report,
  };
}

function dayText(date: Date): string {
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');
}

function statusOf(daysAgo: number, random: Random): 'CAPTURING' | 'ANALYSING' | 'REVIEW' | 'COMPLETED' | 'CANCELLED' {
  const share = random.next();
  if (daysAgo === 0) {
    return share < 0.05 ? 'CAPTURING' : share < 0.1 ? 'ANALYSING' : share < 0.35 ? 'REVIEW' : 'COMPLETED';
  }
  if (daysAgo === 1 && share < 0.2) return 'REVIEW';
  return share < 0.97 ? 'COMPLETED' : 'CANCELLED';
}

function hasReport(status: string): boolean {
  return status === 'REVIEW' || status === 'COMPLETED';
}

function patientOf(index: number, id: string, random: Random): Draft<'patients'> {
  return {
    ...COMMON,
    id,
    number: `HR-${String(index).padStart(6, '0')}`,
    givenName: `Given ${random.between(1, 999)}`,
    familyName: `Family ${random.between(1, 9999)}`,
    birthDate: `${random.between(1930, 2008)}-0${random.between(1, 9)}-1${random.between(0, 9)}`,
    sex: random.pick(['female', 'male', 'unknown']),
    language: 'en',
    allergies: random.next() < 0.2 ? ['Latex allergy'] : [],
    accessNeeds: [],
  };
}

function consentOf(id: string, session: string, patientId: string, random: Random, at: string): Draft<'consents'> {
  const stroke = (from: number): [number, number, number][] =>
    Array.from({ length: 40 }, (_, point) => [
      Number(random.next().toFixed(4)),
      Number(random.next().toFixed(4)),
      from + point * 16,
    ]);
  return {
    ...COMMON,
    id,
    patientId,
    sessionId: session,
    decisions: { measurements: true, 'care-team': true, research: random.next() < 0.6 },
    textVersion: '2026-11',
    language: 'en',
    signature: { strokes: [stroke(0), stroke(900), stroke(1800)], typedName: null },
    surface: 'checkin',
    signedAt: at,
  };
}

const PICTURES = ['body-front', 'body-back', 'body-left', 'body-right', 'retina-right', 'retina-left'] as const;

/** The six pictures, four of which were taken again. */
function tryOf(capture: number): { readonly stepId: (typeof PICTURES)[number]; readonly attempt: number } {
  const stepId = PICTURES[capture % PICTURES.length] ?? 'body-front';
  return { stepId, attempt: 1 + Math.floor(capture / PICTURES.length) };
}

function stepsOf(index: number, random: Random, at: (minutes: number) => string): Draft<'sessions'>['steps'] {
  const done = { state: 'done' as const, skippedReason: null, doneBy: COMMON.authorId };
  const quantity = { calibrationId: null, at: at(5) };
  const deviceId = derivedId('bench', 'device', 'scale');
  const value = Number((50 + random.next() * 60).toFixed(2));
  return {
    weight: {
      ...done,
      captureId: null,
      attempts: 0,
      doneAt: at(5),
      quantity: { ...quantity, value, unit: 'kg', error: 0.1, source: 'device', deviceId, raw: `S S ${value} kg` },
    },
    height: {
      ...done,
      captureId: null,
      attempts: 0,
      doneAt: at(6),
      quantity: {
        ...quantity,
        value: random.between(150, 200),
        unit: 'cm',
        error: 0.2,
        source: 'by-hand',
        deviceId: null,
        raw: '',
      },
    },
    ...Object.fromEntries(
      PICTURES.map((stepId, position) => {
        const capture = position + PICTURES.length < CAPTURES_PER_VISIT ? position + PICTURES.length : position;
        const { attempt } = tryOf(capture);
        const step = {
          quantity: null,
          captureId: captureId(index, capture),
          attempts: attempt,
          doneAt: at(8 + position),
        };
        return [stepId, { ...done, ...step }];
      }),
    ),
  };
}

function captureOf(
  index: number,
  capture: number,
  visit: { sessionId: string; patientId: string; random: Random; at: (minutes: number) => string },
): Draft<'captures'> {
  const { random, at } = visit;
  const { stepId, attempt } = tryOf(capture);
  const retina = stepId.startsWith('retina');
  const sha256 = sha256Of(random);
  const minute = 8 + capture * 2;
  return {
    ...COMMON,
    id: captureId(index, capture),
    sessionId: visit.sessionId,
    patientId: visit.patientId,
    stepId,
    attempt,
    state: 'judged',
    settings: { subject: stepId },
    deviceId: derivedId('bench', 'device', retina ? 'fundus' : 'body'),
    device: {
      manufacturer: 'Canon',
      model: 'EOS R5',
      serial: `0${random.between(10_000_000, 99_999_999)}`,
      firmware: '1.8.2',
    },
    fieldAngleDegrees: retina ? 45 : null,
    calibrationId: null,
    simulated: false,
    requestedAt: at(minute),
    tokenBefore: String(0x9190_0000 + random.between(0, 65_535)),
    triggered: true,
    token: String(0x9190_0000 + random.between(0, 65_535)),
    takenAt: at(minute),
    deviceTakenAt: at(minute),
    deviceSettings: { iso: '200', aperture: 'f/8', shutter: '1/125', focalLength: '50 mm', whiteBalance: 'flash' },
    blobId: derivedId('bench', 'blob', sha256),
    sha256,
    size: random.between(8_000_000, 24_000_000),
    mediaType: 'image/jpeg',
    onDiskAt: at(minute),
    releasedAt: at(minute + 1),
    judgement: judgementOf(retina, sha256, random),
    judgedAt: at(minute + 1),
    thumbnailBlobId: derivedId('bench', 'thumbnail', sha256),
    overlayBlobId: retina ? derivedId('bench', 'overlay', sha256) : null,
    kept: null,
    problem: null,
  };
}

type Judgement = NonNullable<Draft<'captures'>['judgement']>;

function judgementOf(retina: boolean, sha256: string, random: Random): Judgement {
  const provenance = (model: string, runtime: string): Judgement['checks'][number]['provenance'] => ({
    model,
    version: '1.0.0',
    sha256: sha256Of(random),
    provider: 'cpu',
    runtime,
    durationMs: random.next() * 80,
  });
  const check = (id: 'focus' | 'exposure' | 'framing' | 'even-light'): Judgement['checks'][number] => ({
    id,
    passed: true,
    value: random.next() * 9,
    limit: 4.9,
    direction: 'at-least',
    unit: 'ratio',
    reason: null,
    provenance: provenance(`${id}-measure`, 'sharp 0.35.5'),
  });
  const [columns, rows] = retina ? [6, 6] : [4, 11];
  const blob = { sha256: sha256Of(random), mediaType: 'image/webp', width: 512, height: 384, size: 31_204 };
  return {
    sha256,
    passed: true,
    width: retina ? 3300 : 8192,
    height: retina ? 2520 : 5464,
    checks: (retina
      ? (['focus', 'exposure', 'framing', 'even-light'] as const)
      : (['framing', 'focus', 'exposure'] as const)
    ).map(check),
    tiles: Array.from({ length: columns * rows }, (_, tile) => ({
      x: (tile % columns) / columns,
      y: Math.floor(tile / columns) / rows,
      width: 1 / columns,
      height: 1 / rows,
      focus: random.next() < 0.2 ? null : 5 + random.next() * 6,
      soft: false,
    })),
    field: retina ? { x: 0.5, y: 0.5, radius: 0.38 + random.next() * 0.01 } : null,
    findings: retina
      ? [
          {
            kind: 'retinal-vessels',
            values: (['whole', 'upper-temporal', 'upper-nasal', 'lower-temporal', 'lower-nasal'] as const).map(
              (region) => ({
                measure: 'vessel-area',
                region,
                value: 5 + random.next() * 6,
                standardError: random.next(),
                unit: 'percent',
              }),
            ),
            provenance: provenance('retinal-vessels', 'onnxruntime 1.30.0'),
          },
        ]
      : [],
    findingsMissing: null,
    thumbnail: blob,
    overlay: retina ? { ...blob, sha256: sha256Of(random) } : null,
    durationMs: random.next() * 900,
  };
}

function reportOf(index: number, session: string, patientId: string, random: Random, at: string): Draft<'reports'> {
  return {
    ...COMMON,
    id: derivedId('bench', 'report', index),
    sessionId: session,
    patientId,
    version: 1,
    blobId: derivedId('bench', 'report-blob', index),
    sha256: sha256Of(random),
    size: random.between(80_000, 400_000),
    pages: random.between(3, 8),
    madeAt: at,
    review: null,
  };
}

function sha256Of(random: Random): string {
  return createHash('sha256').update(String(random.next())).digest('hex');
}
