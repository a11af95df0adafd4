/** Reads the cloud page by page. What is no document of this version's contract is put aside and stops nothing. */
import type { Checkpoint, MasterRow, PullResponse } from '../../../contract/index.ts';
import { CONTRACT_VERSION, SYNC_LIMITS, pullResponseSchema, replicationPath } from '../../../contract/index.ts';
import type { VantageError } from '../../../contract/index.ts';
import type { MasterState } from './absorb.ts';
import type { Incoming } from './incoming.ts';
import type { Line } from './line.ts';
import type { Lock } from './lock.ts';
import { FIRST_OF_ALL } from './lock.ts';
import { ResyncNeeded } from './resync-needed.ts';
import type { CollectionTables } from './tables.ts';

/** Rows and bytes of one page: as many are written in one go, in some tens of milliseconds at most. */
const PAGE_ROWS = Math.min(500, SYNC_LIMITS.rows);
const PAGE_BYTES = 1024 * 1024;

export interface Page {
  readonly masters: readonly MasterState[];
  /** Of those that could not be read, and of those that this station wrote itself, too. */
  readonly ids: readonly string[];
  readonly checkpoint: Checkpoint;
  /** Nothing comes after it. */
  readonly last: boolean;
}

/** Whether documents come that this station has sent itself, and that are as it sent them. */
type Own = 'brief' | 'whole';

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
   * The next documents; none only where these are the last.
   * @param own 'whole' where what is known of the cloud does not count
   * @throws ResyncNeeded, the signal's reason
   */
  async page(checkpoint: Checkpoint | null, signal: AbortSignal, own: Own = 'brief'): Promise<Page> {
    const ids: string[] = [];
    for (let from = checkpoint; ;) {
      const page = await this.#page(from, own, signal);
      ids.push(...page.ids);
      if (page.last || page.masters.length > 0) {
        this.#options.pulled();
        return { ...page, ids };
      }
      from = page.checkpoint;
    }
  }

  async #page(from: Checkpoint | null, own: Own, signal: AbortSignal): Promise<Page> {
    const answer = await this.#ask(from, own, signal);
    if (answer.resync !== null) throw new ResyncNeeded(answer.resync);
    const { rows, own: sent = [], checkpoint, more = false } = answer;
    // What it was told of before and does not know any more, it has to see.
    if (!sent.every(({ id, version }) => (this.#options.tables.ledger.get(id)?.version ?? -1) >= version)) {
      return this.#page(from, 'whole', signal);
    }
    const ids = [...rows.map(({ document }) => String(document['id'])), ...sent.map(({ id }) => id)];
    const last = !more && ids.length < PAGE_ROWS;
    return { masters: this.#readable(rows), ids, checkpoint, last };
  }

  /** Not while a push waits for its answer: what came might already hold it, and would be taken for somebody else's change. */
  async #ask(checkpoint: Checkpoint | null, own: Own, signal: AbortSignal): Promise<PullResponse> {
    const { tables, line, lock, importance, trouble } = this.#options;
    return lock.run(async () => {
      signal.throwIfAborted();
      return line.ask({
        path: replicationPath(tables.collection, 'pull'),
        body: { contractVersion: CONTRACT_VERSION, checkpoint, limit: PAGE_ROWS, bytes: PAGE_BYTES, own },
        schema: pullResponseSchema,
        signal,
        importance: () => (lock.isHurried ? FIRST_OF_ALL : importance),
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
