/**
 * The hot path: rows into one table, without reading documents. An insert that meets its id, or an update that does not meet
 * its revision, changes nothing, and only then is the document in the way read, for the answer.
 */
import { stripAttachmentsDataFromDocument } from 'rxdb';
import type { BulkWriteRow, EventBulk, RxDocumentData, RxStorageChangeEvent, RxStorageWriteError } from 'rxdb';
import { randomUUID } from 'node:crypto';
import { AttachmentTable, missingAttachment } from './attachments.ts';
import type { AttachmentBytes, Attachments } from './attachments.ts';
import type { TableLayout } from './columns.ts';
import type { SqliteConnection, SqliteValue } from './connection.ts';
import type { DocumentCache } from './document-cache.ts';
import { sortKeyOf } from './sort-key.ts';
import type { TableState } from './table-state.ts';

/** Counts writes of one table; never goes back, whatever clocks and clean-ups do. */
export interface SeqCheckpoint {
  readonly seq: number;
}

export interface WriteResult<RxDocType> {
  readonly errors: RxStorageWriteError<RxDocType>[];
  readonly eventBulk: EventBulk<RxStorageChangeEvent<RxDocType>, SeqCheckpoint>;
}

/** What one `write` gathers. */
interface Batch<RxDocType> {
  readonly context: string;
  readonly bytes: AttachmentBytes;
  readonly errors: RxStorageWriteError<RxDocType>[];
  readonly events: RxStorageChangeEvent<RxDocType>[];
  readonly written: Set<string>;
  seq: number;
}

/** Bulks of this process, told apart from all others. */
const BULK_ID_PREFIX = randomUUID();
let bulks = 0;

export class TableWriter<RxDocType> {
  readonly #connection: SqliteConnection;
  readonly #layout: TableLayout<RxDocType>;
  readonly #state: TableState;
  readonly #cache: DocumentCache;
  readonly #attachments: AttachmentTable | null;
  readonly #sql: Readonly<Record<'insert' | 'update' | 'rewrite' | 'read' | 'revision' | 'old' | 'purge', string>>;

