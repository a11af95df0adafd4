/** How fast may be sent, and how fast it goes. */
import type { SyncClock } from '../clock.ts';

/** How often a wait looks whether the limit has changed. */
const LOOK_MS = 500;
/** The speed is that of the last minute of sending. */
const WINDOW_MS = 60_000;
/** Less than this says nothing about the line. */
const LEAST_MEASURED_MS = 2000;

/**
 * A bucket that is in debt: what was sent is paid for before the next is sent. So a burst is never longer than one part, and a limit
 * that is lifted takes effect at once.
 */
export class Pace {
  readonly #clock: SyncClock;
  readonly #limit: () => number | null;
  #debt = 0;
  #paidAt: number;

  /** @param limit bytes per second now; null: as fast as the line takes them. */
  constructor(clock: SyncClock, limit: () => number | null) {
    this.#clock = clock;
    this.#limit = limit;
    this.#paidAt = clock.monotonic();
  }

  /** Waits until `bytes` may be sent. @throws the signal's reason */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      const limit = this.#pay();
      if (limit === null || this.#debt <= 0) break;
      await this.#clock.sleep(Math.min(LOOK_MS, Math.max(1, (this.#debt / limit) * 1000)), signal);
    }
    this.#debt += bytes;
  }

  #pay(): number | null {
    const limit = this.#limit();
    const now = this.#clock.monotonic();
    this.#debt = limit === null ? 0 : Math.max(0, this.#debt - ((now - this.#paidAt) / 1000) * limit);
    this.#paidAt = now;
    return limit;
  }
}

/** The speed of sending, from what the cloud acknowledged. */
export class SpeedMeter {
  readonly #clock: SyncClock;
  #sending = 0;
  #since = 0;
  #samples: { readonly at: number; readonly bytes: number }[] = [];

  constructor(clock: SyncClock) {
    this.#clock = clock;
  }

  /** A file is being sent from now on, until what is returned is called. */
  begin(): () => void {
    if (this.#sending === 0) {
      this.#since = this.#clock.monotonic();
      this.#samples = [];
    }
    this.#sending += 1;
    return () => {
      this.#sending -= 1;
    };
  }

  acknowledged(bytes: number): void {
    const at = this.#clock.monotonic();
    this.#samples = this.#samples.filter((sample) => at - sample.at <= WINDOW_MS);
    this.#samples.push({ at, bytes });
  }

  /** null while nothing is being sent, or what was sent says nothing yet. */
  bytesPerSecond(): number | null {
    const now = this.#clock.monotonic();
    const spanMs = Math.min(WINDOW_MS, now - this.#since);
    if (this.#sending === 0 || spanMs < LEAST_MEASURED_MS) return null;
    const bytes = this.#samples.reduce((sum, sample) => (now - sample.at <= WINDOW_MS ? sum + sample.bytes : sum), 0);
    return bytes === 0 ? null : (bytes / spanMs) * 1000;
  }
}
