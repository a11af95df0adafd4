/** The review of a finished visit: what waits, what is shown, and the one decision about its report. Pure, for station and cloud. */
import type { Capture, Finding, Patient, Report, Review, Session } from './documents.ts';
import { VantageError } from './problems.ts';
import { canMove } from './status.ts';
import { protocolOf } from './steps.ts';
import { patientSummaryOf, reportSummaryOf } from './visit-view.ts';
import type { ReviewQueueItem, ReviewView, VisitView } from './views.ts';

/** The review gate (V18). */
const REVIEW_HOURS = 24;

/** A line of the queue. */
export function reviewItemOf(session: Session, report: Report, patient: Patient, now: Date): ReviewQueueItem {
  return {
    sessionId: session.id,
    reportId: report.id,
    patient: patientSummaryOf(patient, now),
    protocolTitle: protocolOf(session.protocolId).title,
    day: session.day,
    madeAt: report.madeAt,
    dueAt: dueOf(report),
    review: report.review,
  };
}

/** The longest waiting first. */
export function byWaiting(a: ReviewQueueItem, b: ReviewQueueItem): number {
  return a.madeAt < b.madeAt ? -1 : 1;
}

/** A visit with what was taken and found in it. */
export interface ReviewedVisit {
  readonly session: Session;
  readonly captures: readonly Capture[];
  readonly findings: readonly Finding[];
}

export interface ReviewInput extends ReviewedVisit {
  readonly visit: VisitView;
  readonly report: Report;
  /** Visits of the patient that may be compared with, in the order of `earlierSessions`. */
  readonly others: readonly ReviewedVisit[];
  /** By staff id. */
  readonly staffNames: ReadonlyMap<string, string>;
  /** When the reader opened it, as the audit trail has it. */
  readonly seenAt: string;
}

export function reviewViewOf(input: ReviewInput): ReviewView {
  const { session, captures, report, staffNames } = input;
  const counted = countedCaptures(session, captures);
  const findings = countedFindings(input);
  const { pages: _pages, ...summary } = reportSummaryOf(report);
  return {
    visit: input.visit,
    report: summary,
    dueAt: dueOf(report),
    findings: findings.map(findingView),
    earlier: earlierOf(findings, counted, input.others),
    provenance: counted.map((capture) => ({
      captureId: capture.id,
      takenAt: capture.takenAt,
      takenBy: staffNames.get(capture.authorId) ?? '',
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
    seenAt: input.seenAt,
  };
}

/** The earlier finished visits of a patient, the latest first: of these the first one with findings is compared with. */
export function earlierSessions(session: Session, sessionsOfPatient: readonly Session[]): Session[] {
  return sessionsOfPatient
    .filter((other) => other.id !== session.id && other.status === 'COMPLETED' && other.day <= session.day)
    .toSorted((a, b) => (a.day < b.day ? 1 : -1));
}

/** The tries that count, in the order of the protocol. */
export function countedCaptures(session: Session, captures: readonly Capture[]): Capture[] {
  return protocolOf(session.protocolId).steps.flatMap((step) => {
    const captureId = session.steps[step.id]?.captureId;
    return captures.filter((capture) => capture.id === captureId);
  });
}

/** The findings of tries that count. */
export function countedFindings({ session, captures, findings }: ReviewedVisit): Finding[] {
  const counted = new Set(countedCaptures(session, captures).map(({ id }) => id));
  return findings.filter(({ captureId }) => counted.has(captureId));
}

function earlierOf(
  findings: readonly Finding[],
  counted: readonly Capture[],
  others: readonly ReviewedVisit[],
): ReviewView['earlier'] {
  for (const other of others) {
    const theirs = countedFindings(other);
    if (theirs.length === 0) continue;
    const captures = countedCaptures(other.session, other.captures);
    const models = new Set([...findings, ...theirs].map((finding) => finding.provenance.sha256));
    const cameras = new Set(
      [...counted, ...captures]
        .filter((capture) => capture.stepId.startsWith('retina'))
        .map((capture) => capture.device?.model),
    );
    return {
      sessionId: other.session.id,
      day: other.session.day,
      findings: theirs.map(findingView),
      notComparable: models.size > 1 ? 'other-model' : cameras.size > 1 ? 'other-camera' : null,
    };
  }
  return null;
}

function findingView(finding: Finding): ReviewView['findings'][number] {
  const { id, captureId, kind, eye, values, provenance, inputSha256 } = finding;
  return { id, captureId, kind, eye, values, provenance, inputSha256 };
}

export function dueOf(report: Pick<Report, 'madeAt'>): string {
  return new Date(Date.parse(report.madeAt) + REVIEW_HOURS * 3_600_000).toISOString();
}

/** What somebody decided, by the hash of the report that they read. */
export interface ReviewDecision {
  readonly reportId: string;
  readonly reportSha256: string;
  readonly decision: Review['decision'];
  readonly reason: Review['reason'];
  readonly notes: string | null;
}

export interface DecidedReview {
  readonly review: Review;
  /** What becomes of the session. It is moved by whoever decides: deciding is taking the visit over. */
  readonly session: Pick<Session, 'status' | 'endedAt'>;
}

/**
 * The first decision stands.
 *
 * @param at ISO 8601
 * @throws VantageError REPORT_CHANGED when another report is current, ALREADY_DECIDED, INPUT_INVALID (a reason is needed to send
 *   back), STATUS_CONFLICT
 */
export function decideReview(
  session: Session,
  report: Report,
  input: ReviewDecision,
  { by, byName, at }: Pick<Review, 'by' | 'byName' | 'at'>,
): DecidedReview {
  if (report.review !== null) throw new VantageError('ALREADY_DECIDED', report.review.byName);
  if (session.reportId !== report.id || report.sha256 !== input.reportSha256) throw new VantageError('REPORT_CHANGED');
  if (input.decision === 'sent-back' && input.reason === null) {
    throw new VantageError('INPUT_INVALID', 'a reason is needed', { field: 'reason' });
  }
  const isApproved = input.decision === 'approved';
  const status = isApproved ? 'COMPLETED' : 'REQUIRES_REVIEW';
  if (!canMove(session.status, status)) throw new VantageError('STATUS_CONFLICT', session.status);
  return {
    review: {
      decision: input.decision,
      reportSha256: report.sha256,
      by,
      byName,
      at,
      reason: isApproved ? null : input.reason,
      notes: input.notes,
    },
    session: { status, endedAt: isApproved ? at : null },
  };
}
