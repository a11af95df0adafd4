/**
 * The same work by hand: one SQLite handle, each statement prepared once and when first needed, no RxDB, no validation. Cipher, key length, durability,
 * indexes, JSON in one column, and what is written along with documents are the product's: the audit trail's hash chain, intents, the
 * queue to the cloud (by the product's own statements, which know no store) and the clock, which goes on after a restart.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';
import { documentIndexes, HybridClock } from '../../../electron/contract/index.ts';
import type { AuditEntryInput, CollectionName, DocumentOf, IntentInput } from '../../../electron/contract/index.ts';
import { FIRST_PREVIOUS_HASH } from '../../../electron/core/audit/index.ts';
import { MIGRATIONS } from '../../../electron/core/store/migrations.ts';
import { stamped } from '../../../electron/core/store/stamping.ts';
import type { Stamper } from '../../../electron/core/store/stamping.ts';
import { noteArtefacts } from '../../../electron/core/sync/uploads/note-artefacts.ts';
import { entryOf, intentOf, weighedAgain } from './changes.ts';
import { sessionId, STATION_ID, TODAY, visitOf } from './clinic-data.ts';
import { indexesOf, openLikeTheClinic, settingsOf } from './files.ts';
import type { Place, Read, ReadQuery, Side } from './side.ts';
import { collectGarbage } from './worker.ts';

const KEY = new Uint8Array(32).fill(6);
const NAMES = Object.keys(documentIndexes) as CollectionName[];
type Fields = Readonly<Record<string, unknown>>;

function nowMs(): number {
  return TODAY.getTime();
}

export class BareSide implements Side {
  readonly #place: Place;
  readonly #path: string;
  readonly #stamper: Stamper;
  #statements: Statements | null = null;

  constructor(place: Place) {
    this.#place = place;
    mkdirSync(place.directory, { recursive: true });
    this.#path = join(place.directory, 'bare.db');
    this.#stamper = { clock: new HybridClock(STATION_ID, nowMs), stationId: STATION_ID, now: nowMs, lastTick: null };
  }

  async open() {
    await this.close();
    collectGarbage();
    const started = performance.now();
    const sqlite = openLikeTheClinic(this.#path, KEY);
    if (sqlite.pragma('user_version', { simple: true }) === 0) create(sqlite);
    const statements = new Statements(sqlite);
    this.#statements = statements;
    const first = statements.read('sessions', sessionId(0));
    return { ms: performance.now() - started, result: first?.id ?? '' };
  }

  async addVisits(from: number, to: number) {
    const statements = this.#opened();
    const visits = Array.from({ length: to - from }, (_, index) => visitOf(from + index, this.#place.visits));
    statements.transaction(() => {
      for (const { patient, appointment, consent, session, report } of visits) {
        if (patient !== null) statements.insert('patients', this.#stamped('patients', patient));
        statements.insert('appointments', this.#stamped('appointments', appointment));
        statements.insert('consents', this.#stamped('consents', consent));
        statements.insert('sessions', this.#stamped('sessions', session));
        if (report !== null) statements.insert('reports', this.#stamped('reports', report));
      }
      statements.keepClock(this.#stamper.lastTick ?? '');
    });
    const documents = visits.flatMap((visit) => visit.captures.map((capture) => this.#stamped('captures', capture)));
    const entry = entryOf(sessionId(from), from, TODAY.toISOString());
    collectGarbage();
    const started = performance.now();
    statements.transaction(() => {
      for (const document of documents) statements.insert('captures', document);
      statements.audit(entry);
      statements.keepClock(this.#stamper.lastTick ?? '');
    });
    return { ms: performance.now() - started, result: `${documents.length}` };
  }

  async readByIds(ids: readonly string[]) {
    const statements = this.#opened();
    collectGarbage();
    const started = performance.now();
    let tiles = 0;
    for (const id of ids) tiles += statements.read('captures', id)?.judgement?.tiles.length ?? 0;
    return { ms: performance.now() - started, result: `${tiles} tiles` };
  }

  async write(sessionIds: readonly string[], count: number) {
    const statements = this.#opened();
    const at = TODAY.toISOString();
    const { clock } = this.#stamper;
    collectGarbage();
    const started = performance.now();
    for (const [index, id] of sessionIds.entries()) {
      const number = count + index;
      statements.transaction(() => {
        const session = statements.read('sessions', id);
        if (session === null) throw new Error('no such session');
        const next = weighedAgain(session, number);
        const tick = clock.tick();
        statements.update('sessions', { ...next, updatedAt: at, hlc: { ...next.hlc, steps: tick } }, session);
        statements.keepClock(tick);
        statements.audit(entryOf(id, number, at));
        statements.intent(intentOf(id, number), at);
      });
    }
    return { ms: performance.now() - started, result: `${sessionIds.length}` };
  }

  async dashboard(reads: readonly Read[]) {
    const statements = this.#opened();
    collectGarbage();
    const started = performance.now();
    const results: number[] = [];
    for (const read of reads) {
      if (read.kind === 'get') results.push(statements.read(read.name, read.id) === null ? 0 : 1);
      else if (read.kind === 'find') results.push(statements.find(read.name, read.query).length);
      else results.push(statements.count(read.name, read.query));
    }
    return { ms: performance.now() - started, result: results.join(' ') };
  }

  settings() {
    return settingsOf(this.#opened().sqlite);
  }

  indexes() {
    return indexesOf(this.#opened().sqlite, Object.fromEntries(NAMES.map((name) => [name, name])));
  }

  bytes(): number {
    return statSync(this.#path).size;
  }

  async close() {
    this.#statements?.sqlite.close();
    this.#statements = null;
  }

  /** The product's stamps; never while the clock runs. */
  #stamped<N extends CollectionName>(name: N, draft: Fields): DocumentOf<N> {
    const document = stamped(name, draft, null, this.#stamper);
    if (document === null) throw new Error('nothing to write');
    return document;
  }

  #opened(): Statements {
    if (this.#statements === null) throw new Error('not open');
    return this.#statements;
  }
}

