/**
 * Which state of each document the cloud has acknowledged. The document's own revision gets into it by triggers, whoever writes the
 * document; so what is unpushed is counted, never guessed.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { CollectionName, QuarantineReason, QuarantinedRow, ResyncReason } from '../../../contract/index.ts';
import { prepared } from '../../store/prepared.ts';

export interface LedgerRow {
  readonly id: string;
  /** Of the document as it is now. */
  readonly rev: string;
  /** The revision whose state the cloud has; null: of none is known. */
  readonly acked: string | null;
  /** The cloud's version of the state that it is known to have. 0: it left this station's scope. */
  readonly version: number | null;
  /** The revision that the cloud could not take. */
  readonly refused: string | null;
  /** Whether it was changed here before the cloud had to be read again. */
  readonly kept: boolean;
}

/** A state that is not the document's any more, or never was. */
export interface Base {
  /** Of the document when it was that; null: what the cloud has, whatever the document is. */
  readonly rev: string | null;
  /** The local revision that a conflict was resolved to. */
  readonly resolvedAs: string | null;
  readonly json: string;
}

/** A push that is under way: the rows as they were sent. */
export interface OpenPush {
  readonly mutationId: string;
  /** Of a row that is the document itself, at its revision, only the id. */
  readonly rowsJson: string;
  /** Local revisions, in the order of the rows. */
  readonly revisions: readonly string[];
}

const OF_ONE = 'WHERE collection = ? AND id = ?';

export class Ledger {
  readonly #sqlite: Database;
  readonly #collection: CollectionName;
  readonly #table: string;

  /** @param table of the documents, quoted */
  constructor(sqlite: Database, collection: CollectionName, table: string) {
    this.#sqlite = sqlite;
    this.#collection = collection;
    this.#table = table;
  }

