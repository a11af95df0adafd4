/** A clock that stands still until it is told to go on; for tests of what waits. */
import type { SyncClock } from '../clock.ts';

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

export class ManualClock implements SyncClock {
  #monotonic = 0;
  /** Wall clock minus monotonic; a test sets it to make the clock jump. */
  offset: number;
  readonly #sleepers = new Set<Sleeper>();

  constructor(startMs = Date.UTC(2026, 10, 21, 9)) {
    this.offset = startMs;
  }

  now(): number {
    return this.#monotonic + this.offset;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const sleeper: Sleeper = {
        until: this.#monotonic + ms,
        wake: () => {
          signal?.removeEventListener('abort', aborted);
          resolve();
        },
      };
      const aborted = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', aborted, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  /** When the next sleeper wakes, in ms from now; null when nobody sleeps. */
  get nextIn(): number | null {
    const times = [...this.#sleepers].map(({ until }) => until - this.#monotonic);
    return times.length === 0 ? null : Math.max(0, Math.min(...times));
  }

  /** Goes on, and wakes whom it passes, in order. */
  async advance(ms: number): Promise<void> {
    await settled();
    const end = this.#monotonic + ms;
    for (;;) {
      const [next] = [...this.#sleepers].filter(({ until }) => until <= end).toSorted((a, b) => a.until - b.until);
      if (next === undefined) break;
      this.#monotonic = Math.max(this.#monotonic, next.until);
      this.#sleepers.delete(next);
      next.wake();
      await settled();
    }
    this.#monotonic = end;
    await settled();
  }
}

/** Lets promises that are due come to their end; sockets are not waited for. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
