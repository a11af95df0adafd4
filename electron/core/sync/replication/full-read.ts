/**
 * Reads a collection again from the beginning, when what was read before no longer counts. What does not come is let go of; what was
 * changed here and not acknowledged is kept, and pushed as if it were new.
 */
import { setImmediate } from 'node:timers/promises';
import type { Checkpoint, ResyncReason } from '../../../contract/index.ts';
import { absorb } from './absorb.ts';
import type { Pulling } from './pulling.ts';
import type { Merge, State } from './states.ts';
import { sameState, stateOf } from './states.ts';
import type { CollectionTables } from './tables.ts';
import { wordsOf } from './words.ts';

export interface FullReadOptions {
  readonly tables: CollectionTables;
  readonly pulling: Pulling;
  readonly merge: Merge;
  readonly scope: { readonly tenantId: string; readonly locationId: string };
}

/** Broken off anywhere, it begins again, and nothing is lost by that. @throws ResyncNeeded, the signal's reason */
export async function readAgain(reason: ResyncReason, signal: AbortSignal, options: FullReadOptions): Promise<void> {
  const { tables, pulling, merge } = options;
  begin(reason, tables);
  const unanswered = unansweredStates(tables);
  const seen = new Set<string>();
  let checkpoint: Checkpoint | null = null;
  for (let last = false; !last;) {
    const page = await pulling.page(checkpoint, signal, 'whole');
    for (const id of page.ids) seen.add(id);
    tables.transaction(() => {
      for (const master of page.masters) {
        const { state, version } = master;
        const sent = unanswered.get(state.id);
        // The push whose answer never came was taken: that is what this was changed from since.
        if (sent !== undefined && sameState(tables.collection, sent, state)) {
          tables.assume(state.id, state);
          tables.ledger.setVersion(state.id, version);
        }
        absorb(tables, master, merge);
        tables.ledger.takeBack(state.id);
      }
    });
    ({ checkpoint, last } = page);
    await setImmediate();
    signal.throwIfAborted();
  }
  await letGo(reason, seen, signal, options);
  tables.transaction(() => {
    tables.setCheckpoint('down', checkpoint);
    tables.ledger.clearOpenPushes();
    tables.ledger.setResync(null);
  });
}

/**
 * After EPOCH_CHANGED nothing is known of the cloud any more. It may have been put back from a backup: what it had acknowledged and
 * has lost is pushed again, and of two states the later one counts.
 */
function begin(reason: ResyncReason, tables: CollectionTables): void {
  if (tables.ledger.resync?.begun === true) return;
  tables.transaction(() => {
    tables.ledger.noteKept();
    if (reason === 'EPOCH_CHANGED') {
      tables.ledger.unacknowledgeAll();
      tables.ledger.clearOpenPushes();
      tables.setCheckpoint('up', null);
    }
    tables.setCheckpoint('down', null);
    tables.ledger.setResync(reason, true);
  });
}

function unansweredStates(tables: CollectionTables): ReadonlyMap<string, State> {
  const rows = tables.ledger.openPushes().flatMap((open) => wordsOf(tables, open));
  return new Map(rows.map(({ state }) => [state.id, state]));
}

/** Documents looked at in one go. */
const SLICE = 100;

async function letGo(
  reason: ResyncReason,
  seen: ReadonlySet<string>,
  signal: AbortSignal,
  { tables, scope }: FullReadOptions,
): Promise<void> {
  for (let after = ''; ;) {
    const ids = tables.ledger.idsAfter(after, SLICE);
    const last = ids.at(-1);
    if (last === undefined) return;
    after = last;
    const missing = ids.filter((id) => !seen.has(id));
    if (missing.length > 0) {
      tables.transaction(() => {
        for (const id of missing) settleMissing(reason, id, tables, scope);
      });
    }
    await setImmediate();
    signal.throwIfAborted();
  }
}

function settleMissing(
  reason: ResyncReason,
  id: string,
  tables: CollectionTables,
  scope: FullReadOptions['scope'],
): void {
  const stored = tables.stored(id);
  const known = tables.ledger.get(id);
  if (stored === undefined || known === null) return;
  const state = stateOf(stored);
  const ofHere = state['tenantId'] === scope.tenantId && state['locationId'] === scope.locationId;
  if (reason === 'EPOCH_CHANGED' ? ofHere || known.kept : known.acked !== known.rev) {
    // The cloud does not have it: pushed as new.
    tables.ledger.unacknowledge(id);
    return;
  }
  const gone: State = { ...state, _deleted: true };
  const revision = state._deleted ? stored._rev : tables.write(gone, stored);
  tables.agree(id, revision, 0);
}
