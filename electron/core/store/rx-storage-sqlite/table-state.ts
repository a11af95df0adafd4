/** What all instances of one table on one connection know of it. */
import type { TableLayout } from './columns.ts';
import type { SqliteConnection } from './connection.ts';

export class TableState {
  readonly #connection: SqliteConnection;
  readonly #name: string;
  #irregular: boolean | null = null;

  constructor(connection: SqliteConnection, name: string) {
    this.#connection = connection;
    this.#name = name;
    connection.onForeignWrite(() => this.forget());
  }

  /** Whether a document was ever written whose indexed fields are not of the types in the schema: columns cannot hold them. */
  get irregular(): boolean {
    this.#irregular ??=
      this.#connection.plucked('SELECT irregular FROM "rx:sequences" WHERE collection = ?').get(this.#name) === 1;
    return this.#irregular;
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
  }
}

export function tableStateOf<RxDocType>(connection: SqliteConnection, layout: TableLayout<RxDocType>): TableState {
  return connection.shared(layout.name, () => new TableState(connection, layout.name));
}
