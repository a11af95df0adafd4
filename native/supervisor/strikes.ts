/** Counts failures within a moving window of time. */
export class Strikes {
  private readonly limit: number;
  private readonly windowMs: number;
  private times: number[] = [];

  constructor(limit: number, windowMs: number) {
    this.limit = limit;
    this.windowMs = windowMs;
  }

  /** @returns whether the limit is reached. */
  add(nowMs: number): boolean {
    this.times = [...this.times.filter((time) => nowMs - time < this.windowMs), nowMs];
    return this.times.length >= this.limit;
  }

  forget(): void {
    this.times = [];
  }
}