  /** Begins to keep the ledger, with everything that is there already; within a transaction. */
  install(): void {
    const triggers = this.#triggers();
    const there = this.#sqlite
      .prepare<[string], string>(`SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE ?`)
      .pluck()
      .all(`sync:${this.#collection}:%`);
    if (there.length === triggers.length && triggers.every((trigger) => there.includes(trigger))) return;
    for (const event of ['insert', 'update', 'delete']) {
      this.#sqlite.exec(`DROP TRIGGER IF EXISTS "sync:${this.#collection}:${event}"`);
    }
    this.#sqlite.exec(`${triggers.join(';')};
      DELETE FROM sync_documents WHERE collection = '${this.#collection}' AND id NOT IN (SELECT id FROM ${this.#table});
      ${noted(`SELECT '${this.#collection}', id, rev, lwt FROM ${this.#table} WHERE true`)};`);
  }

  /** As the file keeps them, word by word. A state that the cloud has, or is just being sent, outlives its document's change. */
  #triggers(): string[] {
    const [collection, table] = [this.#collection, this.#table];
    const values = `VALUES ('${collection}', NEW.id, NEW.rev, NEW.lwt)`;
    return [
      `CREATE TRIGGER "sync:${collection}:insert" AFTER INSERT ON ${table} BEGIN ${noted(values)}; END`,
      `CREATE TRIGGER "sync:${collection}:update" AFTER UPDATE OF rev ON ${table} BEGIN
        INSERT INTO sync_bases (collection, id, rev, document_json)
          SELECT '${collection}', OLD.id, OLD.rev, OLD.data FROM sync_documents
          WHERE collection = '${collection}' AND id = OLD.id AND (acked IS OLD.rev OR sent IS OLD.rev)
          ON CONFLICT (collection, id) DO UPDATE SET rev = excluded.rev, document_json = excluded.document_json,
            resolved_as = NULL WHERE sync_bases.rev IS NOT NULL;
        ${noted(values)}; END`,
      `CREATE TRIGGER "sync:${collection}:delete" AFTER DELETE ON ${table} BEGIN
        DELETE FROM sync_documents WHERE collection = '${collection}' AND id = OLD.id;
        DELETE FROM sync_bases WHERE collection = '${collection}' AND id = OLD.id; END`,
    ];
  }

  get(id: string): LedgerRow | null {
    const row = prepared(
      this.#sqlite,
      `SELECT id, rev, acked, version, refused, kept FROM sync_documents ${OF_ONE}`,
    ).get(this.#collection, id) as (Omit<LedgerRow, 'kept'> & { readonly kept: number }) | undefined;
    return row === undefined ? null : { ...row, kept: row.kept === 1 };
  }

  /** @param revision whose state the cloud has */
  acknowledge(id: string, revision: string, version: number | null): void {
    this.#run(
      `UPDATE sync_documents SET acked = ?, version = ?, refused = NULL, reason = NULL, field = NULL, refused_at = NULL ${OF_ONE}`,
      revision,
      version,
      this.#collection,
      id,
    );
  }

  base(id: string): Base | null {
    const row = prepared(
      this.#sqlite,
      `SELECT rev, resolved_as AS resolvedAs, document_json AS json FROM sync_bases ${OF_ONE}`,
    ).get(this.#collection, id) as Base | undefined;
    return row ?? null;
  }

  /** What the cloud has, whatever the document is. */
  setBase(id: string, json: string, resolvedAs: string | null): void {
    this.#run(
      `INSERT INTO sync_bases (collection, id, rev, resolved_as, document_json) VALUES (?, ?, NULL, ?, ?)
       ON CONFLICT (collection, id) DO UPDATE SET rev = NULL, resolved_as = excluded.resolved_as,
         document_json = excluded.document_json`,
      this.#collection,
      id,
      resolvedAs,
      json,
    );
  }

  /** What was kept when the document changed is what the cloud has, whatever revision is acknowledged. */
  pinBase(id: string): void {
    this.#run(`UPDATE sync_bases SET rev = NULL ${OF_ONE}`, this.#collection, id);
  }

  clearBase(id: string): void {
    this.#run(`DELETE FROM sync_bases ${OF_ONE}`, this.#collection, id);
  }

  /** The document is on its way as it is: if it changes, what it was is kept. */
  markSent(id: string, revision: string): void {
    this.clearBase(id);
    this.#run(`UPDATE sync_documents SET sent = ? ${OF_ONE}`, revision, this.#collection, id);
  }

  /** What the cloud has is of this version; whether that is what is here, is left open. */
  setVersion(id: string, version: number | null): void {
    this.#run(`UPDATE sync_documents SET version = ? ${OF_ONE}`, version, this.#collection, id);
  }

  /** The cloud is not known to have the document any more. */
  unacknowledge(id: string): void {
    this.#run(`UPDATE sync_documents SET acked = NULL, version = NULL ${OF_ONE}`, this.#collection, id);
  }

  /** The cloud is read again from the beginning: notes what was changed here before. */
  noteKept(): void {
    this.#run('UPDATE sync_documents SET kept = (acked IS NOT rev) WHERE collection = ?', this.#collection);
  }

  /** Nothing that was acknowledged counts any more, and what was refused may be asked again. */
  unacknowledgeAll(): void {
    this.#run(
      `UPDATE sync_documents SET acked = NULL, version = NULL, refused = NULL, reason = NULL, field = NULL, refused_at = NULL
       WHERE collection = ?`,
      this.#collection,
    );
  }

  refuse(id: string, revision: string, reason: QuarantineReason, field: string, at: string): void {
    this.#run(
      `UPDATE sync_documents SET refused = ?, reason = ?, field = ?, refused_at = ? ${OF_ONE}`,
      revision,
      reason,
      field,
      at,
      this.#collection,
      id,
    );
  }

  /** What the cloud failed on may be asked again. @returns whether there was any */
  askFailedAgain(): boolean {
    const open = `collection = ? AND reason = 'CLOUD_FAILED' AND refused IS rev AND acked IS NOT rev`;
    const [any] = this.#all(`SELECT 1 FROM sync_documents WHERE ${open} LIMIT 1`, this.#collection);
    if (any === undefined) return false;
    this.#run(
      `UPDATE sync_documents SET refused = NULL, reason = NULL, field = NULL, refused_at = NULL WHERE ${open}`,
      this.#collection,
    );
    return true;
  }

  unpushedIds(): string[] {
    return this.#all(
      'SELECT id FROM sync_documents INDEXED BY sync_documents_unpushed WHERE collection = ? AND acked IS NOT rev',
      this.#collection,
    ) as string[];
  }

  /** Of the writes after `from` up to `to`: documents that are neither acknowledged nor refused as they are. */
  openBetween(from: number, to: number): string[] {
    return this.#all(
      `SELECT t.id FROM ${this.#table} AS t CROSS JOIN sync_documents AS d ON d.collection = ? AND d.id = t.id
       WHERE t.seq > ? AND t.seq <= ? AND d.acked IS NOT d.rev AND d.refused IS NOT d.rev`,
      this.#collection,
      from,
      to,
    ) as string[];
  }

  /** The first write up to `to` whose document is neither acknowledged nor refused as it is, or null. */
  firstOpen(to: number): number | null {
    const [seq] = this.#all(
      `SELECT min(t.seq) FROM sync_documents AS d INDEXED BY sync_documents_unpushed CROSS JOIN ${this.#table} AS t ON t.id = d.id
       WHERE d.collection = ? AND d.acked IS NOT d.rev AND d.refused IS NOT d.rev AND t.seq <= ?`,
      this.#collection,
      to,
    ) as (number | null)[];
    return seq ?? null;
  }

  idsAfter(after: string, limit: number): string[] {
    return this.#all(
      'SELECT id FROM sync_documents WHERE collection = ? AND id > ? ORDER BY id LIMIT ?',
      this.#collection,
      after,
      limit,
    ) as string[];
  }

  /** Pushes whose answers have not come. */
  openPushes(): readonly OpenPush[] {
    const rows = prepared(
      this.#sqlite,
      'SELECT mutation_id, rows_json, revs_json FROM sync_open_pushes WHERE collection = ? ORDER BY rowid',
    ).all(this.#collection) as { mutation_id: string; rows_json: string; revs_json: string }[];
    return rows.map((row) => ({
      mutationId: row.mutation_id,
      rowsJson: row.rows_json,
      revisions: JSON.parse(row.revs_json) as string[],
    }));
  }

  openPushIds(): readonly string[] {
    return this.#all('SELECT mutation_id FROM sync_open_pushes WHERE collection = ?', this.#collection) as string[];
  }

  addOpenPush(push: OpenPush): void {
    this.#run(
      'INSERT INTO sync_open_pushes (collection, mutation_id, rows_json, revs_json) VALUES (?, ?, ?, ?)',
      this.#collection,
      push.mutationId,
      push.rowsJson,
      JSON.stringify(push.revisions),
    );
  }

  clearOpenPush(mutationId: string): void {
    this.#run('DELETE FROM sync_open_pushes WHERE collection = ? AND mutation_id = ?', this.#collection, mutationId);
  }

  clearOpenPushes(): void {
    this.#run('DELETE FROM sync_open_pushes WHERE collection = ?', this.#collection);
  }

  /** Why the collection has to be read again from the beginning, until that is done; `begun`: what is here was prepared for it. */
  get resync(): { readonly reason: ResyncReason; readonly begun: boolean } | null {
    const row = prepared(
      this.#sqlite,
      'SELECT resync, resync_begun AS begun FROM sync_collections WHERE collection = ?',
    ).get(this.#collection) as { readonly resync: ResyncReason | null; readonly begun: number } | undefined;
    return row === undefined || row.resync === null ? null : { reason: row.resync, begun: row.begun === 1 };
  }

  setResync(reason: ResyncReason | null, begun = false): void {
    this.#run(
      `INSERT INTO sync_collections (collection, resync, resync_begun) VALUES (?, ?, ?)
       ON CONFLICT (collection) DO UPDATE SET resync = excluded.resync, resync_begun = excluded.resync_begun`,
      this.#collection,
      reason,
      begun ? 1 : 0,
    );
  }

  /** When pages and verdicts last came. */
  get contacts(): { readonly pulledAt: string | null; readonly pushedAt: string | null } {
    const row = prepared(
      this.#sqlite,
      'SELECT pulled_at AS pulledAt, pushed_at AS pushedAt FROM sync_collections WHERE collection = ?',
    ).get(this.#collection) as { pulledAt: string | null; pushedAt: string | null } | undefined;
    return row ?? { pulledAt: null, pushedAt: null };
  }

  noteContact(direction: 'pulled' | 'pushed', at: string): void {
    const column = direction === 'pulled' ? 'pulled_at' : 'pushed_at';
    this.#run(
      `INSERT INTO sync_collections (collection, ${column}) VALUES (?, ?)
       ON CONFLICT (collection) DO UPDATE SET ${column} = excluded.${column}`,
      this.#collection,
      at,
    );
  }

  putAside(row: { id: string; version: number; deleted: boolean; field: string; at: string; json: string }): void {
    this.#run(
      `INSERT INTO sync_set_aside (collection, id, version, deleted, field, at, document_json) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (collection, id) DO UPDATE SET version = excluded.version, deleted = excluded.deleted, field = excluded.field,
         at = excluded.at, document_json = excluded.document_json`,
      this.#collection,
      row.id,
      row.version,
      row.deleted ? 1 : 0,
      row.field,
      row.at,
      row.json,
    );
  }

  /** The document came again, and it is one. */
  takeBack(id: string): void {
    this.#run(`DELETE FROM sync_set_aside ${OF_ONE}`, this.#collection, id);
  }

  setAside(): { readonly id: string; readonly version: number; readonly deleted: boolean; readonly json: string }[] {
    const rows = prepared(
      this.#sqlite,
      'SELECT id, version, deleted, document_json AS json FROM sync_set_aside WHERE collection = ?',
    ).all(this.#collection) as { id: string; version: number; deleted: number; json: string }[];
    return rows.map((row) => ({ ...row, deleted: row.deleted === 1 }));
  }

  /** Values of the first column. */
  #all(sql: string, ...values: (string | number)[]): unknown[] {
    return prepared(this.#sqlite, sql)
      .pluck()
      .all(...values);
  }

  #run(sql: string, ...values: (string | number | null)[]): void {
    prepared(this.#sqlite, sql).run(...values);
  }
}

/** Documents of which the cloud does not have the last state, by collection; those that it refused are among them. */
export function countUnpushed(sqlite: Database): ReadonlyMap<CollectionName, number> {
  return counts(sqlite, 'SELECT collection, count(*) FROM sync_documents WHERE acked IS NOT rev GROUP BY collection');
}

/** Whether the cloud has this document as it is here. */
export function isAcknowledged(sqlite: Database, collection: CollectionName, id: string): boolean {
  return prepared(sqlite, `SELECT 1 FROM sync_documents ${OF_ONE} AND acked IS rev`).get(collection, id) !== undefined;
}

/** Those of them that it refused as they are. */
export function countRefused(sqlite: Database): ReadonlyMap<CollectionName, number> {
  return counts(
    sqlite,
    'SELECT collection, count(*) FROM sync_documents WHERE refused IS rev AND acked IS NOT rev GROUP BY collection',
  );
}

/** When the oldest of them was written, ms since 1970, or null. */
export function oldestUnpushed(sqlite: Database): number | null {
  return prepared(sqlite, 'SELECT min(since) FROM sync_documents WHERE acked IS NOT rev').pluck().get() as
    | number
    | null;
}

/** What the cloud refused, the latest first. */
export function refusedRows(sqlite: Database, limit: number): QuarantinedRow[] {
  return prepared(
    sqlite,
    `SELECT collection, id, reason, field, refused_at AS at FROM sync_documents
     WHERE refused IS rev AND acked IS NOT rev ORDER BY refused_at DESC LIMIT ?`,
  ).all(limit) as QuarantinedRow[];
}

/** What came from the cloud and is no document of this version's contract, the latest first. */
export function setAsideRows(sqlite: Database, limit: number): QuarantinedRow[] {
  return prepared(
    sqlite,
    `SELECT collection, id, 'INVALID' AS reason, field, at FROM sync_set_aside ORDER BY at DESC LIMIT ?`,
  ).all(limit) as QuarantinedRow[];
}

/** @param rows collection, id, rev and since of documents */
function noted(rows: string): string {
  return `INSERT INTO sync_documents (collection, id, rev, since) ${rows}
    ON CONFLICT (collection, id) DO UPDATE SET
      since = CASE WHEN acked IS NOT rev THEN since ELSE excluded.since END, rev = excluded.rev`;
}

function counts(sqlite: Database, sql: string): ReadonlyMap<CollectionName, number> {
  return new Map(prepared(sqlite, sql).raw().all() as unknown as [CollectionName, number][]);
}
