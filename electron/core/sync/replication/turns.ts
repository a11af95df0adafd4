/** Who may ask the cloud next: a few at a time, what matters most first. */

/** Requests at a time; more would only wait for one another on a thin line. */
const AT_ONCE = 2;

interface Waiting {
  readonly importance: () => number;
  readonly go: () => void;
}

export class Turns {
  readonly #waiting: Waiting[] = [];
  #running = 0;

  /**
   * @param importance lower comes first; equal ones in the order in which they came. Asked at each turn: who waits for this one may hurry.
   * Rejects with the signal's reason.
   */
  async run<T>(importance: () => number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#turn(importance, signal);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }

  async #turn(importance: () => number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        importance,
        go: () => {
          signal.removeEventListener('abort', aborted);
          resolve();
        },
      };
      const aborted = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason as Error);
      };
      this.#waiting.push(waiting);
      signal.addEventListener('abort', aborted, { once: true });
      this.#next();
    });
  }

  #next(): void {
    while (this.#running < AT_ONCE) {
      const importances = this.#waiting.map(({ importance }) => importance());
      const [next] = this.#waiting.splice(importances.indexOf(Math.min(...importances)), 1);
      if (next === undefined) return;
      this.#running += 1;
      next.go();
    }
  }
}
