/** Polls as long as core says where, begins anew when that changes, and tries again when the way there is cut. */
import type { Log } from '../core/clinic-api.ts';
import { codeOf } from '../core/problems.ts';
import type { StationLine, StationWorkApi } from '../core/station-work/station-work-api.ts';
import type { StationPoller } from './station-poller.ts';

export interface KeepPollingOptions {
  readonly api: Pick<StationWorkApi, 'line'>;
  readonly start: (line: StationLine) => Promise<StationPoller>;
  readonly log: Log;
  /** Between two tries: doubled from the first to the longest. */
  readonly firstWaitMs?: number;
  readonly longestWaitMs?: number;
}

export interface Polling {
  /** Nothing is polled for any more afterwards, and nothing is under way. */
  stop(): Promise<void>;
}

export function keepPolling(options: KeepPollingOptions): Polling {
  const over = new AbortController();
  const done = follow(options, over.signal);
  return {
    stop: async () => {
      over.abort();
      await done;
    },
  };
}

/** Never rejects. */
async function follow({ api, log, ...options }: KeepPollingOptions, over: AbortSignal): Promise<void> {
  let known = 'null';
  let current: { readonly end: AbortController; readonly done: Promise<void> } | null = null;
  const change = async (line: StationLine | null): Promise<void> => {
    current?.end.abort();
    await current?.done;
    current = null;
    if (line === null || over.aborted) return;
    const end = new AbortController();
    current = { end, done: hold(line, { ...options, log }, AbortSignal.any([over, end.signal])) };
  };
  const waits = new Waits(options);
  while (!over.aborted) {
    try {
      for await (const line of await api.line({ signal: over })) {
        waits.reset();
        const next = JSON.stringify(line);
        if (next !== known) await change(line);
        known = next;
      }
    } catch (error) {
      // Core is being restarted; what it asks meanwhile is refused by itself.
      if (!over.aborted) log.debug({ code: codeOf(error) }, 'core is away');
    }
    await waits.next(over);
  }
  await change(null);
}

async function hold(
  line: StationLine,
  { start, log, ...options }: Omit<KeepPollingOptions, 'api'>,
  over: AbortSignal,
): Promise<void> {
  const waits = new Waits(options);
  while (!over.aborted) {
    try {
      const poller = await start(line);
      log.info({ stationId: line.stationId }, 'polling for work');
      waits.reset();
      const stop = (): void => void poller.stop().catch(() => null);
      over.addEventListener('abort', stop);
      if (over.aborted) stop();
      await poller.done.finally(() => over.removeEventListener('abort', stop));
    } catch (error) {
      log.warn({ code: codeOf(error), name: error instanceof Error ? error.name : '' }, 'the workflows are away');
    }
    await waits.next(over);
  }
}

class Waits {
  readonly #firstMs: number;
  readonly #longestMs: number;
  #ms: number;

  constructor({
    firstWaitMs = 1000,
    longestWaitMs = 30_000,
  }: Pick<KeepPollingOptions, 'firstWaitMs' | 'longestWaitMs'>) {
    this.#firstMs = firstWaitMs;
    this.#longestMs = longestWaitMs;
    this.#ms = firstWaitMs;
  }

  reset(): void {
    this.#ms = this.#firstMs;
  }

  async next(over: AbortSignal): Promise<void> {
    if (over.aborted) return;
    const waitMs = this.#ms;
    this.#ms = Math.min(this.#ms * 2, this.#longestMs);
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        over.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      over.addEventListener('abort', done);
    });
  }
}
