/** The events of one capture for one reader: each phase, of `receiving` the newest only, then the outcome, then the end. */
import type { CapturedObject, CaptureProgress, Outcome } from '../driver/driver.ts';
import type { CaptureEvent } from './devices-api.ts';

export class CaptureEvents implements AsyncIterable<CaptureEvent> {
  private readonly leaving = new AbortController();
  private readonly queue: CaptureEvent[] = [];
  private finished = false;
  private wake: () => void = () => {};

  /** Aborts when the reader leaves before the outcome. */
  get left(): AbortSignal {
    return this.leaving.signal;
  }

  progress(progress: CaptureProgress): void {
    if (this.finished) return;
    const event: CaptureEvent = { type: 'progress', ...progress };
    const last = this.queue.at(-1);
    // A reader who is behind wants to know where it stands, not each megabyte on the way.
    if (last?.type === 'progress' && last.phase === 'receiving' && progress.phase === 'receiving') this.queue.pop();
    this.queue.push(event);
    this.wake();
  }

  finish(outcome: Outcome<CapturedObject | null>): void {
    if (this.finished) return;
    this.finished = true;
    this.queue.push({ type: 'outcome', outcome });
    this.wake();
  }

  [Symbol.asyncIterator](): AsyncIterator<CaptureEvent> {
    return {
      next: async () => {
        while (this.queue.length === 0 && !this.finished && !this.leaving.signal.aborted) {
          await new Promise<void>((resolve) => {
            this.wake = resolve;
          });
        }
        const value = this.queue.shift();
        return value === undefined ? { done: true, value: undefined } : { done: false, value };
      },
      return: async () => {
        if (!this.finished) this.leaving.abort();
        this.wake();
        return { done: true, value: undefined };
      },
    };
  }
}
