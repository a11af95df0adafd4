/**
 * Reads the database's own pages again in the background, round after round, as the vault's scrub does with stored files: a disk that
 * forgets is found out while the last backups are still whole, and not only when somebody needs the page. Sixteen pages at a time and
 * then a rest: who writes waits for less than a millisecond, and nothing is read while pictures are on their way. Each start begins with
 * a round: what the one before found says nothing of what happened to the file while the station was stopped.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Problem } from '../../contract/index.ts';
import { VantageError } from '../../contract/index.ts';
import { readStationValue, writeStationValue } from './station-values.ts';
import { codeOf } from './store-problem.ts';
import type { Store, StoreLog } from './types.ts';

/** In table `station`, JSON. */
export const PAGE_SCRUB_KEY = 'page-scrub';
/** Of a file of which nobody has read a page yet: what was found in another one says nothing of it. */
export const NEVER_SCRUBBED = JSON.stringify({ completeAt: null, damaged: [] });
const PIECE_PAGES = 16;
const LOOK_MS = 10 * 60_000;
const PAGES_NAMED = 10;
/** With more than this the disk is gone, and the rest says nothing new: the round does not come to its end. */
const MOST_DAMAGED = 1000;

export interface PageScrubOptions {
  readonly store: Pick<Store, 'sqlite' | 'storeId' | 'checkPages' | 'transaction'>;
  /** Whether pictures are on their way: the disk is theirs. */
  readonly busy: () => boolean;
  /** Damage was found, or is no more, or a round came to its end. */
  readonly changed: () => void;
  readonly now: () => Date;
  readonly log: StoreLog;
  /** Default 256, which is 1 MiB. */
  readonly pagesPerSecond?: number;
  /** From the end of one round to the start of the next. Default a day. */
  readonly everyMs?: number;
  /** How often it looks whether it may go on. Default half a second. */
  readonly pollMs?: number;
  /** From the start to the first round: people sign in first. Default 15 seconds. */
  readonly firstAfterMs?: number;
}

const stateSchema = z.object({
  /** When a round last came to its end; null before the first. */
  completeAt: z.iso.datetime().nullable(),
  damaged: z.array(z.object({ page: z.number().int(), foundAt: z.iso.datetime() })),
});
type PageScrubState = z.infer<typeof stateSchema>;

export class PageScrub {
  readonly #options: Required<PageScrubOptions>;
  readonly #closing = new AbortController();
  /** Of the background's round, when somebody wants one at once. */
  #interruption = new AbortController();
  #isCheckedSinceStart = false;
  #background: Promise<void> = Promise.resolve();
  #state: PageScrubState;

  constructor(options: PageScrubOptions) {
    this.#options = { pagesPerSecond: 256, everyMs: 86_400_000, pollMs: 500, firstAfterMs: 15_000, ...options };
    const text = readStationValue(options.store.sqlite, PAGE_SCRUB_KEY) ?? NEVER_SCRUBBED;
    this.#state = stateSchema.parse(JSON.parse(text));
  }

  /** Begins to work in the background. */
  start(): void {
    this.#background = this.#work();
  }

  /** When all pages had last been read. */
  get completeAt(): string | null {
    return this.#state.completeAt;
  }

  /** Whether a round has come to its end since the station started. */
  get isCheckedSinceStart(): boolean {
    return this.#isCheckedSinceStart;
  }

  /** Null when no page is known to be damaged. */
  problem(): Problem | null {
    const { damaged } = this.#state;
    const [first] = damaged;
    if (first === undefined) return null;
    const pages = damaged.slice(0, PAGES_NAMED).map(({ page }) => page);
    const more = damaged.length > pages.length ? ` and ${damaged.length - pages.length} more` : '';
    return { code: 'STORE_PAGES_DAMAGED', detail: `pages ${pages.join(', ')}${more}`, at: first.foundAt };
  }

  /** One round now, from the first page to the last; ends early when the scrub is closed. */
  async round(): Promise<void> {
    await this.#round(this.#closing.signal, this.#options.pagesPerSecond, () => undefined);
  }

