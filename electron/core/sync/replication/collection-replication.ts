/** Keeps one collection replicating: one run after the other, each from the last checkpoint, with what has to be done before it. */
import { setImmediate } from 'node:timers/promises';
import { retry } from 'rxjs';
import type {
  CollectionName,
  CollectionSyncStatus,
  HybridClock,
  MasterRow,
  Problem,
  ProblemCode,
} from '../../../contract/index.ts';
import { VantageError } from '../../../contract/index.ts';
import type { StoreLog } from '../../store/types.ts';
import type { SyncClock } from '../clock.ts';
import { absorb } from './absorb.ts';
import { compareAll, rewind } from './audit.ts';
import { readAgain } from './full-read.ts';
import type { Incoming } from './incoming.ts';
import { readIncoming } from './incoming.ts';
import type { Line } from './line.ts';
import { Lock } from './lock.ts';
import type { Outgoing } from './packs.ts';
import { Pulling } from './pulling.ts';
import { Pushing } from './pushing.ts';
import { ResyncNeeded } from './resync-needed.ts';
import { Run } from './run.ts';
import type { Merge } from './states.ts';
import { stateOf } from './states.ts';
import { CollectionTables } from './tables.ts';
import type { ReplicationTables } from './tables.ts';

export interface CollectionOptions {
  readonly tables: ReplicationTables;
  readonly line: Line;
  readonly clock: SyncClock;
  readonly hybridClock: HybridClock;
  readonly scope: { readonly tenantId: string; readonly locationId: string };
  readonly newId: () => string;
  readonly merge: Merge;
  readonly observe: (site: string) => void;
  readonly log: StoreLog | undefined;
  /** Of pushes; pulls come after those of all collections. Lower comes first. */
  readonly importance: number;
  readonly changed: () => void;
}

/** How often a stream of changes that fails is asked for again. */
const TRIES = 3;
/** Of pulls, on top of a collection's own. */
const PULLS_AFTER = 100;
/** A run that held for so long did not fail at once. */
const STEADY_MS = 60_000;
const REFUSALS: ReadonlySet<ProblemCode> = new Set(['UPDATE_NEEDED', 'CLOUD_OLDER', 'STATION_REFUSED', 'NOT_ALLOWED']);

/** The audit found something: the collection starts again before it. */
class Repaired extends Error {}

export class CollectionReplication {
  readonly collection: CollectionName;
  readonly tables: CollectionTables;
  readonly #options: CollectionOptions;
  readonly #pulling: Pulling;
  readonly #pushing: Pushing;
  readonly #closed = new AbortController();
  readonly #watching: { unsubscribe(): void };
  #run: Run | null = null;
  #isFirstRun = true;
  #looping: Promise<void> = Promise.resolve();
  #restarts = 0;
  #problem: Problem | null = null;
  /** Whether `#problem` is one of the line's, to be tried again by itself. */
  #waiting = false;
  #resyncing = false;
  #pulledAt: string | null;
  #active = { up: false, down: false };

