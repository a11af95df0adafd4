/** The day as lists: with names for those who lead visits, without for everybody else. Reads only. */
import type {
  Appointment,
  DayOutline,
  DayRow,
  DayView,
  DeviceStatus,
  OutlineRow,
  Patient,
  StationStatus,
} from '../../contract/index.ts';
import { isClosed, patientSummaryOf, progressInputOf, progressOf, sessionIdOf } from '../../contract/index.ts';
import { currentStepOf, dayOf, markOf, protocolOf } from './steps.ts';
import type { ViewSources } from './views.ts';
import { capturesOf, consentsOf, deviceFor, earlierWeights, expectedMinutesOf, initialsOf, roomNow } from './views.ts';

export async function dayView(sources: ViewSources): Promise<DayView> {
  const { store } = sources;
  const day = dayOf(sources.now());
  const appointments = await store.find('appointments', {
    selector: { day, state: 'booked' },
    sort: [{ startsAt: 'asc' }],
  });
  // A visit that runs over midnight, or was sent back on a later day, is not over: whoever leads it must still find it.
  const running = await store.find('sessions', { selector: { status: { $in: ['CAPTURING', 'REQUIRES_REVIEW'] } } });
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

/** The same day without the people in it. */
export async function dayOutline(sources: ViewSources): Promise<DayOutline> {
  const { day, rooms, rows } = await dayView(sources);
  return { day, rooms, rows: rows.map((row) => outlineOf(row)) };
}

/** Named one by one: what is added to a row later stays out until somebody decides otherwise. */
function outlineOf(row: DayRow): OutlineRow {
  return {
    sessionId: row.sessionId,
    startsAt: row.startsAt,
    room: row.room,
    protocolId: row.protocolId,
    protocolTitle: row.protocolTitle,
    expectedMinutes: row.expectedMinutes,
    status: row.status,
    progress: row.progress,
    steps: row.steps,
    checkedInAt: row.checkedInAt,
    startedAt: row.startedAt,
    pausedAt: row.pausedAt,
    endedAt: row.endedAt,
    patientRequest: row.patientRequest,
    initials: initialsOf(row.patient),
  };
}

/** Where somebody asks for help at this moment: a place, nothing about the person. */
export async function helpCalls(sources: ViewSources): Promise<StationStatus['helpCalls']> {
  const { store } = sources;
  const today = dayOf(sources.now());
  // By status and by day, which have indexes: this is asked with every look at the station.
  const inRooms = await store.find('sessions', { selector: { status: 'CAPTURING', patientRequest: 'help' } });
  const ofToday = await store.find('sessions', { selector: { day: today, patientRequest: 'help' } });
  const calls: StationStatus['helpCalls'] = [];
  for (const session of inRooms) {
    const current = currentStepOf(protocolOf(session.protocolId), session);
    calls.push({ place: 'room', room: await roomNow(sources, session, current) });
  }
  for (const { status } of ofToday) {
    if (status !== 'CAPTURING' && !isClosed(status)) calls.push({ place: 'check-in', room: '' });
  }
  return calls;
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
    patient: patientSummaryOf(patient, sources.now()),
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
