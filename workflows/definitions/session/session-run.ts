/** One run of a visit's workflow: its steps, what interrupts them, and how it ends. */
import type { TemporalFailure } from '@temporalio/workflow';
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  log,
  patched,
} from '@temporalio/workflow';
import type {
  MessageAnswer,
  ProgressMessage,
  ReviewMessage,
  SessionFailure,
  SessionInput,
  SessionResult,
} from '../../../electron/contract/workflows.ts';
import { SESSION_FAILURES } from '../../../electron/contract/workflows.ts';
import type { ReportRef, VisitRef } from '../../activities/session-activities.ts';
import type { Timing } from '../timing.ts';
import { ACCEPTED, TOO_LATE, WholeRun, firmly } from '../whole-run.ts';
import type { Activities } from './activities.ts';
import { activitiesWith, readTiming } from './activities.ts';
import { ReviewGate } from './gate.ts';
import { listen } from './listen.ts';
import { ReviewStep } from './review-step.ts';
import { VisitState } from './visit-state.ts';

/** Before it, a visit was published although it had been cancelled, or captured again, a moment before. */
const HEEDED_WHILE_DECIDED = 'heeded-while-decided';

export class SessionRun {
  readonly #input: SessionInput;
  readonly #visit: VisitRef;
  readonly #state: VisitState;
  readonly #gate = new ReviewGate();
  /** Until the report is published: cancelling the visit ends it. */
  readonly #whole = new WholeRun();
  /** What is done with the captures of one round: captures that come after it begin another. */
  #roundScope: CancellationScope | null = null;
  /** Takes back what is under way, the last first; registered before it begins. */
  #undo: (() => Promise<void>)[] = [];

  constructor(input: SessionInput) {
    this.#input = input;
    this.#visit = { sessionId: input.sessionId, tenantId: input.tenantId, locationId: input.locationId };
    this.#state = new VisitState(input);
  }

