/** Reads documents: by id, by query, by the order of their writes. All of it synchronous, over one state of the file. */
import { getQueryMatcher, getSortComparator } from 'rxdb';
import type { FilledMangoQuery, RxDocumentData, RxJsonSchema } from 'rxdb';
import type { TableLayout } from './columns.ts';
import type { SqliteConnection, SqliteValue } from './connection.ts';
import type { DocumentCache } from './document-cache.ts';
import { planOf } from './query-plan.ts';
import type { SqlPlan } from './query-plan.ts';
import { sortKeyOf } from './sort-key.ts';
import type { TableState } from './table-state.ts';

type Matcher<D> = (document: D) => boolean;

/** Up to so many documents are looked up one by one, cached or not. */
const FEW = 64;
/** Of a table's documents, if so large a part of them is wanted, all are read. */
const MOST = 0.75;

export class TableReader<RxDocType> {
  readonly #connection: SqliteConnection;
  readonly #layout: TableLayout<RxDocType>;
  readonly #schema: Readonly<RxJsonSchema<RxDocumentData<RxDocType>>>;
  readonly #cache: DocumentCache;
  readonly #state: TableState;
  readonly #readOne: string;
  readonly #readMany: string;
  readonly #readAll: string;
  readonly #lastRow: string;
  /** Whether the last large read found most of its documents in the cache: then ids suffice, which lie in the index. */
  #warm = false;

  constructor(
    connection: SqliteConnection,
    layout: TableLayout<RxDocType>,
    schema: Readonly<RxJsonSchema<RxDocumentData<RxDocType>>>,
    state: TableState,
  ) {
    this.#connection = connection;
    this.#layout = layout;
    this.#schema = schema;
    this.#state = state;
    this.#cache = connection.caches.of(layout.name);
    this.#readOne = `SELECT data FROM ${layout.table} WHERE id = ?`;
    // A row for each id. Not a plain join: SQLite would walk the table for each id.
    this.#readMany = `SELECT data FROM json_each(?) AS wanted LEFT JOIN ${layout.table} AS stored ON stored.id = wanted.value`;
    this.#readAll = `SELECT data FROM ${layout.table}`;
    this.#lastRow = `SELECT max(rowid) FROM ${layout.table}`;
  }

