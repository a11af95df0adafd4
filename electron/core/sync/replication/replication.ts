/**
 * The station's replication with the cloud: RxDB's protocol over each of the store's collections, on the store's own tables. Everything
 * from outside is injected, so that a simulation can be the network, the clock and chance.
 */
import { setImmediate } from 'node:timers/promises';
import { getHeightOfRevision } from 'rxdb';
import type { CollectionName, CollectionSyncStatus, QuarantinedRow } from '../../../contract/index.ts';
import { documentSchemas, newId } from '../../../contract/index.ts';
import type { Store } from '../../store/index.ts';
import type { StoreLog } from '../../store/types.ts';
import type { SyncClock } from '../clock.ts';
import type { CloudClient } from '../cloud-client.ts';
import type { Pokes } from '../poke-stream.ts';
import { CollectionReplication } from './collection-replication.ts';
import { countRefused, countUnpushed, oldestUnpushed, refusedRows, setAsideRows } from './ledger.ts';
import { Line } from './line.ts';
import { pushReviewFirst } from './review-first.ts';
import { mergeStates } from './states.ts';
import type { Merge } from './states.ts';
import { replicationTables } from './tables.ts';
import type { ReplicationTables } from './tables.ts';

export interface ReplicationOptions {
  readonly store: Pick<Store, 'tables' | 'clock'>;
  readonly cloud: Pick<CloudClient, 'post' | 'pokes'>;
  /** Where the station is enrolled. */
  readonly scope: { readonly tenantId: string; readonly locationId: string };
  readonly clock: SyncClock;
  /** 0 to 1. */
  readonly random: () => number;
  /** Names pushes; random UUIDs if left out. */
  readonly newId?: () => string;
  /** Resolves when requests make sense; rejects with the signal's reason. */
  readonly ready?: (signal: AbortSignal) => Promise<void>;
  readonly log?: StoreLog;
  /** In place of the store's, for proofs. */
  readonly tables?: ReplicationTables;
  readonly merge?: Merge;
  /** Told before each callback of RxDB's; what it throws is thrown there. For proofs. */
  readonly observe?: (site: string) => void;
}

export interface Replication {
  /** Documents of which the cloud does not have the last state, counted from acknowledgements. Those it refused are among them. */
  unpushed(): number;
  /** When the oldest of them was written, ms since 1970; null where there is none. */
  oldestUnpushedAt(): number | null;
  perCollection(): readonly CollectionSyncStatus[];
  /** What the cloud refused, the latest first. */
  quarantined(limit: number): readonly QuarantinedRow[];
  /** What came from the cloud and is no document of this version's contract, the latest first. */
  setAside(limit: number): readonly QuarantinedRow[];
  /** Told soon after something of the above may have changed; often, and not more than once per turn. @returns what ends it */
  changes(listener: () => void): () => void;
  /** Resolves when the cloud has answered everything that was local at the time of the call. Rejects with the signal's reason. */
  drained(signal?: AbortSignal): Promise<void>;
  /** Whatever waits to be tried again is tried now: the line is back, or somebody wants it. */
  tryNow(): void;
  /** Compares every document with what was acknowledged; what differs is pushed again. @returns how many did */
  audit(): Promise<number>;
  /** The store can be closed afterwards. */
  close(): Promise<void>;
}

/** What matters most, first: visits and what a clinician needs to decide, then who it is about, then the rest. */
const ORDER: readonly CollectionName[] = [
  'sessions',
  'reports',
  'findings',
  'captures',
  'consents',
  'patients',
  'appointments',
  'calibrations',
  'devices',
  'alerts',
  'staff',
];

/** Pokes closer together than this are one. */
const POKE_SPACING_MS = 1000;
/** Without a poke the cloud is asked all the same: one may have been missed. */
const POLL_MS = 2 * 60_000;
const AUDIT_MS = 60 * 60_000;
/** What the cloud failed on is asked again: often enough to be soon there once the cloud is mended. */
const FAILED_AGAIN_MS = 60 * 60_000;

