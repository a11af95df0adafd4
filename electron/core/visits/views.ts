/** Builds what screens are given from documents. Reads only. */
import type {
  Appointment,
  Capture,
  CaptureView,
  CheckinMatch,
  DayRow,
  DayView,
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
  progressOf,
  sessionIdOf,
  stationIdOf,
  stationIdsOf,
  VantageError,
} from '../../contract/index.ts';
import type { CaptureActivity } from '../capture/capture-activity.ts';
import type { Store } from '../store/index.ts';
import { ageOn, attemptsLeft, currentStepOf, dayOf, isFailedTry, markOf, protocolOf, recordOf } from './steps.ts';

export interface ViewSources {
  readonly store: Store;
  readonly now: () => Date;
  readonly deviceStatuses: () => readonly DeviceStatus[];
  readonly activity: CaptureActivity;
  /** Sessions whose report is being made at this moment. */
  readonly reportsInProgress: ReadonlySet<string>;
  /** Why a session's report could not be made yet. */
  readonly reportProblemOf: (sessionId: string) => Problem | null;
  /** Blobs whose files were not there when the station opened. */
  readonly lostBlobs: ReadonlySet<string>;
}

export async function dayView(sources: ViewSources): Promise<DayView> {
  const { store } = sources;
  const day = dayOf(sources.now());
  const appointments = await store.find('appointments', {
    selector: { day, state: 'booked' },
    sort: [{ startsAt: 'asc' }],
  });
  // A visit that runs over midnight is not over: whoever leads it must still find it.
  const running = await store.find('sessions', { selector: { status: 'CAPTURING' } });
  for (const session of running) {
    const appointment = session.day === day ? null : await store.get('appointments', session.appointmentId);
    if (appointment !== null) appointments.unshift(appointment);
  }
  const rows = await rowsOf(sources, appointments);
  const likeNames = likeNamesOf(rows);
  const waiting = await store.find('sessions', { selector: { status: 'REVIEW' } });
  const statuses = sources.deviceStatuses();
  const rooms = [...new Set(statuses.map((status) => status.room).filter((room) => room !== ''))].toSorted();
  return {
    day,
    rooms: rooms.map((name) => ({
      name,
      deviceIds: statuses.filter((status) => status.room === name).map((status) => status.deviceId),
      sessionId: rows.find((row) => row.status === 'CAPTURING' && roomOfRow(row, statuses) === name)?.sessionId ?? null,
    })),
    rows: rows.map((row) => ({ ...row, likeName: likeNames.has(row.patient.patientId) })),
    reviewsWaiting: waiting.length,
  };
}

/** Visits of any day by the beginning of a name or number, newest first, at most 20. */
export async function findRows(sources: ViewSources, text: string): Promise<DayRow[]> {
  const wanted = text.toLocaleLowerCase('en');
  const patients = await sources.store.find('patients', {});
  const hits = patients.filter((patient) =>
    [patient.familyName, patient.givenName, patient.number, `${patient.givenName} ${patient.familyName}`].some((name) =>
      name.toLocaleLowerCase('en').startsWith(wanted),
    ),
  );
  const rows: DayRow[] = [];
  for (const patient of hits.slice(0, 20)) {
    const appointments = await sources.store.find('appointments', {
      selector: { patientId: patient.id, state: 'booked' },
    });
    rows.push(...(await rowsOf(sources, appointments)));
  }
  return rows.toSorted((a, b) => (a.startsAt < b.startsAt ? 1 : -1)).slice(0, 20);
}

async function rowsOf(sources: ViewSources, appointments: readonly Appointment[]): Promise<DayRow[]> {
  const rows: DayRow[] = [];
  for (const appointment of appointments) {
    const patient = await sources.store.get('patients', appointment.patientId);
    if (patient !== null) rows.push(await rowOf(sources, appointment, patient));
  }
  return rows;
}

