/**
 * Reads the database's own pages again in the background, round after round, as the vault's scrub does with stored files: a disk that
 * forgets is found out while the last backups are still whole, and not only when somebody needs the page. Sixteen pages at a time and
 * then a rest: who writes waits for less than a millisecond, and nothing is read while pictures are on their way.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Problem } from '../../contract/index.ts';
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
  #background: Promise<void> = Promise.resolve();
  #state: PageScrubState;

  constructor(options: PageScrubOptions) {
    this.#options = { pagesPerSecond: 256, everyMs: 86_400_000, pollMs: 500, ...options };
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
    const { store, busy, pagesPerSecond, pollMs } = this.#options;
    const found = new Set<number>();
    let pages = 1;
    for (let from = 1; from <= pages; from += PIECE_PAGES) {
      while (busy() && !this.#closing.signal.aborted) await this.#wait(pollMs);
      if (this.#closing.signal.aborted) return;
      const checked = store.checkPages(from, PIECE_PAGES);
      pages = checked.pages;
      const added = checked.damaged.filter((page) => !found.has(page));
      for (const page of added) found.add(page);
      // At once: the rest of the round may take hours.
      if (added.length > 0) await this.#note(added, []);
      if (found.size > MOST_DAMAGED) return;
      await this.#wait((PIECE_PAGES / pagesPerSecond) * 1000);
    }
    const whole = this.#state.damaged.map(({ page }) => page).filter((page) => !found.has(page));
    this.#state = { ...this.#state, completeAt: this.#options.now().toISOString() };
    await this.#note([], whole);
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
    while (!this.#closing.signal.aborted) {
      try {
        if (this.#isDue()) await this.round();
      } catch (error) {
        this.#options.log.error({ code: codeOf(error) }, 'the pages of the store could not be checked; going on later');
      }
      await this.#wait(LOOK_MS);
    }
  }

  #isDue(): boolean {
    const { completeAt } = this.#state;
    const sinceMs = this.#options.now().getTime() - Date.parse(completeAt ?? '');
    // A clock that was set back is no reason to wait for it to come round.
    return !(sinceMs >= 0 && sinceMs < this.#options.everyMs);
  }

  /** Returns early when the scrub is closed; keeps no process alive. */
  async #wait(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closing.signal, ref: false }).catch(() => undefined);
  }
}
