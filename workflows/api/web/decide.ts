/**
 * A decision about a report, by the hash of what was read: the same rules as at a station. It reaches the stations as any other change;
 * where one of them decided meanwhile, the merge rules say which stands.
 */
import type { Report, Review, ReviewDecision, Session } from '../../../electron/contract/index.ts';
import { VantageError, decideReview, derivedId, newId } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import { lockWrites } from '../../database/scope.ts';
import type { PersonCaller } from '../access/callers.ts';
import { actorOf } from '../access/callers.ts';
import { clockAfter } from '../internal/session-cloud.ts';
import { writeDocuments } from '../replication/write-documents.ts';
import { recordAccess } from './access-entries.ts';
import { documentById } from './read-documents.ts';

/** Stands for a station in a visit that was decided here: nothing goes on at the one that led it before. */
export const CLOUD_STATION = derivedId('station', 'cloud');
/** A person signs by having proved who they are no longer ago than this. */
const SIGNED_IN_MS = 15 * 60_000;

/** @throws VantageError SIGN_IN_AGAIN, NOT_FOUND, and as `decideReview` does */
export async function decide(tx: Scoped, caller: PersonCaller, input: ReviewDecision, now: Date): Promise<Review> {
  const { browser } = caller;
  if (browser === undefined || now.getTime() - browser.signedInAt.getTime() > SIGNED_IN_MS) {
    throw new VantageError('SIGN_IN_AGAIN');
  }
  await lockWrites(tx);
  const report = await documentById(tx, 'reports', input.reportId);
  const session = report === null ? null : await documentById(tx, 'sessions', report.sessionId);
  if (report === null || session === null) throw new VantageError('NOT_FOUND');
  const at = now.toISOString();
  const decided = decideReview(session, report, input, { by: caller.personId, byName: browser.name, at });
  const { review } = decided;
  await write(tx, caller.tenantId, 'reports', { ...report, review }, 'review', now);
  // Deciding is taking the visit over: only who leads it moves it on.
  const moved = { ...session, ...decided.session, leadStationId: CLOUD_STATION };
  await write(tx, caller.tenantId, 'sessions', moved, 'lead', now);
  await recordAccess(tx, caller, [
    {
      locationId: report.locationId,
      action: review.decision === 'approved' ? 'report.approved' : 'report.sent-back',
      subjectKind: 'report',
      subjectId: report.id,
      patientId: report.patientId,
      detail: { reportSha256: review.reportSha256, reason: review.reason, ledBefore: session.leadStationId },
    },
  ]);
  await tx
    .insertInto('domain_events')
    .values({
      id: newId(),
      tenant_id: caller.tenantId,
      location_id: report.locationId,
      type: 'ReportDecided',
      subject_id: session.id,
      data: JSON.stringify({ reportId: report.id, reportSha256: review.reportSha256, decision: review.decision }),
      metadata: JSON.stringify({ actor: actorOf(caller) }),
      occurred_at: now,
    })
    .execute();
  return review;
}

async function write(
  tx: Scoped,
  tenantId: string,
  collection: 'reports' | 'sessions',
  document: Report | Session,
  group: string,
  now: Date,
): Promise<void> {
  const { id, hlc } = document;
  const changed = {
    ...document,
    hlc: { ...hlc, [group]: clockAfter(hlc[group], now.getTime()) },
    updatedAt: now.toISOString(),
  };
  const written = await writeDocuments(tx, tenantId, collection, [
    { id, document: changed, deleted: false, known: true },
  ]);
  if (typeof written.get(id) !== 'number') throw new VantageError('INTERNAL', collection);
}
