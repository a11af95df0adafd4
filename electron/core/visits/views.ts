/** Builds what screens are given from documents. Reads only. */
import type {
  Appointment,
  Capture,
  CaptureHere,
  CheckinMatch,
  ConsentLine,
  DayRow,
  DeviceStatus,
  Patient,
  PatientProgress,
  Problem,
  Protocol,
  Session,
  Step,
  VisitView,
} from '../../contract/index.ts';
import {
  VantageError,
  consentLineSchema,
  isClosed,
  progressInputOf,
  progressOf,
  stationIdOf,
  stationIdsOf,
  visitViewOf,
  weightsOf,
} from '../../contract/index.ts';
import type { CaptureActivity } from '../capture/capture-activity.ts';
import type { Store } from '../store/index.ts';
import { currentStepOf, isFailedTry, protocolOf } from './steps.ts';

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
  return visitViewOf(
    {
      session,
      patient,
      appointment,
      captures: await capturesOf(store, sessionId),
      report: session.reportId === null ? null : await store.get('reports', session.reportId),
      consent: session.consentId === null ? null : await store.get('consents', session.consentId),
      sessionsOfPatient: await store.find('sessions', { selector: { patientId: patient.id } }),
      staffNames: new Map((await store.find('staff', {})).map((person) => [person.id, person.name])),
    },
    {
      now: sources.now(),
      captureHere: (capture) => captureHere(sources, capture),
      deviceIdFor: (kind) => deviceFor(sources.deviceStatuses(), kind)?.deviceId ?? null,
      reportInProgress: sources.reportsInProgress.has(sessionId),
      problems: [ledElsewhere(sources, session), sources.reportProblemOf(sessionId)].filter(
        (problem) => problem !== null,
      ),
    },
  );
}

/** Said before anybody tries: nothing here would move the visit on. */
function ledElsewhere({ stationId }: ViewSources, session: Session): Problem | null {
  if (session.leadStationId === stationId || isClosed(session.status)) return null;
  return { code: 'LED_ELSEWHERE', detail: '', at: session.updatedAt };
}

function captureHere(sources: ViewSources, capture: Capture): CaptureHere {
  const isThere = (blobId: string | null): boolean => blobId !== null && !sources.lostBlobs.has(blobId);
  const isLost = capture.blobId !== null && !isThere(capture.blobId);
  return {
    transfer: sources.activity.transferOf(capture.id),
    judging: sources.activity.isJudging(capture.id),
    receipts: {
      onDevice: capture.token === null ? null : capture.takenAt,
      onDisk: isLost || capture.state === 'purged' ? null : capture.onDiskAt,
      ...sources.cloudTimesOf(capture.id),
      purgedAt: capture.purgedAt,
    },
    problem: isLost
      ? { code: 'BLOB_DAMAGED', detail: 'its file is missing or damaged', at: capture.onDiskAt ?? capture.requestedAt }
      : capture.problem,
    hasImage: isThere(capture.blobId),
    hasThumbnail: isThere(capture.thumbnailBlobId),
    hasOverlay: isThere(capture.overlayBlobId),
    deviceName:
      sources.deviceStatuses().find((status) => status.deviceId === capture.deviceId)?.name ??
      capture.device?.model ??
      '',
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
  return weightsOf(await store.find('sessions', { selector: { patientId } }), exceptSessionId);
}

export async function consentsOf(store: Store, session: Session): Promise<ConsentLine[] | null> {
  if (session.consentId === null) return null;
  const consent = await store.get('consents', session.consentId);
  if (consent === null) return null;
  return consentLineSchema.options.filter((line) => consent.decisions[line]);
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
