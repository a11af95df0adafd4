/**
 * The words of a push: what is sent is kept until it is answered, and asked again in the same words. A document that the cloud does not
 * know is not written a second time for that: its words are the document's own, or what was kept of it when it changed.
 */
import type { PushRow } from '../../../contract/index.ts';
import type { OpenPush } from './ledger.ts';
import type { State, StoredDoc } from './states.ts';
import { rowOf, stateOf, stateOfRow } from './states.ts';
import type { CollectionTables } from './tables.ts';

/** A row of a push. */
export interface Words {
  readonly state: State;
  /** Of `state`, here. */
  readonly revision: string;
  /** As it travels. */
  readonly json: string;
}

/** Of a document of which no state of the cloud is known. */
export function wordsOfNew(state: State, revision: string): Words {
  const row: PushRow = { ...rowOf(state), assumed: null };
  return { state, revision, json: JSON.stringify(row) };
}

/** What is kept of a push before it is sent; within a transaction. */
export function keepWords(
  tables: CollectionTables,
  mutationId: string,
  rows: readonly (Words & { isNew: boolean })[],
): void {
  const { ledger } = tables;
  const kept = rows.map(({ state: { id }, revision, json, isNew }) => {
    const known = isNew ? ledger.get(id) : null;
    // Changed since, or read from the cloud since: then its words are nowhere else.
    if (known === null || known.rev !== revision || known.version !== null) return json;
    ledger.markSent(id, revision);
    return JSON.stringify(id);
  });
  ledger.addOpenPush({ mutationId, rowsJson: `[${kept.join(',')}]`, revisions: rows.map(({ revision }) => revision) });
}

/** The rows as they were sent, without documents that are here no more. */
export function wordsOf(tables: CollectionTables, open: OpenPush): Words[] {
  const rows = JSON.parse(open.rowsJson) as (PushRow | string)[];
  return rows.flatMap((row, index) => {
    const revision = open.revisions[index] ?? '';
    if (typeof row !== 'string') return { state: stateOfRow(row), revision, json: JSON.stringify(row) };
    const state = stateAt(tables, row, revision);
    return state === null ? [] : wordsOfNew(state, revision);
  });
}

function stateAt(tables: CollectionTables, id: string, revision: string): State | null {
  const stored = tables.stored(id);
  if (stored?._rev === revision) return stateOf(stored);
  const base = tables.ledger.base(id);
  return base?.rev === revision ? stateOf(JSON.parse(base.json) as StoredDoc) : null;
}
