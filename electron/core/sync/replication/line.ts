/** Asks the cloud until it answers: the schedule of retries is ours, and every wait can be cut short. */
import type { z } from 'zod';
import type { ProblemCode } from '../../../contract/index.ts';
import { VantageError } from '../../../contract/index.ts';
import type { SyncClock } from '../clock.ts';
import type { CloudClient } from '../cloud-client.ts';
import { Turns } from './turns.ts';

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** Until somebody has done something: an update, a decision about this station. */
const PAUSE_MS = 5 * 60_000;

const PAUSING: ReadonlySet<ProblemCode> = new Set(['UPDATE_NEEDED', 'CLOUD_OLDER', 'STATION_REFUSED', 'NOT_ALLOWED']);
/** The cloud has read the request and refused it whole: asked again it would say the same. */
const FINAL: ReadonlySet<ProblemCode> = new Set(['INPUT_INVALID', 'STATUS_CONFLICT']);

export interface Question<T> {
  readonly path: string;
  readonly body: unknown;
  readonly schema: z.ZodType<T>;
  readonly signal: AbortSignal;
  /** Lower comes first. */
  readonly importance: () => number;
  /** How often the cloud may fail on it by itself (INTERNAL) before that is thrown; any number if left out. */
  readonly mostFailures?: number;
  /** Told of each failure, and null once it was answered. */
  readonly trouble: (error: VantageError | null) => void;
}

export interface LineOptions {
  readonly cloud: Pick<CloudClient, 'post'>;
  readonly clock: SyncClock;
  /** 0 to 1. */
  readonly random: () => number;
  /** Resolves when requests make sense. */
  readonly ready?: (signal: AbortSignal) => Promise<void>;
  /** Told of the first answer after a failure. */
  readonly recovered?: () => void;
}

export class Line {
  readonly #options: LineOptions;
  readonly #turns = new Turns();
  /** Ends each wait that is under way. */
  readonly #waits = new Set<AbortController>();
  #failing = false;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  /** @throws VantageError what the cloud refused for good, or failed on too often; the signal's reason; Error of our own making */
  async ask<T>(question: Question<T>): Promise<T> {
    const { cloud, ready } = this.#options;
    const { path, body, schema, signal, importance, trouble, mostFailures = Infinity } = question;
    let itsOwn = 0;
    for (let failures = 0; ; failures += 1) {
      try {
        if (ready !== undefined) await ready(signal);
        const answer = await this.#turns.run(importance, signal, async () =>
          cloud.post(path, body, schema, { signal }),
        );
        trouble(null);
        if (this.#failing) this.#recovered();
        return answer;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof VantageError) || FINAL.has(error.code)) throw error;
        if (error.code === 'INTERNAL') itsOwn += 1;
        if (itsOwn >= mostFailures) throw error;
        this.#failing = true;
        trouble(error);
        await this.pause(this.waitAfter(failures, error), signal);
      }
    }
  }

  /** ms: twice as long after each failure, spread so that stations do not all come back at once; what the cloud says goes first. */
  waitAfter(failures: number, error?: unknown): number {
    const doubled = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 16));
    const spread = doubled * (0.5 + this.#options.random() / 2);
    if (!(error instanceof VantageError)) return spread;
    if (PAUSING.has(error.code)) return PAUSE_MS;
    return Math.max(spread, (error.extra.waitSeconds ?? 0) * 1000);
  }

  /** Waits, or until `wake`. @throws the signal's reason */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const wait = new AbortController();
    const give = (): void => wait.abort();
    this.#waits.add(wait);
    signal.addEventListener('abort', give, { once: true });
    try {
      await this.#options.clock.sleep(ms, wait.signal);
    } catch (error) {
      if (!wait.signal.aborted) throw error;
    } finally {
      this.#waits.delete(wait);
      signal.removeEventListener('abort', give);
    }
    signal.throwIfAborted();
  }

  #recovered(): void {
    this.#failing = false;
    this.wake();
    this.#options.recovered?.();
  }

  /** Nobody waits any longer: the line is back, or somebody wants it tried now. */
  wake(): void {
    for (const wait of this.#waits) wait.abort();
  }
}
