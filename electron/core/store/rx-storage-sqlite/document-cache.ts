/**
 * Parsed documents, bounded by their size. Two generations stand in for an exact order of use: what is used moves to the young
 * one; when that is full, it becomes the old one and what was old is dropped. A hit costs one look-up.
 *
 * Documents are handed out as they are, as RxDB's memory storage does; RxDB takes care not to change them and freezes them in
 * dev-mode. What is written is never kept here, since it still belongs to the writer: the next read parses it.
 */

interface Entry {
  readonly document: unknown;
  readonly bytes: number;
}

/** A parsed document takes about this much per unit of its JSON text, and this much besides. */
const BYTES_PER_UNIT = 2;
const BYTES_PER_DOCUMENT = 200;

/** The documents of one table, by their sort key. */
export class DocumentCache {
  young = new Map<string, Entry>();
  old = new Map<string, Entry>();
  readonly #caches: DocumentCaches;

  constructor(caches: DocumentCaches) {
    this.#caches = caches;
  }

  get isEmpty(): boolean {
    return this.young.size === 0 && this.old.size === 0;
  }

  get(key: string): unknown {
    const young = this.young.get(key);
    if (young !== undefined) return young.document;
    const old = this.old.get(key);
    if (old === undefined) return undefined;
    this.old.delete(key);
    this.#caches.add(this, key, old);
    return old.document;
  }

  /** @param length of the JSON text, in UTF-16 units. */
  set(key: string, document: unknown, length: number): void {
    this.old.delete(key);
    this.#caches.add(this, key, { document, bytes: length * BYTES_PER_UNIT + BYTES_PER_DOCUMENT });
  }

  delete(key: string): void {
    this.young.delete(key);
    this.old.delete(key);
  }

  clear(): void {
    this.young.clear();
    this.old.clear();
  }
}

/** The caches of one file, which share one bound. */
export class DocumentCaches {
  readonly #half: number;
  readonly #tables = new Map<string, DocumentCache>();
  /** Of what came into the young generation; what was deleted from it since is still counted. */
  #youngBytes = 0;

  constructor(bytes: number) {
    this.#half = bytes / 2;
  }

  of(table: string): DocumentCache {
    let cache = this.#tables.get(table);
    if (cache === undefined) {
      cache = new DocumentCache(this);
      this.#tables.set(table, cache);
    }
    return cache;
  }

  /** Estimated, of all documents that are kept. */
  get bytes(): number {
    let sum = 0;
    for (const { young, old } of this.#tables.values()) {
      for (const generation of [young, old]) for (const entry of generation.values()) sum += entry.bytes;
    }
    return sum;
  }

  add(cache: DocumentCache, key: string, entry: Entry): void {
    if (entry.bytes > this.#half / 2) return;
    if (this.#youngBytes + entry.bytes > this.#half) this.#age();
    this.#youngBytes += entry.bytes;
    cache.young.set(key, entry);
  }

  clear(): void {
    for (const cache of this.#tables.values()) cache.clear();
    this.#youngBytes = 0;
  }

  #age(): void {
    for (const cache of this.#tables.values()) {
      cache.old = cache.young;
      cache.young = new Map();
    }
    this.#youngBytes = 0;
  }
}