function create(sqlite: Database): void {
  sqlite.transaction(() => {
    for (const { sql } of MIGRATIONS) sqlite.exec(sql);
    for (const name of NAMES) {
      const columns = columnsOf(name)
        .map((column) => `${column}, `)
        .join('');
      sqlite.exec(
        `CREATE TABLE ${name} (id TEXT NOT NULL PRIMARY KEY, rev TEXT NOT NULL, deleted INTEGER NOT NULL, lwt REAL NOT NULL,
         seq INTEGER NOT NULL UNIQUE, ${columns}data TEXT NOT NULL)`,
      );
      const indexes = documentIndexes[name].length === 0 ? [[]] : documentIndexes[name];
      for (const fields of indexes) {
        sqlite.exec(
          `CREATE INDEX ${[name, 'by', ...fields].join('_')} ON ${name} (${['deleted', ...fields, 'id'].join(', ')})`,
        );
      }
      sqlite.exec(`CREATE INDEX ${name}_tombstones ON ${name} (lwt) WHERE deleted = 1`);
    }
    sqlite.pragma('user_version = 1');
  })();
}

function columnsOf(name: CollectionName): string[] {
  return [...new Set<string>((documentIndexes[name] as readonly (readonly string[])[]).flat())];
}

interface TableSql {
  readonly columns: readonly string[];
  readonly insert: string;
  readonly update: string;
  readonly rewrite: string;
  /** The first column of a row that is not deleted. */
  readonly read: string;
}

function valuesOf(document: Fields, columns: readonly string[]): unknown[] {
  return columns.map((column) => document[column] ?? null);
}

class Statements {
  readonly sqlite: Database;
  readonly #cache = new Map<string, Statement>();
  readonly #pluckedCache = new Map<string, Statement>();
  readonly #tables = new Map<CollectionName, TableSql>();
  readonly #run: (body: () => void) => void;

  constructor(sqlite: Database) {
    this.sqlite = sqlite;
    const run = sqlite.transaction((body: () => void) => body());
    this.#run = (body) => run.immediate(body);
  }

  transaction(body: () => void): void {
    this.#run(body);
  }

  read<N extends CollectionName>(name: N, id: string): DocumentOf<N> | null {
    const data = this.#plucked(this.#table(name).read).get(id);
    return data === undefined ? null : (JSON.parse(data as string) as DocumentOf<N>);
  }

  insert<N extends CollectionName>(name: N, document: DocumentOf<N>): void {
    const { columns, insert } = this.#table(name);
    this.#prepared(insert).run(Date.now(), ...valuesOf(document, columns), JSON.stringify(document), document.id);
    this.#note(name, document, null);
  }

  /** Columns that stay as they are are not set: SQLite would take them out of their indexes and put them back. */
  update<N extends CollectionName>(name: N, document: DocumentOf<N>, previous: DocumentOf<N>): void {
    const { columns, update, rewrite } = this.#table(name);
    const values = valuesOf(document, columns);
    const data = JSON.stringify(document);
    if (valuesOf(previous, columns).every((value, index) => value === values[index])) {
      this.#prepared(rewrite).run(Date.now(), data, document.id);
    } else this.#prepared(update).run(Date.now(), ...values, data, document.id);
    this.#note(name, document, previous);
  }

