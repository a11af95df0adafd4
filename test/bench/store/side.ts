/** What the product's store and the bare library are both asked to do. Times are ms and are taken where the work is done. */
import type { CollectionName } from '../../../electron/contract/index.ts';

export interface Place {
  readonly directory: string;
  /** How many visits it will hold. */
  readonly visits: number;
}

/** A read of the product's, as it was made. */
export type Read =
  | { readonly kind: 'get'; readonly name: CollectionName; readonly id: string }
  | { readonly kind: 'find' | 'count'; readonly name: CollectionName; readonly query: ReadQuery };

export interface ReadQuery {
  readonly selector?: Readonly<Record<string, unknown>>;
  readonly sort?: readonly Readonly<Record<string, 'asc' | 'desc'>>[];
}

/** By the part of the screens that makes them. */
export type Dashboard = Readonly<Record<string, readonly Read[]>>;

export interface Timed {
  readonly ms: number;
  /** What came out, so that both can be seen to have done the same. */
  readonly result: string;
}

export interface Side {
  /** Opens the file (making it where there is none) and reads one session, where there is one. */
  open(): Promise<Timed>;
  /** Visits `from` to `to` (exclusive). @returns the time of their captures alone, written in one transaction with an audit entry */
  addVisits(from: number, to: number): Promise<Timed>;
  readByIds(ids: readonly string[]): Promise<Timed>;
  /** One durable transaction per session: document, audit entry, intent. `count` is that of the first. */
  write(sessionIds: readonly string[], count: number): Promise<Timed>;
  dashboard(reads: readonly Read[]): Promise<Timed>;
  settings(): Readonly<Record<string, unknown>>;
  /** Per collection, the columns of its indexes. */
  indexes(): Readonly<Record<string, readonly string[]>>;
  bytes(): number;
  close(): Promise<void>;
}
