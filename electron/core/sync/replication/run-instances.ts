/**
 * The two storage instances that RxDB's protocol is given: the documents and its notes. They are the store's own with two differences.
 * What belongs together is written in one transaction; and a checkpoint is only written with the proof that everything before it is
 * done, since RxDB goes on from it for ever.
 */
import type { BulkWriteRow, RxDocumentData, RxStorageInstance, RxStorageWriteError } from 'rxdb';
import { EMPTY, catchError, map } from 'rxjs';
import type { Checkpoint } from '../../../contract/index.ts';
import type { SeqCheckpoint } from '../../store/rx-storage-sqlite/index.ts';
import type { MasterState } from './absorb.ts';
import { absorb } from './absorb.ts';
import type { Doc, Merge, StoredDoc } from './states.ts';
import { identical, sameState, stateOf, versionOf, withRevision } from './states.ts';
import type { CollectionTables, Instance, Meta } from './tables.ts';

type ForkRow = BulkWriteRow<Doc>;
type MetaRow = BulkWriteRow<Meta>;
type Refused<D> = RxStorageWriteError<D>[];

/** Runs what RxDB calls; `dead` is the answer when the run is over. Never throws. */
export type Guard = <T>(site: string, dead: T, run: () => T) => T;

export interface RunInstancesOptions {
  readonly tables: CollectionTables;
  readonly merge: Merge;
  readonly guard: Guard;
  /** ms since 1970. */
  readonly now: () => number;
}

const CHECKPOINT = 'replication-set-checkpoint';
const CONFLICT = 'replication-up-write-conflict';

export class RunInstances {
  readonly fork: RxStorageInstance<Doc, unknown, unknown>;
  readonly meta: RxStorageInstance<Meta, unknown, unknown>;
  readonly #tables: CollectionTables;
  readonly #merge: Merge;
  readonly #guard: Guard;
  readonly #now: () => number;
  /** What came and is not behind the checkpoint yet, with the end of its page. */
  readonly #pulled = new Map<string, { readonly master: MasterState; readonly seq: number }>();
  /** Revisions of what RxDB has written of that. */
  readonly #written = new Map<string, string>();
  readonly #conflicts = new Map<string, MasterState>();
  readonly #whenTaken: (() => void)[] = [];

  constructor({ tables, merge, guard, now }: RunInstancesOptions) {
    this.#tables = tables;
    this.#merge = merge;
    this.#guard = guard;
    this.#now = now;
    this.fork = this.#instanceOf(tables.fork, {
      findDocumentsById: async (ids, withDeleted) =>
        guard('fork.find', [], () => tables.fork.readNow(ids, withDeleted).map(withoutOrigin)),
      bulkWrite: async (rows, context) => ({
        error: guard('fork.write', [], () => tables.transactionToRepeat(() => this.#writeDocuments(rows, context))),
      }),
      getChangedDocumentsSince: async (limit, checkpoint) => this.#changedSince(limit, checkpoint as SeqCheckpoint),
      changeStream: () =>
        tables.fork.changeStream().pipe(
          map((bulk) =>
            guard('fork.changes', { ...bulk, events: [] }, () => ({
              ...bulk,
              events: bulk.events.map((event) => ({ ...event, documentData: withRevision(event.documentData) })),
            })),
          ),
          catchError((error: unknown) => {
            guard('fork.changes', undefined, () => {
              throw error;
            });
            return EMPTY;
          }),
        ),
    });
    this.meta = this.#instanceOf(tables.meta, {
      findDocumentsById: async (ids) => guard('meta.find', [], () => this.#notes(ids)),
      bulkWrite: async (rows, context) => ({
        // The other notes were written with what they are about.
        error: context === CHECKPOINT ? guard('meta.checkpoint', [], () => this.#moveCheckpoint(rows)) : [],
      }),
    });
  }

  /** A page that RxDB is given. @param seq of its end */
  pulled(masters: readonly MasterState[], seq: number): void {
    for (const master of masters) this.#pulled.set(master.state.id, { master, seq });
  }

  get nothingPulled(): boolean {
    return this.#pulled.size === 0;
  }

