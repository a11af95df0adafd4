/**
 * One SQLite handle with its prepared statements and its transactions. All work on it is synchronous, so nothing can come
 * between the statements of a transaction. Whoever wants to be told of a write is told after the commit.
 */
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';
import { DocumentCaches } from './document-cache.ts';

/** What may be bound to a statement's placeholder. */
export type SqliteValue = string | number | bigint | null | Uint8Array;

export interface SqliteConnectionOptions {
  /** How much parsed documents may take, over all collections of the file. Default 64 MiB. */
  readonly cacheBytes?: number;
}

/** Of each kind. Texts are made by code, never from values; but selectors come in many shapes. */
const MAX_STATEMENTS = 256;
const DEFAULT_CACHE_BYTES = 64 * 1024 * 1024;

type Rows = 'object' | 'first' | 'array';

type Brackets = Readonly<Record<'begin' | 'beginRead' | 'commit' | 'rollback', Statement<[]>>>;

export class SqliteConnection {
  readonly sqlite: Database;
  /** Parsed documents, by table. */
  readonly caches: DocumentCaches;
  /** By their text alone: a text that is a constant of its user keeps its hash. */
  readonly #statements: Readonly<Record<Rows, Map<string, Statement<SqliteValue[]>>>> = {
    object: new Map(),
    first: new Map(),
    array: new Map(),
  };
  #made: Brackets | null = null;
  readonly #shared = new Map<string, unknown>();
  /** null where the file is locked for this handle: then nobody else can write. */
  readonly #dataVersion: Statement<[]> | null;
  #seenVersion: unknown;
  readonly #foreignWrites: (() => void)[] = [];
  #afterCommit: (() => void)[] | null = null;
  #afterRollback: (() => void)[] = [];
  readonly #commits: (() => void)[] = [];

  /** @param sqlite open and, if encrypted, with its key; whoever made it closes it. */
  constructor(sqlite: Database, options: SqliteConnectionOptions = {}) {
    this.sqlite = sqlite;
    this.caches = new DocumentCaches(options.cacheBytes ?? DEFAULT_CACHE_BYTES);
    const alone = sqlite.pragma('locking_mode', { simple: true }) === 'exclusive';
    this.#dataVersion = alone ? null : sqlite.prepare<[]>('PRAGMA data_version').pluck();
    this.#seenVersion = this.#dataVersion?.get();
    this.onForeignWrite(() => this.caches.clear());
  }

  /** Whether the file is locked for this handle, so that nobody else can read or write it. */
  get isAlone(): boolean {
    return this.#dataVersion === null;
  }

  /** Whether a transaction of this connection's is open, to which all that is written now belongs. */
  get isWriting(): boolean {
    return this.#afterCommit !== null;
  }

  /** The prepared statement of this text, prepared once. */
  statement(sql: string): Statement<SqliteValue[]> {
    return this.#prepared(sql, 'object');
  }

  /** A statement that gives its first column only. */
  plucked(sql: string): Statement<SqliteValue[]> {
    return this.#prepared(sql, 'first');
  }

  /** A statement that gives rows as arrays. */
  arrays(sql: string): Statement<SqliteValue[]> {
    return this.#prepared(sql, 'array');
  }

  /**
   * Runs `run` in one transaction: all of it is durable when this returns, or none of it happened when it throws. Called within
   * another it belongs to that one, and its failure is the failure of the whole.
   * @param run synchronous; a promise is refused, since the transaction would be over before it had done anything.
   */
  transaction<T>(run: () => T): T {
    if (this.#afterCommit !== null) return run();
    const afterCommit: (() => void)[] = [];
    this.#brackets.begin.run();
    this.#afterCommit = afterCommit;
    let result: T;
    try {
      this.#noticeForeignWrites();
      result = run();
      if (result instanceof Promise) throw new TypeError('a transaction cannot wait for a promise');
      this.#brackets.commit.run();
    } catch (error) {
      // SQLite has rolled back by itself after some errors (a full disk, an I/O error).
      if (this.sqlite.inTransaction) this.#brackets.rollback.run();
      for (const undo of this.#afterRollback) undo();
      throw error;
    } finally {
      this.#afterCommit = null;
      this.#afterRollback = [];
    }
    for (const tell of afterCommit) tell();
    for (const tell of this.#commits) tell();
    return result;
  }

  /**
   * `transaction` for what can be made again, such as empty tables: it does not wait for the disk. In the write-ahead log it comes
   * before whatever is written next, and is durable with that.
   */
  transactionWithoutFlush<T>(run: () => T): T {
    const { sqlite } = this;
    if (sqlite.inTransaction || sqlite.pragma('journal_mode', { simple: true }) !== 'wal') return this.transaction(run);
    const synchronous = Number(sqlite.pragma('synchronous', { simple: true }));
    sqlite.exec('PRAGMA synchronous = NORMAL');
    try {
      return this.transaction(run);
    } finally {
      sqlite.exec(`PRAGMA synchronous = ${synchronous}`);
    }
  }

  /** Runs `run` over one state of the file: what other processes write meanwhile is not seen half. */
  read<T>(run: () => T): T {
    if (this.#dataVersion === null || this.#afterCommit !== null) return run();
    if (this.sqlite.inTransaction) {
      this.#noticeForeignWrites();
      return run();
    }
    this.#brackets.beginRead.run();
    try {
      this.#noticeForeignWrites();
      return run();
    } finally {
      this.#brackets.commit.run();
    }
  }

  /** Calls `tell` once what is being written is durable; never if it is rolled back. Outside of a transaction: at once. */
  afterCommit(tell: () => void): void {
    if (this.#afterCommit === null) tell();
    else this.#afterCommit.push(tell);
  }

  /** Calls `tell` after each commit, as long as the connection lives. */
  onCommit(tell: () => void): void {
    this.#commits.push(tell);
  }

  /** Calls `undo` if the transaction that is open is rolled back. */
  afterRollback(undo: () => void): void {
    if (this.#afterCommit !== null) this.#afterRollback.push(undo);
  }

  /** Calls `forget` before a read that sees what another connection has written. */
  onForeignWrite(forget: () => void): void {
    this.#foreignWrites.push(forget);
  }

  /** What all users of this connection share under `key`, made by the first. */
  shared<T>(key: string, make: () => T): T {
    if (!this.#shared.has(key)) this.#shared.set(key, make());
    return this.#shared.get(key) as T;
  }

  /** What ends a transaction is there before one begins: nothing may stand in the way of taking it back. */
  get #brackets(): Brackets {
    const { sqlite } = this;
    this.#made ??= {
      begin: sqlite.prepare<[]>('BEGIN IMMEDIATE'),
      beginRead: sqlite.prepare<[]>('BEGIN'),
      commit: sqlite.prepare<[]>('COMMIT'),
      rollback: sqlite.prepare<[]>('ROLLBACK'),
    };
    return this.#made;
  }

  #noticeForeignWrites(): void {
    if (this.#dataVersion === null) return;
    const version = this.#dataVersion.get();
    if (version === this.#seenVersion) return;
    this.#seenVersion = version;
    for (const forget of this.#foreignWrites) forget();
  }

  #prepared(sql: string, rows: Rows): Statement<SqliteValue[]> {
    const statements = this.#statements[rows];
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = this.sqlite.prepare<SqliteValue[]>(sql);
      if (rows === 'first') statement.pluck();
      if (rows === 'array') statement.raw();
      if (statements.size >= MAX_STATEMENTS) {
        const [oldest] = statements.keys();
        if (oldest !== undefined) statements.delete(oldest);
      }
      statements.set(sql, statement);
    }
    return statement;
  }
}
