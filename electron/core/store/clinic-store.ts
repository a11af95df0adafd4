/** The store over one open file: documents in RxDB's tables, and RxDB itself for those who want it. */
import { randomUUID } from 'node:crypto';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { RxDatabase } from 'rxdb';
import { defer, map, Observable, switchMap } from 'rxjs';
import type { AuditEntryInput, CollectionName, DocumentOf, HybridClock, Intent } from '../../contract/index.ts';
import { AuditTrail, readAudit } from '../audit/index.ts';
import type { AnchorVerdict } from './anchor-check.ts';
import { DocumentTable, plain } from './collections.ts';
import type { OpenedFile } from './encrypted-file.ts';
import { IdleFold } from './idle-fold.ts';
import { openRxDatabase } from './rx-database.ts';
import { waitingIntents } from './intents.ts';
import type { SqliteConnection } from './rx-storage-sqlite/index.ts';
import { COLLECTION_NAMES } from './schemas.ts';
import type { Stamper } from './stamping.ts';
import { writeStationValue } from './station-values.ts';
import type { StoreFile } from './store-file.ts';
import { Snapshots } from './snapshot.ts';
import type { PageCheck, Snapshot, SnapshotWork } from './snapshot.ts';
import { codeOf, storeProblem } from './store-problem.ts';
import { OpenTransaction } from './transaction.ts';
import type {
  Companions,
  Draft,
  PutOptions,
  Store,
  ClinicCollections,
  StoreChange,
  StoreLog,
  StoreQuery,
  StoreTables,
  StoreTransaction,
  Write,
} from './types.ts';

/** Where the clock of the last write is kept, so that a restart with a clock set back does not go behind it. */
export const CLOCK_KEY = 'clock';
/** As long as RxDB's own. */
const TOKEN_LENGTH = 10;
/** A transaction longer than this is worth a line: everybody waits for it. */
const SLOW_MS = 40;

export interface ClinicStoreParts {
  readonly storeId: string;
  readonly anchored: AnchorVerdict;
  /** Its connection's file. */
  readonly opened: Pick<OpenedFile, 'settle' | 'close'>;
  readonly file: StoreFile;
  /** Of the file; 32 bytes. */
  readonly key: Uint8Array;
  readonly connection: SqliteConnection;
  /** Of RxDB's database, which keeps its own tables under it. */
  readonly databaseName: string;
  readonly stamper: Stamper;
  readonly log?: StoreLog | undefined;
  /** Frees some room when the disk has none left, and says whether it did. */
  readonly makeRoom?: (() => boolean) | undefined;
}

export class ClinicStore implements Store {
  readonly storeId: string;
  readonly anchored: AnchorVerdict;
  readonly sqlite: Database;
  readonly clock: HybridClock;
  readonly tables: StoreTables;
  readonly audit: Store['audit'];
  readonly #parts: ClinicStoreParts;
  readonly #trail: AuditTrail;
  /** Made when first needed. */
  readonly #tables = new Map<CollectionName, DocumentTable<CollectionName>>();
  readonly #token = randomUUID().slice(0, TOKEN_LENGTH);
  readonly #snapshots: Snapshots;
  readonly #folding: IdleFold;
  #database: Promise<RxDatabase<ClinicCollections>> | null = null;
  #closing: Promise<void> | null = null;

