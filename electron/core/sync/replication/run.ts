/**
 * One run of RxDB's replication protocol over one collection. RxDB finds out what changed, asks for pages and batches, and moves the
 * checkpoints; every effect of it goes through the two instances of `run-instances.ts`.
 *
 * RxDB drops what throws in one of its callbacks. So nothing throws there: the first failure ends the run, from then on nothing has an
 * effect any more, and whoever started it starts another one from the last checkpoint.
 */
import { cancelRxStorageReplication, replicateRxStorageInstance } from 'rxdb';
import type {
  RxConflictHandlerInput,
  RxReplicationWriteToMasterRow,
  RxStorageInstanceReplicationState,
  WithDeleted,
} from 'rxdb';
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Subject } from 'rxjs';
import type { Checkpoint } from '../../../contract/index.ts';
import type { MasterState } from './absorb.ts';
import type { Outgoing } from './packs.ts';
import { PUSH_ROWS } from './packs.ts';
import type { Page, Pulling } from './pulling.ts';
import type { Pushing } from './pushing.ts';
import { RunInstances } from './run-instances.ts';
import type { Doc, Merge, State } from './states.ts';
import { identical, revisionOf, sameState, versionOf, withVersion } from './states.ts';
import type { CollectionTables } from './tables.ts';

export interface RunOptions {
  readonly tables: CollectionTables;
  readonly pulling: Pulling;
  readonly pushing: Pushing;
  readonly merge: Merge;
  /** ms since 1970. */
  readonly now: () => number;
  /** Told before each callback of RxDB's does anything; what it throws ends the run as any other failure does. */
  readonly observe: (site: string) => void;
  /** Whether something is under way, each time that changes. */
  readonly active: (direction: 'up' | 'down', active: boolean) => void;
}

type Row = RxReplicationWriteToMasterRow<Doc>;

/** Rows that RxDB reads at a time: several pushes, since nothing is on its way while it reads. */
const READ_ROWS = 2 * PUSH_ROWS;
/** An empty page moves the noted checkpoint only by so much: each move is a write to the disk. */
const WORTH_NOTING = 1000;

export class Run {
  /** Resolves with what ended the run. Until `stop` is called nothing else does but a failure. */
  readonly ended: Promise<unknown>;
  readonly #options: RunOptions;
  readonly #instances: RunInstances;
  readonly #pokes = new Subject<'RESYNC'>();
  readonly #aborted = new AbortController();
  #end: (cause: unknown) => void = () => undefined;
  #alive = true;
  /** Whether something may have changed since a page was last asked for. */
  #poked = false;
  /** After the page that RxDB has; null as a page: nothing came after it. */
  #ahead: { readonly from: Checkpoint; readonly page: Promise<Page> | null } | null = null;
  #state: RxStorageInstanceReplicationState<Doc> | null = null;