  /** Resolves when everything that came is behind the checkpoint. Rejects with the signal's reason. */
  async taken(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.nothingPulled) return;
    await new Promise<void>((resolve, reject) => {
      const aborted = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', aborted, { once: true });
      this.#whenTaken.push(() => {
        signal.removeEventListener('abort', aborted);
        resolve();
      });
    });
  }

  /** What RxDB is given to resolve. */
  conflicts(masters: readonly MasterState[]): void {
    for (const master of masters) this.#conflicts.set(master.state.id, master);
  }

  #writeDocuments(rows: readonly ForkRow[], context: string): Refused<Doc> {
    return context === CONFLICT ? this.#writeResolved(rows) : this.#writePulled(rows, context);
  }

  #writePulled(rows: readonly ForkRow[], context: string): Refused<Doc> {
    const { fork, ledger } = this.#tables;
    // An older state than the one that was pushed meanwhile: the newer one is on its way.
    const fresh = rows.filter(({ document }) => {
      const [known, version] = [ledger.get(document.id)?.version ?? null, versionOf(document)];
      return known === null || version === null || version === 0 || version >= known;
    });
    const refused = fork.writeNow(fresh, context);
    const ids = new Set(refused.map(({ documentId }) => documentId));
    for (const { document } of fresh) {
      if (ids.has(document.id)) continue;
      const { _rev: revision } = document as StoredDoc;
      this.#tables.agree(document.id, revision, versionOf(document));
      this.#written.set(document.id, revision);
    }
    return refused;
  }

  #writeResolved(rows: readonly ForkRow[]): Refused<Doc> {
    const { collection, fork, ledger } = this.#tables;
    const refused = fork.writeNow(rows, CONFLICT);
    const ids = new Set(refused.map(({ documentId }) => documentId));
    for (const { document } of rows) {
      const master = this.#conflicts.get(document.id);
      this.#conflicts.delete(document.id);
      if (ids.has(document.id)) continue;
      const known = ledger.get(document.id)?.version ?? null;
      if (master === undefined || (known !== null && known > master.version)) {
        throw new Error(`${collection}: a conflict was resolved with a state that is not the cloud's any more`);
      }
      const stored = document as StoredDoc;
      const settled = sameState(collection, stateOf(stored), master.state);
      this.#tables.assume(document.id, master.state, settled ? undefined : stored._rev);
      if (settled && identical(stateOf(stored), master.state)) {
        this.#tables.agree(document.id, stored._rev, master.version);
      } else if (settled) ledger.acknowledge(document.id, stored._rev, master.version);
      else ledger.setVersion(document.id, master.version);
    }
    return refused;
  }

  async #changedSince(
    limit: number,
    checkpoint: SeqCheckpoint | undefined,
  ): Promise<{ documents: StoredDoc[]; checkpoint: SeqCheckpoint }> {
    const nothing = { documents: [], checkpoint: checkpoint ?? { seq: 0 } };
    const reading = this.#guard('fork.changedSince', null, () =>
      this.#tables.fork.getChangedDocumentsSince(limit, checkpoint),
    );
    try {
      const found = await reading;
      return found === null ? nothing : { ...found, documents: found.documents.map(withRevision) };
    } catch (error) {
      return this.#guard('fork.changedSince', nothing, () => {
        throw error;
      });
    }
  }

  #notes(ids: string[]): RxDocumentData<Meta>[] {
    const ofDocuments = ids.filter((id) => id.endsWith('|0'));
    const others = ids.length === ofDocuments.length ? [] : ids.filter((id) => !id.endsWith('|0'));
    const notes = ofDocuments.flatMap((id) => this.#tables.note(id.slice(0, -2)) ?? []);
    return others.length === 0 ? notes : [...this.#tables.meta.readNow(others, false), ...notes];
  }

  #moveCheckpoint(rows: readonly MetaRow[]): Refused<Meta> {
    return this.#tables.transactionToRepeat(() => {
      const from = this.#tables.upSeq;
      const refused = this.#tables.meta.writeNow(rows, CHECKPOINT);
      if (refused.length > 0) return refused;
      for (const { document } of rows) {
        const { seq } = document.checkpointData as Checkpoint | SeqCheckpoint;
        if (document.itemId === 'up') this.#requirePushed(from, seq);
        else this.#requireTaken(seq);
      }
      return refused;
    });
  }

  /** Everything up to `seq` is what the cloud has, or was refused by it. @throws Error where that is not so: it is pushed again */
  #requirePushed(from: number, seq: number): void {
    const { collection, ledger } = this.#tables;
    for (const id of ledger.openBetween(from, seq)) {
      const stored = this.#tables.stored(id);
      const assumed = this.#tables.assumed(id);
      // Changed back before it was pushed.
      const settled = stored !== undefined && assumed !== null && sameState(collection, stateOf(stored), assumed);
      if (!settled) throw new Error(`${collection}: a change before the checkpoint was not pushed`);
      ledger.pinBase(id);
      ledger.acknowledge(id, stored._rev, ledger.get(id)?.version ?? null);
    }
  }

  /** Everything up to `seq` has been taken over; RxDB leaves out what was changed here when it came. */
  #requireTaken(seq: number): void {
    for (const [id, { master, seq: end }] of this.#pulled) {
      if (end > seq) continue;
      if (!this.#isWritten(id, master.version)) absorb(this.#tables, master, this.#merge);
      this.#tables.ledger.takeBack(id);
    }
    this.#tables.ledger.noteContact('pulled', new Date(this.#now()).toISOString());
    for (const [id, { seq: end }] of this.#pulled) if (end <= seq) this.#pulled.delete(id);
    if (this.nothingPulled) this.#written.clear();
    if (this.nothingPulled) for (const go of this.#whenTaken.splice(0)) go();
  }

  /** Whether RxDB has just written it, and nobody anything else since. */
  #isWritten(id: string, version: number): boolean {
    const known = this.#tables.ledger.get(id);
    return (
      known !== null && known.version === version && known.acked === known.rev && this.#written.get(id) === known.rev
    );
  }

  #instanceOf<D>(
    { databaseName, collectionName, schema, options, internals }: Instance<D>,
    methods: Partial<RxStorageInstance<D, unknown, unknown>>,
  ): RxStorageInstance<D, unknown, unknown> {
    return { databaseName, collectionName, schema, options, internals, ...methods } as RxStorageInstance<
      D,
      unknown,
      unknown
    >;
  }
}

/**
 * RxDB marks what it has written itself, and takes the mark for a proof that the cloud has it. The proof here is the base, written in
 * the same transaction; the mark stays true to nobody when the cloud came back from a backup, and what the cloud lost would be
 * overwritten before it was pushed again.
 */
function withoutOrigin(document: StoredDoc): StoredDoc {
  const { o: _origin, ...meta } = document._meta as StoredDoc['_meta'] & { readonly o?: unknown };
  return { ...document, _meta: meta };
}
