/** A patient's own visits, and their published reports. What they may see the policies say; here stands what of it is shown. */
import type { Session, Timeline } from '../../../electron/contract/index.ts';
import { VantageError, timelineVisitOf } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import type { PersonCaller } from '../access/callers.ts';
import { recordAccess } from './access-entries.ts';
import type { OpenedMedia } from './media.ts';
import { openFile } from './media.ts';
import { documentById, documentsById, sessionsOfPatient } from './read-documents.ts';

export interface OwnVisits {
  readonly timeline: Timeline;
  /** What the timeline was made of. */
  readonly sessions: readonly Session[];
}

/** The newest first. @throws VantageError NOT_ALLOWED for somebody who is no patient */
export async function ownVisits(tx: Scoped, caller: PersonCaller): Promise<OwnVisits> {
  const { patientId } = caller;
  if (patientId === undefined) throw new VantageError('NOT_ALLOWED');
  const patient = await documentById(tx, 'patients', patientId);
  const sessions = await sessionsOfPatient(tx, patientId);
  const appointments = await documentsById(
    tx,
    'appointments',
    sessions.map(({ appointmentId }) => appointmentId),
  );
  const places = new Map(
    (await tx.selectFrom('locations').select(['id', 'name']).execute()).map(({ id, name }) => [id, name]),
  );
  const published = new Set(
    (await tx.selectFrom('published_reports').select('session_id').execute()).map((row) => row.session_id),
  );
  const startOf = (session: Session): string => appointments.get(session.appointmentId)?.startsAt ?? session.day;
  const sorted = sessions.toSorted((a, b) => (startOf(a) < startOf(b) ? 1 : -1));
  return {
    sessions: sorted,
    timeline: {
      givenName: patient?.givenName ?? '',
      visits: sorted.map((session) =>
        timelineVisitOf(session, places.get(session.locationId) ?? '', published.has(session.id)),
      ),
    },
  };
}

/** Each visit leaves an entry when it is first shown, not at every redraw. */
export async function recordFollowed(
  tx: Scoped,
  caller: PersonCaller,
  sessions: readonly Session[],
  shown: ReadonlySet<string>,
): Promise<void> {
  await recordAccess(
    tx,
    caller,
    sessions
      .filter(({ id }) => !shown.has(id))
      .map((session) => ({
        locationId: session.locationId,
        action: 'visit.followed',
        subjectKind: 'session',
        subjectId: session.id,
        patientId: session.patientId,
      })),
  );
}

/** The last one that was published of this visit. @throws VantageError NOT_FOUND, NOT_IN_CLOUD_YET */
export async function openPublishedReport(
  tx: Scoped,
  caller: PersonCaller,
  visitId: string,
  now: Date,
): Promise<OpenedMedia> {
  const published = await tx
    .selectFrom('published_reports')
    .selectAll()
    .where('session_id', '=', visitId)
    .orderBy('published_at', 'desc')
    .executeTakeFirst();
  if (published === undefined) throw new VantageError('NOT_FOUND');
  return openFile(
    tx,
    caller,
    { sha256: published.sha256, locationId: published.location_id },
    {
      locationId: published.location_id,
      action: 'report.read',
      subjectKind: 'report',
      subjectId: published.report_id,
      patientId: published.patient_id,
    },
    now,
  );
}