  constructor(options: RunOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const { tables, merge, now } = options;
    this.#instances = new RunInstances({ tables, merge, now, guard: this.#guard });
    try {
      this.#start();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Something may have changed in the cloud. */
  resync(): void {
    this.#poked = true;
    if (this.#alive) this.#pokes.next('RESYNC');
  }

  /** @param cause what `ended` resolves with */
  stop(cause: unknown): void {
    this.#fail(cause);
  }

  #start(): void {
    const state = replicateRxStorageInstance<Doc>({
      identifier: 'cloud',
      // It takes a page with fewer for the last one; how many come is not its matter, and after the last comes an empty one.
      pullBatchSize: 1,
      pushBatchSize: READ_ROWS,
      forkInstance: this.#instances.fork,
      metaInstance: this.#instances.meta,
      hashFunction: async (text) =>
        createHash('sha256')
          .update(text as string)
          .digest('hex'),
      skipStoringPullMeta: false,
      replicationHandler: {
        masterChangeStream$: this.#pokes.asObservable(),
        masterChangesSince: async (checkpoint) =>
          (await this.#guardAsync('pull', () => this.#pull(checkpoint as Checkpoint | undefined))) ?? NOTHING,
        masterWrite: async (rows) => (await this.#guardAsync('push', () => this.#push(rows))) ?? [],
      },
      conflictHandler: {
        isEqual: (left, right, context) =>
          this.#guard('isEqual', true, () =>
            this.#isEqual(left as unknown as State, right as unknown as State, context),
          ),
        resolve: async (conflict) => this.#guard('resolve', conflict.realMasterState, () => this.#resolve(conflict)),
      },
    });
    this.#state = state;
    state.events.error.subscribe((error) => this.#fail(error));
    state.events.active.up.subscribe((active) => this.#options.active('up', active));
    state.events.active.down.subscribe((active) => this.#options.active('down', active));
    if (!this.#alive) this.#cancel(state);
  }

  async #pull(checkpoint: Checkpoint | undefined): Promise<{ documents: WithDeleted<Doc>[]; checkpoint: Checkpoint }> {
    const { tables } = this.#options;
    // RxDB asks for pages faster than they are written, and then writes them all in one go.
    await this.#instances.taken(this.#aborted.signal);
    const page = await this.#page(checkpoint ?? null);
    if (!this.#alive) return NOTHING;
    // The next one comes while this one is written: it is asked for before, and this turn is left for it to go out.
    if (!page.last) {
      this.#ahead = { from: page.checkpoint, page: this.#ask(page.checkpoint) };
      await nextTurn();
      if (!this.#alive) return NOTHING;
    } else if (page.masters.length > 0) this.#ahead = { from: page.checkpoint, page: null };
    this.#instances.pulled(page.masters, page.checkpoint.seq);
    const moved = page.checkpoint.seq - (checkpoint?.seq ?? -WORTH_NOTING);
    // RxDB notes nothing of an empty page. A quiet collection would stay behind until what was deleted is purged.
    const isWorthIt = page.ids.length > 0 || moved >= WORTH_NOTING;
    if (page.masters.length === 0 && this.#instances.nothingPulled && isWorthIt) {
      tables.transactionToRepeat(() => tables.setCheckpoint('down', page.checkpoint));
    }
    const documents = page.masters.map(({ state, version }) => withVersion(state, version) as WithDeleted<Doc>);
    return { documents, checkpoint: page.checkpoint };
  }

  /** The page that was asked for ahead, or none after the last one. */
  async #page(from: Checkpoint | null): Promise<Page> {
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead === null || ahead.from.seq !== from?.seq || ahead.from.epoch !== from.epoch) return this.#ask(from);
    const page = (await ahead.page) ?? { masters: [], ids: [], checkpoint: from, last: true };
    // RxDB drops a poke that came before it asks for a page: it may be about what came after this one.
    return page.last && this.#poked ? this.#ask(from) : page;
  }

  #ask(from: Checkpoint | null): Promise<Page> {
    this.#poked = false;
    const asked = this.#options.pulling.page(from, this.#aborted.signal);
    // Whoever wants the page is told.
    asked.catch(() => undefined);
    return asked;
  }

  async #push(rows: readonly Row[]): Promise<WithDeleted<Doc>[]> {
    const { pushing, tables } = this.#options;
    const outgoing: Outgoing[] = [];
    for (const row of rows) {
      const state = row.newDocumentState as unknown as State;
      const revision = revisionOf(state);
      if (tables.ledger.get(state.id)?.refused === revision) continue;
      const assumed = row.assumedMasterState ?? null;
      outgoing.push({ state, revision, assumed, assumedVersion: assumed === null ? null : versionOf(assumed) });
    }
    const conflicts: MasterState[] = [];
    await pushing.push(outgoing, this.#aborted.signal, (master) => conflicts.push(master));
    this.#instances.conflicts(conflicts);
    return conflicts.map(({ state, version }) => withVersion(state, version) as WithDeleted<Doc>);
  }

  #isEqual(left: State, right: State, context: string): boolean {
    // Whether a page brings anything new: clocks and the cloud's own fields are news as well.
    if (context === 'downstream-check-if-equal-1') return identical(left, right);
    return sameState(this.#options.tables.collection, left, right);
  }

  #resolve({ assumedMasterState, newDocumentState, realMasterState }: RxConflictHandlerInput<Doc>): WithDeleted<Doc> {
    const { merge, tables } = this.#options;
    const base = assumedMasterState ?? null;
    const merged = merge(tables.collection, base, newDocumentState, realMasterState);
    return { ...merged };
  }

  readonly #guard = <T>(site: string, dead: T, run: () => T): T => {
    if (!this.#alive) return dead;
    try {
      this.#options.observe(`${site} (${this.#options.tables.collection})`);
      return run();
    } catch (error) {
      this.#fail(error);
      return dead;
    }
  };

  async #guardAsync<T>(site: string, run: () => Promise<T>): Promise<T | null> {
    if (!this.#alive) return null;
    try {
      this.#options.observe(`${site} (${this.#options.tables.collection})`);
      return await run();
    } catch (error) {
      this.#fail(error);
      return null;
    }
  }

  #fail(cause: unknown): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#aborted.abort(cause ?? undefined);
    if (this.#state !== null) this.#cancel(this.#state);
    this.#end(cause);
  }

  #cancel(state: RxStorageInstanceReplicationState<Doc>): void {
    state.events.canceled.next(true);
    // Whoever waits for the end of a push has it; completing the subject without would be an error that nobody handles.
    state.events.active.up.next(false);
    // Nothing rejects: what its queues wait for are our own answers.
    void cancelRxStorageReplication(state);
  }
}

const NOTHING: { documents: WithDeleted<Doc>[]; checkpoint: Checkpoint } = {
  documents: [],
  checkpoint: { seq: 0, epoch: '' },
};
