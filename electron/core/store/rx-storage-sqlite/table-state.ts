/** What all instances of one table on one connection know of it. */
import type { EventBulk, RxStorageChangeEvent } from 'rxdb';
import type { TableLayout } from './columns.ts';
import type { SqliteConnection } from './connection.ts';

type Bulk = EventBulk<RxStorageChangeEvent<unknown>, unknown>;

const IRREGULAR = 'SELECT irregular FROM "rx:sequences" WHERE collection = ?';

/** Whether there is a row for the table. */
export function isCounted(connection: SqliteConnection, name: string): boolean {
  return connection.plucked(IRREGULAR).get(name) !== undefined;
}

export class TableState {
  /** Of the instances that hear of each other's writes. */
  readonly #listeners = new Set<(bulk: Bulk) => void>();
  readonly #connection: SqliteConnection;
  readonly #name: string;
  /** Quoted. */
  readonly #table: string;
  #irregular: boolean | null = null;
  #seq: number | null = null;
  /** While a transaction is open that has written. */
  #isAdvanced = false;

  constructor(connection: SqliteConnection, layout: Pick<TableLayout<unknown>, 'name' | 'table'>) {
    this.#connection = connection;
    this.#name = layout.name;
    this.#table = layout.table;
    connection.onForeignWrite(() => this.forget());
  }

  /** @returns what ends it. */
  listen(listener: (bulk: Bulk) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(bulk: Bulk): void {
    for (const listener of this.#listeners) listener(bulk);
  }

  /** Whether a document was ever written whose indexed fields are not of the types in the schema: columns cannot hold them. */
  get irregular(): boolean {
    this.#irregular ??= this.#connection.plucked(IRREGULAR).get(this.#name) === 1;
    return this.#irregular;
  }

  /**
   * The number of the last write, for the next one to go on from. Must be called inside a transaction. The rows say it; what is not
   * in them any more, the counter says.
   */
  get seq(): number {
    if (this.#seq !== null) return this.#seq;
    const read = `SELECT max(seq, (SELECT coalesce(max(seq), 0) FROM ${this.#table})) FROM "rx:sequences" WHERE collection = ?`;
    const seq = this.#connection.plucked(read).get(this.#name);
    if (typeof seq !== 'number') throw new Error(`collection ${this.#name} was removed`);
    this.#seq = seq;
    return seq;
  }

  /** Must be called inside the transaction of the writes. */
  advance(seq: number): void {
    if (!this.#isAdvanced) {
      this.#isAdvanced = true;
      this.#connection.afterRollback(() => this.forget());
      this.#connection.afterCommit(() => {
        this.#isAdvanced = false;
      });
    }
    this.#seq = seq;
  }

  /** Must be called before rows go, inside their transaction: no number is given twice. */
  keepSeq(): void {
    this.#connection.statement('UPDATE "rx:sequences" SET seq = ? WHERE collection = ?').run(this.seq, this.#name);
  }

  /** Must be called inside the transaction of such a write. */
  becomeIrregular(): void {
    if (this.irregular) return;
    this.#connection.statement('UPDATE "rx:sequences" SET irregular = 1 WHERE collection = ?').run(this.#name);
    this.#irregular = true;
    this.#connection.afterRollback(() => this.forget());
  }

  forget(): void {
    this.#irregular = null;
    this.#seq = null;
    this.#isAdvanced = false;
  }
}

export function tableStateOf<RxDocType>(connection: SqliteConnection, layout: TableLayout<RxDocType>): TableState {
  return connection.shared(layout.name, () => new TableState(connection, layout));
}
