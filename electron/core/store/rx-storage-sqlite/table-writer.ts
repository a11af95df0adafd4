/**
 * The hot path: rows into one table, without reading documents. An insert that meets its id, or an update that does not meet
 * its revision, changes nothing, and only then is the document in the way read, for the answer.
 */
import type { BulkWriteRow, EventBulk, RxDocumentData, RxStorageChangeEvent, RxStorageWriteError } from 'rxdb';
import { randomUUID } from 'node:crypto';
import type { TableLayout } from './columns.ts';
import type { SqliteConnection, SqliteValue } from './connection.ts';
import { sortKeyOf } from './sort-key.ts';

/** Counts writes of one table; never goes back, whatever clocks and clean-ups do. */
export interface SeqCheckpoint {
  readonly seq: number;
}

export interface WriteResult<RxDocType> {
  readonly errors: RxStorageWriteError<RxDocType>[];
  readonly eventBulk: EventBulk<RxStorageChangeEvent<RxDocType>, SeqCheckpoint>;
}

export class TableWriter<RxDocType> {
  readonly #connection: SqliteConnection;
  readonly #layout: TableLayout<RxDocType>;
  readonly #sql: Readonly<Record<'insert' | 'update' | 'read' | 'lastSeq' | 'setSeq', string>>;
  readonly #bulkIdPrefix = randomUUID();
  #bulks = 0;

  constructor(connection: SqliteConnection, layout: TableLayout<RxDocType>) {
    this.#connection = connection;
    this.#layout = layout;
    const { table } = layout;
    const fields = layout.fieldColumns.map((column) => column.name);
    const columns = ['rev', 'deleted', 'lwt', 'seq', ...fields, 'data'];
    this.#sql = {
      insert: `INSERT INTO ${table} (${columns.join(', ')}, id) VALUES (${columns.map(() => '?').join(', ')}, ?) ON CONFLICT (id) DO NOTHING`,
      update: `UPDATE ${table} SET ${columns.map((column) => `${column} = ?`).join(', ')} WHERE id = ? AND rev = ?`,
      lastSeq: 'SELECT seq FROM "rx:sequences" WHERE collection = ?',
      setSeq: 'UPDATE "rx:sequences" SET seq = ? WHERE collection = ?',
      read: `SELECT data FROM ${table} WHERE id = ?`,
    };
  }

  /** Must be called inside a transaction of the connection. */
  write(rows: readonly BulkWriteRow<RxDocType>[], context: string): WriteResult<RxDocType> {
    const errors: RxStorageWriteError<RxDocType>[] = [];
    const events: RxStorageChangeEvent<RxDocType>[] = [];
    const before = this.#lastSeq();
    let seq = before;
    const written = new Set<string>();
    for (const row of rows) {
      const id = this.#idOf(row.document);
      // The second row of the same document in one batch cannot know of the first: it is a conflict, whatever it expects.
      if (!written.has(id) && this.#writeRow(row, id, seq + 1, events)) {
        written.add(id);
        seq += 1;
      } else errors.push(this.#conflict(row, id, context));
    }
    // A batch of which nothing was written changes no page: a full disk can still be opened and read.
    if (seq !== before) this.#connection.statement(this.#sql.setSeq).run(seq, this.#layout.table.slice(1, -1));
    this.#bulks += 1;
    return { errors, eventBulk: { id: `${this.#bulkIdPrefix}-${this.#bulks}`, events, checkpoint: { seq }, context } };
  }

  /** @returns whether it was written; its event is then among `events`. */
  #writeRow(row: BulkWriteRow<RxDocType>, id: string, seq: number, events: RxStorageChangeEvent<RxDocType>[]): boolean {
    const { document, previous } = row;
    const values: SqliteValue[] = [
      document._rev,
      document._deleted ? 1 : 0,
      document._meta.lwt,
      seq,
      ...this.#layout.fieldValues(document),
      JSON.stringify(document),
      sortKeyOf(id),
    ];
    if (
      previous !== undefined &&
      this.#connection.statement(this.#sql.update).run(...values, previous._rev).changes === 1
    ) {
      events.push(eventOfUpdate(id, document, previous));
      return true;
    }
    // With a previous state that is not here at all (purged meanwhile, or a copy from elsewhere) it is an insert.
    if (this.#connection.statement(this.#sql.insert).run(...values).changes === 0) return false;
    if (!document._deleted) {
      events.push({
        documentId: id,
        operation: 'INSERT',
        documentData: document,
        previousDocumentData: previous,
      });
    }
    return true;
  }

  #conflict(row: BulkWriteRow<RxDocType>, id: string, context: string): RxStorageWriteError<RxDocType> {
    const data = this.#connection.plucked(this.#sql.read).get(sortKeyOf(id)) as string;
    const documentInDb = JSON.parse(data) as RxDocumentData<RxDocType>;
    return { status: 409, isError: true, documentId: id, writeRow: row, documentInDb, context };
  }

  #lastSeq(): number {
    const last = this.#connection.plucked(this.#sql.lastSeq).get(this.#layout.table.slice(1, -1));
    if (typeof last !== 'number') throw new Error(`collection ${this.#layout.table} was removed`);
    return last;
  }

  #idOf(document: BulkWriteRow<RxDocType>['document']): string {
    return (document as Readonly<Record<string, unknown>>)[this.#layout.primaryPath] as string;
  }
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