async function rowOf(sources: ViewSources, appointment: Appointment, patient: Patient): Promise<DayRow> {
  const { store } = sources;
  const session = await store.get('sessions', sessionIdOf(appointment.id));
  const protocol = protocolOf(session?.protocolId ?? appointment.protocolId);
  const captures = session === null ? [] : await capturesOf(store, session.id);
  const scheduled = { steps: {}, status: 'SCHEDULED' } as const;
  const current = currentStepOf(protocol, session ?? scheduled);
  const [last] = await earlierWeights(store, patient.id, session?.id ?? null);
  return {
    appointmentId: appointment.id,
    sessionId: sessionIdOf(appointment.id),
    startsAt: appointment.startsAt,
    room: appointment.room,
    patient: summaryOf(patient, sources.now()),
    likeName: false,
    protocolId: protocol.id,
    protocolTitle: protocol.title,
    expectedMinutes: expectedMinutesOf(protocol),
    status: session?.status ?? 'SCHEDULED',
    progress: session === null ? 0 : progressOf(progressInputOf(session)),
    steps: protocol.steps.map((step) => ({
      stepId: step.id,
      title: step.title,
      mark: markOf(
        step,
        session ?? scheduled,
        captures.filter((capture) => capture.stepId === step.id),
        current,
      ),
    })),
    checkedInAt: session?.checkedInAt ?? null,
    startedAt: session?.startedAt ?? null,
    pausedAt: session?.pausedAt ?? null,
    endedAt: session?.endedAt ?? null,
    patientRequest: session?.patientRequest ?? null,
    consents: session === null ? null : await consentsOf(store, session),
    note: appointment.note,
    lastWeight: last ?? null,
  };
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
    problems: [sources.reportProblemOf(sessionId)].filter((problem) => problem !== null),
  };
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
      onDisk: isLost ? null : capture.onDiskAt,
      inCloud: null,
      verified: null,
    },
    judgement: capture.judgement,
    kept:
      capture.kept === null
        ? null
        : { reason: capture.kept.reason, byName: staff.get(capture.kept.by) ?? '', at: capture.kept.at },
    problem: isLost
      ? { code: 'BLOB_DAMAGED', detail: 'its file is missing', at: capture.onDiskAt ?? capture.requestedAt }
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

async function consentsOf(store: Store, session: Session): Promise<ConsentLine[] | null> {
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
    initials: `${initial(patient.givenName)}${initial(patient.familyName)}`,
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
  const appointment = session === null ? null : await store.get('appointments', session.appointmentId);
  if (session === null || patient === null) throw new VantageError('NOT_FOUND');
  const protocol = protocolOf(session.protocolId);
  const stations = stationIdsOf(protocol.steps);
  const current = session.status === 'CAPTURING' ? currentStepOf(protocol, session) : null;
  const tries =
    current === null ? [] : (await capturesOf(store, sessionId)).filter((capture) => capture.stepId === current.id);
  const statuses = sources.deviceStatuses();
  const room =
    current === null || current.type === 'typed' ? '' : (deviceFor(statuses, current.deviceKind)?.room ?? '');
  return {
    sessionId,
    givenName: patient.givenName,
    progress: progressOf(progressInputOf(session)),
    state: patientState(session, tries),
    room: room === '' ? (appointment?.room ?? '') : room,
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

function likeNamesOf(rows: readonly DayRow[]): ReadonlySet<string> {
  const byName = new Map<string, Set<string>>();
  for (const { patient } of rows) {
    const key = patient.familyName.toLocaleLowerCase('en');
    byName.set(key, (byName.get(key) ?? new Set()).add(patient.patientId));
  }
  return new Set([...byName.values()].filter((ids) => ids.size > 1).flatMap((ids) => [...ids]));
}

function roomOfRow(row: DayRow, statuses: readonly DeviceStatus[]): string {
  const open = row.steps.find((step) => step.mark === 'now' || step.mark === 'care');
  const step =
    open === undefined ? undefined : protocolOf(row.protocolId).steps.find((candidate) => candidate.id === open.stepId);
  const device = step === undefined || step.type === 'typed' ? null : deviceFor(statuses, step.deviceKind);
  return device?.room ?? row.room;
}

function expectedMinutesOf(protocol: Protocol): number {
  return protocol.steps.reduce((sum, step) => sum + step.expectedMinutes, 0);
}

function initial(name: string): string {
  const [first] = new Intl.Segmenter('en').segment(name);
  return first?.segment.toLocaleUpperCase('en') ?? '';
}
