/** The last seconds of a live value, in a ring: bounded in memory however long a device talks. */

export interface TraceSample {
  readonly atMs: number;
  /** Null = overload, underload: a gap in the line. */
  readonly value: number | null;
}

export const TRACE_WINDOW_MS = 20_000;
/** Without a value for longer, the line is broken: nothing is drawn where nothing was heard. */
const GAP_MS = 1000;

export class LiveTrace {
  readonly #capacity: number;
  #samples: TraceSample[] = [];
  /** Station clock minus this screen's, from the newest sample, so that the line ends at "now". */
  #offsetMs = 0;

  constructor(capacity = 1000) {
    this.#capacity = capacity;
  }

  push(sample: TraceSample, nowMs: number): void {
    this.#offsetMs = sample.atMs - nowMs;
    this.#samples.push(sample);
    if (this.#samples.length > this.#capacity) this.#samples = this.#samples.slice(-this.#capacity / 2);
  }

  clear(): void {
    this.#samples = [];
  }

  get newest(): TraceSample | null {
    return this.#samples.at(-1) ?? null;
  }

  /** Samples of the last 20 s as seconds before now (-20..0) and values. */
  window(nowMs: number): readonly [xs: number[], ys: (number | null)[]] {
    const now = nowMs + this.#offsetMs;
    const xs: number[] = [];
    const ys: (number | null)[] = [];
    let before: number | null = null;
    for (const sample of this.#samples) {
      const gap = before !== null && sample.atMs - before > GAP_MS;
      before = sample.atMs;
      const x = (sample.atMs - now) / 1000;
      if (x < -TRACE_WINDOW_MS / 1000 - 1) continue;
      if (gap) {
        xs.push(x - 0.001);
        ys.push(null);
      }
      xs.push(x);
      ys.push(sample.value);
    }
    return [xs, ys];
  }

  /** Station time of a moment on this screen's clock. */
  stationNow(nowMs: number): number {
    return nowMs + this.#offsetMs;
  }
}

/**
 * The range of the y axis: about a kilogram around a value at rest, the whole swing while it moves. Keeps the former range
 * while the newest value stays well inside, so that the axis does not run.
 */
export function rangeFor(
  ys: readonly (number | null)[],
  before: readonly [number, number] | null,
): readonly [number, number] {
  const values = ys.filter((value) => value !== null);
  const latest = values.at(-1);
  if (latest === undefined) return before ?? [-1, 1];
  const recent = values.slice(-15);
  const swing = Math.max(...recent) - Math.min(...recent);
  if (before !== null) {
    const [low, high] = before;
    const inside = latest > low + (high - low) * 0.15 && latest < high - (high - low) * 0.15;
    const tight = high - low <= 2.01;
    if (inside && (tight || swing > 1.2)) return before;
  }
  if (swing <= 1.2) {
    const middle = Math.round(latest * 2) / 2;
    return [middle - 1, middle + 1];
  }
  const low = Math.min(...values);
  const high = Math.max(...values);
  const pad = (high - low) * 0.12;
  return [low - pad, high + pad];
}
