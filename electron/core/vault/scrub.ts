/**
 * Reads every stored file again, round after round, and compares it with what was written: a disk that forgets is found out
 * while there is still another copy. Slow and polite: so many bytes a second, and nothing at all while pictures are on their way.
 * How far it has come is in the store, per blob, so that a restart goes on where it stood.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { BlobUse, DamagedBlob, Problem, ScrubStatus } from '../../contract/index.ts';
import { VantageError } from '../../contract/index.ts';
import type { Log } from '../clinic-api.ts';
import { codeOf } from '../problems.ts';
import type { Store } from '../store/index.ts';
import { codeOf as systemCodeOf } from '../store/store-problem.ts';
import type { CheckedBlob, DueBlob } from './scrub-rows.ts';
import { scrubRows } from './scrub-rows.ts';
import type { Vault } from './vault-api.ts';

export interface ScrubOptions {
  readonly store: Store;
  readonly vault: Vault;
  /** Which documents name these blobs, by blob id. */
  readonly usesOf: (blobIds: ReadonlySet<string>) => Promise<ReadonlyMap<string, readonly BlobUse[]>>;
  /** Whether pictures are on their way: the disk is theirs. */
  readonly busy: () => boolean;
  /** Damage was found, or is no more. */
  readonly changed: () => void;
  readonly now: () => Date;
  readonly log: Log;
  /** Of the round in the background. Default 8 MiB. */
  readonly bytesPerSecond?: number;
  /** From the start of one round to that of the next. Default a week. */
  readonly everyMs?: number;
  /** How often a waiting scrub looks whether it may go on. Default half a second. */
  readonly pollMs?: number;
}

/** A round that people wait for. */
interface Demand {
  readonly callers: Set<(status: ScrubStatus) => void>;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/** Results that are written down together, so that small files do not cost a flush of the disk each. */
const BATCH = 64;
const BATCH_BYTES = 64 * 1024 * 1024;
const PAGE = 64;
const LOOK_MS = 10 * 60_000;
const MAX_DETAIL = 200;

export class Scrub {
  readonly #options: Required<ScrubOptions>;
  readonly #rows: ReturnType<typeof scrubRows>;
  readonly #closing = new AbortController();
  /** Of what is damaged: read when it is found, and at the start. */
  #uses: ReadonlyMap<string, readonly BlobUse[]> = new Map();
  #background: Promise<void> = Promise.resolve();
  #interruption = new AbortController();
  #demand: Demand | null = null;
  #state: ScrubStatus['state'] = 'resting';

  constructor(options: ScrubOptions) {
    this.#options = { bytesPerSecond: 8 * 1024 * 1024, everyMs: 7 * 86_400_000, pollMs: 500, ...options };
    this.#rows = scrubRows(options.store.sqlite);
  }

