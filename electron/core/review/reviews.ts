/** A clinician's view of a finished visit and the one decision about its report, by the report's hash. */
import type {
  Review,
  ReviewDecision,
  ReviewQueueItem,
  ReviewView,
  ReviewedVisit,
  Session,
} from '../../contract/index.ts';
import {
  REVIEWER_ROLES,
  VantageError,
  byWaiting,
  countedFindings,
  decideReview,
  derivedId,
  earlierSessions,
  reviewItemOf,
  reviewViewOf,
} from '../../contract/index.ts';
import type { Actor } from '../access/access.ts';
import { sessionIntent } from '../outbox/session-request.ts';
import type { Store } from '../store/index.ts';
import { authorOf } from '../visits/author.ts';
import { takeLead } from '../visits/lead.ts';
import type { ViewSources } from '../visits/views.ts';
import { capturesOf, visitView } from '../visits/views.ts';

export class Reviews {
  readonly #store: Store;
  readonly #sources: ViewSources;
  readonly #buildId: string;

  /** @param buildId version of this station, for the cloud's workflows */
  constructor(sources: ViewSources, buildId: string) {
    this.#store = sources.store;
    this.#sources = sources;
    this.#buildId = buildId;
  }

  /** Reports that wait, the longest waiting first. */
  async queue(): Promise<ReviewQueueItem[]> {
    const sessions = await this.#store.find('sessions', { selector: { status: 'REVIEW' } });
    const items: ReviewQueueItem[] = [];
    for (const session of sessions) {
      const report = session.reportId === null ? null : await this.#store.get('reports', session.reportId);
      const patient = await this.#store.get('patients', session.patientId);
      if (report === null || patient === null) continue;
      items.push(reviewItemOf(session, report, patient, this.#sources.now()));
    }
    return items.toSorted(byWaiting);
  }

  /**
   * @param seenAt when the reader opened it, as the audit trail has it.
   * @throws VantageError NOT_FOUND when there is no such visit or it has no report yet.
   */
  async view(sessionId: string, seenAt: string): Promise<ReviewView> {
    const visit = await visitView(this.#sources, sessionId);
    const session = await this.#store.get('sessions', sessionId);
    const report = session?.reportId ? await this.#store.get('reports', session.reportId) : null;
    if (session === null || report === null) throw new VantageError('NOT_FOUND', 'no report');
    const names = new Map((await this.#store.find('staff', {})).map((person) => [person.id, person.name]));
    return reviewViewOf({
      ...(await this.#visit(session)),
      visit,
      report,
      others: await this.#earlier(session),
      staffNames: names,
      seenAt,
    });
  }

  /**
   * The first decision stands.
   * @throws VantageError as `decideReview` does.
   */
  async decide(input: ReviewDecision, actor: Actor): Promise<Review> {
    return this.#store.transaction((tx) => {
      const report = tx.require('reports', input.reportId);
      const session = tx.require('sessions', report.sessionId);
      const at = this.#sources.now().toISOString();
      const decided = decideReview(session, report, input, { by: actor.staffId, byName: actor.name, at });
      // Nothing goes on at the station that led the visit: deciding is taking it over.
      takeLead(tx, session.id, { stationId: this.#sources.stationId, at, author: authorOf(actor) });
      const { review } = decided;
      tx.update('reports', report.id, (current) => ({ ...current, review }));
      tx.update('sessions', session.id, (current) => ({ ...current, ...decided.session }));
      tx.audit({
        at,
        actorId: actor.staffId,
        role: actor.roles.join(','),
        action: input.decision === 'approved' ? 'report.approved' : 'report.sent-back',
        subjectKind: 'report',
        subjectId: report.id,
        detail: { reportSha256: report.sha256, reason: review.reason },
      });
      if (!session.endsLocally) {
        const { decision, reportSha256, by: reviewerId, reason, notes } = review;
        // The router let in nobody without one of them.
        const role = REVIEWER_ROLES.find((each) => actor.roles.includes(each)) ?? 'clinician';
        const message = { decision, reportSha256, reviewerId, role, at, reason, notes };
        const id = derivedId('session-review', report.id);
        tx.intent(sessionIntent('session-review', id, session, this.#buildId, message));
      }
      return review;
    });
  }

  async #visit(session: Session): Promise<ReviewedVisit> {
    const captures = await capturesOf(this.#store, session.id);
    const findings = await this.#store.find('findings', { selector: { sessionId: session.id } });
    return { session, captures, findings };
  }

  /** The latest earlier finished visit of this patient that has findings. */
  async #earlier(session: Session): Promise<ReviewedVisit[]> {
    const others = await this.#store.find('sessions', { selector: { patientId: session.patientId } });
    for (const other of earlierSessions(session, others)) {
      const visit = await this.#visit(other);
      if (countedFindings(visit).length > 0) return [visit];
    }
    return [];
  }
}