  /** Prepares what reads by id run. The table must be there. */
  prepare(): void {
    for (const sql of [this.#readOne, this.#readMany, this.#readAll, this.#lastRow]) this.#connection.plucked(sql);
  }

  byIds(ids: readonly string[], withDeleted: boolean): RxDocumentData<RxDocType>[] {
    return this.#connection.read(() => {
      const found: RxDocumentData<RxDocType>[] = [];
      const documents = ids.length <= FEW ? ids.map((id) => this.#byKey(sortKeyOf(id))) : this.#many(ids);
      for (const document of documents) {
        if (document !== undefined && (withDeleted || !document._deleted)) found.push(document);
      }
      return found;
    });
  }

  query(query: FilledMangoQuery<RxDocType>): RxDocumentData<RxDocType>[] {
    const { skip, limit } = boundsOf(query);
    if (limit === 0) return [];
    return this.#connection.read(() => {
      const plan = this.#plan(query);
      const from = `FROM ${this.#layout.table} WHERE ${plan.where}`;
      if (plan.orderBy === null) {
        const found = this.#collect(from, plan, query, 0, Infinity);
        found.sort(getSortComparator(this.#schema, query));
        return found.slice(skip, limit === Infinity ? undefined : skip + limit);
      }
      const ordered = `${from} ORDER BY ${plan.orderBy}`;
      if (!plan.exact) return this.#collect(ordered, plan, query, skip, limit);
      if (limit === Infinity && skip === 0) return this.#all(ordered, plan.values, limit);
      return this.#all(`${ordered} LIMIT ? OFFSET ?`, [...plan.values, limit === Infinity ? -1 : limit, skip], limit);
    });
  }

  /** As many as `query` would give. */
  count(query: FilledMangoQuery<RxDocType>): number {
    const { skip, limit } = boundsOf(query);
    return this.#connection.read(() => {
      const plan = this.#plan(query);
      const from = `FROM ${this.#layout.table} WHERE ${plan.where}`;
      let rows = 0;
      if (plan.exact) {
        rows = Number(this.#connection.plucked(`SELECT count(*) ${from}`).get(...plan.values));
      } else {
        const matches = this.#matcher(query);
        this.#scan(from, plan.values, (document) => {
          if (matches(document)) rows += 1;
          return true;
        });
      }
      return Math.max(0, Math.min(rows - skip, limit));
    });
  }

  /** In the order of their last writes, tombstones too. @param since a counter of writes. */
  changedSince(since: number, limit: number): { documents: RxDocumentData<RxDocType>[]; seq: number } {
    return this.#connection.read(() => {
      const rows = this.#connection
        .arrays(`SELECT seq, id FROM ${this.#layout.table} WHERE seq > ? ORDER BY seq LIMIT ?`)
        .all(since, limit) as unknown as [seq: number, key: string][];
      const documents = rows.map(([, key]) => this.#require(key));
      return { documents, seq: rows.at(-1)?.[0] ?? since };
    });
  }

  #plan(query: FilledMangoQuery<RxDocType>): SqlPlan {
    return planOf(query, this.#state.irregular ? this.#layout.sureColumns : this.#layout.columns);
  }

  #matcher(query: FilledMangoQuery<RxDocType>): Matcher<RxDocumentData<RxDocType>> {
    return getQueryMatcher(this.#schema, query);
  }

  /** @param tail of the statement, from FROM on. @param atMost rows, as far as known. */
  #all(tail: string, values: readonly SqliteValue[], atMost: number): RxDocumentData<RxDocType>[] {
    if (this.#warm || atMost <= FEW) {
      const keys = this.#connection.plucked(`SELECT id ${tail}`).all(...values) as string[];
      let missed = 0;
      const documents = keys.map((key) => {
        const cached = this.#cache.get(key);
        if (cached !== undefined) return cached as RxDocumentData<RxDocType>;
        missed += 1;
        return this.#require(key);
      });
      if (keys.length > FEW) this.#warm = missed * 4 < keys.length;
      return documents;
    }
    const rows = this.#connection.arrays(`SELECT id, data ${tail}`).all(...values) as unknown as [string, string][];
    let hits = 0;
    const documents = rows.map(([key, data]) => {
      const cached = this.#cache.get(key);
      if (cached === undefined) return this.#parsed(key, data);
      hits += 1;
      return cached as RxDocumentData<RxDocType>;
    });
    if (rows.length > FEW) this.#warm = hits * 4 > rows.length * 3;
    return documents;
  }

  #collect(
    tail: string,
    plan: SqlPlan,
    query: FilledMangoQuery<RxDocType>,
    skip: number,
    limit: number,
  ): RxDocumentData<RxDocType>[] {
    if (plan.exact) return this.#all(tail, plan.values, Infinity);
    const matches = this.#matcher(query);
    const found: RxDocumentData<RxDocType>[] = [];
    let toSkip = skip;
    this.#scan(tail, plan.values, (document) => {
      if (!matches(document)) return true;
      if (toSkip > 0) toSkip -= 1;
      else found.push(document);
      return found.length < limit;
    });
    return found;
  }

  /** @param visit says whether to go on. */
  #scan(tail: string, values: readonly SqliteValue[], visit: (document: RxDocumentData<RxDocType>) => boolean): void {
    let seen = 0;
    let hits = 0;
    const statement = this.#warm
      ? this.#connection.arrays(`SELECT id ${tail}`)
      : this.#connection.arrays(`SELECT id, data ${tail}`);
    for (const row of statement.iterate(...values)) {
      const [key, data] = row as [key: string, data?: string];
      seen += 1;
      let document = this.#cache.get(key) as RxDocumentData<RxDocType> | undefined;
      if (document === undefined) document = data === undefined ? this.#require(key) : this.#parsed(key, data);
      else hits += 1;
      if (!visit(document)) break;
    }
    if (seen > FEW) this.#warm = hits * 4 > seen * 3;
  }

  /** Those that are not cached in one statement. */
  #many(ids: readonly string[]): (RxDocumentData<RxDocType> | undefined)[] {
    if (this.#cache.isEmpty) return this.#walked(ids) ?? this.#lookedUp(ids, []);
    const documents = ids.map((id) => this.#cache.get(sortKeyOf(id)) as RxDocumentData<RxDocType> | undefined);
    return documents.includes(undefined) ? this.#lookedUp(ids, documents) : documents;
  }

  /** @param documents of the ids, as far as known; are filled in. */
  #lookedUp(
    ids: readonly string[],
    documents: (RxDocumentData<RxDocType> | undefined)[],
  ): (RxDocumentData<RxDocType> | undefined)[] {
    const keys = ids.map(sortKeyOf);
    const missing = keys.filter((_, index) => documents[index] === undefined);
    const wanted = JSON.stringify(missing);
    // SQLite's JSON ends a text there.
    if (wanted.includes(String.raw`\u0000`)) return keys.map((key) => this.#byKey(key));
    const rows = this.#connection.plucked(this.#readMany).all(wanted) as (string | null)[];
    let row = 0;
    for (let index = 0; index < keys.length; index += 1) {
      if (documents[index] !== undefined) continue;
      const data = rows[row];
      const key = missing[row] ?? '';
      row += 1;
      if (typeof data !== 'string') continue;
      const document = this.#parsed(key, data);
      // SQLite takes them in their order, without a promise that it does.
      if (this.#idOf(document) !== ids[index])
        throw new Error(`${this.#layout.name} gave another document than was asked for`);
      documents[index] = document;
    }
    return documents;
  }

  /**
   * Where most of the table's documents are wanted: walking it in its own order costs less than looking each up. Otherwise null. What is
   * read so is not kept: one large read would push out what everybody else reads again and again.
   */
  #walked(ids: readonly string[]): (RxDocumentData<RxDocType> | undefined)[] | null {
    // Rows are numbered as they come: there are no more of them than the last one's number.
    if (ids.length < Number(this.#connection.plucked(this.#lastRow).get()) * MOST) return null;
    const read = this.#connection.plucked(this.#readAll).all() as string[];
    const documents = read.map((data) => JSON.parse(data) as RxDocumentData<RxDocType>);
    // Often asked for as they were written: then each stands where it belongs.
    if (ids.every((id, index) => id === this.#idOf(documents[index]))) return documents.slice(0, ids.length);
    const byId = new Map(documents.map((document) => [this.#idOf(document), document]));
    return ids.map((id) => byId.get(id));
  }

  #idOf(document: RxDocumentData<RxDocType> | undefined): unknown {
    return (document as Readonly<Record<string, unknown>> | undefined)?.[this.#layout.primaryPath];
  }

  #byKey(key: string): RxDocumentData<RxDocType> | undefined {
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached as RxDocumentData<RxDocType>;
    const data = this.#connection.plucked(this.#readOne).get(key);
    return data === undefined ? undefined : this.#parsed(key, data as string);
  }

  #require(key: string): RxDocumentData<RxDocType> {
    const document = this.#byKey(key);
    if (document === undefined) throw new Error(`an index of ${this.#layout.name} names a document that is not there`);
    return document;
  }

  #parsed(key: string, data: string): RxDocumentData<RxDocType> {
    const document = JSON.parse(data) as RxDocumentData<RxDocType>;
    this.#cache.set(key, document, data.length);
    return document;
  }
}

function boundsOf<RxDocType>(query: FilledMangoQuery<RxDocType>): { skip: number; limit: number } {
  return { skip: query.skip, limit: query.limit ?? Infinity };
}
