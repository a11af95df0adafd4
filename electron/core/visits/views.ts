/** Builds what screens are given from documents. Reads only. */
import type {
  Appointment,
  Capture,
  CaptureView,
  CheckinMatch,
  DayRow,
  DeviceStatus,
  Patient,
  PatientProgress,
  PatientSummary,
  ConsentLine,
  Problem,
  Protocol,
  Report,
  Session,
  Step,
  StepView,
  VisitView,
} from '../../contract/index.ts';
import {
  consentLineSchema,
  isClosed,
  progressOf,
  stationIdOf,
  stationIdsOf,
  VantageError,
} from '../../contract/index.ts';
import type { CaptureActivity } from '../capture/capture-activity.ts';
import type { Store } from '../store/index.ts';
import { ageOn, attemptsLeft, currentStepOf, dayOf, isFailedTry, markOf, protocolOf, recordOf } from './steps.ts';

export interface ViewSources {
  readonly store: Store;
  /** This station's. */
  readonly stationId: string;
  readonly now: () => Date;
  readonly deviceStatuses: () => readonly DeviceStatus[];
  readonly activity: CaptureActivity;
  /** Sessions whose report is being made at this moment. */
  readonly reportsInProgress: ReadonlySet<string>;
  /** Why a session's report could not be made yet. */
  readonly reportProblemOf: (sessionId: string) => Problem | null;
  /** When the cloud took a capture's picture, and found its copy to be the same. */
  readonly cloudTimesOf: (captureId: string) => { readonly inCloud: string | null; readonly verified: string | null };
  /** Blobs that are known to be missing or damaged. */
  readonly lostBlobs: Pick<ReadonlySet<string>, 'has'>;
}

