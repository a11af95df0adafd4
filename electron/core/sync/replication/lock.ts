/** One after the other, in the order in which they came; or a few side by side, where that is said of each of them. */

/** While one is answered, the next is on its way. */
const SIDE_BY_SIDE = 2;

interface Waiting {
  readonly alone: boolean;
  readonly go: () => void;
}

export class Lock {
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #alone = false;

  /** With nobody beside it. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return this.#enter(true, work);
  }

  /** With others of its kind beside it. */
  runBeside<T>(work: () => Promise<T>): Promise<T> {
    return this.#enter(false, work);
  }

  async #enter<T>(alone: boolean, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.#waiting.push({ alone, go: resolve });
      this.#next();
    });
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }

  #next(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const fits = this.#running === 0 || (!first.alone && !this.#alone && this.#running < SIDE_BY_SIDE);
      if (!fits) return;
      this.#waiting.shift();
      this.#running += 1;
      this.#alone = first.alone;
      first.go();
    }
  }
}
