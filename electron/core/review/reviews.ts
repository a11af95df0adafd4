/** A clinician's view of a finished visit and the one decision about its report, by the report's hash. */
import type { Capture, Finding, Report, Review, ReviewQueueItem, ReviewView, Session } from '../../contract/index.ts';
import { canMove, derivedId, VantageError } from '../../contract/index.ts';
import type { Actor } from '../access/access.ts';
import type { Store } from '../store/index.ts';
import { takeLead } from '../visits/lead.ts';
import { protocolOf } from '../visits/steps.ts';
import type { ViewSources } from '../visits/views.ts';
import { capturesOf, reportSummaryOf, summaryOf, visitView } from '../visits/views.ts';
import { authorOf } from '../visits/author.ts';

/** The review gate (V18). */
const REVIEW_HOURS = 24;

export interface Decision {
  readonly reportId: string;
  readonly reportSha256: string;
  readonly decision: Review['decision'];
  readonly reason: Review['reason'];
  readonly notes: string | null;
}

export class Reviews {
  readonly #store: Store;
  readonly #sources: ViewSources;

  constructor(sources: ViewSources) {
    this.#store = sources.store;
    this.#sources = sources;
  }

  /** Reports that wait, the longest waiting first. */
  async queue(): Promise<ReviewQueueItem[]> {
    const sessions = await this.#store.find('sessions', { selector: { status: 'REVIEW' } });
    const items: ReviewQueueItem[] = [];
    for (const session of sessions) {
      const report = session.reportId === null ? null : await this.#store.get('reports', session.reportId);
      const patient = await this.#store.get('patients', session.patientId);
      if (report === null || patient === null) continue;
      items.push({
        sessionId: session.id,
        reportId: report.id,
        patient: summaryOf(patient, this.#sources.now()),
        protocolTitle: protocolOf(session.protocolId).title,
        day: session.day,
        madeAt: report.madeAt,
        dueAt: dueOf(report),
        review: report.review,
      });
    }
    return items.toSorted((a, b) => (a.madeAt < b.madeAt ? -1 : 1));
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
    const captures = await capturesOf(this.#store, sessionId);
    const counted = countedCaptures(session, captures);
    const findings = (await this.#findings(sessionId)).filter((finding) =>
      counted.some((capture) => capture.id === finding.captureId),
    );
    const names = new Map((await this.#store.find('staff', {})).map((person) => [person.id, person.name]));
    return {
      visit,
      report: withoutPages(report),
      dueAt: dueOf(report),
      findings: findings.map(findingView),
      earlier: await this.#earlier(session, findings, counted),
      provenance: counted.map((capture) => ({
        captureId: capture.id,
        takenAt: capture.takenAt,
        takenBy: names.get(capture.authorId) ?? '',
        device: [capture.device?.manufacturer, capture.device?.model, capture.device?.serial].filter(Boolean).join(' '),
        firmware: capture.device?.firmware ?? '',
        settings: capture.deviceSettings,
        calibration: capture.calibrationId,
        attempt: capture.attempt,
        attempts: captures.filter((other) => other.stepId === capture.stepId).length,
        sha256: capture.sha256,
        size: capture.size,
        fieldAngleDegrees: capture.fieldAngleDegrees,
      })),
      seenAt,
    };
  }

  /**
   * The first decision stands.
   * @throws VantageError REPORT_CHANGED when another report is current, ALREADY_DECIDED, INPUT_INVALID (a reason is needed to
   *   send back), STATUS_CONFLICT.
   */
  async decide(input: Decision, actor: Actor): Promise<Review> {
    return this.#store.transaction((tx) => {
      const report = tx.require('reports', input.reportId);
      const session = tx.require('sessions', report.sessionId);
      if (report.review !== null) throw new VantageError('ALREADY_DECIDED', report.review.byName);
      if (session.reportId !== report.id || report.sha256 !== input.reportSha256)
        throw new VantageError('REPORT_CHANGED');
      if (input.decision === 'sent-back' && input.reason === null) {
        throw new VantageError('INPUT_INVALID', 'a reason is needed', { field: 'reason' });
      }
      const status = input.decision === 'approved' ? 'COMPLETED' : 'REQUIRES_REVIEW';
      if (!canMove(session.status, status)) throw new VantageError('STATUS_CONFLICT', session.status);
      const at = this.#sources.now().toISOString();
      // Nothing goes on at the station that led the visit: deciding is taking it over.
      takeLead(tx, session.id, { stationId: this.#sources.stationId, at, author: authorOf(actor) });
      const review: Review = {
        decision: input.decision,
        reportSha256: report.sha256,
        by: actor.staffId,
        byName: actor.name,
        at,
        reason: input.decision === 'approved' ? null : input.reason,
        notes: input.notes,
      };
      tx.update('reports', report.id, (current) => ({ ...current, review }));
      tx.update('sessions', session.id, (current) => ({
        ...current,
        status,
        endedAt: input.decision === 'approved' ? at : null,
      }));
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
        tx.intent({
          id: derivedId('session-review', report.id),
          kind: 'session-review',
          subjectId: session.id,
          payload: { reportSha256: report.sha256, decision: input.decision, by: actor.staffId },
        });
      }
      return review;
    });
  }

  async #findings(sessionId: string): Promise<Finding[]> {
    return this.#store.find('findings', { selector: { sessionId } });
  }

  /** The latest earlier finished visit of this patient that has findings. */
  async #earlier(
    session: Session,
    findings: readonly Finding[],
    counted: readonly Capture[],
  ): Promise<ReviewView['earlier']> {
    const others = (await this.#store.find('sessions', { selector: { patientId: session.patientId } }))
      .filter((other) => other.id !== session.id && other.status === 'COMPLETED' && other.day <= session.day)
      .toSorted((a, b) => (a.day < b.day ? 1 : -1));
    for (const other of others) {
      const captures = countedCaptures(other, await capturesOf(this.#store, other.id));
      const theirs = (await this.#findings(other.id)).filter((finding) =>
        captures.some((capture) => capture.id === finding.captureId),
      );
      if (theirs.length === 0) continue;
      const models = new Set([...findings, ...theirs].map((finding) => finding.provenance.sha256));
      const cameras = new Set(
        [...counted, ...captures]
          .filter((capture) => capture.stepId.startsWith('retina'))
          .map((capture) => capture.device?.model),
      );
      return {
        sessionId: other.id,
        day: other.day,
        findings: theirs.map(findingView),
        notComparable: models.size > 1 ? 'other-model' : cameras.size > 1 ? 'other-camera' : null,
      };
    }
    return null;
  }
}

/** The tries that count, in the order of the protocol. */
export function countedCaptures(session: Session, captures: readonly Capture[]): Capture[] {
  return protocolOf(session.protocolId).steps.flatMap((step) => {
    const captureId = session.steps[step.id]?.captureId;
    return captures.filter((capture) => capture.id === captureId);
  });
}

function dueOf(report: Report): string {
  return new Date(Date.parse(report.madeAt) + REVIEW_HOURS * 3_600_000).toISOString();
}

function withoutPages(report: Report): ReviewView['report'] {
  const { pages: _pages, ...summary } = reportSummaryOf(report);
  return summary;
}

function findingView(finding: Finding): ReviewView['findings'][number] {
  const { id, captureId, kind, eye, values, provenance, inputSha256 } = finding;
  return { id, captureId, kind, eye, values, provenance, inputSha256 };
}
