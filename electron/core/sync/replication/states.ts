/** Documents as RxDB's protocol passes them on: the document and whether it is deleted, without what a storage adds. */
import type { RxDocumentData } from 'rxdb';
import type { CollectionName, DocumentRow } from '../../../contract/index.ts';
import { BOOKKEEPING_FIELDS, CLOUD_FIELDS, equalJson, fieldGroups, mergeDocuments } from '../../../contract/index.ts';

/** A document of whichever collection; `_deleted` lies beside its fields. */
export type State = Readonly<Record<string, unknown>> & { readonly id: string; readonly _deleted: boolean };

/** What a storage instance of replication holds. */
export type Doc = { id: string } & Record<string, unknown>;
export type StoredDoc = RxDocumentData<Doc>;

/**
 * Symbols travel with a document through RxDB (it copies with `Object.assign`) and never into JSON: the local revision of a state
 * that is to be pushed, and the cloud's version of a state that came from there.
 */
const REVISION = Symbol('revision');
const VERSION = Symbol('version');

type Tagged = { readonly [REVISION]?: string; readonly [VERSION]?: number | null };

export function withRevision(document: StoredDoc): StoredDoc {
  return { ...document, [REVISION]: document._rev };
}

/** @throws Error for a state that did not come out of the fork */
export function revisionOf(state: object): string {
  const revision = (state as Tagged)[REVISION];
  if (revision === undefined) throw new Error('a state without its revision');
  return revision;
}

export function withVersion<T extends object>(state: T, version: number | null): T {
  return { ...state, [VERSION]: version };
}

/** The cloud's version; null where it is not known. */
export function versionOf(state: object): number | null {
  return (state as Tagged)[VERSION] ?? null;
}

export function stateOf(document: StoredDoc): State {
  const { _rev, _meta, _attachments, ...state } = document;
  return state;
}

/** As it travels. */
export function rowOf({ _deleted: deleted, ...document }: State): DocumentRow {
  return { document, deleted };
}

export function stateOfRow({ document, deleted }: DocumentRow): State {
  return { ...document, id: String(document['id']), _deleted: deleted };
}

const LEFT_OUT = new Map<CollectionName, ReadonlySet<string>>();

function leftOut(collection: CollectionName): ReadonlySet<string> {
  let fields = LEFT_OUT.get(collection);
  if (fields === undefined) {
    fields = new Set<string>([...BOOKKEEPING_FIELDS, ...(CLOUD_FIELDS[collection] ?? [])]);
    LEFT_OUT.set(collection, fields);
  }
  return fields;
}

/** Whether nobody would have to be told: without what differs at each write by itself, and what only the cloud writes. */
export function sameState(collection: CollectionName, left: State, right: State): boolean {
  const ignored = leftOut(collection);
  for (const field of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (!ignored.has(field) && !equalJson(left[field], right[field])) return false;
  }
  return true;
}

export function identical(left: State, right: State): boolean {
  return equalJson(left, right);
}

export type Merge = (collection: CollectionName, base: State | null, ours: State, theirs: State) => State;

/**
 * Three ways, per field. What only the cloud writes is the cloud's; where nothing of ours is left, the result is the cloud's state
 * with its clocks, so that it need not be sent.
 */
export const mergeStates: Merge = (collection, base, ours, theirs) => {
  const result: Record<string, unknown> = { ...mergeDocuments<State>(base, ours, theirs, fieldGroups[collection]) };
  for (const field of CLOUD_FIELDS[collection] ?? []) {
    if (theirs[field] === undefined) delete result[field];
    else result[field] = theirs[field];
  }
  const state = result as State;
  return sameState(collection, state, theirs) ? theirs : state;
};
