/**
 * One collection in one table. Every operation is synchronous inside and a promise outside, as RxDB wants it; `writeNow`,
 * `readNow` and `queryNow` are the same without the promise, for those who put several writes into one transaction.
 */
import { now } from 'rxdb';
import type {
  BulkWriteRow,
  EventBulk,
  PreparedQuery,
  RxDocumentData,
  RxJsonSchema,
  RxStorageBulkWriteResponse,
  RxStorageChangeEvent,
  RxStorageCountResult,
  RxStorageInstance,
  RxStorageInstanceCreationParams,
  RxStorageQueryResult,
  RxStorageWriteError,
} from 'rxdb';
import { Subject } from 'rxjs';
import type { Observable } from 'rxjs';
import { AttachmentTable, blobsOf, bytesOf } from './attachments.ts';
import type { AttachmentBytes } from './attachments.ts';
import { layoutOf } from './columns.ts';
import type { TableLayout } from './columns.ts';
import type { SqliteConnection } from './connection.ts';
import { TableReader } from './table-reader.ts';
import { tableStateOf } from './table-state.ts';
import { TableWriter } from './table-writer.ts';
import type { SeqCheckpoint } from './table-writer.ts';
import { dropTable, ensureStatistics, ensureTable, isTableReady } from './table.ts';

export interface SqliteInternals {
  readonly connection: SqliteConnection;
}

export type SqliteInstanceOptions = Record<string, never>;

/** What the storage reads of RxDB's prepared query; the plan that RxDB made is for storages without one of their own. */
export type AskedQuery<RxDocType> = Pick<PreparedQuery<RxDocType>, 'query'>;

interface Untold<RxDocType> {
  readonly bulk: EventBulk<RxStorageChangeEvent<RxDocType>, SeqCheckpoint>;
  /** Of its events, once another bulk has come behind it. */
  ids: Set<string> | null;
}

/** Tombstones purged per call: some milliseconds, after which others have their turn. */
const CLEANUP_BATCH = 1000;
const NO_BYTES: AttachmentBytes = new Map();
/** Whoever opens collections does more than that at the moment. */
const LOOK_AHEAD_MS = 20;

export class SqliteStorageInstance<RxDocType> implements RxStorageInstance<
  RxDocType,
  SqliteInternals,
  SqliteInstanceOptions,
  SeqCheckpoint
