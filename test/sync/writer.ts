/** What people at a station write, by its seed: documents of their own and those that everybody changes, in all collections. */
import { derivedId } from '../../electron/contract/index.ts';
import type { CollectionName } from '../../electron/contract/index.ts';
import type { StoreTransaction } from '../../electron/core/store/index.ts';
import type { Random } from '../fixtures/random.ts';
import type { Place } from './documents.ts';
import { COLLECTIONS, changed, changesOf, draftOf } from './documents.ts';
import { isDeleted } from './kept-documents.ts';
import type { Written } from './oracle.ts';

const SHARED_IDS_PER_COLLECTION = 3;
const NEW = 0.25;
const OWN = 0.2;
const DELETES = 0.05;

export interface WriterOptions {
  readonly seed: number;
  readonly place: Place;
  readonly random: Random;
  /** A number that is used once, among all stations. */
  readonly mark: () => number;
}

/** Is told of each document that was written. */
export type Told = (written: Omit<Written, 'at'>) => void;

export class Writer {
  readonly #options: WriterOptions;
  readonly #own: (readonly [CollectionName, string])[] = [];

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** One transaction: mostly a few documents, now and then many. */
  write(tx: StoreTransaction, told: Told): void {
    const { random } = this.#options;
    const documents = random.next() < 0.85 ? random.between(1, 3) : random.between(4, 30);
    for (let index = 0; index < documents; index += 1) this.#writeOne(tx, told);
  }

  /** Deletes about every second of these documents, whoever made them. @param keys `<collection>/<id>` */
  clear(tx: StoreTransaction, told: Told, keys: Iterable<string>): void {
    for (const key of keys) {
      const [collection, id] = key.split('/') as [CollectionName, string];
      const before = tx.get(collection, id);
      if (before === null || this.#options.random.next() < 0.5) continue;
      tx.remove(collection, id);
      told({ collection, id, before, after: null, again: false });
    }
  }

  #writeOne(tx: StoreTransaction, told: Told): void {
    const { random, seed, place, mark } = this.#options;
    const chance = random.next();
    const collection = random.pick(COLLECTIONS);
    const number = mark();
    if (chance < NEW) {
      const id = derivedId('sync-proof', seed, collection, number);
      this.#own.push([collection, id]);
      this.#put(tx, told, collection, id, number);
    } else if (chance < NEW + OWN && this.#own.length > 0) {
      this.#put(tx, told, ...random.pick(this.#own), number);
    } else {
      const shared = random.between(1, SHARED_IDS_PER_COLLECTION);
      this.#put(
        tx,
        told,
        collection,
        derivedId('sync-proof', seed, 'shared', place.tenantId, collection, shared),
        number,
      );
    }
  }

  #put(tx: StoreTransaction, told: Told, name: CollectionName, id: string, mark: number): void {
    const { random, place } = this.#options;
    const before = tx.get(name, id);
    const change = random.between(0, changesOf(name) - 1);
    const deletes = random.next() < DELETES;
    if (before === null) {
      const again = isDeleted(tx.sqlite, name, id);
      const after = tx.put(name, draftOf(name, id, place, mark));
      told({ collection: name, id, before, after, again });
    } else if (deletes) {
      tx.remove(name, id);
      told({ collection: name, id, before, after: null, again: false });
    } else {
      const after = tx.put(name, changed(name, before, change, mark));
      told({ collection: name, id, before, after, again: false });
    }
  }
}
