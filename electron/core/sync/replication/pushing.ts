/**
 * Sends documents and takes the cloud's verdicts over. A push is kept, word by word, until it is answered: a line that broke after the
 * cloud had committed leaves no doubt behind, only the same question asked again.
 */
import type { CollectionName, MasterRow, PushResponse, PushRow, PushVerdict } from '../../../contract/index.ts';
import {
  CONTRACT_VERSION,
  SYNC_LIMITS,
  VantageError,
  pushResponseSchema,
  replicationPath,
} from '../../../contract/index.ts';
import type { MasterState } from './absorb.ts';
import type { Incoming } from './incoming.ts';
import type { OpenPush } from './ledger.ts';
import type { Line } from './line.ts';
import type { Lock } from './lock.ts';
import { ResyncNeeded } from './resync-needed.ts';
import type { State } from './states.ts';
import { rowOf, stateOfRow } from './states.ts';
import type { CollectionTables } from './tables.ts';

/** Bytes of a push to aim at: what is kept of it is written before it is sent, and a write of the clinic waits that long at most. */
const PUSH_BYTES = Math.min(512 * 1024, SYNC_LIMITS.pushBytes);
/** Rows of one push: as many verdicts are taken over in one go, in some milliseconds. */
export const PUSH_ROWS = Math.min(30, SYNC_LIMITS.rows);
/** A row carries its document and the one that it was made from. */
const ROW_BYTES = 2 * SYNC_LIMITS.documentBytes;

/** A document on its way. */
export interface Outgoing {
  readonly state: State;
  /** Of `state`, here. */
  readonly revision: string;
  readonly assumed: State | null;
  readonly assumedVersion: number | null;
}

export interface PushingOptions {
  readonly tables: CollectionTables;
  readonly line: Line;
  /** One question about this collection at a time. */
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

interface How {
  readonly signal: AbortSignal;
  readonly importance: number;
  /** Called within the transaction of the verdicts. */
  readonly conflict: (master: MasterState) => void;
}

interface PackedRow {
  readonly json: string;
  readonly revision: string;
}

export class Pushing {
  readonly #options: PushingOptions;
  readonly #collection: CollectionName;

  constructor(options: PushingOptions) {
    this.#options = options;
    this.#collection = options.tables.collection;
  }

