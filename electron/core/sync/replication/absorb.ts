/** Takes over a state of the cloud's: the document, what is assumed of the cloud, and the ledger, in the transaction that is open. */
import type { Merge, State } from './states.ts';
import { identical, sameState, stateOf } from './states.ts';
import type { CollectionTables } from './tables.ts';

/** A state of the cloud's. Version 0: it left this station's scope. */
export interface MasterState {
  readonly state: State;
  readonly version: number;
}

/**
 * Where nothing was changed here, the document becomes the cloud's state; where something was, both are merged, and what is left of
 * ours stays unpushed. The same state again changes nothing, and an older one than is known changes nothing either.
 */
export function absorb(tables: CollectionTables, master: MasterState, merge: Merge): void {
  const { collection, ledger } = tables;
  const { state: theirs, version } = master;
  const { id } = theirs;
  const known = ledger.get(id);
  if (version > 0 && known !== null && known.version !== null && known.version > version) return;
  const stored = tables.stored(id);
  if (stored === undefined) {
    tables.agree(id, tables.write(theirs, undefined), version);
    return;
  }
  const ours = stateOf(stored);
  const base = tables.assumed(id);
  const changedHere = base === null || !sameState(collection, base, ours);
  if (changedHere && !sameState(collection, ours, theirs)) {
    // It is the cloud's no more, but was changed here: it stays, and is asked for again.
    if (version === 0) ledger.unacknowledge(id);
    else mergeInto(tables, master, { ours, base, merge });
    return;
  }
  const revision = identical(ours, theirs) ? stored._rev : tables.write(theirs, stored);
  if (known?.acked !== revision || known.version !== version || base === null || !identical(base, theirs)) {
    tables.agree(id, revision, version);
  }
}

function mergeInto(
  tables: CollectionTables,
  { state: theirs, version }: MasterState,
  { ours, base, merge }: { readonly ours: State; readonly base: State | null; readonly merge: Merge },
): void {
  const { collection, ledger } = tables;
  const merged = merge(collection, base, ours, theirs);
  const stored = tables.stored(theirs.id);
  if (stored === undefined) throw new Error(`${collection}: a document went away within a transaction`);
  const revision = identical(merged, ours) ? stored._rev : tables.write(merged, stored);
  if (identical(merged, theirs)) {
    tables.agree(theirs.id, revision, version);
    return;
  }
  tables.assume(theirs.id, theirs);
  if (sameState(collection, merged, theirs)) ledger.acknowledge(theirs.id, revision, version);
  else ledger.setVersion(theirs.id, version);
}
