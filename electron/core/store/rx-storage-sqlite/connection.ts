/**
 * One SQLite handle with its prepared statements and its transactions. All work on it is synchronous, so nothing can come
 * between the statements of a transaction. Whoever wants to be told of a write is told after the commit.
 */
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';

/** What may be bound to a statement's placeholder. */
export type SqliteValue = string | number | bigint | null | Uint8Array;

export class SqliteConnection {
  readonly sqlite: Database;
  readonly #statements = new Map<string, Statement<SqliteValue[]>>();
  readonly #begin: Statement<[]>;
  readonly #commit: Statement<[]>;
  readonly #rollback: Statement<[]>;
  #afterCommit: (() => void)[] | null = null;

  constructor(sqlite: Database) {
    this.sqlite = sqlite;
    this.#begin = sqlite.prepare<[]>('BEGIN IMMEDIATE');
    this.#commit = sqlite.prepare<[]>('COMMIT');
    this.#rollback = sqlite.prepare<[]>('ROLLBACK');
  }

  /** The prepared statement of this text, prepared once. Texts are made by code, never from values, so they are few. */
  statement(sql: string): Statement<SqliteValue[]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.sqlite.prepare<SqliteValue[]>(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** A statement that gives its first column only. */
  plucked(sql: string): Statement<SqliteValue[]> {
    const key = `pluck ${sql}`;
    let statement = this.#statements.get(key);
    if (statement === undefined) {
      statement = this.sqlite.prepare<SqliteValue[]>(sql).pluck();
      this.#statements.set(key, statement);
    }
    return statement;
  }

  /**
   * Runs `run` in one transaction: all of it is durable when this returns, or none of it happened when it throws. Called within
   * another it belongs to that one, and its failure is the failure of the whole.
   * @param run synchronous; a promise is refused, since the transaction would be over before it had done anything.
   */
  transaction<T>(run: () => T): T {
    if (this.#afterCommit !== null) return run();
    const afterCommit: (() => void)[] = [];
    this.#begin.run();
    this.#afterCommit = afterCommit;
    let result: T;
    try {
      result = run();
      if (result instanceof Promise) throw new TypeError('a transaction cannot wait for a promise');
      this.#commit.run();
    } catch (error) {
      // SQLite has rolled back by itself after some errors (a full disk, an I/O error).
      if (this.sqlite.inTransaction) this.#rollback.run();
      throw error;
    } finally {
      this.#afterCommit = null;
    }
    for (const tell of afterCommit) tell();
    return result;
  }

  /** Calls `tell` once what is being written is durable; never if it is rolled back. Outside of a transaction: at once. */
  afterCommit(tell: () => void): void {
    if (this.#afterCommit === null) tell();
    else this.#afterCommit.push(tell);
  }
}
