/**
 * One collection in one table. Every operation is synchronous inside and a promise outside, as RxDB wants it; `writeNow`,
 * `readNow` and `queryNow` are the same without the promise, for those who put several writes into one transaction.
 */
import { getQueryMatcher, getSortComparator, now } from 'rxdb';
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
import { ensureTable, layoutOf } from './columns.ts';
import type { TableLayout } from './columns.ts';
import type { SqliteConnection } from './connection.ts';
import { planOf } from './query-plan.ts';
import { sortKeyOf } from './sort-key.ts';
import { TableWriter } from './table-writer.ts';
import type { SeqCheckpoint } from './table-writer.ts';

export interface SqliteInternals {
  readonly connection: SqliteConnection;
}

export type SqliteInstanceOptions = Record<string, never>;

/** Tombstones purged per call: some milliseconds, after which others have their turn. */
const CLEANUP_BATCH = 1000;

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
  readonly #writer: TableWriter<RxDocType>;
  readonly #changes = new Subject<EventBulk<RxStorageChangeEvent<RxDocType>, SeqCheckpoint>>();
  readonly #release: () => Promise<void>;
  #closing: Promise<void> | null = null;

  /** @param release called once, when the instance has been closed. */
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
    ensureTable(connection, this.#layout);
    this.#writer = new TableWriter(connection, this.#layout);
  }

  bulkWrite(
    documentWrites: BulkWriteRow<RxDocType>[],
    context: string,
  ): Promise<RxStorageBulkWriteResponse<RxDocType>> {
    return this.#promise(() => ({ error: this.writeNow(documentWrites, context) }));
  }

  /**
   * Writes rows in the transaction that is open, or in one of their own.
   * @returns the rows that were refused, one by one; the others are written. Throws only what SQLite throws, and then nothing is.
   */
  writeNow(rows: readonly BulkWriteRow<RxDocType>[], context: string): RxStorageWriteError<RxDocType>[] {
    this.#ensureOpen();
    return this.#connection.transaction(() => {
      const { errors, eventBulk } = this.#writer.write(rows, context);
      if (eventBulk.events.length > 0) this.#connection.afterCommit(() => this.#changes.next(eventBulk));
      return errors;
    });
  }

  findDocumentsById(ids: string[], withDeleted: boolean): Promise<RxDocumentData<RxDocType>[]> {
    return this.#promise(() => this.readNow(ids, withDeleted));
  }

  readNow(ids: readonly string[], withDeleted: boolean): RxDocumentData<RxDocType>[] {
    this.#ensureOpen();
    const alive = withDeleted ? '' : ' AND deleted = 0';
    const read = this.#connection.plucked(`SELECT data FROM ${this.#layout.table} WHERE id = ?${alive}`);
    const found: RxDocumentData<RxDocType>[] = [];
    for (const id of ids) {
      const data = read.get(sortKeyOf(id));
      if (data !== undefined) found.push(this.#parse(data));
    }
    return found;
  }

  query(preparedQuery: PreparedQuery<RxDocType>): Promise<RxStorageQueryResult<RxDocType>> {
    return this.#promise(() => ({ documents: this.queryNow(preparedQuery) }));
  }

  queryNow({ query }: PreparedQuery<RxDocType>): RxDocumentData<RxDocType>[] {
    this.#ensureOpen();
    const limit = query.limit ?? Infinity;
    if (limit === 0) return [];
    const plan = planOf(query, this.#layout);
    const select = `SELECT data FROM ${this.#layout.table} WHERE ${plan.where}`;
    if (plan.exact && plan.orderBy !== null) {
      const rows = this.#connection
        .plucked(`${select} ORDER BY ${plan.orderBy} LIMIT ? OFFSET ?`)
        .all(...plan.values, limit === Infinity ? -1 : limit, query.skip);
      return rows.map((row) => this.#parse(row));
    }
    const matches = plan.exact ? (): boolean => true : getQueryMatcher(this.schema, query);
    if (plan.orderBy !== null) {
      const ordered = this.#connection.plucked(`${select} ORDER BY ${plan.orderBy}`);
      return this.#take(ordered.iterate(...plan.values), matches, query.skip, limit);
    }
    const found = this.#take(this.#connection.plucked(select).iterate(...plan.values), matches, 0, Infinity);
    found.sort(getSortComparator(this.schema, query));
    return found.slice(query.skip, limit === Infinity ? undefined : query.skip + limit);
  }

  count(preparedQuery: PreparedQuery<RxDocType>): Promise<RxStorageCountResult> {
    return this.#promise(() => ({ count: this.#countNow(preparedQuery), mode: 'fast' as const }));
  }

  #countNow(preparedQuery: PreparedQuery<RxDocType>): number {
    this.#ensureOpen();
    const { query } = preparedQuery;
    const plan = planOf(query, this.#layout);
    if (!plan.exact) return this.queryNow(preparedQuery).length;
    const rows = this.#connection
      .plucked(`SELECT count(*) FROM ${this.#layout.table} WHERE ${plan.where}`)
      .get(...plan.values);
    return Math.max(0, Math.min(Number(rows) - query.skip, query.limit ?? Infinity));
  }

  getChangedDocumentsSince(
    limit: number,
    checkpoint?: SeqCheckpoint,
  ): Promise<{ documents: RxDocumentData<RxDocType>[]; checkpoint: SeqCheckpoint }> {
    return this.#promise(() => {
      this.#ensureOpen();
      const since = checkpoint?.seq ?? 0;
      const rows = this.#connection
        .statement(`SELECT seq, data FROM ${this.#layout.table} WHERE seq > ? ORDER BY seq LIMIT ?`)
        .all(since, limit) as { seq: number; data: string }[];
      return { documents: rows.map((row) => this.#parse(row.data)), checkpoint: { seq: rows.at(-1)?.seq ?? since } };
    });
  }

  /** Schemas with attachments are refused at creation; files are the vault's. */
  getAttachmentData(documentId: string, attachmentId: string): Promise<Blob> {
    return Promise.reject(new Error(`this storage keeps no attachments (${attachmentId} of ${documentId})`));
  }

  changeStream(): Observable<EventBulk<RxStorageChangeEvent<RxDocType>, SeqCheckpoint>> {
    return this.#changes.asObservable();
  }

  /** @param minimumDeletedTime ms. @returns whether nothing is left to purge. */
  cleanup(minimumDeletedTime: number): Promise<boolean> {
    return this.#promise(() => {
      this.#ensureOpen();
      const { table } = this.#layout;
      const purged = this.#connection.transaction(() =>
        this.#connection
          .statement(
            `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE deleted = 1 AND lwt <= ? ORDER BY lwt LIMIT ?)`,
          )
          .run(now() - minimumDeletedTime, CLEANUP_BATCH),
      );
      return purged.changes < CLEANUP_BATCH;
    });
  }

  close(): Promise<void> {
    this.#closing ??= Promise.resolve().then(() => {
      this.#changes.complete();
      return this.#release();
    });
    return this.#closing;
  }

  async remove(): Promise<void> {
    this.#ensureOpen();
    this.#connection.transaction(() => {
      this.#connection.sqlite.exec(`DROP TABLE IF EXISTS ${this.#layout.table}`);
      this.#connection
        .statement('DELETE FROM "rx:sequences" WHERE collection = ?')
        .run(this.#layout.table.slice(1, -1));
    });
    await this.close();
  }

  #take(
    rows: Iterable<unknown>,
    matches: (document: RxDocumentData<RxDocType>) => boolean,
    skip: number,
    limit: number,
  ): RxDocumentData<RxDocType>[] {
    const found: RxDocumentData<RxDocType>[] = [];
    let toSkip = skip;
    for (const row of rows) {
      const document = this.#parse(row);
      if (!matches(document)) continue;
      if (toSkip > 0) {
        toSkip -= 1;
        continue;
      }
      found.push(document);
      if (found.length >= limit) break;
    }
    return found;
  }

  #parse(data: unknown): RxDocumentData<RxDocType> {
    return JSON.parse(data as string) as RxDocumentData<RxDocType>;
  }

  #ensureOpen(): void {
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