  /** @throws ApplicationFailure, CancelledFailure */
  async run(): Promise<SessionResult> {
    listen({
      captured: (at) => this.#captured(at),
      review: (message) => this.#reviewed(message),
      cancelled: () => this.#whole.cancelInClinic(),
      setProgress: (message) => this.#told(message),
      state: () => this.#state.snapshot(this.#gate.held),
    });
    const timing = await firmly(async () => readTiming());
    const activities = activitiesWith(timing);
    return this.#whole.run(
      async () => this.#rounds(timing, activities),
      async (error) => this.#ended(error, activities),
    );
  }

  async #rounds(timing: Timing, activities: Activities): Promise<SessionResult> {
    const { marks } = activities;
    const review = new ReviewStep({ visit: this.#visit, state: this.#state, gate: this.#gate, activities, timing });
    await firmly(async () =>
      marks.markCheckedIn({ visit: this.#visit, buildId: this.#input.buildId, at: this.#input.startedAt }),
    );
    this.#state.at('waiting-for-captures');
    if (!(await condition(() => this.#state.round > 0, timing.captureWait))) throw failure('CAPTURE_TIMEOUT');
    let sentBack: string | null = null;
    for (;;) {
      const round = this.#state.round;
      const scope = new CancellationScope();
      this.#roundScope = scope;
      try {
        const report: ReportRef = await scope.run(async () => this.#toReport(activities, sentBack));
        const decision = await scope.run(async () => review.decide(report));
        if (decision === null) return await this.#leftToPeople(activities, 'REVIEW_TIMEOUT');
        if (decision.outcome === 'approved') {
          // Cancelled, or captured again, while the approval was being written down: that was answered, and counts.
          if (scope.consideredCancelled && patched(HEEDED_WHILE_DECIDED)) throw new CancelledFailure('while decided');
          return await this.#publish(decision.report, activities);
        }
        sentBack = decision.report.sha256;
        if (!(await scope.run(async () => review.takenUp(decision.report)))) {
          return await this.#leftToPeople(activities, 'SENT_BACK');
        }
      } catch (error) {
        const isNewRound = isCancellation(error) && round < this.#state.round && !this.#whole.isCancelled;
        if (!isNewRound) throw error;
        this.#gate.shut();
        await this.#takeBack();
      }
    }
  }

  /** From the captures to a report that the cloud has. */
  async #toReport({ marks, sync, fusion, report }: Activities, otherThan: string | null): Promise<ReportRef> {
    const visit = this.#visit;
    const round = this.#state.round;
    const capturedAt = this.#state.capturedAt ?? this.#input.startedAt;
    this.#state.reason = null;
    this.#state.at('waiting-for-sync', { status: 'IN_PROGRESS', progress: 30 });
    await firmly(async () => marks.markCaptured({ visit, round, at: capturedAt }));
    await orFail('SYNC_TIMEOUT', sync.checkSynced({ visit, capturedAt }));
    this.#state.at('fusing', { progress: 50 });
    this.#undo.push(async () => marks.discardFusion({ visit }));
    await firmly(async () => marks.startFusion({ visit, round }));
    this.#state.at('fusing', { progress: 60 });
    await orFail('FUSION_FAILED', fusion.fuse({ visit, round }));
    this.#undo.pop();
    this.#state.at('waiting-for-report', { progress: 80 });
    return orFail('REPORT_TIMEOUT', report.findReport({ visit, capturedAt, otherThan }));
  }

  async #publish(report: ReportRef, { marks, notice }: Activities): Promise<SessionResult> {
    this.#whole.settle();
    return firmly(async () => {
      this.#state.at('publishing');
      await orFail('PUBLISH_FAILED', marks.publish({ visit: this.#visit, report }));
      this.#state.at('notifying', { status: 'COMPLETED', progress: 100 });
      try {
        await notice.notifyPatient({ visit: this.#visit, userId: this.#input.userId });
      } catch (error) {
        // The report is there whoever was told of it: that is no failure of the visit.
        if (!(error instanceof ActivityFailure)) throw error;
        log.warn('the patient could not be told', { sessionId: this.#visit.sessionId });
        this.#state.reason = 'NOT_NOTIFIED';
      }
      return this.#result('COMPLETED');
    });
  }

  /** Nobody took it up for very long. */
  async #leftToPeople({ marks }: Activities, reason: string): Promise<SessionResult> {
    this.#whole.settle();
    this.#gate.close();
    this.#state.reason = reason;
    await firmly(async () => marks.markEnded({ visit: this.#visit, status: 'REQUIRES_REVIEW', reason }));
    return this.#result('REQUIRES_REVIEW');
  }

  async #ended(error: TemporalFailure, { marks }: Activities): Promise<SessionResult> {
    this.#whole.settle();
    this.#gate.close();
    const isCancelled = isCancellation(error);
    const status = isCancelled ? 'CANCELLED' : 'FAILED';
    const failed = isCancelled ? null : failureOf(error);
    const reason = failed?.type ?? (this.#whole.cancelledInClinic ? 'CANCELLED_IN_CLINIC' : 'CANCELLED_BY_OPERATOR');
    this.#state.reason = reason;
    this.#state.at(this.#state.step, { status });
    try {
      await this.#takeBack();
      await marks.markEnded({ visit: this.#visit, status, reason });
    } catch (untold) {
      if (!(untold instanceof ActivityFailure)) throw untold;
      log.error('how the visit ended could not be written', { sessionId: this.#visit.sessionId, reason });
    }
    this.#state.at('ended');
    if (failed !== null) throw failed;
    if (!this.#whole.cancelledInClinic) throw error;
    return this.#result('CANCELLED');
  }

  async #takeBack(): Promise<void> {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) await firmly(undo);
  }

  #result(status: SessionResult['status']): SessionResult {
    this.#state.at('ended', { status });
    return {
      sessionId: this.#input.sessionId,
      status,
      progress: this.#state.progress,
      reportSha256: this.#state.reportSha256,
      reason: this.#state.reason,
      // The workflow's own clock: the same at each replay.
      endedAt: new Date().toISOString(),
    };
  }

  #captured(at: string): MessageAnswer {
    if (this.#whole.isFinal) return TOO_LATE;
    // Told twice.
    if (this.#state.capturedAt !== null && at <= this.#state.capturedAt) return ACCEPTED;
    this.#state.capturedAt = at;
    this.#state.round += 1;
    this.#roundScope?.cancel();
    return ACCEPTED;
  }

  #reviewed(message: ReviewMessage): MessageAnswer {
    const isLate = this.#whole.isFinal && this.#gate.decision === null;
    return isLate ? TOO_LATE : this.#gate.receive(message);
  }

  #told({ progress }: ProgressMessage): MessageAnswer {
    if (this.#state.round > 0) return TOO_LATE;
    if (progress > this.#state.progress) this.#state.at(this.#state.step, { progress });
    return ACCEPTED;
  }
}

async function orFail<T>(type: SessionFailure, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ActivityFailure && !isCancellation(error)) throw failure(type, error);
    throw error;
  }
}

function failure(type: SessionFailure, cause?: Error): ApplicationFailure {
  return ApplicationFailure.create({
    message: `the visit failed: ${type}`,
    type,
    nonRetryable: true,
    ...(cause !== undefined && { cause }),
  });
}

function failureOf(error: TemporalFailure): ApplicationFailure {
  const isOurs =
    error instanceof ApplicationFailure && (SESSION_FAILURES as readonly string[]).includes(error.type ?? '');
  return isOurs ? error : failure('STEP_FAILED', error);
}