  /** Blobs that are known not to be what was written. Asked per picture by the views. */
  readonly lost = { has: (blobId: string): boolean => this.#rows.damageOf(blobId) !== null };

  /** Takes over what the sweep found at opening, then begins to work in the background. */
  async start(missingBlobIds: readonly string[]): Promise<void> {
    await this.noteMissing(missingBlobIds);
    await this.#readUses();
    this.#background = this.#work();
  }

  /** As it is now. */
  status(): ScrubStatus {
    const round = this.#rows.round();
    return {
      state: this.#state,
      ...this.#rows.count(round.number),
      startedAt: round.startedAt,
      lastCompleteAt: round.lastCompleteAt,
      damaged: this.#damaged(),
    };
  }

  /** For the station line: null when nothing is known to be damaged. Says which picture, by its ids. */
  problem(): Problem | null {
    const damaged = this.#damaged();
    const [first] = damaged;
    if (first === undefined) return null;
    const names = damaged
      .slice(0, 5)
      .map(({ uses, detail }) => `${uses.map(nameOf).join(', ') || 'named by nothing'} (${detail})`);
    const more = damaged.length > names.length ? `; ${damaged.length - names.length} more` : '';
    const detail = `${names.join('; ')}${more}`.slice(0, 500);
    return { code: 'BLOB_DAMAGED', detail, at: first.foundAt };
  }

  /** How many captures and reports have lost what they show. */
  lostItems(): number {
    const items = new Set<string>();
    for (const { uses } of this.#damaged())
      for (const { id, part } of uses) if (part === 'image' || part === 'pdf') items.add(id);
    return items.size;
  }

  /** What a sweep found: files that are not there. Those that are there again are due to be read. */
  async noteMissing(missingBlobIds: readonly string[]): Promise<void> {
    const round = this.#rows.round().number;
    const at = this.#options.now().toISOString();
    const missing = new Set(missingBlobIds);
    const checked: CheckedBlob[] = [];
    for (const blobId of missing) {
      const blob = this.#rows.blob(blobId);
      if (blob !== null && this.#rows.damageOf(blobId) === null) checked.push({ ...blob, at, damage: 'missing' });
    }
    for (const row of this.#rows.damaged()) {
      const blob = this.#rows.blob(row.blobId);
      if (row.damage === 'missing' && !missing.has(row.blobId) && blob !== null)
        checked.push(await this.#read(blob, async () => undefined));
    }
    if (checked.length > 0) await this.#write(round, checked);
  }

  /**
   * A whole round now, at full speed but for pictures on their way. Asked again while it runs, one joins it.
   * @param progress told now and again how far it has come.
   * @throws VantageError CANCELLED when `signal` is aborted; the round goes on in the background, politely. DISK_FULL, DISK_FAILED.
   */
  async runNow(signal: AbortSignal, progress: (status: ScrubStatus) => void): Promise<ScrubStatus> {
    if (signal.aborted || this.#closing.signal.aborted) throw new VantageError('CANCELLED');
    const demand = (this.#demand ??= this.#begin());
    demand.callers.add(progress);
    const left = Promise.withResolvers<never>();
    const leave = (): void => {
      demand.callers.delete(progress);
      if (demand.callers.size === 0) demand.abort.abort();
      left.reject(new VantageError('CANCELLED'));
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      await Promise.race([demand.done, left.promise]);
      return this.status();
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** Writes down how far it has come. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#demand?.abort.abort();
    await Promise.allSettled([this.#background, this.#demand?.done]);
  }

  #damaged(): DamagedBlob[] {
    return this.#rows.damaged().map(({ blobId, size, damage, damagedAt }) => ({
      blobId,
      size,
      foundAt: damagedAt,
      detail: damage,
      uses: [...(this.#uses.get(blobId) ?? [])],
    }));
  }

  #begin(): Demand {
    const abort = new AbortController();
    const callers = new Set<(status: ScrubStatus) => void>();
    const done = (async (): Promise<void> => {
      // The background's round ends where it is; this one covers all of it.
      this.#interruption.abort();
      await this.#background;
      try {
        this.#newRound();
        await this.#round(AbortSignal.any([abort.signal, this.#closing.signal]), Infinity, () => {
          const status = this.status();
          for (const tell of callers) tell(status);
        });
        if (this.#rows.round().endedAt === null) throw new VantageError('CANCELLED');
      } finally {
        this.#demand = null;
        this.#interruption = new AbortController();
        this.#background = this.#work();
      }
    })();
    // Whoever waits hears of it; when all have left nobody does.
    done.catch(() => undefined);
    return { callers, abort, done };
  }

  /** Round after round until it is interrupted or closed. */
  async #work(): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, this.#interruption.signal]);
    while (!signal.aborted) {
      const { number, endedAt } = this.#rows.round();
      if (number > 0 && endedAt !== null && !this.#isDue()) {
        await wait(LOOK_MS, signal);
        continue;
      }
      try {
        if (number === 0 || endedAt !== null) this.#newRound();
        await this.#round(signal, this.#options.bytesPerSecond, () => undefined);
      } catch (error) {
        this.#options.log.error({ code: codeOf(error) }, 'stored files could not be checked; going on later');
        await wait(LOOK_MS, signal);
      }
    }
  }

  #isDue(): boolean {
    const { startedAt } = this.#rows.round();
    const sinceMs = this.#options.now().getTime() - Date.parse(startedAt ?? '');
    // A clock that was set back is no reason to wait for it to come round.
    return !(sinceMs >= 0 && sinceMs < this.#options.everyMs);
  }

  #newRound(): void {
    const { number, lastCompleteAt } = this.#rows.round();
    this.#rows.putRound({
      number: number + 1,
      startedAt: this.#options.now().toISOString(),
      endedAt: null,
      lastCompleteAt,
    });
  }

  async #round(signal: AbortSignal, bytesPerSecond: number, progress: () => void): Promise<void> {
    const { number } = this.#rows.round();
    const paced = (bytes: number): Promise<void> => this.#pace(bytes, bytesPerSecond, signal);
    let checked: CheckedBlob[] = [];
    const write = async (): Promise<void> => {
      const batch = checked;
      checked = [];
      if (batch.length > 0) await this.#write(number, batch);
      progress();
    };
    this.#state = 'running';
    try {
      await this.#whileBusy(signal);
      let page = this.#rows.due(number, '', PAGE);
      while (page.length > 0 && !signal.aborted) {
        for (const blob of page) {
          const found = await this.#read(blob, paced);
          checked.push(found);
          const bytes = checked.reduce((sum, { size }) => sum + size, 0);
          if (found.damage !== null || checked.length >= BATCH || bytes >= BATCH_BYTES) await write();
        }
        await write();
        page = this.#rows.due(number, page.at(-1)?.blobId ?? '', PAGE);
        // What was stored behind the position meanwhile belongs to the round, too.
        if (page.length === 0) page = this.#rows.due(number, '', PAGE);
      }
      if (signal.aborted) return;
      const at = this.#options.now().toISOString();
      this.#rows.putRound({ ...this.#rows.round(), endedAt: at, lastCompleteAt: at });
      this.#options.log.info({ ...this.#rows.count(number) }, 'all stored files have been read again');
    } catch (error) {
      if (signal.aborted && codeOf(error) === 'CANCELLED') return;
      throw error;
    } finally {
      this.#state = 'resting';
      await write();
    }
  }

