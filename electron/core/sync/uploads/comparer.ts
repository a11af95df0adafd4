/**
 * Asks the cloud what has become of files that it has whole: soon and often while it compares them, and once a day of those that it
 * has verified. A cloud that finds later that its copy is not the same takes its word back, and then so do we: what is only here
 * again must not be deleted.
 */
import { codeOf } from '../../problems.ts';
import { readStationValue, writeStationValue } from '../../store/station-values.ts';
import { RECEIPTS_AT_ONCE } from './receipts.ts';
import type { Asked } from './receipts.ts';
import { storedAfter, verifiedAfter } from './upload-rows.ts';
import type { UploadsOptions } from './uploads-api.ts';
import { Wake } from './wake.ts';

const IDLE_MS = 600_000;
const FIRST_POLL_MS = 1000;
const LONGEST_POLL_MS = 60_000;
const RECHECK_MS = 86_400_000;
const BETWEEN_PAGES_MS = 2000;
const RECHECKED_KEY = 'uploads-rechecked-at';

export interface ComparerOptions extends UploadsOptions {
  readonly ask: (hashes: readonly string[]) => Promise<Asked>;
  /** Waits until requests make sense. */
  readonly whenWanted: (signal: AbortSignal) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

export class Comparer {
  readonly #options: ComparerOptions;
  readonly #wake = new Wake();

  constructor(options: ComparerOptions) {
    this.#options = options;
  }

  /** There is something to be asked for now. */
  wake(): void {
    this.#wake.wake();
  }

  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#options;
    let pollMs = FIRST_POLL_MS;
    while (!signal.aborted) {
      const { count } = this.#wake;
      try {
        const found = await this.#askForStored(signal);
        if (found === 'none' && this.#recheckIsDue()) {
          await this.#recheck(signal);
          continue;
        }
        pollMs =
          found === 'changed' || count !== this.#wake.count ? FIRST_POLL_MS : Math.min(LONGEST_POLL_MS, pollMs * 2);
        const waitMs = found === 'none' ? IDLE_MS : pollMs * (0.5 + random() / 2);
        await this.#wake.wait(clock, waitMs, count, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.failed(error);
        log.info({ code: codeOf(error) }, 'asking for receipts waits');
      }
    }
  }

  async #askForStored(signal: AbortSignal): Promise<'none' | 'same' | 'changed'> {
    const { sqlite } = this.#options.store;
    let found: 'none' | 'same' | 'changed' = 'none';
    for (let after = ''; ;) {
      const page = storedAfter(sqlite, after, RECEIPTS_AT_ONCE);
      if (page.length === 0) return found;
      await this.#options.whenWanted(signal);
      const { changed } = await this.#options.ask(page);
      if (changed || found === 'none') found = changed ? 'changed' : 'same';
      after = page.at(-1) ?? '';
    }
  }

  #recheckIsDue(): boolean {
    const last = Date.parse(readStationValue(this.#options.store.sqlite, RECHECKED_KEY) ?? '');
    const sinceMs = this.#options.clock.now() - last;
    // Also for a clock that was set back.
    return !(sinceMs >= 0 && sinceMs < RECHECK_MS);
  }

  async #recheck(signal: AbortSignal): Promise<void> {
    const { store, clock, ask, whenWanted } = this.#options;
    for (let after = ''; ;) {
      const page = verifiedAfter(store.sqlite, after, RECEIPTS_AT_ONCE);
      if (page.length === 0) break;
      await whenWanted(signal);
      await ask(page);
      after = page.at(-1) ?? '';
      await clock.sleep(BETWEEN_PAGES_MS, signal);
    }
    const at = new Date(clock.now()).toISOString();
    await store.transaction((tx) => writeStationValue(tx.sqlite, RECHECKED_KEY, at));
  }
}
