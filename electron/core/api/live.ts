/** Turns "compute a view" + "something changed" into a stream: at once, then after each change that makes a difference. */
import { equalJson } from '../../contract/index.ts';

/** Changes that come closer together than this give one new view. */
const SETTLE_MS = 25;

function nothing(): void {
  // Nobody waits yet.
}

/** A list of listeners that are told that something changed. */
export class Changes {
  readonly #listeners = new Set<() => void>();

  notify(): void {
    for (const listener of this.#listeners) listener();
  }

  /** @returns how to stop listening. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/**
 * @param compute the view now; throwing ends the stream with that error.
 * @param changes what may alter it.
 * @param signals each ends the stream when aborted: the reader went away, the screen was locked.
 */
export async function* live<T>(
  compute: () => Promise<T> | T,
  changes: readonly Changes[],
  signals: readonly AbortSignal[],
): AsyncGenerator<T, void, void> {
  let dirty = true;
  let wake = nothing;
  const mark = (): void => {
    dirty = true;
    wake();
  };
  const stops = changes.map((source) => source.listen(mark));
  const signal = AbortSignal.any([...signals]);
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort);
  let last: T | undefined;
  try {
    for (;;) {
      // The reader's own going away ends quietly; a lock is told as an error, so that the screen knows why.
      if (signal.aborted) {
        if (signal.reason instanceof Error && signal.reason.name === 'VantageError') throw signal.reason;
        return;
      }
      if (!dirty) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      dirty = false;
      const next = await compute();
      if (last === undefined || !equalJson(last, next)) {
        last = next;
        yield next;
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    }
  } finally {
    for (const stop of stops) stop();
    signal.removeEventListener('abort', onAbort);
  }
}
