/**
 * Sends documents and takes the cloud's verdicts over. A push is kept, word by word, until it is answered: a line that broke after the
 * cloud had committed leaves no doubt behind, only the same question asked again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CollectionName, MasterRow, PushResponse, PushVerdict } from '../../../contract/index.ts';
import { CONTRACT_VERSION, VantageError, pushResponseSchema, replicationPath } from '../../../contract/index.ts';
import type { MasterState } from './absorb.ts';
import type { Incoming } from './incoming.ts';
import type { Line } from './line.ts';
import type { Lock } from './lock.ts';
import { FIRST_OF_ALL, SIDE_BY_SIDE } from './lock.ts';
import type { Outgoing, PackedRow } from './packs.ts';
import { Packs } from './packs.ts';
import { ResyncNeeded } from './resync-needed.ts';
import type { State } from './states.ts';
import { JsonText } from '../json-text.ts';
import type { CollectionTables } from './tables.ts';
import type { Words } from './words.ts';
import { keepWords, wordsOf } from './words.ts';

export interface PushingOptions {
  readonly tables: CollectionTables;
  readonly line: Line;
  /** One question about this collection at a time, or a few pushes. */
  readonly lock: Lock;
  readonly importance: number;
  readonly now: () => number;
  readonly newId: () => string;
  readonly read: (row: MasterRow) => Incoming;
  /** Merges what the cloud has instead of what was asked before; within the transaction of the verdicts. */
  readonly absorb: (master: MasterState) => void;
  readonly trouble: (error: VantageError | null) => void;
  readonly pushed: () => void;
}

/** How often the cloud may fail on a push before the reason is looked for in what was pushed. */
const MOST_FAILURES = 3;

interface How {
  readonly signal: AbortSignal;
  /** Called within the transaction of the verdicts. */
  readonly conflict: (master: MasterState) => void;
}

export class Pushing {
  readonly #options: PushingOptions;
  readonly #collection: CollectionName;
  readonly #underWay = new Set<string>();

  constructor(options: PushingOptions) {
    this.#options = options;
    this.#collection = options.tables.collection;
  }

  /**
   * @param conflict called within the transaction of the verdicts
   * @param isFirst before everything else, of any collection; then nothing else of this one is on its way beside them
   * @throws ResyncNeeded, the signal's reason
   */
  async push(
    rows: readonly Outgoing[],
    signal: AbortSignal,
    conflict: (master: MasterState) => void,
    isFirst = false,
  ): Promise<void> {
    const packs = new Packs(rows, (id, revision) => this.#tooLarge(id, revision));
    const how: How = { signal, conflict };
    if (isFirst) {
      if (packs.isLeft) await this.#pushFirst(packs, how);
      return;
    }
    const sendNext = async (): Promise<void> => {
      signal.throwIfAborted();
      // What goes before this one leaves first: to write all of them down takes as long as they are on their way.
      await nextTurn();
      signal.throwIfAborted();
      if (packs.isLeft) await this.#send(packs.next(), how);
    };
    const sendAll = async (): Promise<void> => {
      while (packs.isLeft) {
        if (this.#unanswered().length > 0) await this.settle(signal);
        // RxDB's are of different documents.
        await this.#options.lock.runBeside(sendNext);
      }
    };
    await Promise.all(Array.from({ length: Math.min(rows.length, SIDE_BY_SIDE) }, sendAll));
  }

  /** Together: between one part and the next whoever came would wait for a lesser turn. And alone: others may be of the same documents. */
  async #pushFirst(packs: Packs, how: How): Promise<void> {
    const { lock } = this.#options;
    await lock.runFirst(async () => {
      await this.#settle(how.signal);
      while (packs.isLeft) {
        how.signal.throwIfAborted();
        await this.#send(packs.next(), how);
      }
    });
  }

  /** Asks again what was not answered before. */
  async settle(signal: AbortSignal): Promise<void> {
    await this.#options.lock.run(async () => this.#settle(signal));
  }

  async #settle(signal: AbortSignal): Promise<void> {
    const { tables, absorb } = this.#options;
    for (const open of tables.ledger.openPushes()) {
      signal.throwIfAborted();
      await this.#ask(open.mutationId, wordsOf(tables, open), { signal, conflict: absorb });
    }
  }

