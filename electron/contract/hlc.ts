/**
 * Hybrid logical clock, `"<ms>-<counter>-<stationId>"` (Kulkarni et al. 2014). It orders writes of different stations where
 * three-way merge alone cannot decide; it never decides anything else. A clock beyond the bound is rebased, never refused.
 */
export interface HlcParts {
  /** Milliseconds since 1970, UTC. */
  readonly ms: number;
  readonly counter: number;
  readonly stationId: string;
}

/** How far ahead of our own clock a received one may be before it is rebased. */
export const MAX_DRIFT_MS = 5 * 60_000;

/** As many as its digits can count; behind it comes the next millisecond. */
const MAX_COUNTER = 999_999_999;

export function formatHlc(parts: HlcParts): string {
  return `${parts.ms}-${parts.counter}-${parts.stationId}`;
}

/** @returns null for anything that is not a clock; callers treat that as older than every clock. */
export function parseHlc(text: string): HlcParts | null {
  const match = /^(\d{1,16})-(\d{1,9})-(.+)$/.exec(text);
  if (match === null) return null;
  const [, ms = '', counter = '', stationId = ''] = match;
  return { ms: Number(ms), counter: Number(counter), stationId };
}

/** Total order: time, then counter, then station. Unreadable clocks come first. */
export function compareHlc(left: string, right: string): number {
  const a = parseHlc(left);
  const b = parseHlc(right);
  if (a === null || b === null) return a === b ? (left < right ? -1 : left > right ? 1 : 0) : a === null ? -1 : 1;
  if (a.ms !== b.ms) return a.ms - b.ms;
  if (a.counter !== b.counter) return a.counter - b.counter;
  return a.stationId < b.stationId ? -1 : a.stationId > b.stationId ? 1 : 0;
}

/** @returns `candidate` where it is later than `seen`, else the next clock after `seen`, of this station */
export function clockLaterThan(seen: string, candidate: string, stationId: string): string {
  const parts = parseHlc(seen);
  if (parts === null || compareHlc(candidate, seen) > 0) return candidate;
  return formatHlc({ ...following(parts), stationId });
}

function following({ ms, counter }: Omit<HlcParts, 'stationId'>): Omit<HlcParts, 'stationId'> {
  return counter < MAX_COUNTER ? { ms, counter: counter + 1 } : { ms: ms + 1, counter: 0 };
}

/** One station's clock. Pure but for the wall clock that it is given. */
export class HybridClock {
  #ms = 0;
  #counter = 0;
  readonly #stationId: string;
  readonly #now: () => number;

  constructor(stationId: string, now: () => number) {
    this.#stationId = stationId;
    this.#now = now;
  }

  /** A clock later than every one given or seen before, even when the wall clock was set back. */
  tick(): string {
    const wall = this.#now();
    if (wall > this.#ms) {
      this.#ms = wall;
      this.#counter = 0;
    } else {
      const next = following({ ms: this.#ms, counter: this.#counter });
      this.#ms = next.ms;
      this.#counter = next.counter;
    }
    return formatHlc({ ms: this.#ms, counter: this.#counter, stationId: this.#stationId });
  }

  /**
   * Takes notice of another station's clock, so that what we write next comes after it.
   * @returns whether it was beyond the bound and therefore rebased (counted, but not followed).
   */
  observe(hlc: string): { readonly rebased: boolean } {
    const seen = parseHlc(hlc);
    if (seen === null) return { rebased: true };
    if (seen.ms > this.#now() + MAX_DRIFT_MS) return { rebased: true };
    this.#follow(seen);
    return { rebased: false };
  }

  /**
   * Takes notice of a clock that the cloud has passed on. The cloud holds every clock within the bound of its own time: if one is
   * beyond ours, it is our wall clock that is behind, and everybody else's clocks are right.
   */
  follow(hlc: string): void {
    const seen = parseHlc(hlc);
    if (seen !== null) this.#follow(seen);
  }

  #follow(seen: HlcParts): void {
    if (seen.ms > this.#ms || (seen.ms === this.#ms && seen.counter > this.#counter)) {
      this.#ms = seen.ms;
      this.#counter = seen.counter;
    }
  }
}