  keepClock(tick: string): void {
    this.#prepared(
      `INSERT INTO station (key, value) VALUES ('clock', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    ).run(tick);
  }

  #note<N extends CollectionName>(name: N, document: DocumentOf<N>, previous: DocumentOf<N> | null): void {
    noteArtefacts(this.sqlite, { name, id: document.id, document, previous, withRecords: true }, (sessionId) =>
      sessionId === document.id ? (document as DocumentOf<'sessions'>) : this.read('sessions', sessionId),
    );
  }

  /** Texts, made once. */
  #table(name: CollectionName): TableSql {
    let table = this.#tables.get(name);
    if (table === undefined) {
      const columns = columnsOf(name);
      const into = columns.map((column) => `${column}, `).join('');
      const set = columns.map((column) => `${column} = ?, `).join('');
      const next = `UPDATE ${name} SET rev = rev + 1, seq = (SELECT max(seq) + 1 FROM ${name}), lwt = ?`;
      table = {
        columns,
        insert: `INSERT INTO ${name} (rev, deleted, seq, lwt, ${into}data, id)
           VALUES ('1', 0, (SELECT coalesce(max(seq), 0) + 1 FROM ${name}), ?, ${'?, '.repeat(columns.length)}?, ?)`,
        update: `${next}, ${set}data = ? WHERE id = ?`,
        rewrite: `${next}, data = ? WHERE id = ?`,
        read: `SELECT data FROM ${name} WHERE id = ? AND deleted = 0`,
      };
      this.#tables.set(name, table);
    }
    return table;
  }

  audit({ at, actorId, role, action, subjectKind, subjectId, detail }: AuditEntryInput): void {
    const last = this.#prepared('SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1').get() as
      | { sequence: number; hash: string }
      | undefined;
    const sequence = (last?.sequence ?? 0) + 1;
    const previousHash = last?.hash ?? FIRST_PREVIOUS_HASH;
    // By name, as the trail's canonical form has it.
    const entry = { action, actorId, at, detail, previousHash, role, sequence, subjectId, subjectKind };
    const hash = createHash('sha256').update(JSON.stringify(entry)).digest('hex');
    this.#prepared(
      `INSERT INTO audit (sequence, at, actor_id, role, action, subject_kind, subject_id, detail_json, previous_hash, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(sequence, at, actorId, role, action, subjectKind, subjectId, JSON.stringify(detail), previousHash, hash);
  }

  intent({ id, kind, subjectId, payload }: IntentInput, createdAt: string): void {
    this.#prepared(
      `INSERT INTO intents (id, kind, subject_id, ordinal, payload_json, state, created_at)
       VALUES (?, ?, ?, (SELECT coalesce(max(ordinal), 0) + 1 FROM intents WHERE subject_id = ?), ?, 'waiting', ?)`,
    ).run(id, kind, subjectId, subjectId, JSON.stringify(payload), createdAt);
  }

  find(name: CollectionName, query: ReadQuery): Fields[] {
    const { where, values, rest } = this.#where(name, query);
    const order = (query.sort ?? []).flatMap((part) => Object.entries(part).map(([field, way]) => `${field} ${way}`));
    const sql = `SELECT data FROM ${name} WHERE ${where}${order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`}`;
    const documents = this.#plucked(sql)
      .all(...values)
      .map((data) => JSON.parse(data as string) as Fields);
    return rest.length === 0
      ? documents
      : documents.filter((document) => rest.every(([field, value]) => document[field] === value));
  }

  count(name: CollectionName, query: ReadQuery): number {
    const { where, values, rest } = this.#where(name, query);
    if (rest.length > 0) return this.find(name, query).length;
    return this.#plucked(`SELECT count(*) FROM ${name} WHERE ${where}`).get(...values) as number;
  }

  /** Equality and `$in` of indexed fields in SQL; equality of others over what that lets through. */
  #where(name: CollectionName, { selector = {} }: ReadQuery) {
    const { columns } = this.#table(name);
    const terms = ['deleted = 0'];
    const values: unknown[] = [];
    const rest: (readonly [string, unknown])[] = [];
    for (const [field, wanted] of Object.entries(selector)) {
      const among = typeof wanted === 'object' && wanted !== null ? (wanted as { $in?: unknown[] }).$in : [wanted];
      if (among === undefined) throw new Error(`nobody wrote a statement for ${name}.${field} by hand`);
      if (!columns.includes(field)) {
        if (among.length !== 1) throw new Error(`nobody wrote a statement for ${name}.${field} by hand`);
        rest.push([field, among[0]]);
        continue;
      }
      terms.push(among.length === 1 ? `${field} = ?` : `${field} IN (${among.map(() => '?').join(', ')})`);
      values.push(...among);
    }
    return { where: terms.join(' AND '), values, rest };
  }

  #prepared(sql: string): Statement {
    let statement = this.#cache.get(sql);
    if (statement === undefined) {
      statement = this.sqlite.prepare(sql);
      this.#cache.set(sql, statement);
    }
    return statement;
  }

  #plucked(sql: string): Statement {
    let statement = this.#pluckedCache.get(sql);
    if (statement === undefined) {
      statement = this.sqlite.prepare(sql).pluck();
      this.#pluckedCache.set(sql, statement);
    }
    return statement;
  }
}
