/** Follows the line by what becomes of real requests, and asks by itself where there are none. Offline is a state, never an error. */
import type { Problem } from '../../contract/index.ts';
import type { SyncClock } from './clock.ts';
import type { LineResult } from './cloud-client.ts';
import type { Line, LineState } from './line-state.ts';
import { isReady, lineAfter, lineAtStart, lineForgotten } from './line-state.ts';

export interface Connectivity {
  readonly state: LineState;
  /** ms since 1970. */
  readonly since: number;
  readonly lastContactAt: number | null;
  readonly roundTripMs: number | null;
  /** How long the line had been away before it came back, in ms; null where it has not been away. */
  readonly awayMs: number | null;
  /** The cloud answers and does not take this station: refused, update needed, ... */
  readonly problem: Problem | null;
  /** Told when state or problem are others. @returns how to stop. */
  changes(listener: () => void): () => void;
  /** Resolves when requests make sense: online or degraded, and no problem. Rejects with the signal's reason. */
  ready(signal: AbortSignal): Promise<void>;
  /** A person pressed "Try the line now"; or the network has changed. */
  tryNow(): void;
}

export interface LineWatchOptions {
  readonly clock: SyncClock;
  /** In [0, 1). */
  readonly random: () => number;
  /** One small question to the cloud; what becomes of it is told to `observe`. May reject. */
  readonly probe: (signal: AbortSignal) => Promise<void>;
  /** Gives up the connections that there are. */
  readonly reconnect: () => void;
}

/** Waits between questions while the line is away: the first, and the longest. Each is twice the one before, give or take half. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** So long after the last sign of the cloud it is asked for one. */
const QUIET_MS = 30_000;
/** While it is in use it is asked all the same, so that clock and round trip are known. */
const MEASURE_MS = 60_000;
/** After a failure of a line that was good. */
const DOUBT_MS = 1000;
/** While the cloud does not take this station: somebody may have mended it. */
const REFUSED_MS = 5 * 60_000;

export class LineWatch implements Connectivity {
  readonly #options: LineWatchOptions;
  readonly #listeners = new Set<() => void>();
  readonly #closing = new AbortController();
  #line: Line;
  /** Probes in a row that did not reach the cloud. */
  #attempts = 0;
  /** When the cloud is asked next, by the monotonic clock. */
  #dueAt: number;
  #measuredAt: number;
  #waiting: AbortController | null = null;
  #done: Promise<void> = Promise.resolve();

  constructor(options: LineWatchOptions) {
    this.#options = options;
    this.#line = lineAtStart(options.clock.now());
    this.#dueAt = options.clock.monotonic();
    this.#measuredAt = this.#dueAt;
  }

  get state(): LineState {
    return this.#line.state;
  }
  get since(): number {
    return this.#line.since;
  }
  get lastContactAt(): number | null {
    return this.#line.lastContactAt;
  }
  get roundTripMs(): number | null {
    return this.#line.roundTripMs;
  }
  get awayMs(): number | null {
    return this.#line.awayMs;
  }
  get problem(): Problem | null {
    return this.#line.problem;
  }

  start(): void {
    this.#done = this.#run();
  }

  /** Of every request that this station makes. */
  observe(result: LineResult): void {
    const before = this.#line;
    const { clock } = this.#options;
    this.#line = lineAfter(before, result, clock.now());
    if (result.kind !== 'failed') {
      this.#attempts = 0;
      this.#dueAt = Math.min(clock.monotonic() + this.#quietMs(result), this.#nextMeasureAt());
    } else if (!isAway(before)) {
      this.#dueAt = clock.monotonic() + DOUBT_MS;
      this.#waiting?.abort();
    }
    if (before.state !== this.#line.state || before.problem !== this.#line.problem) {
      for (const listener of this.#listeners) listener();
    }
  }

  changes(listener: () => void): () => void {
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  async ready(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (isReady(this.#line)) return;
    await new Promise<void>((resolve, reject) => {
      const stop = this.changes(() => {
        if (!isReady(this.#line)) return;
        end();
        resolve();
      });
      const aborted = (): void => {
        end();
        reject(signal.reason as Error);
      };
      const end = (): void => {
        stop();
        signal.removeEventListener('abort', aborted);
      };
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  tryNow(): void {
    if (!isReady(this.#line)) this.#options.reconnect();
    this.#line = lineForgotten(this.#line);
    this.#attempts = 0;
    this.#dueAt = this.#options.clock.monotonic();
    this.#waiting?.abort();
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'));
    this.#waiting?.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { clock, probe } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const waitMs = this.#dueAt - clock.monotonic();
      if (waitMs > 0) {
        this.#waiting = new AbortController();
        // Cut short where the time has changed; asked again above.
        await clock.sleep(waitMs, this.#waiting.signal).catch(() => null);
        continue;
      }
      const asked = this.#dueAt;
      this.#measuredAt = clock.monotonic();
      // What it came to was told to `observe`.
      await probe(signal).catch(() => null);
      if (isAway(this.#line)) {
        this.#attempts += 1;
        this.#dueAt = clock.monotonic() + this.#backoffMs();
      } else if (this.#dueAt === asked) {
        this.#dueAt = clock.monotonic() + FIRST_WAIT_MS;
      }
    }
  }

  #backoffMs(): number {
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.#attempts - 1));
    return wait * (0.5 + this.#options.random());
  }

  #nextMeasureAt(): number {
    return this.#line.problem === null ? this.#measuredAt + MEASURE_MS : Infinity;
  }

  /** How long after this answer the cloud is left alone. */
  #quietMs(result: LineResult): number {
    if (this.#line.problem !== null) return REFUSED_MS;
    if (result.kind === 'busy' && result.waitSeconds !== null) return Math.max(QUIET_MS, result.waitSeconds * 1000);
    return QUIET_MS;
  }
}

function isAway({ state }: Line): boolean {
  return state === 'offline' || state === 'captive';
}
