/**
 * Brings the vault's files to the cloud and keeps count of them honestly: sent in parts from wherever the cloud stands, in the order in
 * which people wait for them, and called verified only when the cloud has read its copy back and found our hash. The rows are in the
 * store (`note-artefacts.ts`); where an upload stands is only the cloud's to say, so that nothing has to be remembered here.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { ArtefactRef, Problem } from '../../../contract/index.ts';
import { VantageError, bandwidthSchema } from '../../../contract/index.ts';
import { codeOf } from '../../problems.ts';
import { prepared } from '../../store/prepared.ts';
import { readStationValue, writeStationValue } from '../../store/station-values.ts';
import { dayOf } from '../../visits/steps.ts';
import { Comparer } from './comparer.ts';
import { FileSender } from './file-sender.ts';
import { Keeper } from './keeper.ts';
import { SpeedMeter } from './pace.ts';
import { PLACES, queuePage, queueProblems, queueSteps, unsentOf } from './queue-view.ts';
import type { QueueSteps } from './queue-view.ts';
import { RECEIPTS_AT_ONCE, askReceipts } from './receipts.ts';
import type { Asked } from './receipts.ts';
import { nextInQueue, sendAgain, uploadOf } from './upload-rows.ts';
import type { QueueOrder } from './upload-rows.ts';
import type { Uploads, UploadsOptions } from './uploads-api.ts';
import { Wake } from './wake.ts';

const LIMIT_KEY = 'uploads-limit';
const IDLE_MS = 60_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const FULL_WAIT_MS = 300_000;
/** Waited at the end of an outage rather than after it: the line was asked for, not the cloud. */
const NOTICED_MS = 20;

/** Begins at once. Rows are there from before; it only needs a line. */
export function openUploads(options: UploadsOptions): Uploads {
  return new UploadQueue(options);
}

class UploadQueue implements Uploads {
  readonly #options: UploadsOptions;
  readonly #closing = new AbortController();
  readonly #work = new Wake();
  readonly #meter: SpeedMeter;
  readonly #sender: FileSender;
  readonly #comparer: Comparer;
  readonly #keeper: Keeper;
  readonly #listeners = new Set<() => void>();
  readonly #subscription: { unsubscribe(): void };
  readonly #done: Promise<unknown>;
  #limit: number | null;
  #review: readonly string[] = [];
  #reviewIsOld = true;
  #steps: QueueSteps | null = null;
  #unsent: ReturnType<Uploads['unsent']> | null = null;
  #places: readonly string[] | null = null;
  /** Monotonic ms: nothing is asked of the cloud before. Our own wait after a failure, and the one that the cloud asked for. */
  #waitUntil = 0;
  #askedUntil = 0;
  #failures = 0;
  #problem: Problem | null = null;