  constructor(collection: CollectionName, options: CollectionOptions) {
    this.collection = collection;
    this.#options = options;
    this.tables = new CollectionTables(options.tables, collection);
    this.#pulledAt = this.tables.ledger.contacts.pulledAt;
    const { line, importance, newId, changed } = options;
    const common = {
      tables: this.tables,
      line,
      lock: new Lock(),
      now: () => options.clock.now(),
      read: (row: MasterRow): Incoming => this.#read(row),
      trouble: (error: VantageError | null): void => this.#trouble(error),
    };
    this.#pulling = new Pulling({
      ...common,
      importance: PULLS_AFTER + importance,
      pulled: () => {
        this.#pulledAt = new Date(options.clock.now()).toISOString();
        changed();
      },
    });
    this.#pushing = new Pushing({
      ...common,
      importance,
      newId,
      absorb: (master) => absorb(this.tables, master, options.merge),
      pushed: changed,
    });
    // Only for those who are told how things stand; a run has a subscription of its own.
    this.#watching = this.tables.fork.changeStream().pipe(retry(TRIES)).subscribe({ next: changed, error: changed });
  }

  start(): void {
    this.#looping = this.#loop();
  }

  /** Something may have changed in the cloud. */
  resync(): void {
    this.#run?.resync();
  }

  /** Pushes these documents before the others, as far as the cloud does not have them. */
  async pushFirst(ids: readonly string[], signal: AbortSignal): Promise<void> {
    const outgoing: Outgoing[] = [];
    for (const id of ids) {
      const known = this.tables.ledger.get(id);
      const stored = this.tables.stored(id);
      if (known === null || stored === undefined || known.acked === known.rev || known.refused === known.rev) continue;
      outgoing.push({
        state: stateOf(stored),
        revision: stored._rev,
        assumed: this.tables.assumed(id),
        assumedVersion: known.version,
      });
    }
    await this.#pushing.push(outgoing, signal, (master) => absorb(this.tables, master, this.#options.merge), true);
  }

  /** What the cloud failed on is asked again: it may be another version of it by now. */
  askFailedAgain(): void {
    if (this.#forgetFailures()) this.#run?.stop(new Repaired());
  }

  #forgetFailures(): boolean {
    return this.tables.transaction(() => this.tables.ledger.askFailedAgain());
  }

  /** Compares every document with what the cloud is known to have. @returns how many were not what they counted as */
  async audit(): Promise<number> {
    const wrong = await compareAll(this.tables, this.#closed.signal);
    if (wrong > 0 || this.tables.ledger.firstOpen(this.tables.upSeq) !== null) {
      this.#options.log?.error(
        { collection: this.collection, wrong },
        'documents that were not pushed are pushed again',
      );
      this.#run?.stop(new Repaired());
    }
    return wrong;
  }

  status(counts: { readonly unpushed: number; readonly refused: number }): CollectionSyncStatus {
    return {
      name: this.collection,
      state: this.#state(counts.unpushed - counts.refused),
      unpushed: counts.unpushed,
      quarantined: counts.refused,
      lastPulledAt: this.#pulledAt,
      lastPushedAt: this.tables.ledger.contacts.pushedAt,
      restarts: this.#restarts,
      problem: this.#problem,
    };
  }

  async close(): Promise<void> {
    this.#closed.abort(new VantageError('CANCELLED', 'replication is closed'));
    this.#run?.stop(null);
    await this.#looping;
    this.#watching.unsubscribe();
    await this.tables.meta.close();
  }

  #state(open: number): CollectionSyncStatus['state'] {
    if (this.#problem !== null) return this.#waiting ? 'waiting' : 'stopped';
    if (this.#resyncing) return 'resyncing';
    if (open > 0) return this.#active.up ? 'pushing' : 'waiting';
    return this.#active.down ? 'pulling' : 'settled';
  }

  async #loop(): Promise<void> {
    const { signal } = this.#closed;
    for (let failures = 0; !signal.aborted;) {
      try {
        failures = await this.#turn(failures, signal);
      } catch {
        // What failed was the way to wait or to tell: this collection goes on all the same.
        failures += 1;
        await setImmediate();
      }
    }
  }

  /** One run, and the wait after it. @returns how many have failed in a row */
  async #turn(failures: number, signal: AbortSignal): Promise<number> {
    const { clock, line, log, changed } = this.#options;
    const startedAt = clock.monotonic();
    const cause = await this.#once(signal);
    this.#run = null;
    if (signal.aborted) return failures;
    this.#restarts += 1;
    if (!(cause instanceof ResyncNeeded) && !(cause instanceof Repaired)) {
      const what = nameOf(cause);
      log?.warn({ collection: this.collection, what }, 'replication starts again');
      this.#report(cause instanceof VantageError ? cause : new VantageError('INTERNAL', what), false);
    }
    changed();
    const inARow = clock.monotonic() - startedAt > STEADY_MS ? 0 : failures;
    await line.pause(line.waitAfter(inARow), signal);
    return inARow + 1;
  }

  /** @returns what ended it */
  async #once(signal: AbortSignal): Promise<unknown> {
    try {
      await this.#prepare(signal);
      signal.throwIfAborted();
      const { merge, observe, clock, changed } = this.#options;
      this.#run = new Run({
        tables: this.tables,
        pulling: this.#pulling,
        pushing: this.#pushing,
        merge,
        now: () => clock.now(),
        observe,
        active: (direction, active) => {
          if (this.#active[direction] === active) return;
          this.#active = { ...this.#active, [direction]: active };
          changed();
        },
      });
      const cause = await this.#run.ended;
      if (cause instanceof ResyncNeeded) this.#needResync(cause);
      return cause;
    } catch (error) {
      if (error instanceof ResyncNeeded) this.#needResync(error);
      return error;
    }
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    const { scope, merge } = this.#options;
    const again = this.tables.ledger.resync;
    if (again !== null) {
      this.#resyncing = true;
      try {
        await readAgain(again.reason, signal, { tables: this.tables, pulling: this.#pulling, merge, scope });
      } finally {
        this.#resyncing = false;
      }
    }
    this.#takeBackReadable();
    if (this.#isFirstRun) this.#forgetFailures();
    this.#isFirstRun = false;
    await this.#pushing.settle(signal);
    rewind(this.tables);
  }

  #needResync({ reason }: ResyncNeeded): void {
    const { tables } = this;
    this.#options.log?.info({ collection: this.collection, reason }, 'the cloud is read again from the beginning');
    tables.transaction(() => {
      if (tables.ledger.resync?.reason !== reason) tables.ledger.setResync(reason);
    });
  }

  /** What was put aside may be a document of this version's contract. */
  #takeBackReadable(): void {
    const { ledger } = this.tables;
    for (const { id, version, deleted, json } of ledger.setAside()) {
      const incoming = this.#read({ document: JSON.parse(json) as Record<string, unknown>, version, deleted });
      if (!incoming.ok) continue;
      this.tables.transaction(() => {
        absorb(this.tables, incoming.master, this.#options.merge);
        ledger.takeBack(id);
      });
    }
  }

  #read(row: MasterRow): Incoming {
    const { hybridClock, scope } = this.#options;
    return readIncoming(this.collection, row, { tenantId: scope.tenantId, clock: hybridClock });
  }

  #trouble(error: VantageError | null): void {
    if (error !== null) this.#report(error, !REFUSALS.has(error.code));
    else if (this.#problem !== null) {
      this.#problem = null;
      this.#options.changed();
    }
  }

  #report(error: VantageError, waiting: boolean): void {
    const { clock, changed } = this.#options;
    const { field, waitSeconds } = error.extra;
    this.#waiting = waiting;
    this.#problem = {
      code: error.code,
      detail: error.detail.slice(0, 500),
      at: new Date(clock.now()).toISOString(),
      ...(field !== undefined && { field }),
      ...(waitSeconds !== undefined && { waitSeconds }),
    };
    changed();
  }
}

/** RxDB's errors carry the documents they are about, and others may quote them: of those, only what kind they are. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.constructor === Error || error.constructor === TypeError) return error.message;
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  return `${error.name}${code}`;
}
