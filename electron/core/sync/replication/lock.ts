/** One after the other, in the order in which they came; or a few side by side, where that is said of each of them. */

/** Importance of what is asked in haste: before everything else, of any collection. */
export const FIRST_OF_ALL = -1;
/** While one is answered, the next is on its way. */
export const SIDE_BY_SIDE = 2;

interface Waiting {
  readonly alone: boolean;
  readonly first: boolean;
  readonly go: () => void;
}

export class Lock {
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #alone = false;
  #hurried = 0;

  /** Somebody waits for it, or has it, who goes first: whoever has it now is to make haste. */
  get isHurried(): boolean {
    return this.#hurried > 0;
  }

  /** With nobody beside it. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return this.#enter({ alone: true, first: false }, work);
  }

  /** With nobody beside it, before everybody who waits and is not as urgent. */
  async runFirst<T>(work: () => Promise<T>): Promise<T> {
    this.#hurried += 1;
    try {
      return await this.#enter({ alone: true, first: true }, work);
    } finally {
      this.#hurried -= 1;
    }
  }

  /** With others of its kind beside it. */
  runBeside<T>(work: () => Promise<T>): Promise<T> {
    return this.#enter({ alone: false, first: false }, work);
  }

  async #enter<T>(how: Omit<Waiting, 'go'>, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      const behind = this.#waiting.findIndex(({ first }) => how.first && !first);
      this.#waiting.splice(behind === -1 ? this.#waiting.length : behind, 0, { ...how, go: resolve });
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
