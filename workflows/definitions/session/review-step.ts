/** The review gate as a step of the workflow: reviews come as updates, or stand in the report wherever they were given. */
import { ActivityFailure, CancellationScope, condition, isCancellation, log } from '@temporalio/workflow';
import type { CloudReview } from '../../../electron/contract/workflows.ts';
import type { GateNews, ReportRef, VisitRef } from '../../activities/session-activities.ts';
import type { Timing } from '../timing.ts';
import type { Activities } from './activities.ts';
import type { ReviewGate } from './gate.ts';
import type { VisitState } from './visit-state.ts';

export interface ReviewContext {
  readonly visit: VisitRef;
  readonly state: VisitState;
  readonly gate: ReviewGate;
  readonly activities: Activities;
  readonly timing: Timing;
}

export interface GateDecision {
  readonly outcome: 'approved' | 'sent-back';
  /** That was decided about: another one than at first where the clinic made it again. */
  readonly report: ReportRef;
}

export class ReviewStep {
  readonly #context: ReviewContext;

  constructor(context: ReviewContext) {
    this.#context = context;
  }

  /** Waits for a decision; in time, and then, once people were told, for very long. @returns null: nobody decided at all */
  async decide(first: ReportRef): Promise<GateDecision | null> {
    const { visit, state, gate, activities, timing } = this.#context;
    let report = first;
    gate.open(report.sha256);
    state.reportSha256 = report.sha256;
    let deadline = Date.now() + timing.gate;
    const dueAt = new Date(deadline).toISOString();
    state.reviewDueAt = dueAt;
    state.at('in-review', { status: 'REVIEW', progress: 90 });
    await CancellationScope.nonCancellable(async () => activities.marks.openReview({ visit, report, dueAt }));
    for (let isOverdue = false; ;) {
      await this.#tellRefused();
      if (gate.decision !== null) break;
      const news = await this.#untilSomething(report, deadline - Date.now(), false);
      if (news === 'nothing') {
        if (isOverdue) return null;
        isOverdue = true;
        deadline = Date.now() + timing.followUp;
        state.reason = 'REVIEW_TIMEOUT';
        state.at('in-review', { status: 'REQUIRES_REVIEW' });
        await CancellationScope.nonCancellable(async () =>
          activities.marks.routeToPeople({ visit, reportSha256: report.sha256 }),
        );
        continue;
      }
      if (gate.decision !== null) continue;
      if (news === 'told') {
        // A review of a report that is not the one at the gate: either it is the next one, or it was about the one before.
        report = await activities.report.findReport({ visit, capturedAt: state.capturedAt ?? '', otherThan: null });
      } else {
        report = news.report;
        this.#takeDocumented(news);
      }
      gate.open(report.sha256);
      state.reportSha256 = report.sha256;
    }
    const { decision, reportSha256, at } = gate.decision;
    await this.#tell({ outcome: 'accepted', reason: null, reportSha256, at });
    if (decision === 'sent-back') {
      state.reason = 'SENT_BACK';
      state.at('sent-back', { status: 'REQUIRES_REVIEW' });
    } else {
      state.reason = null;
    }
    return { outcome: decision, report };
  }

  /**
   * After a report was sent back: captures taken again interrupt this; a report that is only made again ends it.
   *
   * @returns whether there is another report
   */
  async takenUp(sentBack: ReportRef): Promise<boolean> {
    const { gate, timing } = this.#context;
    gate.shut();
    const deadline = Date.now() + timing.followUp;
    for (;;) {
      const news = await this.#untilSomething(sentBack, deadline - Date.now(), true);
      if (news === 'nothing') return false;
      if (news !== 'told') return true;
    }
  }

  /**
   * Waits until a review came, the documents say something new, or the time is over.
   *
   * @param otherOnly whether only another report is news
   */
  async #untilSomething(report: ReportRef, ms: number, otherOnly: boolean): Promise<GateNews | 'told' | 'nothing'> {
    const { visit, gate, activities } = this.#context;
    const scope = new CancellationScope();
    const found: { news: GateNews | null } = { news: null };
    const watching = scope.run(async () => {
      try {
        found.news = await activities.gate.watchReport({ visit, reportSha256: report.sha256, otherOnly });
      } catch (error) {
        if (isCancellation(error)) return;
        if (!(error instanceof ActivityFailure)) throw error;
        // Reviews that come as updates still count.
        log.warn('the report is not watched any more', { sessionId: visit.sessionId });
      }
    });
    try {
      const isTold = (): boolean => !otherOnly && (gate.decision !== null || gate.held > 0);
      const happened = await condition(() => isTold() || found.news !== null, Math.max(ms, 1));
      if (!happened) return 'nothing';
      return found.news !== null && !isTold() ? found.news : 'told';
    } finally {
      scope.cancel();
      await watching;
    }
  }

  /** A decision that was given in the clinic, or elsewhere, and came with the report itself. */
  #takeDocumented({ report, review }: GateNews): void {
    const { gate } = this.#context;
    if (review === null) return;
    gate.open(report.sha256);
    gate.receive({
      decision: review.decision,
      reportSha256: review.reportSha256,
      reviewerId: review.by,
      role: 'clinician',
      at: review.at,
      reason: null,
      notes: null,
    });
  }

  async #tellRefused(): Promise<void> {
    for (const { message, reason } of this.#context.gate.takeRefused()) {
      await this.#tell({ outcome: 'refused', reason, reportSha256: message.reportSha256, at: message.at });
    }
  }

  async #tell(review: CloudReview): Promise<void> {
    const { visit, state, activities } = this.#context;
    await CancellationScope.nonCancellable(async () => activities.marks.tellReview({ visit, review }));
    state.review = review;
  }
}
