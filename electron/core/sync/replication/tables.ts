/**
 * What one collection's replication works on: the documents (`fork`), RxDB's notes of what the cloud has (`meta`), and the ledger of
 * acknowledgements. All in one file and on one connection, so that one transaction holds what belongs together.
 */
import { createRevision, getRxReplicationMetaInstanceSchema, now } from 'rxdb';
import type { RxDocumentData, RxStorageReplicationMeta } from 'rxdb';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { Checkpoint, CollectionName } from '../../../contract/index.ts';
import { SqliteStorageInstance } from '../../store/rx-storage-sqlite/index.ts';
import type { SeqCheckpoint } from '../../store/rx-storage-sqlite/index.ts';
import type { StoreTables } from '../../store/index.ts';
import { Ledger } from './ledger.ts';
import type { Doc, State, StoredDoc } from './states.ts';
import { stateOf, withVersion } from './states.ts';

export type Meta = RxStorageReplicationMeta<Doc, Checkpoint | SeqCheckpoint>;
type StoredMeta = RxDocumentData<Meta>;
export type Direction = 'up' | 'down';

/** The part of a storage instance that is used. */
export type Instance<D> = Pick<
  SqliteStorageInstance<D>,
  | 'databaseName'
  | 'collectionName'
  | 'schema'
  | 'internals'
  | 'options'
  | 'table'
  | 'readNow'
  | 'writeNow'
  | 'getChangedDocumentsSince'
  | 'changeStream'
  | 'close'
>;

/** Where the tables come from; a proof puts faults in between. */
export interface ReplicationTables {
  readonly sqlite: Database;
  /**
   * @param flush whether it has to outlive a power cut from now on. What can be had again need not: it lies in the log before whatever
   * is written next, and is durable with that.
   */
  transaction<T>(run: () => T, flush: boolean): T;
  fork(collection: CollectionName): Instance<Doc>;
  meta(collection: CollectionName): Instance<Meta>;
}

export function replicationTables(store: StoreTables): ReplicationTables {
  const { connection, databaseName } = store;
  return {
    sqlite: connection.sqlite,
    transaction: (run, flush) => (flush ? connection.transaction(run) : connection.transactionWithoutFlush(run)),
    fork: (collection) => store.instance(collection) as unknown as Instance<Doc>,
    meta: (collection) => {
      const { schema } = store.instance(collection) as unknown as Instance<Doc>;
      return new SqliteStorageInstance<Meta>(
        {
          databaseInstanceToken: TOKEN,
          databaseName,
          collectionName: `sync-meta-${collection}`,
          schema: getRxReplicationMetaInstanceSchema<Doc, Checkpoint | SeqCheckpoint>(schema, false),
          options: {},
          multiInstance: false,
          devMode: false,
        },
        connection,
        async () => undefined,
      );
    },
  };
}

/** Who writes, for the revisions. */
const TOKEN = 'cloud-sync';
const CONTEXT = 'vantage-sync';
/** RxDB counts on from it; what it would write is not written. */
const NOTE_REVISION = `1-${TOKEN}`;

export class CollectionTables {
  readonly collection: CollectionName;
  readonly fork: Instance<Doc>;
  readonly meta: Instance<Meta>;
  readonly ledger: Ledger;
  readonly #tables: ReplicationTables;

  constructor(tables: ReplicationTables, collection: CollectionName) {
    this.collection = collection;
    this.#tables = tables;
    this.fork = tables.fork(collection);
    this.meta = tables.meta(collection);
    this.ledger = new Ledger(tables.sqlite, collection, this.fork.table);
    this.transaction(() => {
      this.ledger.install();
      this.#takeNotes();
    });
  }

  get sqlite(): Database {
    return this.#tables.sqlite;
  }

  /** All of it or nothing; within another it is part of that one. */
  transaction<T>(run: () => T): T {
    return this.#tables.transaction(run, true);
  }

  /**
   * The same for what the cloud has said: it does not wait for the disk. After a power cut it may not have happened, nor anything that
   * was written after it; the cloud is asked again, from the checkpoint or with the push that are still there.
   */
  transactionToRepeat<T>(run: () => T): T {
    return this.#tables.transaction(run, false);
  }

  stored(id: string): StoredDoc | undefined {
    return this.fork.readNow([id], true)[0];
  }

  /** @returns the new revision. @throws Error where somebody else's came in between; within a transaction nobody's can */
  write(state: State, previous: StoredDoc | undefined): string {
    const revision = createRevision(TOKEN, previous);
    const document = {
      ...state,
      _attachments: {},
      _meta: { ...previous?._meta, lwt: now() },
      _rev: revision,
    } as unknown as StoredDoc;
    const [refused] = this.fork.writeNow([previous === undefined ? { document } : { previous, document }], CONTEXT);
    if (refused !== undefined) throw new Error(`${this.collection}: the store refused its own revision`);
    return revision;
  }

