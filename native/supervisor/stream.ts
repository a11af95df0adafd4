/** Streams that the devices process hands out: bounded, and over as soon as their reader is, whatever they wait for. */

/** A stream of states, of which only the newest matters: a slow reader skips what is outdated. */
export class LatestStream<T> {
  private readonly current: () => T;
  private readonly readers = new Set<() => void>();
  private ended = false;

  /** @param current the state to give to a new reader and after each change. */
  constructor(current: () => T) {
    this.current = current;
  }

  changed(): void {
    for (const wake of this.readers) wake();
  }

  end(): void {
    this.ended = true;
    this.changed();
  }

  /** The state at once, then after changes, until `signal` aborts or the stream ends. */
  read(signal: AbortSignal | undefined): AsyncIterable<T> {
    return untilLeft(signal, (left) => this.follow(left));
  }

  private async *follow(left: AbortSignal): AsyncGenerator<T, void, undefined> {
    let pending = true;
    let resume: (() => void) | null = null;
    const wake = (): void => {
      pending = true;
      resume?.();
    };
    this.readers.add(wake);
    left.addEventListener('abort', wake);
    try {
      while (!left.aborted) {
        if (pending) {
          pending = false;
          yield this.current();
        } else if (this.ended) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            resume = resolve;
          });
          resume = null;
        }
      }
    } finally {
      this.readers.delete(wake);
      left.removeEventListener('abort', wake);
    }
  }
}

/**
 * A stream whose `return` works although it is waiting: a plain generator keeps a `return` back until the `next` before it has
 * been answered, which for a silent device may be never.
 * @param start gets a signal that aborts with `signal` or when the reader leaves, and must end its generator then.
 */
export function untilLeft<T>(
  signal: AbortSignal | undefined,
  start: (left: AbortSignal) => AsyncGenerator<T, void, undefined>,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]: () => {
      const leaving = new AbortController();
      const generator = start(signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal]));
      return {
        next: () => generator.next(),
        return: async () => {
          leaving.abort();
          return generator.return();
        },
      };
    },
  };
}
