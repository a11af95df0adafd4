/** Waiting for a time, or for somebody to say that there is something to do. */
import type { SyncClock } from '../clock.ts';

export class Wake {
  readonly #waiting = new Set<() => void>();
  #count = 0;

  /** How often was called so far: taken before one looks whether there is something to do. */
  get count(): number {
    return this.#count;
  }

  wake(): void {
    this.#count += 1;
    for (const wake of this.#waiting) wake();
  }

  /** Returns at once when there was a call since `count` was taken. @throws the signal's reason */
  async wait(clock: SyncClock, ms: number, count: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (count !== this.#count) return;
    const sleep = new AbortController();
    const woken = new Error('woken');
    const wake = (): void => sleep.abort(woken);
    const end = (): void => sleep.abort(signal.reason);
    this.#waiting.add(wake);
    signal.addEventListener('abort', end, { once: true });
    try {
      await clock.sleep(ms, sleep.signal);
    } catch (error) {
      if (error !== woken) throw error;
    } finally {
      this.#waiting.delete(wake);
      signal.removeEventListener('abort', end);
    }
  }
}
