/** First come, first served: who uses a device now, and a bounded line of those who wait. */
export interface Turn {
  release(): void;
}

const MAX_WAITING = 8;

export class Turns {
  private taken = false;
  private readonly line: (() => void)[] = [];

  /** Waits for a turn. @returns `full` when too many wait, `aborted` when the signal does first. */
  async take(signal: AbortSignal | undefined): Promise<Turn | 'full' | 'aborted'> {
    if (signal?.aborted === true) return 'aborted';
    if (this.taken) {
      if (this.line.length >= MAX_WAITING) return 'full';
      const mine = Promise.withResolvers<'granted' | 'aborted'>();
      const grant = (): void => mine.resolve('granted');
      const giveUp = (): void => {
        const index = this.line.indexOf(grant);
        if (index < 0) return;
        this.line.splice(index, 1);
        mine.resolve('aborted');
      };
      this.line.push(grant);
      signal?.addEventListener('abort', giveUp);
      const result = await mine.promise;
      signal?.removeEventListener('abort', giveUp);
      if (result === 'aborted') return 'aborted';
    }
    this.taken = true;
    return { release: () => this.next() };
  }

  private next(): void {
    const grant = this.line.shift();
    // Handed on without a gap, so that nobody can step in between.
    if (grant === undefined) this.taken = false;
    else grant();
  }
}