  constructor(options: UploadsOptions) {
    this.#options = options;
    const { store, clock, concurrency = 2 } = options;
    const { signal } = this.#closing;
    this.#meter = new SpeedMeter(clock);
    this.#limit = limitOf(readStationValue(store.sqlite, LIMIT_KEY));
    this.#sender = new FileSender({
      ...options,
      meter: this.#meter,
      limit: () => this.#limit,
      ask: (sha256) => this.#ask(sha256),
      isNext: (sha256) => this.#isNext(sha256),
      went: () => {
        this.#failures = 0;
        this.#problem = null;
        this.#tell();
      },
      changed: () => this.#changed(),
    });
    this.#comparer = new Comparer({
      ...options,
      ask: (hashes) => this.#receipts(hashes),
      whenWanted: (each) => this.#whenWanted(each),
      failed: (error) => this.#failed(error),
    });
    this.#keeper = new Keeper({ ...options, signal, changed: () => this.#changed() });
    this.#subscription = store.changes().subscribe(({ collection, id }) => {
      if (collection === 'sessions') this.#reviewIsOld = true;
      if (this.#keeper.documentChanged(collection, id)) this.#changed();
    });
    const workers = Array.from({ length: concurrency }, () => this.#sendAll(signal));
    this.#done = Promise.all([...workers, this.#comparer.run(signal), this.#keeper.run()]);
  }

  steps(): QueueSteps {
    const { sqlite } = this.#options.store;
    this.#steps ??= queueSteps(sqlite);
    const { left } = this.#steps;
    const bytes = Math.max(0, left.bytes - this.#sender.unwritten());
    const rate = this.#meter.bytesPerSecond();
    const seconds = rate === null || bytes === 0 ? null : bytes / rate;
    return { ...this.#steps, left: { ...left, bytes, seconds } };
  }

  page(query: Parameters<Uploads['page']>[0]): ReturnType<Uploads['page']> {
    const { sqlite } = this.#options.store;
    this.#places ??= nextInQueue(sqlite, this.#order(), PLACES);
    return queuePage(sqlite, query, { sending: this.#sender.reached(), queue: this.#places });
  }

  unsent(): ReturnType<Uploads['unsent']> {
    // Looks at every file that waits: asked for by each view, and the same until one of them moves.
    this.#unsent ??= unsentFiles(this.#options.store.sqlite);
    return this.#unsent;
  }

  needs(): ReturnType<Uploads['needs']> {
    const own = this.#problem === null ? [] : [{ problem: this.#problem, artefact: null }];
    return [...own, ...queueProblems(this.#options.store.sqlite)];
  }

  bandwidth(): ReturnType<Uploads['bandwidth']> {
    return { limitBytesPerSecond: this.#limit, measuredBytesPerSecond: this.#meter.bytesPerSecond() };
  }

  async setBandwidth(limitBytesPerSecond: number | null): Promise<void> {
    const parsed = bandwidthSchema.shape.limitBytesPerSecond.safeParse(limitBytesPerSecond);
    if (!parsed.success) throw new VantageError('INPUT_INVALID', 'bandwidth', { field: 'limitBytesPerSecond' });
    const value = JSON.stringify(parsed.data);
    await this.#options.store.transaction((tx) => writeStationValue(tx.sqlite, LIMIT_KEY, value));
    this.#limit = parsed.data;
    this.#tell();
  }

  verifiedAt(sha256: string): string | null {
    const row = uploadOf(this.#options.store.sqlite, sha256);
    return row?.state === 'verified' ? row.verifiedAt : null;
  }

  async resend({ id, part }: ArtefactRef): Promise<void> {
    const { store } = this.#options;
    const sha256 = await store.transaction((tx) => {
      const found = prepared(tx.sqlite, 'SELECT sha256 FROM artefacts WHERE document_id = ? AND part = ?')
        .pluck()
        .get(id, part) as string | null | undefined;
      return typeof found === 'string' && sendAgain(tx.sqlite, found) ? found : null;
    });
    if (sha256 === null) throw new VantageError('NOT_FOUND', 'there is nothing of it to be sent');
    this.#sender.restNoMore(sha256);
    this.#changed();
  }

  tryNow(): void {
    // Not at once: whoever says this because of an answer must not make a loop of it.
    this.#waitUntil = Math.min(this.#waitUntil, this.#options.clock.monotonic() + FIRST_WAIT_MS);
    this.#work.wake();
    this.#comparer.wake();
  }

  changes(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async drained(signal: AbortSignal = new AbortController().signal): Promise<void> {
    const { store, clock } = this.#options;
    await this.#keeper.swept;
    for (;;) {
      const { count } = this.#work;
      const open = prepared(store.sqlite, OPEN_SQL).pluck().get();
      if (open === 0) return;
      await this.#work.wait(clock, IDLE_MS, count, signal);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new VantageError('CANCELLED', 'uploads are being closed'));
    this.#subscription.unsubscribe();
    await this.#done;
    this.#listeners.clear();
  }

  async #sendAll(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    let stopMeter: (() => void) | null = null;
    const pause = (): void => {
      stopMeter?.();
      stopMeter = null;
    };
    while (!signal.aborted) {
      const { count } = this.#work;
      try {
        const sha256 = await this.#take(signal);
        if (sha256 === null) {
          pause();
          await this.#work.wait(clock, this.#sender.idleMs(IDLE_MS), count, signal);
          continue;
        }
        stopMeter ??= this.#meter.begin();
        const outcome = await this.#sender.send(sha256, signal);
        if (outcome === 'stored') this.#comparer.wake();
      } catch (error) {
        pause();
        if (signal.aborted) break;
        this.#failed(error);
        log.info({ code: codeOf(error) }, 'sending files waits');
      }
    }
    pause();
  }

  /** The next file, from now on this worker's; null when there is none. */
  async #take(signal: AbortSignal): Promise<string | null> {
    await this.#whenWanted(signal);
    await this.#readReview();
    const { store } = this.#options;
    const [sha256] = nextInQueue(store.sqlite, this.#order(), 1, this.#sender.taken());
    if (sha256 === undefined) return null;
    this.#sender.take(sha256);
    return sha256;
  }

  /** Whether a file that is being sent is still the one that should be. */
  async #isNext(sha256: string): Promise<boolean> {
    await this.#readReview();
    const others = this.#sender.taken().filter((other) => other !== sha256);
    return nextInQueue(this.#options.store.sqlite, this.#order(), 1, others)[0] === sha256;
  }

  async #readReview(): Promise<void> {
    if (!this.#reviewIsOld) return;
    this.#reviewIsOld = false;
    const sessions = await this.#options.store.find('sessions', {
      selector: { status: { $in: ['REVIEW', 'REQUIRES_REVIEW'] } },
    });
    this.#review = sessions
      .toSorted((a, b) => (a.capturedAt ?? a.createdAt).localeCompare(b.capturedAt ?? b.createdAt))
      .map(({ id }) => id);
  }

  #order(): QueueOrder {
    return { review: this.#review, today: dayOf(new Date(this.#options.clock.now())) };
  }

  /** Receipts of one file, and in the same request of those that come after it. */
  async #ask(sha256: string): Promise<Asked> {
    const { store } = this.#options;
    const others = nextInQueue(store.sqlite, this.#order(), RECEIPTS_AT_ONCE - 1, this.#sender.asked());
    return this.#receipts([sha256, ...others]);
  }

  async #receipts(hashes: readonly string[]): Promise<Asked> {
    const asked = await askReceipts(this.#options, hashes, this.#closing.signal);
    if (asked.changed) this.#changed();
    return asked;
  }

  /** Waits for the line, and for as long as the cloud asked for. */
  async #whenWanted(signal: AbortSignal): Promise<void> {
    const { ready, clock } = this.#options;
    for (;;) {
      const before = clock.monotonic();
      await ready(signal);
      // The line was away: what was waited for was the line, and it is back.
      if (clock.monotonic() - before > NOTICED_MS) this.#waitUntil = 0;
      const leftMs = Math.max(this.#waitUntil, this.#askedUntil) - clock.monotonic();
      if (leftMs <= 0) return;
      const { count } = this.#work;
      await this.#work.wait(clock, leftMs, count, signal);
    }
  }

  #failed(error: unknown): void {
    const { clock, random } = this.#options;
    const code = codeOf(error);
    const seconds = error instanceof VantageError ? error.extra.waitSeconds : undefined;
    const stepMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    if (code === 'CLOUD_FULL') this.#problem = { code, detail: '', at: new Date(clock.now()).toISOString() };
    const askedMs = seconds === undefined ? (code === 'CLOUD_FULL' ? FULL_WAIT_MS : 0) : seconds * 1000;
    const now = clock.monotonic();
    this.#askedUntil = Math.max(this.#askedUntil, now + askedMs);
    this.#waitUntil = Math.max(this.#waitUntil, now + spread(stepMs, random));
    this.#tell();
  }

  /** States of rows, or documents, are other than they were. */
  #changed(): void {
    this.#steps = null;
    this.#unsent = null;
    this.#places = null;
    this.#work.wake();
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** What is not settled: it is being sent, or compared. */
const OPEN_SQL = `SELECT count(*) FROM uploads WHERE state IN ('waiting', 'differs', 'stored')`;
const OLDEST_SQL = `SELECT min(at) FROM artefacts WHERE state IN ('waiting', 'differs', 'held') AND sha256 IS NOT NULL`;

function unsentFiles(sqlite: Database): ReturnType<Uploads['unsent']> {
  const oldest = prepared(sqlite, OLDEST_SQL).pluck().get() as string | null | undefined;
  return { files: unsentOf(sqlite).files, oldestAt: oldest ?? null };
}

function limitOf(value: string | null): number | null {
  const parsed = bandwidthSchema.shape.limitBytesPerSecond.safeParse(value === null ? null : JSON.parse(value));
  return parsed.success ? parsed.data : null;
}

/** Between half of it and all of it. */
function spread(ms: number, random: () => number): number {
  return ms * (0.5 + random() / 2);
}
