/**
 * The host's side of putting a backup in the place of damaged data: how far the core that does it has come, and whether a person wants it
 * stopped. That core asks before anything counts, and hears of the wish then at the latest.
 */
import type { Problem, RestoreWork } from '../contract/index.ts';
import { VantageError } from '../contract/index.ts';
import type { RestoreProgress } from './messages.ts';

export class Restoring {
  readonly #changed: () => void;
  #work: RestoreWork | null = null;
  #before: Problem | null = null;
  #isUnwanted = false;

  /** @param changed `work` is another. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** null: nothing is being restored. */
  get work(): RestoreWork | null {
    return this.#work;
  }

  /** What is wrong with the data still, where the last one was stopped on request; null: it was not. */
  get stoppedBefore(): Problem | null {
    return this.#isUnwanted ? this.#before : null;
  }

  /** @param problem why data are put back. */
  begin(problem: Problem | null): void {
    this.#before = problem;
    this.#isUnwanted = false;
    this.#work = {
      kind: 'restore',
      step: 'copying',
      done: 0,
      total: null,
      mayCancel: true,
      startedAt: new Date().toISOString(),
    };
    this.#changed();
  }

  /** @throws VantageError CANCELLED where a person wants it stopped; the core then gives it up */
  told({ step, done, total }: RestoreProgress): void {
    this.#assertWanted();
    if (this.#work === null) return;
    this.#work = { ...this.#work, step, done, total };
    this.#changed();
  }

  /** From here on it counts. @throws VantageError CANCELLED */
  decided(): void {
    this.#assertWanted();
    if (this.#work === null) return;
    this.#work = { ...this.#work, step: 'replacing', done: 0, total: null, mayCancel: false };
    this.#changed();
  }

  /** @throws VantageError STATUS_CONFLICT where nothing is being restored, or it counts already */
  cancel(): void {
    if (this.#work?.mayCancel !== true) throw new VantageError('STATUS_CONFLICT', 'nothing can be stopped now');
    this.#isUnwanted = true;
    this.#work = { ...this.#work, mayCancel: false };
    this.#changed();
  }

  /** The core that did it is open, or has ended. */
  over(): void {
    this.#work = null;
  }

  #assertWanted(): void {
    if (this.#isUnwanted) throw new VantageError('CANCELLED', 'stopped on request');
  }
}