  #unanswered(): readonly string[] {
    return this.#options.tables.ledger.openPushIds().filter((id) => !this.#underWay.has(id));
  }

  async #send(packed: readonly PackedRow[], how: How): Promise<void> {
    // Everything in it was too large.
    if (packed.length === 0) return;
    const { tables, newId } = this.#options;
    const mutationId = newId();
    this.#underWay.add(mutationId);
    try {
      tables.transaction(() => keepWords(tables, mutationId, packed));
      await this.#ask(mutationId, packed, how);
    } finally {
      this.#underWay.delete(mutationId);
    }
  }

  /** @param isDoubted the cloud has failed on it, and not on others */
  async #ask(mutationId: string, rows: readonly Words[], how: How, isDoubted = false): Promise<void> {
    const { tables } = this.#options;
    const { signal, conflict } = how;
    let answer: PushResponse;
    try {
      answer = await this.#answerTo(mutationId, rows, signal, isDoubted ? 1 : MOST_FAILURES);
    } catch (error) {
      if (!(error instanceof VantageError) || signal.aborted) throw error;
      if (error.code === 'INTERNAL' && !isDoubted) await this.#failedWhole(mutationId, rows, how);
      else await this.#refusedWhole(mutationId, rows, error, how);
      return;
    }
    signal.throwIfAborted();
    if (answer.resync !== null) throw new ResyncNeeded(answer.resync);
    if (answer.verdicts.length !== rows.length) throw new Error('the cloud answered another number of rows');
    // Until this is durable the push is still there, and is answered in the same words.
    tables.transactionToRepeat(() => {
      for (const [index, { state, revision }] of rows.entries()) {
        const verdict = answer.verdicts[index];
        if (verdict === undefined) throw new Error('a row without its verdict');
        this.#take(state, revision, verdict, conflict);
      }
      tables.ledger.clearOpenPush(mutationId);
      tables.ledger.noteContact('pushed', new Date(this.#options.now()).toISOString());
    });
    this.#options.pushed();
  }

  async #answerTo(
    mutationId: string,
    rows: readonly Words[],
    signal: AbortSignal,
    mostFailures: number,
  ): Promise<PushResponse> {
    const { tables, line, lock, importance, trouble } = this.#options;
    const head = JSON.stringify({ contractVersion: CONTRACT_VERSION, mutationId, checkpoint: tables.downCheckpoint });
    return line.ask({
      path: replicationPath(this.#collection, 'push'),
      body: new JsonText(`${head.slice(0, -1)},"rows":[${rows.map(({ json }) => json).join(',')}]}`),
      schema: pushResponseSchema,
      signal,
      importance: () => (lock.isHurried ? FIRST_OF_ALL : importance),
      mostFailures,
      trouble,
    });
  }

  #take(state: State, revision: string, verdict: PushVerdict, conflict: (master: MasterState) => void): void {
    const { tables, now, read } = this.#options;
    const at = new Date(now()).toISOString();
    switch (verdict.verdict) {
      case 'accepted': {
        const known = tables.ledger.get(state.id);
        // Purged here meanwhile: nobody asks any more.
        if (known === null) return;
        if (known.rev === revision) tables.agree(state.id, revision, verdict.version);
        else {
          tables.assume(state.id, state);
          tables.ledger.acknowledge(state.id, revision, verdict.version);
        }
        return;
      }
      case 'conflict': {
        const master = read(verdict.master);
        if (master.ok) conflict(master.master);
        // There is nothing to merge with. It is tried again when it changes here, or a readable state comes.
        else tables.ledger.refuse(state.id, revision, 'INVALID', master.field, at);
        return;
      }
      case 'quarantined':
        tables.ledger.refuse(state.id, revision, verdict.reason, verdict.field, at);
        return;
    }
  }

  /**
   * The cloud fails on it. It should not, whatever is in a row; but if one row makes it, the others must not wait for that. What an
   * empty push meets as well is the cloud's trouble, not a row's, and is waited for; then it is asked once more, or in halves.
   */
  async #failedWhole(mutationId: string, rows: readonly Words[], how: How): Promise<void> {
    const answer = await this.#answerTo(this.#options.newId(), [], how.signal, Infinity);
    how.signal.throwIfAborted();
    if (answer.resync !== null) throw new ResyncNeeded(answer.resync);
    if (rows.length === 1) await this.#ask(mutationId, rows, how, true);
    else await this.#sendHalves(mutationId, rows, how);
  }

  /** Nothing of it was taken. What is too much together is sent in halves; a single row is kept from being sent again. */
  async #refusedWhole(mutationId: string, rows: readonly Words[], error: VantageError, how: How): Promise<void> {
    const { tables, now } = this.#options;
    const [only] = rows;
    if (rows.length > 1 && error.code !== 'STATUS_CONFLICT') return this.#sendHalves(mutationId, rows, how);
    tables.transaction(() => {
      tables.ledger.clearOpenPush(mutationId);
      if (only === undefined || error.code === 'STATUS_CONFLICT') return;
      const reason = error.code === 'INTERNAL' ? 'CLOUD_FAILED' : 'INVALID';
      tables.ledger.refuse(only.state.id, only.revision, reason, '', new Date(now()).toISOString());
    });
    // The id was used by another push: asked under a new one.
    if (error.code === 'STATUS_CONFLICT') await this.#send(unsent(rows), how);
    else this.#options.pushed();
  }

  async #sendHalves(mutationId: string, rows: readonly Words[], how: How): Promise<void> {
    const { tables } = this.#options;
    tables.transaction(() => tables.ledger.clearOpenPush(mutationId));
    const half = Math.ceil(rows.length / 2);
    await this.#send(unsent(rows.slice(0, half)), how);
    await this.#send(unsent(rows.slice(half)), how);
  }

  #tooLarge(id: string, revision: string): void {
    const { tables, now } = this.#options;
    const at = new Date(now()).toISOString();
    tables.transaction(() => tables.ledger.refuse(id, revision, 'TOO_LARGE', '', at));
  }
}

function unsent(rows: readonly Words[]): PackedRow[] {
  return rows.map((row) => ({ ...row, isNew: false }));
}