  /** The state that the cloud is known to have, or null. */
  assumed(id: string): State | null {
    return this.#base(id)?.state ?? null;
  }

  /** @param resolvedAs the local revision that a conflict was resolved to; RxDB sends that without comparing */
  assume(id: string, state: State, resolvedAs?: string): void {
    this.ledger.setBase(id, JSON.stringify(state), resolvedAs ?? null);
  }

  /** The cloud has the document as it is here. @param revision of it */
  agree(id: string, revision: string, version: number | null): void {
    this.ledger.clearBase(id);
    this.ledger.acknowledge(id, revision, version);
  }

  /** RxDB's note of what the cloud is known to have. */
  note(itemId: string): StoredMeta | null {
    const base = this.#base(itemId);
    if (base === null) return null;
    return {
      id: metaId(itemId, '0'),
      itemId,
      isCheckpoint: '0',
      docData: withVersion(base.state, base.version),
      ...(base.resolvedAs !== null && { isResolvedConflict: base.resolvedAs }),
      _deleted: false,
      _attachments: {},
      _meta: { lwt: now() },
      _rev: NOTE_REVISION,
    } as unknown as StoredMeta;
  }

  #base(id: string): { readonly state: State; readonly version: number; readonly resolvedAs: string | null } | null {
    const known = this.ledger.get(id);
    // What was noted of a document without a version was so before the cloud had to be read again.
    if (known === null || known.version === null) return null;
    const { version, rev, acked } = known;
    const base = this.ledger.base(id);
    if (base !== null && (base.rev === null || base.rev === acked)) {
      return { state: stateOf(JSON.parse(base.json) as StoredDoc), version, resolvedAs: base.resolvedAs };
    }
    const stored = acked === rev ? this.stored(id) : undefined;
    return stored === undefined ? null : { state: stateOf(stored), version, resolvedAs: null };
  }

  /** Former versions let RxDB keep a note of each document. */
  #takeNotes(): void {
    const notes = `FROM ${this.meta.table} WHERE id LIKE '%|0'`;
    this.sqlite.exec(`
      INSERT INTO sync_bases (collection, id, rev, resolved_as, document_json)
        SELECT '${this.collection}', json_extract(data, '$.itemId'), NULL, json_extract(data, '$.isResolvedConflict'),
               json_extract(data, '$.docData')
        ${notes} AND deleted = 0
        ON CONFLICT DO NOTHING;
      DELETE ${notes};`);
  }

  checkpoint(direction: Direction): Checkpoint | SeqCheckpoint | null {
    const meta = this.#meta(metaId(direction, '1'));
    return meta === undefined || meta._deleted ? null : (meta.checkpointData ?? null);
  }

  setCheckpoint(direction: Direction, checkpoint: Checkpoint | SeqCheckpoint | null): void {
    const previous = this.#meta(metaId(direction, '1'));
    if (checkpoint !== null) this.#putMeta({ itemId: direction, isCheckpoint: '1', checkpointData: checkpoint });
    else if (previous !== undefined && !previous._deleted) this.#writeMeta({ ...previous, _deleted: true }, previous);
  }

  get downCheckpoint(): Checkpoint | null {
    return this.checkpoint('down') as Checkpoint | null;
  }

  get upSeq(): number {
    return this.checkpoint('up')?.seq ?? 0;
  }

  /** Ids and states of everything here, tombstones too, after `after` in the order of ids. */
  page(after: string, limit: number): { readonly id: string; readonly state: State; readonly revision: string }[] {
    const ids = this.ledger.idsAfter(after, limit);
    return this.fork
      .readNow(ids, true)
      .map((document) => ({ id: document.id, state: stateOf(document), revision: document._rev }));
  }

  #meta(key: string): StoredMeta | undefined {
    return this.meta.readNow([key], true)[0];
  }

  #putMeta(meta: Omit<Meta, 'id'>): void {
    const id = metaId(meta.itemId, meta.isCheckpoint);
    const previous = this.#meta(id);
    this.#writeMeta({ ...meta, id, _deleted: false, _attachments: {} } as unknown as StoredMeta, previous);
  }

  #writeMeta(meta: StoredMeta, previous: StoredMeta | undefined): void {
    const document = { ...meta, _meta: { lwt: now() }, _rev: createRevision(TOKEN, previous) } as unknown as StoredMeta;
    const [refused] = this.meta.writeNow([previous === undefined ? { document } : { previous, document }], CONTEXT);
    if (refused !== undefined) throw new Error(`${this.collection}: the store refused its own revision`);
  }
}

function metaId(itemId: string, isCheckpoint: '0' | '1'): string {
  return `${itemId}|${isCheckpoint}`;
}