  /**
   * A whole round now, without the rests; one at a time. What it finds is in `problem()`. @param progress pages read, and of how many.
   * @throws VantageError CANCELLED when `signal` is aborted: the background begins its round again. DISK_FULL, DISK_FAILED.
   */
  async runNow(signal: AbortSignal, progress: (done: number, total: number) => void): Promise<void> {
    if (signal.aborted || this.#closing.signal.aborted) throw new VantageError('CANCELLED');
    // The background's round ends where it is; this one covers all of it.
    this.#interruption.abort();
    await this.#background;
    const either = AbortSignal.any([signal, this.#closing.signal]);
    try {
      await this.#round(either, Infinity, progress);
      if (either.aborted) throw new VantageError('CANCELLED');
    } finally {
      this.#interruption = new AbortController();
      this.#background = this.#work();
    }
  }

  async #round(
    signal: AbortSignal,
    pagesPerSecond: number,
    progress: (done: number, total: number) => void,
  ): Promise<void> {
    const { store, busy, pollMs } = this.#options;
    const found = new Set<number>();
    let pages = 1;
    for (let from = 1; from <= pages; from += PIECE_PAGES) {
      while (busy() && !signal.aborted) await wait(pollMs, signal);
      if (signal.aborted) return;
      const checked = store.checkPages(from, PIECE_PAGES);
      pages = checked.pages;
      const added = checked.damaged.filter((page) => !found.has(page));
      for (const page of added) found.add(page);
      // At once: the rest of the round may take hours.
      if (added.length > 0) await this.#note(added, []);
      if (found.size > MOST_DAMAGED) return;
      progress(Math.min(from + PIECE_PAGES - 1, pages), pages);
      await wait((PIECE_PAGES / pagesPerSecond) * 1000, signal);
    }
    const whole = this.#state.damaged.map(({ page }) => page).filter((page) => !found.has(page));
    this.#state = { ...this.#state, completeAt: this.#options.now().toISOString() };
    await this.#note([], whole);
    this.#isCheckedSinceStart = true;
    this.#options.changed();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#background;
  }

  /** What was found and what it means in one transaction: the audit trail tells of each damage once. */
  async #note(damaged: readonly number[], whole: readonly number[]): Promise<void> {
    const { store, now, log, changed } = this.#options;
    const at = now().toISOString();
    const added = damaged.filter((page) => !this.#state.damaged.some((known) => known.page === page));
    this.#state = {
      ...this.#state,
      damaged: [
        ...this.#state.damaged.filter(({ page }) => !whole.includes(page)),
        ...added.map((page) => ({ page, foundAt: at })),
      ],
    };
    await store.transaction((transaction) => {
      writeStationValue(transaction.sqlite, PAGE_SCRUB_KEY, JSON.stringify(this.#state));
      const entries = [
        ...added.map((page) => ({ page, isDamaged: true })),
        ...whole.map((page) => ({ page, isDamaged: false })),
      ];
      for (const { page, isDamaged } of entries) {
        transaction.audit({
          at,
          actorId: 'station',
          role: 'station',
          action: isDamaged ? 'store.page-damaged' : 'store.page-whole-again',
          subjectKind: 'store',
          subjectId: store.storeId,
          detail: { page },
        });
      }
    });
    if (added.length > 0) log.error({ pages: added }, 'pages of the store are not what was written');
    if (added.length > 0) changed();
  }

  async #work(): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, this.#interruption.signal]);
    await wait(this.#options.firstAfterMs, signal);
    while (!signal.aborted) {
      try {
        if (this.#isDue()) await this.#round(signal, this.#options.pagesPerSecond, () => undefined);
      } catch (error) {
        this.#options.log.error({ code: codeOf(error) }, 'the pages of the store could not be checked; going on later');
      }
      await wait(LOOK_MS, signal);
    }
  }

  #isDue(): boolean {
    if (!this.#isCheckedSinceStart) return true;
    const { completeAt } = this.#state;
    const sinceMs = this.#options.now().getTime() - Date.parse(completeAt ?? '');
    // A clock that was set back is no reason to wait for it to come round.
    return !(sinceMs >= 0 && sinceMs < this.#options.everyMs);
  }
}

/** Returns early when `signal` is aborted; keeps no process alive. */
async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
