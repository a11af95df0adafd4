/** Compares what the ledger says with the documents themselves. It should find nothing; what it finds is pushed again. */
import { setImmediate } from 'node:timers/promises';
import { sameState } from './states.ts';
import type { CollectionTables } from './tables.ts';

/** Documents compared in one go: a few milliseconds. */
const SLICE = 50;

/** @returns documents that counted as acknowledged and are not what the cloud was known to have; they count as unpushed from now on */
export async function compareAll(tables: CollectionTables, signal: AbortSignal): Promise<number> {
  let repaired = 0;
  for (let after = ''; ;) {
    const page = tables.page(after, SLICE);
    const last = page.at(-1);
    if (last === undefined) return repaired;
    after = last.id;
    const wrong = page.filter(({ id, state, revision }) => {
      if (tables.ledger.get(id)?.acked !== revision) return false;
      const assumed = tables.assumed(id);
      return assumed === null || !sameState(tables.collection, assumed, state);
    });
    if (wrong.length > 0) {
      tables.transaction(() => {
        for (const { id } of wrong) tables.ledger.unacknowledge(id);
      });
      repaired += wrong.length;
    }
    await setImmediate();
    signal.throwIfAborted();
  }
}

/** Puts the checkpoint of pushes back before the first change that was not pushed. @returns whether there was one */
export function rewind(tables: CollectionTables): boolean {
  return tables.transaction(() => {
    const first = tables.ledger.firstOpen(tables.upSeq);
    if (first === null) return false;
    tables.setCheckpoint('up', { seq: first - 1 });
    return true;
  });
}
