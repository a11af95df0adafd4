/** Documents of the contract in and out of RxDB's storage instances, without promises. */
import { clone, createRevision, normalizeMangoQuery, now } from 'rxdb';
import type { BulkWriteRow, MangoQuery, RxDocumentData } from 'rxdb';
import { VantageError } from '../../contract/index.ts';
import type { CollectionName, DocumentOf } from '../../contract/index.ts';
import { SqliteStorageInstance } from './rx-storage-sqlite/index.ts';
import type { AskedQuery, SqliteConnection } from './rx-storage-sqlite/index.ts';
import { fullSchemaOf } from './schemas.ts';
import type { StoreQuery } from './types.ts';

const WRITE_CONTEXT = 'vantage-store';

export class DocumentTable<N extends CollectionName> {
  readonly name: N;
  readonly instance: SqliteStorageInstance<DocumentOf<N>>;
  readonly #token: string;

  /**
   * The table of a collection, made if missing. RxDB's collection of the same name lies in it, too, and each hears of the other's
   * writes.
   * @param token who writes, for the revisions.
   */
  constructor(name: N, connection: SqliteConnection, databaseName: string, token: string) {
    const schema = fullSchemaOf(name);
    const params = { databaseInstanceToken: token, databaseName, collectionName: name, schema, options: {} };
    this.name = name;
    this.instance = new SqliteStorageInstance<DocumentOf<N>>(
      { ...params, multiInstance: false, devMode: false },
      connection,
      async () => undefined,
    );
    this.#token = token;
    this.instance.ensureMade();
  }

  /** As stored, tombstones too. */
  stored(id: string): RxDocumentData<DocumentOf<N>> | undefined {
    return this.instance.readNow([id], true)[0];
  }

  find(query: StoreQuery<N>): DocumentOf<N>[] {
    return this.instance.queryNow(this.prepared(query)).map(plain<N>);
  }

  /** Without RxDB's plan of it: SQLite makes its own. */
  prepared(query: StoreQuery<N>): AskedQuery<DocumentOf<N>> {
    const { schema } = this.instance;
    const mango = { ...query, selector: { ...query.selector, _deleted: { $eq: false } } } as unknown as MangoQuery<
      DocumentOf<N>
    >;
    return { query: normalizeMangoQuery(schema, mango) };
  }

  /** Writes over `previous`, in the transaction that is open. */
  write(document: DocumentOf<N>, deleted: boolean, previous: RxDocumentData<DocumentOf<N>> | undefined): void {
    const data = {
      ...document,
      _deleted: deleted,
      _attachments: {},
      _meta: { ...previous?._meta, lwt: now() },
      _rev: createRevision(this.#token, previous),
    } as unknown as RxDocumentData<DocumentOf<N>>;
    const row: BulkWriteRow<DocumentOf<N>> = previous === undefined ? { document: data } : { document: data, previous };
    const [refused] = this.instance.writeNow([row], WRITE_CONTEXT);
    // `previous` was read in this very transaction, so nobody can have come between.
    if (refused !== undefined)
      throw new VantageError('INTERNAL', `${this.name}: the store refused its own revision (${refused.status})`);
  }
}

/** The document without RxDB's fields, as a copy that is the caller's: what the storage gives out, it also keeps. */
export function plain<N extends CollectionName>(data: RxDocumentData<DocumentOf<N>>): DocumentOf<N> {
  return clone(asKept<N>(data));
}

/** The same to look at only: what lies in it is the storage's. */
export function asKept<N extends CollectionName>(data: RxDocumentData<DocumentOf<N>>): DocumentOf<N> {
  const { _rev, _meta, _deleted, _attachments, ...document } = data;
  return document as unknown as DocumentOf<N>;
}
