/** Keeps the rows right beside the sending: the sweep at the start, documents that came by another way, acknowledged values. */
import type { CollectionName } from '../../../contract/index.ts';
import { codeOf } from '../../problems.ts';
import { prepared } from '../../store/prepared.ts';
import { isArtefactCollection } from './artefacts.ts';
import { noteAgain, sweepQueue } from './sweep.ts';
import { releaseHeld } from './upload-rows.ts';
import type { UploadsOptions } from './uploads-api.ts';
import { Wake } from './wake.ts';

/** What was held may be readable, or welcome, after this. */
const HELD_MS = 3_600_000;
/** Changes are gathered for so long. */
const GATHER_MS = 200;
const AGAIN_MS = 30_000;
const STEP = 100;

export interface KeeperOptions extends UploadsOptions {
  readonly signal: AbortSignal;
  /** A row's state is another. */
  readonly changed: () => void;
}

export class Keeper {
  /** The queue has been put right. Rejects when it is closed before. */
  readonly swept: Promise<void>;
  readonly #options: KeeperOptions;
  readonly #wake = new Wake();
  readonly #swept = Promise.withResolvers<void>();
  readonly #documents = new Map<string, CollectionName>();

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.swept = this.#swept.promise;
    this.swept.catch(() => undefined);
  }

  /** @returns whether it may be about an artefact. */
  documentChanged(collection: CollectionName, id: string): boolean {
    if (!isArtefactCollection(collection)) return false;
    this.#documents.set(id, collection);
    this.#wake.wake();
    return true;
  }

  /** Until the signal is aborted. */
  async run(): Promise<void> {
    const { documents, clock, signal, log, changed } = this.#options;
    const stop = documents?.changes(() => this.#wake.wake());
    try {
      await this.#untilDone(async () => {
        const mended = await sweepQueue(this.#options);
        if (mended > 0) log.info({ mended }, 'the queue to the cloud was put right');
      });
      this.#swept.resolve();
      changed();
      let releaseAt = clock.monotonic() + HELD_MS;
      for (;;) {
        const { count } = this.#wake;
        await this.#untilDone(() => this.#keep());
        if (clock.monotonic() >= releaseAt) {
          releaseAt = clock.monotonic() + HELD_MS;
          await this.#untilDone(() => this.#release());
        }
        await this.#wake.wait(clock, HELD_MS, count, signal);
        await clock.sleep(GATHER_MS, signal);
      }
    } catch (error) {
      this.#swept.reject(error);
      if (!signal.aborted) throw error;
    } finally {
      stop?.();
    }
  }

  /** What the disk refuses now it may take later. */
  async #untilDone(run: () => Promise<void>): Promise<void> {
    const { clock, signal, log } = this.#options;
    for (;;) {
      try {
        await run();
        return;
      } catch (error) {
        if (signal.aborted) throw error;
        log.error({ code: codeOf(error) }, 'the queue to the cloud could not be kept; trying again');
        await clock.sleep(AGAIN_MS, signal);
      }
    }
  }

  async #keep(): Promise<void> {
    const { store, stationId, changed } = this.#options;
    let isMended = false;
    while (this.#documents.size > 0) {
      const step = [...this.#documents].slice(0, STEP);
      // One that is written again from here on has an entry of its own.
      for (const [id] of step) this.#documents.delete(id);
      try {
        await store.transaction((tx) => {
          for (const [id, name] of step) if (noteAgain(tx, name, id, tx.get(name, id), stationId)) isMended = true;
        });
      } catch (error) {
        for (const [id, name] of step) this.#documents.set(id, name);
        throw error;
      }
    }
    if (await this.#acknowledge()) isMended = true;
    if (isMended) changed();
  }

  async #acknowledge(): Promise<boolean> {
    const { store, documents, clock } = this.#options;
    if (documents === undefined) return false;
    const select = `SELECT document_id AS id, part, collection FROM artefacts
      WHERE state = 'waiting' AND sha256 IS NULL AND (document_id, part) > (?, ?) ORDER BY document_id, part LIMIT ?`;
    let isChanged = false;
    for (let after = { id: '', part: '' }; ;) {
      const page = prepared(store.sqlite, select).all(after.id, after.part, STEP) as {
        readonly id: string;
        readonly part: string;
        readonly collection: CollectionName;
      }[];
      const at = new Date(clock.now()).toISOString();
      await store.transaction((tx) => {
        for (const { id, part, collection } of page) {
          if (!documents.isAcknowledged(collection, id)) continue;
          prepared(
            tx.sqlite,
            `UPDATE artefacts SET state = 'verified', acknowledged_at = ? WHERE document_id = ? AND part = ? AND state = 'waiting'`,
          ).run(at, id, part);
          isChanged = true;
        }
      });
      const last = page.at(-1);
      if (last === undefined || page.length < STEP) return isChanged;
      after = last;
    }
  }

  async #release(): Promise<void> {
    const { store, changed } = this.#options;
    if ((await store.transaction((tx) => releaseHeld(tx.sqlite))) > 0) changed();
  }
}
