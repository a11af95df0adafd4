/** Reads the cloud page by page. What is no document of this version's contract is put aside and stops nothing. */
import type { Checkpoint, MasterRow, PullResponse } from '../../../contract/index.ts';
import { CONTRACT_VERSION, pullResponseSchema, replicationPath } from '../../../contract/index.ts';
import type { VantageError } from '../../../contract/index.ts';
import type { MasterState } from './absorb.ts';
import type { Incoming } from './incoming.ts';
import type { Line } from './line.ts';
import type { Lock } from './lock.ts';
import { ResyncNeeded } from './resync-needed.ts';
import type { CollectionTables } from './tables.ts';

/** Rows of one page: as many are written in one go, in some milliseconds. */
export const PULL_ROWS = 30;

export interface Page {
  readonly masters: readonly MasterState[];
  /** Of those that could not be read, too. */
  readonly ids: readonly string[];
  readonly checkpoint: Checkpoint;
  /** Nothing comes after it. */
  readonly last: boolean;
}

export interface PullingOptions {
  readonly tables: CollectionTables;
  readonly line: Line;
  readonly lock: Lock;
  readonly importance: number;
  readonly now: () => number;
  readonly read: (row: MasterRow) => Incoming;
  readonly trouble: (error: VantageError | null) => void;
  readonly pulled: () => void;
}

export class Pulling {
  readonly #options: PullingOptions;

  constructor(options: PullingOptions) {
    this.#options = options;
  }

  /**
   * Exactly `limit` documents, unless these are the last: RxDB takes a page that is not full for the end.
   * @throws ResyncNeeded, the signal's reason
   */
  async page(checkpoint: Checkpoint | null, limit: number, signal: AbortSignal): Promise<Page> {
    const masters: MasterState[] = [];
    const ids: string[] = [];
    for (let from = checkpoint; ;) {
      const wanted = limit - masters.length;
      const answer = await this.#ask(from, wanted, signal);
      if (answer.resync !== null) throw new ResyncNeeded(answer.resync);
      masters.push(...this.#readable(answer.rows));
      ids.push(...answer.rows.map(({ document }) => String(document['id'])));
      from = answer.checkpoint;
      const last = answer.rows.length < wanted;
      if (last || masters.length >= limit) {
        this.#options.pulled();
        return { masters, ids, checkpoint: from, last };
      }
    }
  }

  /** Not while a push waits for its answer: what came might already hold it, and would be taken for somebody else's change. */
  async #ask(checkpoint: Checkpoint | null, limit: number, signal: AbortSignal): Promise<PullResponse> {
    const { tables, line, lock, importance, trouble } = this.#options;
    return lock.run(async () => {
      signal.throwIfAborted();
      return line.ask({
        path: replicationPath(tables.collection, 'pull'),
        body: { contractVersion: CONTRACT_VERSION, checkpoint, limit },
        schema: pullResponseSchema,
        signal,
        importance,
        trouble,
      });
    });
  }

  #readable(rows: readonly MasterRow[]): MasterState[] {
    const { tables, read } = this.#options;
    const masters: MasterState[] = [];
    const unreadable: [row: MasterRow, field: string][] = [];
    for (const row of rows) {
      const incoming = read(row);
      if (incoming.ok) masters.push(incoming.master);
      else unreadable.push([row, incoming.field]);
    }
    if (unreadable.length > 0) {
      tables.transaction(() => {
        for (const [row, field] of unreadable) this.#putAside(row, field);
      });
    }
    return masters;
  }

  #putAside(row: MasterRow, field: string): void {
    const { tables, now } = this.#options;
    const { id } = row.document;
    tables.ledger.putAside({
      id: typeof id === 'string' ? id : '',
      version: row.version,
      deleted: row.deleted,
      field,
      at: new Date(now()).toISOString(),
      json: JSON.stringify(row.document),
    });
  }
}