/** @throws VantageError NOT_FOUND. */
export async function visitView(sources: ViewSources, sessionId: string): Promise<VisitView> {
  const { store } = sources;
  const session = await store.get('sessions', sessionId);
  if (session === null) throw new VantageError('NOT_FOUND', 'session');
  const patient = await store.get('patients', session.patientId);
  const appointment = await store.get('appointments', session.appointmentId);
  if (patient === null || appointment === null) throw new VantageError('NOT_FOUND', 'patient or appointment');
  const protocol = protocolOf(session.protocolId);
  const captures = await capturesOf(store, sessionId);
  const current = currentStepOf(protocol, session);
  const report = session.reportId === null ? null : await store.get('reports', session.reportId);
  const staff = new Map((await store.find('staff', {})).map((person) => [person.id, person.name]));
  return {
    sessionId,
    appointmentId: session.appointmentId,
    status: session.status,
    progress: progressOf(progressInputOf(session)),
    patient: summaryOf(patient, sources.now()),
    protocol,
    steps: protocol.steps.map((step) =>
      stepView(
        sources,
        session,
        step,
        captures.filter((capture) => capture.stepId === step.id),
        current,
        staff,
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
    consents: await consentsOf(store, session),
    earlierWeights: (await earlierWeights(store, patient.id, sessionId)).slice(0, 6).toReversed(),
    report: report === null ? null : reportSummaryOf(report),
    reportInProgress: sources.reportsInProgress.has(sessionId),
    problems: [ledElsewhere(sources, session), sources.reportProblemOf(sessionId)].filter(
      (problem) => problem !== null,
    ),
  };
}

/** Said before anybody tries: nothing here would move the visit on. */
function ledElsewhere({ stationId }: ViewSources, session: Session): Problem | null {
  if (session.leadStationId === stationId || isClosed(session.status)) return null;
  return { code: 'LED_ELSEWHERE', detail: '', at: session.updatedAt };
}

function stepView(
  sources: ViewSources,
  session: Session,
  step: Step,
  tries: readonly Capture[],
  current: Step | null,
  staff: ReadonlyMap<string, string>,
): StepView {
  const record = recordOf(session, step.id);
  return {
    stepId: step.id,
    mark: markOf(step, session, tries, current),
    quantity: record.quantity,
    tries: tries.map((capture) => captureView(sources, capture, staff)),
    captureId: record.captureId,
    attemptsLeft: attemptsLeft(step, tries),
    skippedReason: record.skippedReason,
    deviceId: step.type === 'typed' ? null : (deviceFor(sources.deviceStatuses(), step.deviceKind)?.deviceId ?? null),
    undoable: record.state !== 'todo' && session.status === 'CAPTURING' && session.pausedAt === null,
  };
}

function captureView(sources: ViewSources, capture: Capture, staff: ReadonlyMap<string, string>): CaptureView {
  const isThere = (blobId: string | null): boolean => blobId !== null && !sources.lostBlobs.has(blobId);
  const isLost = capture.blobId !== null && !isThere(capture.blobId);
  return {
    captureId: capture.id,
    stepId: capture.stepId,
    attempt: capture.attempt,
    state: capture.state,
    requestedAt: capture.requestedAt,
    takenAt: capture.takenAt,
    transfer: sources.activity.transferOf(capture.id),
    judging: sources.activity.isJudging(capture.id),
    receipts: {
      onDevice: capture.token === null ? null : capture.takenAt,
      onDisk: isLost || capture.state === 'purged' ? null : capture.onDiskAt,
      ...sources.cloudTimesOf(capture.id),
      purgedAt: capture.purgedAt,
    },
    judgement: capture.judgement,
    kept:
      capture.kept === null
        ? null
        : { reason: capture.kept.reason, byName: staff.get(capture.kept.by) ?? '', at: capture.kept.at },
    problem: isLost
      ? { code: 'BLOB_DAMAGED', detail: 'its file is missing or damaged', at: capture.onDiskAt ?? capture.requestedAt }
      : capture.problem,
    hasImage: isThere(capture.blobId),
    hasThumbnail: isThere(capture.thumbnailBlobId),
    hasOverlay: isThere(capture.overlayBlobId),
    simulated: capture.simulated,
    deviceName:
      sources.deviceStatuses().find((status) => status.deviceId === capture.deviceId)?.name ??
      capture.device?.model ??
      '',
    sha256: capture.sha256,
  };
}

/** The device a step would use: a ready one first, else the first of its kind. */
export function deviceFor(statuses: readonly DeviceStatus[], kind: DeviceStatus['kind']): DeviceStatus | null {
  const ofKind = statuses.filter((status) => status.kind === kind);
  return ofKind.find((status) => status.state === 'ready' || status.state === 'busy') ?? ofKind[0] ?? null;
}

export async function capturesOf(store: Store, sessionId: string): Promise<Capture[]> {
  const captures = await store.find('captures', { selector: { sessionId } });
  return captures.toSorted((a, b) => a.attempt - b.attempt);
}

/** The patient's weights of other visits, newest first. */
export async function earlierWeights(
  store: Store,
  patientId: string,
  exceptSessionId: string | null,
): Promise<NonNullable<DayRow['lastWeight']>[]> {
  const sessions = await store.find('sessions', { selector: { patientId } });
  return sessions
    .filter((session) => session.id !== exceptSessionId)
    .flatMap((session) => {
      const quantity = session.steps['weight']?.quantity;
      return quantity === undefined || quantity === null ? [] : [{ quantity, day: session.day }];
    })
    .toSorted((a, b) => (a.day < b.day ? 1 : -1));
}

export async function consentsOf(store: Store, session: Session): Promise<ConsentLine[] | null> {
  if (session.consentId === null) return null;
  const consent = await store.get('consents', session.consentId);
  if (consent === null) return null;
  return consentLineSchema.options.filter((line) => consent.decisions[line]);
}

export function summaryOf(patient: Patient, now: Date): PatientSummary {
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
  return {
    status: session.status,
    capturedAt: session.capturedAt,
    reportId: session.reportId,
    endsLocally: session.endsLocally,
    cloud:
      session.cloud === null
        ? null
        : {
            syncedAt: text(session.cloud['syncedAt']),
            fusionStartedAt: text(session.cloud['fusionStartedAt']),
            fusionDoneAt: text(session.cloud['fusionDoneAt']),
            publishedAt: text(session.cloud['publishedAt']),
          },
  };
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** What a check-in screen may know before "this is me". */
export function checkinMatchOf(appointment: Appointment, patient: Patient, session: Session | null): CheckinMatch {
  const protocol = protocolOf(appointment.protocolId);
  return {
    appointmentId: appointment.id,
    initials: initialsOf(patient),
    birthYear: Number(patient.birthDate.slice(0, 4)),
    startsAt: appointment.startsAt,
    protocolTitle: protocol.title,
    expectedMinutes: expectedMinutesOf(protocol),
    stepCount: stationIdsOf(protocol.steps).length,
    alreadyCheckedIn: session !== null && session.status !== 'SCHEDULED',
  };
}

/** The patient's own progress: no numbers of theirs, no findings. */
export async function patientProgress(sources: ViewSources, sessionId: string): Promise<PatientProgress> {
  const { store } = sources;
  const session = await store.get('sessions', sessionId);
  const patient = session === null ? null : await store.get('patients', session.patientId);
  if (session === null || patient === null) throw new VantageError('NOT_FOUND');
  const protocol = protocolOf(session.protocolId);
  const stations = stationIdsOf(protocol.steps);
  const current = session.status === 'CAPTURING' ? currentStepOf(protocol, session) : null;
  const tries =
    current === null ? [] : (await capturesOf(store, sessionId)).filter((capture) => capture.stepId === current.id);
  return {
    sessionId,
    givenName: patient.givenName,
    progress: progressOf(progressInputOf(session)),
    state: patientState(session, tries),
    room: await roomNow(sources, session, current),
    step:
      current === null
        ? null
        : {
            stepId: current.id,
            picture: current.picture,
            ...current.patient,
            position: stations.indexOf(stationIdOf(current)) + 1,
            total: stations.length,
          },
    at: sources.now().toISOString(),
  };
}

/** The room of the device that a visit's step needs, else the appointment's; '' where neither is known. */
export async function roomNow(sources: ViewSources, session: Session, current: Step | null): Promise<string> {
  const device =
    current === null || current.type === 'typed' ? null : deviceFor(sources.deviceStatuses(), current.deviceKind);
  if (device !== null && device.room !== '') return device.room;
  return (await sources.store.get('appointments', session.appointmentId))?.room ?? '';
}

function patientState(session: Session, tries: readonly Capture[]): PatientProgress['state'] {
  if (session.status === 'CANCELLED' || session.status === 'FAILED') return 'stopped';
  if (session.status === 'COMPLETED') return 'approved';
  if (session.status === 'SCHEDULED' || session.status === 'CHECKED_IN') {
    return session.patientRequest === 'help' ? 'help-coming' : 'waiting';
  }
  if (session.status !== 'CAPTURING') return 'finished-here';
  if (session.patientRequest === 'help') return 'help-coming';
  if (session.pausedAt !== null || session.patientRequest === 'break') return 'break';
  return tries.some(isFailedTry) ? 'repeating' : 'running';
}

export function expectedMinutesOf(protocol: Protocol): number {
  return protocol.steps.reduce((sum, step) => sum + step.expectedMinutes, 0);
}

/** The first letter of each of the two names. */
export function initialsOf({ givenName, familyName }: Pick<Patient, 'givenName' | 'familyName'>): string {
  return `${initial(givenName)}${initial(familyName)}`;
}

function initial(name: string): string {
  const [first] = new Intl.Segmenter('en').segment(name);
  return first?.segment.toLocaleUpperCase('en') ?? '';
}
