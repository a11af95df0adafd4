/** Histories of workflows that have ended, kept for seven years: longer than any namespace keeps them. */
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import type { PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { SealBrokenError } from '../api/uploads/sealing.ts';
import type { NamedKey } from '../codec/keys.ts';
import { openedHistory } from '../codec/opened-history.ts';
import type { ArchiveStore } from './archive-store.ts';
import type { ArchiveHead, ArchivedHistory } from './sealed-history.ts';
import { openHistory, sealHistory } from './sealed-history.ts';

export const KEPT_YEARS = 7;
const DAY_MS = 86_400_000;
/** Nothing is removed by a clock that runs further ahead than this of what was archived last. */
const CLOCK_TRUST_MS = 366 * DAY_MS;
const CURSOR = 'cursor.json';
const DAY = /^\d{4}-\d{2}-\d{2}$/;

const cursorSchema = z.record(z.string(), z.iso.datetime());

export interface HistoryName {
  readonly workflowId: string;
  readonly runId: string;
}

export type NewHistory = Omit<ArchiveHead, 'format' | 'keyId' | 'sha256'>;

/** `unopened`: a payload in it is under a key that is not known here; the history itself is whole. */
export type Verdict = 'whole' | 'unopened' | 'damaged' | 'missing';

export class HistoryArchive {
  readonly #store: ArchiveStore;
  readonly #keys: readonly NamedKey[];
  readonly #payloads: PayloadCodec | null;

  /**
   * @param keys the one that seals first; the others still open
   * @param payloads what opens the payloads within, where it is here
   */
  constructor(store: ArchiveStore, keys: readonly NamedKey[], payloads: PayloadCodec | null) {
    this.#store = store;
    this.#keys = keys;
    this.#payloads = payloads;
  }

  /** Up to when everything of the namespace that had ended is archived; null: nothing is. */
  async cursor(namespace: string): Promise<Date | null> {
    const at = (await this.#cursors())[namespace];
    return at === undefined ? null : new Date(at);
  }

  async moveCursor(namespace: string, to: Date): Promise<void> {
    const cursors = { ...(await this.#cursors()), [namespace]: to.toISOString() };
    // Put anew: a file that was written once can't be written.
    await this.#store.remove(CURSOR);
    await this.#store.put(CURSOR, Buffer.from(`${JSON.stringify(cursors)}\n`));
  }

  /** Whether it is there and reads back as it was written. */
  async has(history: Pick<NewHistory, 'workflowId' | 'runId' | 'closedAt'>): Promise<boolean> {
    const verdict = await this.#verify(nameOf(history));
    return verdict === 'whole' || verdict === 'unopened';
  }

  /**
   * Keeps it, and reads it back before it counts.
   *
   * @param json of `historyToJSON`
   * @throws SealBrokenError when it does not read back as it was written
   */
  async add(history: NewHistory, json: string): Promise<Verdict> {
    const [key] = this.#keys;
    if (key === undefined) throw new Error('no key');
    const name = nameOf(history);
    await this.#store.put(name, sealHistory(history, json, key));
    const verdict = await this.#verify(name);
    if (verdict === 'damaged' || verdict === 'missing')
      throw new SealBrokenError('what was written does not read back');
    return verdict;
  }

  /** @returns null when there is none. @throws SealBrokenError */
  async read({ workflowId, runId }: HistoryName): Promise<ArchivedHistory | null> {
    for (const day of await this.#days()) {
      const bytes = await this.#store.get(`${day}/${encodeURIComponent(workflowId)}/${encodeURIComponent(runId)}`);
      if (bytes !== null) return openHistory(bytes, this.#keys);
    }
    return null;
  }

  /** What is there, the oldest first, each read as a whole: verdict by name. */
  async *verified(): AsyncGenerator<{ readonly name: string; readonly verdict: Verdict }> {
    for (const day of await this.#days()) {
      for (const workflow of await this.#store.list(day)) {
        for (const run of await this.#store.list(`${day}/${workflow}`)) {
          const name = `${day}/${workflow}/${run}`;
          yield { name, verdict: await this.#verify(name) };
        }
      }
    }
  }

  /**
   * Removes what was kept long enough: whole days that are more than seven years ago.
   *
   * @returns the days
   */
  async removeExpired(now: Date): Promise<readonly string[]> {
    const days = await this.#days();
    const latest = Date.parse(days.at(-1) ?? now.toISOString());
    // A clock that is years ahead would take everything.
    const trusted = new Date(Math.min(now.getTime(), latest + CLOCK_TRUST_MS));
    trusted.setUTCFullYear(trusted.getUTCFullYear() - KEPT_YEARS);
    const limit = trusted.toISOString().slice(0, 10);
    const expired = days.filter((day) => day < limit);
    for (const day of expired) await this.#store.remove(day);
    return expired;
  }

  async #days(): Promise<readonly string[]> {
    return (await this.#store.list('')).filter((name) => DAY.test(name));
  }

  async #cursors(): Promise<z.output<typeof cursorSchema>> {
    const bytes = await this.#store.get(CURSOR);
    if (bytes === null) return {};
    try {
      return cursorSchema.parse(JSON.parse(bytes.toString()));
    } catch {
      // Begun again: what is archived is not archived twice.
      return {};
    }
  }

  async #verify(name: string): Promise<Verdict> {
    const bytes = await this.#store.get(name);
    if (bytes === null) return 'missing';
    let read: ArchivedHistory;
    try {
      read = openHistory(bytes, this.#keys);
      const { events } = historyFromJSON(JSON.parse(read.json));
      if (nameOf(read.head) !== name || events?.length !== read.head.events) return 'damaged';
    } catch {
      return 'damaged';
    }
    try {
      await openedHistory(read.json, this.#payloads);
      return 'whole';
    } catch {
      return 'unopened';
    }
  }
}

/** By the day on which it ended. */
function nameOf({ workflowId, runId, closedAt }: Pick<NewHistory, 'workflowId' | 'runId' | 'closedAt'>): string {
  return `${closedAt.slice(0, 10)}/${encodeURIComponent(workflowId)}/${encodeURIComponent(runId)}`;
}
