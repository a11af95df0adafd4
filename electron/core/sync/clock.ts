/** Everything in sync that waits or reads the time does it through this, so that a simulation can drive it. */

export interface SyncClock {
  /** Wall clock, ms since 1970; may jump. */
  now(): number;
  /** ms; never jumps, says nothing about the day. */
  monotonic(): number;
  /** Rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Longest that a timer of JavaScript can wait; with more it fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: SyncClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', aborted);
          resolve();
        },
        Math.min(Math.max(0, ms), LONGEST_TIMER_MS),
      );
      function aborted(): void {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      }
      signal?.addEventListener('abort', aborted, { once: true });
    });
  },
};