> {
  readonly databaseName: string;
  readonly collectionName: string;
  readonly schema: Readonly<RxJsonSchema<RxDocumentData<RxDocType>>>;
  readonly internals: SqliteInternals;
  readonly options: Readonly<SqliteInstanceOptions>;
  readonly #connection: SqliteConnection;
  readonly #layout: TableLayout<RxDocType>;
  readonly #reader: TableReader<RxDocType>;
  readonly #writer: TableWriter<RxDocType>;
  readonly #attachments: AttachmentTable | null;
  readonly #changes = new Subject<EventBulk<RxStorageChangeEvent<RxDocType>, SeqCheckpoint>>();
  readonly #release: () => Promise<void>;
  /** To all instances of the table on this connection. */
  readonly #tell: (bulk: Untold<RxDocType>['bulk']) => void;
  readonly #deafen: () => void;
  /** What the transaction that is open has written so far, to be told after its commit. */
  #untold: Untold<RxDocType>[] = [];
  /** Writes whose attachments are still being read. */
  readonly #reading = new Set<Promise<unknown>>();
  /** Whether the table is there, as far as known. */
  #isMade = false;
  #closing: Promise<void> | null = null;
  readonly #lookAhead: NodeJS.Timeout;

  /**
   * The table is made when something is first read or written, or a moment later: of many collections that are opened most are not used
   * at once.
   * @param release called once, when the instance has been closed.
   */
  constructor(
    params: RxStorageInstanceCreationParams<RxDocType, SqliteInstanceOptions>,
    connection: SqliteConnection,
    release: () => Promise<void>,
  ) {
    this.databaseName = params.databaseName;
    this.collectionName = params.collectionName;
    this.schema = params.schema;
    this.options = params.options;
    this.internals = { connection };
    this.#connection = connection;
    this.#release = release;
    this.#layout = layoutOf(params.collectionName, params.schema);
    const state = tableStateOf(connection, this.#layout);
    const hear = (bulk: unknown): void => this.#changes.next(bulk as Untold<RxDocType>['bulk']);
    // With `multiInstance` RxDB carries what one instance writes to the others by itself.
    this.#tell = params.multiInstance ? hear : (bulk) => state.tell(bulk);
    this.#deafen = params.multiInstance ? () => undefined : state.listen(hear);
    this.#reader = new TableReader(connection, this.#layout, this.schema, state);
    this.#writer = new TableWriter(connection, this.#layout, state);
    this.#attachments = AttachmentTable.of(connection, this.#layout);
    this.#lookAhead = setTimeout(() => this.#prepare(), LOOK_AHEAD_MS).unref();
  }

  /** Of the documents, quoted for SQL: `id`, `rev`, `deleted`, `lwt` and `seq` are columns of it. It is there from now on. */
  get table(): string {
    this.ensureMade();
    ensureStatistics(this.#connection, this.#layout);
    return this.#layout.table;
  }

  /** Makes the table, or gives it the columns and indexes that the schema asks for now. Reading and writing do it, too. */
  ensureMade(): void {
    if (this.#isMade) return;
    ensureTable(this.#connection, this.#layout);
    this.#isMade = true;
    // What a transaction made is gone with it.
    this.#connection.afterRollback(() => {
      this.#isMade = false;
    });
  }

  bulkWrite(
    documentWrites: BulkWriteRow<RxDocType>[],
    context: string,
  ): Promise<RxStorageBulkWriteResponse<RxDocType>> {
    const blobs = this.#attachments === null || this.#closing !== null ? [] : blobsOf(documentWrites);
    if (blobs.length === 0) return this.#promise(() => ({ error: this.writeNow(documentWrites, context) }));
    const written = bytesOf(blobs).then((bytes) => ({ error: this.#write(documentWrites, context, bytes) }));
    this.#reading.add(written);
    const forget = (): boolean => this.#reading.delete(written);
    written.then(forget, forget);
    return written;
  }

  /**
   * Writes rows in the transaction that is open, or in one of their own. Attachments with data need `bulkWrite`.
   * @returns the rows that were refused, one by one; the others are written. Throws only what SQLite throws, and then nothing is.
   */
  writeNow(rows: readonly BulkWriteRow<RxDocType>[], context: string): RxStorageWriteError<RxDocType>[] {
    this.#refuseClosed();
    return this.#write(rows, context, NO_BYTES);
  }

  findDocumentsById(ids: string[], withDeleted: boolean): Promise<RxDocumentData<RxDocType>[]> {
    return this.#promise(() => this.readNow(ids, withDeleted));
  }

  /** The documents belong to the storage: whoever wants to change one copies it. So do those of `queryNow`. */
  readNow(ids: readonly string[], withDeleted: boolean): RxDocumentData<RxDocType>[] {
    this.#ensureOpen();
    return this.#reader.byIds(ids, withDeleted);
  }

  query(preparedQuery: AskedQuery<RxDocType>): Promise<RxStorageQueryResult<RxDocType>> {
    return this.#promise(() => ({ documents: this.queryNow(preparedQuery) }));
  }

  queryNow({ query }: AskedQuery<RxDocType>): RxDocumentData<RxDocType>[] {
    this.#ensureOpen();
    ensureStatistics(this.#connection, this.#layout);
    return this.#reader.query(query);
  }

  count({ query }: AskedQuery<RxDocType>): Promise<RxStorageCountResult> {
    return this.#promise(() => {
      this.#ensureOpen();
      ensureStatistics(this.#connection, this.#layout);
      return { count: this.#reader.count(query), mode: 'fast' as const };
    });
  }

  getChangedDocumentsSince(
    limit: number,
    checkpoint?: SeqCheckpoint,
  ): Promise<{ documents: RxDocumentData<RxDocType>[]; checkpoint: SeqCheckpoint }> {
    return this.#promise(() => {
      this.#ensureOpen();
      const { documents, seq } = this.#reader.changedSince(checkpoint?.seq ?? 0, limit);
      return { documents, checkpoint: { seq } };
    });
  }

  /** @param digest of the data that is wanted: other data under the same name is not it. */
  getAttachmentData(documentId: string, attachmentId: string, digest: string): Promise<Blob> {
    return this.#promise(() => {
      this.#ensureOpen();
      const blob = this.#connection.read(() => this.#attachments?.read(documentId, attachmentId, digest) ?? null);
      if (blob === null) throw new Error(`collection ${this.collectionName} has no such attachment`);
      return blob;
    });
  }

  /** Ends when the instance is closed. */
  changeStream(): Observable<EventBulk<RxStorageChangeEvent<RxDocType>, SeqCheckpoint>> {
    return this.#changes.asObservable();
  }

  /** @param minimumDeletedTime ms. @returns whether nothing is left to purge. */
  cleanup(minimumDeletedTime: number): Promise<boolean> {
    return this.#promise(() => {
      this.#ensureOpen();
      ensureStatistics(this.#connection, this.#layout);
      const before = now() - minimumDeletedTime;
      return this.#connection.transaction(() => this.#writer.purge(before, CLEANUP_BATCH)) < CLEANUP_BATCH;
    });
  }

  /** Waits for writes whose attachments are still being read. */
  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#reading).then(() => {
      clearTimeout(this.#lookAhead);
      this.#deafen();
      this.#changes.complete();
      return this.#release();
    });
    return this.#closing;
  }

  async remove(): Promise<void> {
    this.#ensureOpen();
    await Promise.allSettled(this.#reading);
    dropTable(this.#connection, this.#layout);
    await this.close();
  }

  #write(
    rows: readonly BulkWriteRow<RxDocType>[],
    context: string,
    bytes: AttachmentBytes,
  ): RxStorageWriteError<RxDocType>[] {
    return this.#connection.transaction(() => {
      // A table that is made for its first document comes with it, in one transaction.
      this.ensureMade();
      const { errors, eventBulk } = this.#writer.write(rows, context, bytes);
      if (eventBulk.events.length > 0) this.#tellAfterCommit(eventBulk);
      return errors;
    });
  }

  /**
   * Many writes of one transaction are told as one: for those who listen a bulk costs the same with one event or with a thousand.
   * A document is told of once in each.
   */
  #tellAfterCommit(bulk: Untold<RxDocType>['bulk']): void {
    if (this.#untold.length === 0) {
      this.#connection.afterRollback(() => {
        this.#untold = [];
      });
      this.#connection.afterCommit(() => {
        const untold = this.#untold;
        this.#untold = [];
        for (const { bulk: told } of untold) this.#tell(told);
      });
    }
    const last = this.#untold.at(-1);
    if (last === undefined || last.bulk.context !== bulk.context) {
      this.#untold.push({ bulk, ids: null });
      return;
    }
    // A single bulk, which is most of them, needs no list of its ids.
    const told = (last.ids ??= new Set(last.bulk.events.map(({ documentId }) => documentId)));
    if (bulk.events.some(({ documentId }) => told.has(documentId))) {
      this.#untold.push({ bulk, ids: null });
      return;
    }
    for (const { documentId } of bulk.events) told.add(documentId);
    last.bulk.events.push(...bulk.events);
    last.bulk.checkpoint = bulk.checkpoint;
  }

  /**
   * Before it is needed: nearly always the table is there as it should be, and then the first read or write need not look. Where nobody else
   * has the file, and so nothing has to be waited for, it is made.
   */
  #prepare(): void {
    const { sqlite } = this.#connection;
    if (this.#isMade || this.#closing !== null || !sqlite.open || sqlite.inTransaction) return;
    try {
      if (this.#connection.isAlone) this.ensureMade();
      this.#isMade ||= isTableReady(this.#connection, this.#layout);
      if (this.#isMade) this.#reader.prepare();
    } catch {
      // Whoever reads or writes will be told.
    }
  }

  #ensureOpen(): void {
    this.#refuseClosed();
    this.ensureMade();
  }

  #refuseClosed(): void {
    if (this.#closing !== null) throw new Error(`collection ${this.collectionName} of ${this.databaseName} is closed`);
  }

  /** What throws inside rejects outside. */
  #promise<T>(run: () => T): Promise<T> {
    try {
      return Promise.resolve(run());
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
