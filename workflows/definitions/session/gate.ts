/**
 * The review gate of a visit: reviews are taken at any time, held until the report is known that they may be about, and decided by its
 * hash. The first decision about a report stands. Pure.
 */
import type { MessageAnswer, Refusal, ReviewMessage } from '../../../electron/contract/workflows.ts';

export interface RefusedReview {
  readonly message: ReviewMessage;
  readonly reason: Refusal;
}

export class ReviewGate {
  #held: ReviewMessage[] = [];
  #refused: RefusedReview[] = [];
  /** The report that can be decided about now. */
  #reportSha256: string | null = null;
  /** Of this report, or of the one before while the next is awaited. */
  #decision: ReviewMessage | null = null;
  #closed = false;

  get decision(): ReviewMessage | null {
    return this.#decision;
  }

  get held(): number {
    return this.#held.length;
  }

  /** A review came, be it from whichever round. */
  receive(message: ReviewMessage): MessageAnswer {
    const decided = this.#decision;
    if (decided !== null && isSame(decided, message)) return { outcome: 'accepted' };
    if (decided !== null && (this.#closed || decided.reportSha256 === message.reportSha256)) {
      return { outcome: 'refused', reason: 'ALREADY_DECIDED' };
    }
    if (this.#closed) return { outcome: 'refused', reason: 'TOO_LATE' };
    if (decided === null && this.#reportSha256 === message.reportSha256) {
      this.#decision = message;
      return { outcome: 'accepted' };
    }
    // About a report that the cloud does not have yet, or has no longer: known once it has looked.
    this.#held.push(message);
    return { outcome: 'held' };
  }

  /** This report is current: what was held about it is decided now, what was held about others is refused (`takeRefused`). */
  open(reportSha256: string): void {
    if (this.#reportSha256 !== reportSha256) this.#decision = null;
    this.#reportSha256 = reportSha256;
    const held = this.#held;
    this.#held = [];
    for (const message of held) {
      if (message.reportSha256 !== reportSha256) this.#refused.push({ message, reason: 'REPORT_CHANGED' });
      else if (this.#decision === null) this.#decision = message;
      else if (!isSame(this.#decision, message)) this.#refused.push({ message, reason: 'ALREADY_DECIDED' });
    }
  }

  /** The captures are taken again: another report will come, and what was decided about the last one is spent. */
  shut(): void {
    this.#reportSha256 = null;
  }

  /** Nothing that comes from now on changes anything; what is still held is refused. */
  close(): void {
    this.#closed = true;
    for (const message of this.#held) this.#refused.push({ message, reason: 'TOO_LATE' });
    this.#held = [];
  }

  /** Those that were held and then refused, each once: somebody has to be told. */
  takeRefused(): RefusedReview[] {
    const refused = this.#refused;
    this.#refused = [];
    return refused;
  }
}

function isSame(a: ReviewMessage, b: ReviewMessage): boolean {
  return a.reportSha256 === b.reportSha256 && a.decision === b.decision && a.reviewerId === b.reviewerId;
}
