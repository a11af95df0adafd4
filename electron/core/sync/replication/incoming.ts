/** What came from the cloud, held against the contract before anything of it is kept. */
import type { CollectionName, HybridClock, MasterRow } from '../../../contract/index.ts';
import { VantageError } from '../../../contract/index.ts';
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
}

/** What a storage adds to documents: in one that comes from elsewhere it would be taken for its own. */
const RESERVED = ['_rev', '_meta', '_deleted', '_attachments', '__proto__'];

/**
 * The document with the defaults of this version's contract and whatever fields it does not know. Its clocks are followed, so that
 * what is written here next comes after them. They stay as the cloud has them: it holds them within the bound, and a station whose own
 * wall clock is behind would otherwise make everybody else's writes old, and win ties with an older one of its own.
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
    const clocks = Object.values(complete['hlc'] as Readonly<Record<string, string>>);
    for (const clock of new Set(clocks)) reader.clock.follow(clock);
    const state = { ...complete, _deleted: deleted } as unknown as State;
    return { ok: true, master: { state, version } };
  } catch (error) {
    if (error instanceof VantageError && error.code === 'INPUT_INVALID') {
      return { ok: false, id, field: error.extra.field ?? '' };
    }
    throw error;
  }
}
