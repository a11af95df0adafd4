/**
 * A visit as screens are given it, from its documents. Pure: station and cloud gather the documents each in its own way and show the
 * same visit.
 */
import type { Appointment, Capture, Consent, Patient, Report, Session } from './documents.ts';
import { consentLineSchema } from './documents.ts';
import type { DeviceKind } from './devices.ts';
import type { Problem } from './problems.ts';
import type { Step } from './protocols.ts';
import { progressOf } from './status.ts';
import { ageOn, attemptsLeft, currentStepOf, dayOf, markOf, protocolOf, recordOf } from './steps.ts';
import type { CaptureView, PatientSummary, StepView, VisitView } from './views.ts';

/** The documents of one visit. */
export interface VisitDocuments {
  readonly session: Session;
  readonly patient: Patient;
  readonly appointment: Appointment;
  /** All tries of the visit. */
  readonly captures: readonly Capture[];
  /** The one that the session names. */
  readonly report: Report | null;
  /** The one that the session names. */
  readonly consent: Consent | null;
  /** All of the patient's, this one among them or not. */
  readonly sessionsOfPatient: readonly Session[];
  /** By staff id. */
  readonly staffNames: ReadonlyMap<string, string>;
}

/** What only the place where the view is made knows of a capture. */
export type CaptureHere = Pick<
  CaptureView,
  'transfer' | 'judging' | 'receipts' | 'problem' | 'hasImage' | 'hasThumbnail' | 'hasOverlay' | 'deviceName'
>;

/** What only the place where the view is made knows. */
export interface VisitHere {
  readonly now: Date;
  readonly captureHere: (capture: Capture) => CaptureHere;
  /** The device that a step would use now. */
  readonly deviceIdFor: (kind: DeviceKind) => string | null;
  readonly reportInProgress: boolean;
  readonly problems: readonly Problem[];
}

/** How many earlier weights a view has. */
const WEIGHTS_SHOWN = 6;

/** @throws VantageError NOT_FOUND for a protocol that this version doesn't have */
export function visitViewOf(documents: VisitDocuments, here: VisitHere): VisitView {
  const { session, patient, appointment, report, consent, sessionsOfPatient, staffNames } = documents;
  const protocol = protocolOf(session.protocolId);
  const captures = documents.captures.toSorted((a, b) => a.attempt - b.attempt);
  const current = currentStepOf(protocol, session);
  return {
    sessionId: session.id,
    appointmentId: session.appointmentId,
    status: session.status,
    progress: progressOf(progressInputOf(session)),
    patient: patientSummaryOf(patient, here.now),
    protocol,
    steps: protocol.steps.map((step) =>
      stepViewOf(
        session,
        step,
        captures.filter((capture) => capture.stepId === step.id),
        current,
        staffNames,
        here,
      ),
    ),
    currentStepId: session.status === 'CAPTURING' ? (current?.id ?? null) : null,
    room: appointment.room,
    checkedInAt: session.checkedInAt,
    startedAt: session.startedAt,
    pausedAt: session.pausedAt,
    endedAt: session.endedAt,
    endedReason: session.endedReason,
    patientRequest: session.patientRequest,
    consents: consent === null ? null : consentLineSchema.options.filter((line) => consent.decisions[line]),
    earlierWeights: weightsOf(sessionsOfPatient, session.id).slice(0, WEIGHTS_SHOWN).toReversed(),
    report: report === null ? null : reportSummaryOf(report),
    reportInProgress: here.reportInProgress,
    problems: [...here.problems],
  };
}

function stepViewOf(
  session: Session,
  step: Step,
  tries: readonly Capture[],
  current: Step | null,
  staffNames: ReadonlyMap<string, string>,
  here: VisitHere,
): StepView {
  const record = recordOf(session, step.id);
  return {
    stepId: step.id,
    mark: markOf(step, session, tries, current),
    quantity: record.quantity,
    tries: tries.map((capture) => captureViewOf(capture, staffNames, here)),
    captureId: record.captureId,
    attemptsLeft: attemptsLeft(step, tries),
    skippedReason: record.skippedReason,
    deviceId: step.type === 'typed' ? null : here.deviceIdFor(step.deviceKind),
    undoable: record.state !== 'todo' && session.status === 'CAPTURING' && session.pausedAt === null,
  };
}

function captureViewOf(capture: Capture, staffNames: ReadonlyMap<string, string>, here: VisitHere): CaptureView {
  return {
    captureId: capture.id,
    stepId: capture.stepId,
    attempt: capture.attempt,
    state: capture.state,
    requestedAt: capture.requestedAt,
    takenAt: capture.takenAt,
    judgement: capture.judgement,
    kept:
      capture.kept === null
        ? null
        : { reason: capture.kept.reason, byName: staffNames.get(capture.kept.by) ?? '', at: capture.kept.at },
    simulated: capture.simulated,
    sha256: capture.sha256,
    ...here.captureHere(capture),
  };
}

/** The patient's weights of other visits, newest first. */
export function weightsOf(
  sessions: readonly Session[],
  exceptSessionId: string | null,
): VisitView['earlierWeights'][number][] {
  return sessions
    .filter((session) => session.id !== exceptSessionId)
    .flatMap((session) => {
      const quantity = session.steps['weight']?.quantity;
      return quantity === undefined || quantity === null ? [] : [{ quantity, day: session.day }];
    })
    .toSorted((a, b) => (a.day < b.day ? 1 : -1));
}

export function patientSummaryOf(patient: Patient, now: Date): PatientSummary {
  return {
    patientId: patient.id,
    number: patient.number,
    givenName: patient.givenName,
    familyName: patient.familyName,
    birthDate: patient.birthDate,
    age: ageOn(patient.birthDate, dayOf(now)),
    allergies: patient.allergies,
    accessNeeds: patient.accessNeeds,
    language: patient.language,
  };
}

export function reportSummaryOf(report: Report): NonNullable<VisitView['report']> {
  return {
    reportId: report.id,
    version: report.version,
    sha256: report.sha256,
    madeAt: report.madeAt,
    pages: report.pages,
    review: report.review,
  };
}

export function progressInputOf(session: Session): Parameters<typeof progressOf>[0] {
  const { cloud } = session;
  return {
    status: session.status,
    capturedAt: session.capturedAt,
    reportId: session.reportId,
    endsLocally: session.endsLocally,
    cloud:
      cloud === null
        ? null
        : {
            syncedAt: text(cloud['syncedAt']),
            fusionStartedAt: text(cloud['fusionStartedAt']),
            fusionDoneAt: text(cloud['fusionDoneAt']),
            publishedAt: text(cloud['publishedAt']),
          },
  };
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