  constructor(parts: ClinicStoreParts) {
    this.#parts = parts;
    this.storeId = parts.storeId;
    this.anchored = parts.anchored;
    this.sqlite = parts.connection.sqlite;
    this.clock = parts.stamper.clock;
    this.#trail = new AuditTrail(this.sqlite);
    const { connection, databaseName } = parts;
    this.tables = { connection, databaseName, instance: (name) => this.#table(name).instance };
    this.#snapshots = new Snapshots(this.sqlite, parts.file, parts.key);
    this.#folding = new IdleFold(this.sqlite);
    connection.onCommit(() => this.#folding.committed());
    this.audit = {
      append: (...entries) => this.transaction((transaction) => writeCompanions(transaction, { audit: entries })),
      read: (query) => readAudit(this.sqlite, query),
      onAppended: (listener) => {
        this.#trail.appended = listener;
      },
    };
  }

  transaction<T>(run: (transaction: StoreTransaction) => T): Promise<T> {
    return this.#promise(() => {
      try {
        return this.#transact(run);
      } catch (error) {
        if (codeOf(error) !== 'SQLITE_FULL' || this.#parts.makeRoom?.() !== true) throw error;
      }
      return this.#transact(run);
    });
  }

  #transact<T>(run: (transaction: StoreTransaction) => T): T {
    const { connection, stamper, log } = this.#parts;
    const started = performance.now();
    const table = <N extends CollectionName>(name: N): DocumentTable<N> => this.#table(name);
    const open = new OpenTransaction({ sqlite: this.sqlite, trail: this.#trail, stamper, table });
    try {
      return connection.transaction(() => {
        const tickBefore = stamper.lastTick;
        const result = run(open);
        if (stamper.lastTick !== null && stamper.lastTick !== tickBefore) {
          writeStationValue(this.sqlite, CLOCK_KEY, stamper.lastTick);
        }
        return result;
      });
    } finally {
      open.end();
      const tookMs = performance.now() - started;
      if (tookMs > SLOW_MS) log?.warn({ tookMs: Math.round(tookMs) }, 'slow transaction');
    }
  }

  write<N extends CollectionName>(
    name: N,
    draft: Draft<N> | DocumentOf<N>,
    companions: Companions = {},
    options: PutOptions = {},
  ): Promise<DocumentOf<N>> {
    return this.transaction((transaction) => {
      const document = transaction.put(name, draft, options);
      writeCompanions(transaction, companions);
      return document;
    });
  }

  update<N extends CollectionName>(
    name: N,
    id: string,
    modify: (current: DocumentOf<N>) => Draft<N> | DocumentOf<N> | null,
    companions: Companions | ((next: DocumentOf<N>, current: DocumentOf<N>) => Companions) = {},
  ): Promise<DocumentOf<N>> {
    return this.transaction((transaction) => {
      const companionsOf = companionsOver(companions, () => transaction.require(name, id));
      const { stamper } = this.#parts;
      const tickBefore = stamper.lastTick;
      const next = transaction.update(name, id, modify);
      // What changes has a clock of its own.
      if (stamper.lastTick !== tickBefore) writeCompanions(transaction, companionsOf(next));
      return next;
    });
  }

  writeMany(writes: readonly Write[], companions: Companions = {}): Promise<void> {
    return this.transaction((transaction) => {
      for (const { name, document, expectedRevision } of writes) {
        transaction.put(
          name,
          document as DocumentOf<typeof name>,
          expectedRevision === undefined ? {} : { expectedRevision },
        );
      }
      writeCompanions(transaction, companions);
    });
  }

  get<N extends CollectionName>(name: N, id: string): Promise<DocumentOf<N> | null> {
    return this.#promise(() => {
      const stored = this.#table(name).stored(id);
      return stored === undefined || stored._deleted ? null : plain<N>(stored);
    });
  }