  /** @throws VantageError CANCELLED, DISK_FAILED for a failure that says nothing about this file. */
  async #read(blob: DueBlob, paced: (bytes: number) => Promise<void>): Promise<CheckedBlob> {
    const { vault, now } = this.#options;
    const result = (damage: string | null): CheckedBlob => ({
      ...blob,
      at: now().toISOString(),
      damage: damage?.slice(0, MAX_DETAIL) ?? null,
    });
    try {
      await vault.verify(blob.blobId, paced);
      return result(null);
    } catch (error) {
      if (!(error instanceof VantageError)) throw error;
      // Erased since the page was read: there is nothing to write down, and nothing is.
      if (error.code === 'NOT_FOUND') return result(null);
      if (error.code === 'BLOB_DAMAGED') return result(error.detail);
      if (error.code === 'KEY_WRONG') return result('its key does not open');
      // A sector that can't be read; too many open files and the like are not the file's fault.
      if (error.code === 'DISK_FAILED' && systemCodeOf(error.cause) === 'EIO') return result('the disk cannot read it');
      throw error;
    }
  }

  /** Results and what they mean in one transaction: who reads the audit trail learns of each damage once. */
  async #write(round: number, checked: readonly CheckedBlob[]): Promise<void> {
    const { store, log, changed } = this.#options;
    const uses = await this.#usesOf(
      checked.filter(({ blobId, damage }) => damage !== null || this.#rows.damageOf(blobId) !== null),
    );
    let differs = false;
    await store.transaction((tx) => {
      differs = false;
      for (const each of checked) {
        const before = this.#rows.damageOf(each.blobId);
        if (!this.#rows.put(round, each) || (before === null) === (each.damage === null)) continue;
        differs = true;
        const [use] = uses.get(each.blobId) ?? [];
        tx.audit({
          at: each.at,
          actorId: 'station',
          role: 'station',
          action: each.damage === null ? 'blob.whole-again' : 'blob.damaged',
          subjectKind: use?.kind ?? 'blob',
          subjectId: use?.id ?? each.blobId,
          detail: {
            blobId: each.blobId,
            ...(each.damage === null ? {} : { damage: each.damage }),
            ...(use === undefined ? {} : { part: use.part }),
          },
        });
      }
    });
    if (!differs) return;
    const damaged = this.#rows.damaged();
    log.error({ damaged: damaged.length }, 'stored files are not what was written');
    await this.#readUses();
    changed();
  }

  async #readUses(): Promise<void> {
    this.#uses = await this.#usesOf(this.#rows.damaged());
  }

  async #usesOf(blobs: readonly { readonly blobId: string }[]): Promise<ReadonlyMap<string, readonly BlobUse[]>> {
    return blobs.length === 0 ? new Map() : this.#options.usesOf(new Set(blobs.map(({ blobId }) => blobId)));
  }

  async #pace(bytes: number, bytesPerSecond: number, signal: AbortSignal): Promise<void> {
    await wait((bytes / bytesPerSecond) * 1000, signal);
    await this.#whileBusy(signal);
    if (signal.aborted) throw new VantageError('CANCELLED');
  }

  async #whileBusy(signal: AbortSignal): Promise<void> {
    while (this.#options.busy() && !signal.aborted) {
      this.#state = 'paused';
      await wait(this.#options.pollMs, signal);
    }
    if (this.#state === 'paused') this.#state = 'running';
  }
}

function nameOf({ kind, id, part, stepId }: BlobUse): string {
  return [kind, id, stepId, part].filter((word) => word !== null).join(' ');
}

/** Returns early when the signal is aborted; keeps no process alive. */
async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
