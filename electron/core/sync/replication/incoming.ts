/** What came from the cloud, held against the contract before anything of it is kept. */
import type { CollectionName, HybridClock, MasterRow } from '../../../contract/index.ts';
import { MAX_DRIFT_MS, VantageError, formatHlc, parseHlc } from '../../../contract/index.ts';
import { validated } from '../../store/stamping.ts';
import type { MasterState } from './absorb.ts';
import type { State } from './states.ts';

export type Incoming =
  | { readonly ok: true; readonly master: MasterState }
  /** `id` is empty where the row does not say. */
  | { readonly ok: false; readonly id: string; readonly field: string };

export interface Reader {
  readonly tenantId: string;
  readonly clock: HybridClock;
  /** ms since 1970. */
  now(): number;
}

/** What a storage adds to documents: in one that comes from elsewhere it would be taken for its own. */
const RESERVED = ['_rev', '_meta', '_deleted', '_attachments', '__proto__'];

/**
 * The document with the defaults of this version's contract and whatever fields it does not know. Its clocks are observed; those
 * beyond the bound are brought back to ours, so that what is written here next comes after them.
 */
export function readIncoming(
  collection: CollectionName,
  { document, deleted, version }: MasterRow,
  reader: Reader,
): Incoming {
  const id = typeof document['id'] === 'string' ? document['id'] : '';
  const reserved = RESERVED.find((field) => Object.hasOwn(document, field));
  if (reserved !== undefined) return { ok: false, id, field: reserved };
  try {
    const complete = validated(collection, document);
    if (complete['tenantId'] !== reader.tenantId) return { ok: false, id, field: 'tenantId' };
    const hlc = rebased(complete['hlc'] as Readonly<Record<string, string>>, reader.now());
    for (const clock of new Set(Object.values(hlc))) reader.clock.observe(clock);
    const state = { ...complete, hlc, _deleted: deleted } as unknown as State;
    return { ok: true, master: { state, version } };
  } catch (error) {
    if (error instanceof VantageError && error.code === 'INPUT_INVALID') {
      return { ok: false, id, field: error.extra.field ?? '' };
    }
    throw error;
  }
}

function rebased(clocks: Readonly<Record<string, string>>, now: number): Readonly<Record<string, string>> {
  const bound = now + MAX_DRIFT_MS;
  const entries = Object.entries(clocks).map(([group, clock]): [string, string] => {
    const parts = parseHlc(clock);
    return [group, parts !== null && parts.ms > bound ? formatHlc({ ...parts, ms: now }) : clock];
  });
  return Object.fromEntries(entries);
}