  constructor(connection: SqliteConnection, layout: TableLayout<RxDocType>, state: TableState) {
    this.#connection = connection;
    this.#layout = layout;
    this.#state = state;
    this.#cache = connection.caches.of(layout.name);
    this.#attachments = AttachmentTable.of(connection, layout);
    const { table } = layout;
    const indexed = ['deleted', ...layout.fieldColumns.map((column) => column.name)];
    const columns = ['rev', 'lwt', 'seq', ...indexed, 'data'];
    const asBefore = indexed.map((column) => `${column} IS ?`).join(' AND ');
    this.#sql = {
      insert: `INSERT INTO ${table} (${columns.join(', ')}, id) VALUES (${columns.map(() => '?').join(', ')}, ?) ON CONFLICT (id) DO NOTHING`,
      update: `UPDATE ${table} SET ${columns.map((column) => `${column} = ?`).join(', ')} WHERE id = ? AND rev = ?`,
      // Whatever SQLite is told to set it takes out of the indexes and puts back, changed or not.
      rewrite: `UPDATE ${table} SET rev = ?, lwt = ?, seq = ?, data = ? WHERE id = ? AND rev = ? AND ${asBefore}`,
      read: `SELECT data FROM ${table} WHERE id = ?`,
      revision: `SELECT rev FROM ${table} WHERE id = ?`,
      old: `SELECT id FROM ${table} WHERE deleted = 1 AND lwt <= ? ORDER BY lwt LIMIT ?`,
      purge: `DELETE FROM ${table} WHERE id = ?`,
    };
  }

  /** Must be called inside a transaction of the connection. @param bytes of every Blob among the attachments. */
  write(rows: readonly BulkWriteRow<RxDocType>[], context: string, bytes: AttachmentBytes): WriteResult<RxDocType> {
    const before = this.#state.seq;
    const batch: Batch<RxDocType> = { context, bytes, errors: [], events: [], written: new Set(), seq: before };
    for (const row of rows) this.#writeRow(row, batch);
    // A batch of which nothing was written changes no page: a full disk can still be opened and read.
    if (batch.seq !== before) this.#state.advance(batch.seq);
    this.#forget(batch.written);
    bulks += 1;
    const { errors, events, seq } = batch;
    return { errors, eventBulk: { id: `${BULK_ID_PREFIX}-${bulks}`, events, checkpoint: { seq }, context } };
  }

  /** Must be called inside a transaction. @param before ms since 1970. @returns how many tombstones are gone for good. */
  purge(before: number, atMost: number): number {
    const keys = this.#connection.plucked(this.#sql.old).all(before, atMost) as string[];
    if (keys.length > 0) this.#state.keepSeq();
    for (const key of keys) {
      this.#connection.statement(this.#sql.purge).run(key);
      this.#attachments?.drop(key);
    }
    this.#forget(keys);
    return keys.length;
  }

  #writeRow(row: BulkWriteRow<RxDocType>, batch: Batch<RxDocType>): void {
    const id = this.#idOf(row.document);
    const key = sortKeyOf(id);
    // The second row of the same document in one batch cannot know of the first: it is a conflict, whatever it expects.
    if (batch.written.has(key)) {
      batch.errors.push(this.#conflict(row, id, batch));
      return;
    }
    const error = this.#attachments === null ? null : this.#refusal(row, id, batch);
    if (error !== null) {
      batch.errors.push(error);
      return;
    }
    const document = this.#attachments === null ? row.document : stripAttachmentsDataFromDocument(row.document);
    const event = this.#put(id, key, document, row.previous, batch.seq + 1);
    if (event === 'conflict') {
      batch.errors.push(this.#conflict(row, id, batch));
      return;
    }
    if (event !== null) batch.events.push(event);
    batch.written.add(key);
    batch.seq += 1;
    if (this.#attachments === null) return;
    if (document._deleted) this.#attachments.drop(key);
    else this.#attachments.replace(key, row.document._attachments, attachmentsOf(row.previous), batch.bytes);
  }

  /** @returns what is to be told; null: a new tombstone, of which nobody is told. */
  #put(
    id: string,
    key: string,
    document: RxDocumentData<RxDocType>,
    previous: RxDocumentData<RxDocType> | undefined,
    seq: number,
  ): RxStorageChangeEvent<RxDocType> | 'conflict' | null {
    const indexed: SqliteValue[] = [document._deleted ? 1 : 0];
    if (!this.#layout.appendFields(document, indexed)) this.#state.becomeIrregular();
    const { _rev: revision, _meta: meta } = document;
    const data = JSON.stringify(document);
    if (previous !== undefined && this.#isIndexedAs(previous, indexed)) {
      const rewrite = this.#connection.statement(this.#sql.rewrite);
      const { changes } = rewrite.run(revision, meta.lwt, seq, data, key, previous._rev, ...indexed);
      if (changes === 1) return eventOfUpdate(id, document, previous);
    }
    const values: SqliteValue[] = [revision, meta.lwt, seq, ...indexed, data, key];
    if (
      previous !== undefined &&
      this.#connection.statement(this.#sql.update).run(...values, previous._rev).changes === 1
    ) {
      return eventOfUpdate(id, document, previous);
    }
    // With a previous state that is not here at all (purged meanwhile, or a copy from elsewhere) it is an insert.
    if (this.#connection.statement(this.#sql.insert).run(...values).changes === 0) return 'conflict';
    if (document._deleted) return null;
    return { documentId: id, operation: 'INSERT', documentData: document, previousDocumentData: previous };
  }

  /** Whether it looks as if the indexes could stay as they are; the row itself decides. */
  #isIndexedAs(previous: RxDocumentData<RxDocType>, indexed: readonly SqliteValue[]): boolean {
    const before: SqliteValue[] = [previous._deleted ? 1 : 0];
    this.#layout.appendFields(previous, before);
    return before.every((value, index) => value === indexed[index]);
  }

  /** Whether a row with attachments must not be written: they may not be touched before that is known. */
  #refusal(row: BulkWriteRow<RxDocType>, id: string, batch: Batch<RxDocType>): RxStorageWriteError<RxDocType> | null {
    const { document, previous } = row;
    if (Object.keys(document._attachments).length === 0) return null;
    const revision = this.#connection.plucked(this.#sql.revision).get(sortKeyOf(id)) as string | undefined;
    if (revision !== undefined && revision !== previous?._rev) return this.#conflict(row, id, batch);
    if (revision !== undefined && document._deleted) return null;
    const there = revision === undefined ? null : (previous?._attachments ?? null);
    const attachmentId = missingAttachment(document._attachments, there);
    if (attachmentId === null) return null;
    const { context } = batch;
    const error = { status: 510, isError: true, documentId: id, writeRow: row, attachmentId, context } as const;
    return revision === undefined ? error : { ...error, documentInDb: this.#stored(id) };
  }

  #conflict(row: BulkWriteRow<RxDocType>, id: string, { context }: Batch<RxDocType>): RxStorageWriteError<RxDocType> {
    return { status: 409, isError: true, documentId: id, writeRow: row, documentInDb: this.#stored(id), context };
  }

  #stored(id: string): RxDocumentData<RxDocType> {
    const data = this.#connection.plucked(this.#sql.read).get(sortKeyOf(id)) as string;
    return JSON.parse(data) as RxDocumentData<RxDocType>;
  }

  /** What was read between a write and its rollback must go as well as what was read before. */
  #forget(keys: Iterable<string>): void {
    const forget = (): void => {
      for (const key of keys) this.#cache.delete(key);
    };
    forget();
    this.#connection.afterRollback(forget);
  }

  #idOf(document: BulkWriteRow<RxDocType>['document']): string {
    return (document as Readonly<Record<string, unknown>>)[this.#layout.primaryPath] as string;
  }
}

/** Of a deleted document they are gone, although it still names them. */
function attachmentsOf<RxDocType>(previous: RxDocumentData<RxDocType> | undefined): Attachments | null {
  return previous === undefined || previous._deleted ? null : previous._attachments;
}

function eventOfUpdate<RxDocType>(
  documentId: string,
  document: RxDocumentData<RxDocType>,
  previous: RxDocumentData<RxDocType>,
): RxStorageChangeEvent<RxDocType> {
  if (document._deleted)
    return { documentId, operation: 'DELETE', documentData: document, previousDocumentData: previous };
  if (previous._deleted) {
    return { documentId, operation: 'INSERT', documentData: document, previousDocumentData: undefined };
  }
  return { documentId, operation: 'UPDATE', documentData: document, previousDocumentData: previous };
}
