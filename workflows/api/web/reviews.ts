/** Reviews as the cloud shows them: the same visit as at a station, from the documents and files that have arrived. */
import { sql } from 'kysely';
import type {
  Capture,
  CaptureHere,
  ReviewQueueItem,
  ReviewView,
  ReviewedVisit,
  Session,
} from '../../../electron/contract/index.ts';
import {
  VantageError,
  byWaiting,
  countedFindings,
  earlierSessions,
  reviewItemOf,
  reviewViewOf,
  visitViewOf,
} from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import {
  documentById,
  documentsById,
  documentsOfSession,
  sessionsInReview,
  sessionsOfPatient,
  staffNames,
} from './read-documents.ts';

export interface WaitingReview {
  readonly item: ReviewQueueItem;
  readonly locationId: string;
}

/** Reports that wait at the caller's locations, the longest waiting first. */
export async function reviewQueue(tx: Scoped, now: Date): Promise<WaitingReview[]> {
  const sessions = await sessionsInReview(tx);
  const reports = await documentsById(
    tx,
    'reports',
    sessions.map(({ reportId }) => reportId),
  );
  const patients = await documentsById(
    tx,
    'patients',
    sessions.map(({ patientId }) => patientId),
  );
  return sessions
    .flatMap((session): WaitingReview[] => {
      const report = reports.get(session.reportId ?? '');
      const patient = patients.get(session.patientId);
      // Documents arrive in any order: a visit without its report, or its patient, waits a moment longer.
      if (report === undefined || patient === undefined) return [];
      return [{ item: reviewItemOf(session, report, patient, now), locationId: session.locationId }];
    })
    .toSorted((a, b) => byWaiting(a.item, b.item));
}

/** @throws VantageError NOT_FOUND when there is no such visit within the scope, or it has no report yet */
export async function reviewOf(
  tx: Scoped,
  sessionId: string,
  now: Date,
  seenAt: string,
): Promise<{ readonly view: ReviewView; readonly session: Session }> {
  const session = await documentById(tx, 'sessions', sessionId);
  if (session === null) throw new VantageError('NOT_FOUND', 'session');
  const report = await documentById(tx, 'reports', session.reportId);
  const patient = await documentById(tx, 'patients', session.patientId);
  const appointment = await documentById(tx, 'appointments', session.appointmentId);
  if (report === null || patient === null || appointment === null) throw new VantageError('NOT_FOUND', 'report');
  const names = await staffNames(tx);
  const reviewed = await visitOf(tx, session);
  const others = await sessionsOfPatient(tx, session.patientId);
  const { captures } = reviewed;
  const devices = await documentsById(
    tx,
    'devices',
    captures.map(({ deviceId }) => deviceId),
  );
  const files = await filesOf(tx, captures);
  const visit = visitViewOf(
    {
      session,
      patient,
      appointment,
      captures,
      report,
      consent: await documentById(tx, 'consents', session.consentId),
      sessionsOfPatient: others,
      staffNames: names,
    },
    {
      now,
      captureHere: (capture) => captureHere(capture, files, devices.get(capture.deviceId)?.configuration.name),
      deviceIdFor: () => null,
      reportInProgress: false,
      problems: [],
    },
  );
  const earlier = await earlierOf(tx, session, others);
  const view = reviewViewOf({ ...reviewed, visit, report, others: earlier, staffNames: names, seenAt });
  return { view, session };
}

async function visitOf(tx: Scoped, session: Session): Promise<ReviewedVisit> {
  const captures = await documentsOfSession(tx, 'captures', session.id, session.patientId);
  return { session, captures, findings: await documentsOfSession(tx, 'findings', session.id, session.patientId) };
}

/** The latest earlier finished visit that has findings. */
async function earlierOf(tx: Scoped, session: Session, others: readonly Session[]): Promise<ReviewedVisit[]> {
  for (const other of earlierSessions(session, others)) {
    const visit = await visitOf(tx, other);
    if (countedFindings(visit).length > 0) return [visit];
  }
  return [];
}

interface FileTimes {
  readonly storedAt: string | null;
  readonly verifiedAt: string | null;
}

/** By content. */
async function filesOf(tx: Scoped, captures: readonly Capture[]): Promise<ReadonlyMap<string, FileTimes>> {
  const hashes = captures
    .flatMap(({ sha256, judgement }) => [sha256, judgement?.thumbnail?.sha256, judgement?.overlay?.sha256])
    .filter((hash) => typeof hash === 'string');
  if (hashes.length === 0) return new Map();
  const rows = await tx
    .selectFrom('files')
    .select(['sha256', 'stored_at', 'verified_at'])
    .where('sha256', '=', sql<string>`ANY(${hashes}::text[])`)
    .where('state', 'in', ['stored', 'verified'])
    .execute();
  return new Map(
    rows.map((row) => [
      row.sha256,
      { storedAt: row.stored_at?.toISOString() ?? null, verifiedAt: row.verified_at?.toISOString() ?? null },
    ]),
  );
}

/**
 * A picture that was taken is asked for, and said to be missing where it has not arrived. The small one and the map are only looked for
 * where they are.
 */
function captureHere(capture: Capture, files: ReadonlyMap<string, FileTimes>, device: string | undefined): CaptureHere {
  const isHere = (hash: string | null | undefined): boolean => (files.get(hash ?? '')?.verifiedAt ?? null) !== null;
  const times = files.get(capture.sha256 ?? '');
  return {
    transfer: null,
    judging: false,
    receipts: {
      onDevice: capture.token === null ? null : capture.takenAt,
      onDisk: capture.state === 'purged' ? null : capture.onDiskAt,
      inCloud: times?.storedAt ?? null,
      verified: times?.verifiedAt ?? null,
      purgedAt: capture.purgedAt,
    },
    problem: capture.problem,
    hasImage: capture.sha256 !== null,
    hasThumbnail: isHere(capture.judgement?.thumbnail?.sha256),
    hasOverlay: isHere(capture.judgement?.overlay?.sha256),
    deviceName: device ?? capture.device?.model ?? '',
  };
}
