/** Where a visit's workflow stands: what its queries answer and lists search by. */
import type { CloudReview, SessionInput, SessionState, SessionStep } from '../../../electron/contract/workflows.ts';
import { showStanding } from './search-attributes.ts';

type Shown = Pick<SessionState, 'status' | 'progress'>;

export class VisitState {
  readonly #input: SessionInput;
  #shown: Shown = { status: 'IN_PROGRESS', progress: 10 };
  step: SessionStep = 'checking-in';
  /** Counts the times that captures were complete. */
  round = 0;
  capturedAt: string | null = null;
  reportSha256: string | null = null;
  reviewDueAt: string | null = null;
  review: CloudReview | null = null;
  reason: string | null = null;

  constructor(input: SessionInput) {
    this.#input = input;
    showStanding(this.#shown, input);
  }

  get progress(): number {
    return this.#shown.progress;
  }

  get status(): SessionState['status'] {
    return this.#shown.status;
  }

  /** Goes to a step; what lists show is written when it is something else than before. */
  at(step: SessionStep, shown: Partial<Shown> = {}): void {
    this.step = step;
    const next = { ...this.#shown, ...shown };
    if (next.status === this.#shown.status && next.progress === this.#shown.progress) return;
    this.#shown = next;
    showStanding(next);
  }

  snapshot(reviewsHeld: number): SessionState {
    return {
      sessionId: this.#input.sessionId,
      ...this.#shown,
      step: this.step,
      round: this.round,
      reportSha256: this.reportSha256,
      reviewDueAt: this.reviewDueAt,
      reviewsHeld,
      review: this.review,
      reason: this.reason,
    };
  }
}
