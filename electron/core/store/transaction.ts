/** The one way to write: documents, audit and intents in one SQLite transaction. */
import { clone } from 'rxdb';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { VantageError } from '../../contract/index.ts';
import type { AuditEntryInput, CollectionName, DocumentOf, IntentInput } from '../../contract/index.ts';
import type { AuditTrail } from '../audit/index.ts';
import { noteArtefacts } from '../sync/uploads/note-artefacts.ts';
import { asKept, plain } from './collections.ts';
import type { DocumentTable } from './collections.ts';
import { writeIntent } from './intents.ts';
import { stamped, stampedDeletion } from './stamping.ts';
import type { Stamper } from './stamping.ts';
import type { Draft, PutOptions, StoreQuery, StoreTransaction } from './types.ts';

export interface TransactionParts {
  readonly sqlite: Database;
  readonly trail: AuditTrail;
  readonly stamper: Stamper;
  table<N extends CollectionName>(name: N): DocumentTable<N>;
}

export class OpenTransaction implements StoreTransaction {
  readonly #parts: TransactionParts;
  #over = false;

  constructor(parts: TransactionParts) {
    this.#parts = parts;
  }

  /** From now on every use throws: whoever kept it past an `await` would write outside of the transaction. */
  end(): void {
    this.#over = true;
  }

  get sqlite(): Database {
    return this.#use().sqlite;
  }

  get<N extends CollectionName>(name: N, id: string): DocumentOf<N> | null {
    const stored = this.#use().table(name).stored(id);
    return stored === undefined || stored._deleted ? null : plain<N>(stored);
  }

  require<N extends CollectionName>(name: N, id: string): DocumentOf<N> {
    const document = this.get(name, id);
    if (document === null) throw new VantageError('NOT_FOUND', name);
    return document;
  }

  revisionOf(name: CollectionName, id: string): string | null {
    const stored = this.#use().table(name).stored(id);
    return stored === undefined || stored._deleted ? null : stored._rev;
  }

  find<N extends CollectionName>(name: N, query: StoreQuery<N> = {}): DocumentOf<N>[] {
    return this.#use().table(name).find(query);
  }

  put<N extends CollectionName>(name: N, draft: Draft<N> | DocumentOf<N>, options: PutOptions = {}): DocumentOf<N> {
    const { stamper } = this.#use();
    const table = this.#parts.table(name);
    const fields = draft as Readonly<Record<string, unknown>>;
    const stored = table.stored(String(fields['id']));
    const previous = stored === undefined || stored._deleted ? null : asKept<N>(stored);
    const { expectedRevision } = options;
    const revision = previous === null ? null : (stored?._rev ?? null);
    if (expectedRevision !== undefined && expectedRevision !== revision)
      throw new VantageError('STATUS_CONFLICT', name);
    const buried = previous === null ? (stored as { hlc?: DocumentOf<N>['hlc'] } | undefined)?.hlc : undefined;
    const document = stamped(name, fields, previous, stamper, buried);
    if (document === null) return clone(previous) as DocumentOf<N>;
    table.write(document, false, stored);
    this.#note(name, document.id, document, previous);
    return document;
  }

  update<N extends CollectionName>(
    name: N,
    id: string,
    modify: (current: DocumentOf<N>) => Draft<N> | DocumentOf<N> | null,
  ): DocumentOf<N> {
    const next = modify(this.require(name, id));
    return next === null ? this.require(name, id) : this.put(name, { ...next, id });
  }

  remove(name: CollectionName, id: string): void {
    const { stamper } = this.#use();
    const table = this.#parts.table(name);
    const stored = table.stored(id);
    if (stored === undefined || stored._deleted) throw new VantageError('NOT_FOUND', name);
    table.write(stampedDeletion(plain(stored), stamper), true, stored);
    this.#note(name, id, null);
  }

  /** Its files are in the queue to the cloud from the moment that it names them. */
  #note<N extends CollectionName>(
    name: N,
    id: string,
    document: DocumentOf<N> | null,
    previous?: DocumentOf<N> | null,
  ): void {
    const noted = { name, id, document, withRecords: true, ...(previous === undefined ? {} : { previous }) };
    noteArtefacts(this.sqlite, noted, (sessionId) => {
      // What was just written would have to be read and parsed again.
      if (sessionId === id && name === 'sessions') return document as DocumentOf<'sessions'> | null;
      const stored = this.#parts.table('sessions').stored(sessionId);
      return stored === undefined || stored._deleted ? null : asKept<'sessions'>(stored);
    });
  }

  audit(entry: AuditEntryInput): void {
    this.#use().trail.append(entry);
  }

  intent(intent: IntentInput): void {
    const { sqlite, stamper } = this.#use();
    writeIntent(sqlite, intent, new Date(stamper.now()).toISOString());
  }

  #use(): TransactionParts {
    if (this.#over) throw new Error('the transaction is over; its function must be synchronous');
    return this.#parts;
  }
}