  revisionOf(name: CollectionName, id: string): Promise<string | null> {
    return this.#promise(() => {
      const stored = this.#table(name).stored(id);
      return stored === undefined || stored._deleted ? null : stored._rev;
    });
  }

  find<N extends CollectionName>(name: N, query: StoreQuery<N> = {}): Promise<DocumentOf<N>[]> {
    return this.#promise(() => this.#table(name).find(query));
  }

  async count<N extends CollectionName>(name: N, query: StoreQuery<N> = {}): Promise<number> {
    const table = this.#table(name);
    return (await table.instance.count(table.prepared(query))).count;
  }

  async rxCollections(): Promise<ClinicCollections> {
    const { connection, databaseName, log } = this.#parts;
    if (this.#closing !== null) throw new Error('the store is closed');
    this.#database ??= openRxDatabase(connection, databaseName, log);
    return (await this.#database).collections;
  }

  watch<N extends CollectionName>(name: N, query: StoreQuery<N> = {}): Observable<DocumentOf<N>[]> {
    return defer(() => this.rxCollections()).pipe(
      switchMap((collections) => collections[name].find(structuredClone(query) as never).$),
      map((documents) => documents.map((document) => document.toMutableJSON() as DocumentOf<N>)),
    );
  }

  changes(): Observable<StoreChange> {
    const streams = COLLECTION_NAMES.map((collection) => ({
      collection,
      bulks: this.#table(collection).instance.changeStream(),
    }));
    return new Observable((subscriber) => {
      let open = streams.length;
      for (const { collection, bulks } of streams) {
        const subscription = bulks.subscribe({
          next: ({ events }) => {
            for (const { documentId, operation } of events) subscriber.next({ collection, id: documentId, operation });
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => {
            open -= 1;
            if (open === 0) subscriber.complete();
          },
        });
        subscriber.add(subscription);
      }
    });
  }

  pendingIntents(limit?: number): Intent[] {
    return waitingIntents(this.sqlite, limit);
  }

  integrityCheck(): { readonly ok: boolean; readonly problems: string[] } {
    try {
      const lines = this.sqlite.prepare<[], string>('PRAGMA integrity_check').pluck().all();
      const problems = lines.filter((line) => line !== 'ok');
      return { ok: problems.length === 0, problems };
    } catch (error) {
      // A page whose authentication fails is no longer readable at all.
      return { ok: false, problems: [error instanceof Error ? error.message : String(error)] };
    }
  }

  salt(): string {
    return this.#parts.file.salt();
  }

  checkPages(from: number, count: number): PageCheck {
    return this.#snapshots.checkPages(from, count);
  }

  snapshot(path: string, work?: SnapshotWork): Promise<Snapshot> {
    return this.#snapshots.copyTo(path, work);
  }

  settle(): void {
    try {
      this.#parts.opened.settle();
    } catch (error) {
      throw storeProblem(error);
    }
  }

  close(): Promise<void> {
    this.#closing ??= (async (): Promise<void> => {
      this.#folding.close();
      await this.#snapshots.close();
      const database = await this.#database?.catch(() => null);
      await database?.close();
      for (const table of this.#tables.values()) await table.instance.close();
      try {
        this.#parts.opened.close();
      } finally {
        this.#parts.file.close();
      }
    })();
    return this.#closing;
  }

  #table<N extends CollectionName>(name: N): DocumentTable<N> {
    const known = this.#tables.get(name);
    if (known !== undefined) return known as unknown as DocumentTable<N>;
    const { connection, databaseName } = this.#parts;
    const made = new DocumentTable(name, connection, databaseName, this.#token);
    this.#tables.set(name, made);
    // A table that was made by a transaction is gone with it.
    connection.afterRollback(() => this.#tables.delete(name));
    return made;
  }

  #promise<T>(run: () => T): Promise<T> {
    try {
      return Promise.resolve(run());
    } catch (error) {
      return Promise.reject(storeProblem(error));
    }
  }
}

/** Reads the document as it was only for those who ask for it. */
function companionsOver<T>(
  companions: Companions | ((next: T, current: T) => Companions),
  read: () => T,
): (next: T) => Companions {
  if (typeof companions !== 'function') return () => companions;
  const current = read();
  return (next) => companions(next, current);
}

function writeCompanions(transaction: StoreTransaction, companions: Companions): void {
  for (const entry of companions.audit ?? []) transaction.audit(entry satisfies AuditEntryInput);
  for (const intent of companions.intents ?? []) transaction.intent(intent);
}