  /**
   * @param conflict called within the transaction of the verdicts
   * @throws ResyncNeeded, the signal's reason
   */
  async push(
    rows: readonly Outgoing[],
    signal: AbortSignal,
    conflict: (master: MasterState) => void,
    importance = this.#options.importance,
  ): Promise<void> {
    const how: How = { signal, conflict, importance };
    for (const packed of this.#pack(rows)) {
      await this.#options.lock.run(async () => {
        signal.throwIfAborted();
        await this.#settle(signal);
        await this.#send(packed, how);
      });
    }
  }

  /** Asks again what was not answered before. */
  async settle(signal: AbortSignal): Promise<void> {
    await this.#options.lock.run(async () => this.#settle(signal));
  }

  async #settle(signal: AbortSignal): Promise<void> {
    const { tables, absorb, importance } = this.#options;
    const open = tables.ledger.openPush();
    if (open !== null) await this.#ask(open, { signal, conflict: absorb, importance });
  }

  async #send(packed: readonly PackedRow[], how: How): Promise<void> {
    const { tables, newId } = this.#options;
    const open: OpenPush = {
      mutationId: newId(),
      rowsJson: `[${packed.map(({ json }) => json).join(',')}]`,
      revisions: packed.map(({ revision }) => revision),
    };
    tables.transaction(() => tables.ledger.setOpenPush(open));
    await this.#ask(open, how);
  }

  async #ask(open: OpenPush, how: How): Promise<void> {
    const { tables, line, trouble } = this.#options;
    const { signal, importance, conflict } = how;
    const rows = JSON.parse(open.rowsJson) as PushRow[];
    let answer: PushResponse;
    try {
      answer = await line.ask({
        path: replicationPath(this.#collection, 'push'),
        body: {
          contractVersion: CONTRACT_VERSION,
          mutationId: open.mutationId,
          checkpoint: tables.downCheckpoint,
          rows,
        },
        schema: pushResponseSchema,
        signal,
        importance,
        trouble,
      });
    } catch (error) {
      if (!(error instanceof VantageError) || signal.aborted) throw error;
      await this.#refusedWhole(open, rows, error, how);
      return;
    }
    signal.throwIfAborted();
    if (answer.resync !== null) throw new ResyncNeeded(answer.resync);
    if (answer.verdicts.length !== rows.length) throw new Error('the cloud answered another number of rows');
    // Until this is durable the push is still there, and is answered in the same words.
    tables.transactionToRepeat(() => {
      for (const [index, row] of rows.entries()) {
        const [verdict, revision] = [answer.verdicts[index], open.revisions[index]];
        if (verdict === undefined || revision === undefined) throw new Error('a row without its verdict');
        this.#take(stateOfRow(row), revision, verdict, conflict);
      }
      tables.ledger.clearOpenPush();
      tables.ledger.noteContact('pushed', new Date(this.#options.now()).toISOString());
    });
    this.#options.pushed();
  }

  #take(state: State, revision: string, verdict: PushVerdict, conflict: (master: MasterState) => void): void {
    const { tables, now, read } = this.#options;
    const at = new Date(now()).toISOString();
    switch (verdict.verdict) {
      case 'accepted':
        // Purged here meanwhile: nobody asks any more.
        if (tables.ledger.get(state.id) === null) return;
        tables.assume(state.id, state);
        tables.ledger.acknowledge(state.id, revision, verdict.version);
        return;
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

  /** Nothing of it was taken. What is too much together is sent in halves; a single row is kept from being sent again. */
  async #refusedWhole(open: OpenPush, rows: readonly PushRow[], error: VantageError, how: How): Promise<void> {
    const { tables, now } = this.#options;
    const [only] = rows;
    const packed = rows.map((row, index) => ({ json: JSON.stringify(row), revision: open.revisions[index] ?? '' }));
    tables.transaction(() => {
      tables.ledger.clearOpenPush();
      if (rows.length !== 1 || only === undefined || error.code === 'STATUS_CONFLICT') return;
      const { id } = stateOfRow(only);
      tables.ledger.refuse(id, packed[0]?.revision ?? '', 'INVALID', '', new Date(now()).toISOString());
    });
    // The id was used by another push: asked under a new one.
    if (error.code === 'STATUS_CONFLICT') return this.#send(packed, how);
    if (rows.length === 1) return;
    const half = Math.ceil(packed.length / 2);
    await this.#send(packed.slice(0, half), how);
    await this.#send(packed.slice(half), how);
  }

  #pack(rows: readonly Outgoing[]): PackedRow[][] {
    const packs: PackedRow[][] = [];
    let pack: PackedRow[] = [];
    let bytes = 0;
    for (const { state, revision, assumed, assumedVersion } of rows) {
      const row: PushRow = {
        ...rowOf(state),
        assumed: assumed === null ? null : { ...rowOf(assumed), version: assumedVersion },
      };
      const json = JSON.stringify(row);
      const size = Buffer.byteLength(json);
      if (size > ROW_BYTES) {
        this.#tooLarge(state.id, revision);
        continue;
      }
      if (pack.length > 0 && (bytes + size > PUSH_BYTES || pack.length >= PUSH_ROWS)) {
        packs.push(pack);
        [pack, bytes] = [[], 0];
      }
      pack.push({ json, revision });
      bytes += size;
    }
    if (pack.length > 0) packs.push(pack);
    return packs;
  }

  #tooLarge(id: string, revision: string): void {
    const { tables, now } = this.#options;
    const at = new Date(now()).toISOString();
    tables.transaction(() => tables.ledger.refuse(id, revision, 'TOO_LARGE', '', at));
  }
}