/** Starts at once and goes on until it is closed, whatever the line does. */
export function startReplication(options: ReplicationOptions): Replication {
  return new StationReplication(options);
}

class StationReplication implements Replication {
  readonly #options: ReplicationOptions;
  readonly #tables: ReplicationTables;
  readonly #line: Line;
  readonly #collections: ReadonlyMap<CollectionName, CollectionReplication>;
  readonly #closed = new AbortController();
  readonly #listeners = new Set<() => void>();
  readonly #loops: Promise<void>[];
  #inReview: Promise<void> | null = null;
  #reviewAgain = false;
  #telling = false;
  readonly #poked = new Set<CollectionName>();
  #poking = false;

  constructor(options: ReplicationOptions) {
    this.#options = options;
    const { store, clock, scope, log } = options;
    this.#tables = options.tables ?? replicationTables(store.tables);
    this.#line = new Line({ ...options, recovered: () => this.#reviewFirst() });
    const common = {
      tables: this.#tables,
      line: this.#line,
      clock,
      hybridClock: store.clock,
      scope,
      newId: options.newId ?? newId,
      merge: options.merge ?? mergeStates,
      observe: options.observe ?? ((): void => undefined),
      log,
      changed: (): void => this.#tell(),
    };
    const names = Object.keys(documentSchemas) as CollectionName[];
    const byOrder = names.toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
    this.#collections = new Map(
      byOrder.map((name, importance) => [name, new CollectionReplication(name, { ...common, importance })]),
    );
    const { signal } = this.#closed;
    this.#reviewFirst();
    for (const collection of this.#collections.values()) collection.start();
    this.#loops = [
      this.#listen(signal),
      this.#every(POLL_MS, signal, () => this.#resync()),
      this.#every(AUDIT_MS, signal, async () => this.audit()),
      this.#every(FAILED_AGAIN_MS, signal, () => this.#askFailedAgain()),
    ];
  }

  unpushed(): number {
    let sum = 0;
    for (const count of countUnpushed(this.#tables.sqlite).values()) sum += count;
    return sum;
  }

  oldestUnpushedAt(): number | null {
    return oldestUnpushed(this.#tables.sqlite);
  }

  perCollection(): readonly CollectionSyncStatus[] {
    const [unpushed, refused] = [countUnpushed(this.#tables.sqlite), countRefused(this.#tables.sqlite)];
    return [...this.#collections].map(([name, collection]) =>
      collection.status({ unpushed: unpushed.get(name) ?? 0, refused: refused.get(name) ?? 0 }),
    );
  }

  quarantined(limit: number): readonly QuarantinedRow[] {
    return refusedRows(this.#tables.sqlite, limit);
  }

  setAside(limit: number): readonly QuarantinedRow[] {
    return setAsideRows(this.#tables.sqlite, limit);
  }

  changes(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async drained(signal: AbortSignal = this.#closed.signal): Promise<void> {
    const open = [...this.#collections.values()].flatMap(({ tables }) =>
      tables.ledger.unpushedIds().map((id) => {
        const height = getHeightOfRevision(tables.ledger.get(id)?.rev ?? '');
        return (): boolean => {
          const now = tables.ledger.get(id);
          if (now === null || now.acked === now.rev || now.refused === now.rev) return true;
          // What was written since is another matter.
          return now.acked !== null && getHeightOfRevision(now.acked) >= height;
        };
      }),
    );
    // From the end, as far as they are settled: each change looks at one that is not.
    await this.#until(() => {
      while (open.at(-1)?.() === true) open.pop();
      return open.length === 0;
    }, signal);
  }

  tryNow(): void {
    // Before those who only waited for the line go on: nothing of theirs has failed.
    this.#reviewFirst();
    this.#askFailedAgain();
    this.#line.wake();
    this.#poke();
  }

  async audit(): Promise<number> {
    let wrong = 0;
    for (const collection of this.#collections.values()) wrong += await collection.audit();
    return wrong;
  }

  async close(): Promise<void> {
    this.#closed.abort(new Error('replication is closed'));
    this.#line.wake();
    await Promise.all([...this.#collections.values()].map(async (collection) => collection.close()));
    await Promise.all([...this.#loops, this.#inReview]);
    this.#listeners.clear();
  }

  /** Whatever goes wrong with it, each collection meets again by itself. Wanted while it goes on, it is done once more: it began with less. */
  #reviewFirst(): void {
    const { signal } = this.#closed;
    if (this.#inReview !== null) {
      this.#reviewAgain = true;
      return;
    }
    this.#inReview = pushReviewFirst(this.#collections, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#options.log?.info({ code: codeOf(error) }, 'visits in review wait with the others');
      })
      .finally(() => {
        this.#inReview = null;
        if (!this.#reviewAgain || signal.aborted) return;
        this.#reviewAgain = false;
        this.#reviewFirst();
      });
  }

  async #listen(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        await this.#options.ready?.(signal);
        const pokes = this.#options.cloud.pokes(signal)[Symbol.asyncIterator]();
        for (let next = await pokes.next(); next.done !== true; next = await pokes.next()) {
          failures = 0;
          this.#poke(next.value ?? []);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log?.info({ code: codeOf(error) }, 'the cloud does not tell of changes now');
      }
      await this.#pause(failures, signal);
    }
  }

  async #pause(failures: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#line.pause(this.#line.waitAfter(failures), signal);
    } catch {
      // Closed, or what waits has failed: either way the loop goes on, but never without a turn for others.
      await setImmediate();
    }
  }

  async #every(ms: number, signal: AbortSignal, run: () => unknown): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#options.clock.sleep(ms, signal);
        await run();
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log?.warn({ code: codeOf(error) }, 'a regular check of replication failed');
        await setImmediate();
      }
    }
  }

  /** @param pokes what may have changed; empty: anything */
  #poke(pokes: Pokes = []): void {
    for (const name of pokes.length === 0 ? this.#collections.keys() : pokes) this.#poked.add(name);
    if (!this.#poking) void this.#passOn();
  }

  /** The first at once; those that come meanwhile together. */
  async #passOn(): Promise<void> {
    this.#poking = true;
    while (this.#poked.size > 0 && !this.#closed.signal.aborted) {
      const names = [...this.#poked];
      this.#poked.clear();
      for (const name of names) this.#collections.get(name)?.resync();
      try {
        await this.#options.clock.sleep(POKE_SPACING_MS, this.#closed.signal);
      } catch {
        await setImmediate();
      }
    }
    this.#poking = false;
  }

  #askFailedAgain(): void {
    try {
      for (const collection of this.#collections.values()) collection.askFailedAgain();
    } catch (error) {
      this.#options.log?.warn({ code: codeOf(error) }, 'what the cloud failed on is asked again later');
    }
  }

  #resync(): void {
    for (const collection of this.#collections.values()) collection.resync();
  }

  async #until(done: () => boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (done()) return;
    await new Promise<void>((resolve, reject) => {
      const finish = (settle: () => void): void => {
        stop();
        signal.removeEventListener('abort', aborted);
        this.#closed.signal.removeEventListener('abort', aborted);
        settle();
      };
      const aborted = (): void =>
        finish(() => reject((signal.aborted ? signal.reason : this.#closed.signal.reason) as Error));
      const stop = this.changes(() => {
        if (done()) finish(resolve);
      });
      signal.addEventListener('abort', aborted);
      this.#closed.signal.addEventListener('abort', aborted);
    });
  }

  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      if (this.#closed.signal.aborted) return;
      for (const listener of this.#listeners) {
        try {
          listener();
        } catch (error) {
          this.#options.log?.error({ code: codeOf(error) }, 'a listener of replication failed');
        }
      }
    });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}
