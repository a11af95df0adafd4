/** What becomes of a draft: validated, defaults filled in, unknown fields kept, and clocks set for the field groups that changed. */
import {
  BOOKKEEPING_FIELDS,
  CONTRACT_VERSION,
  DELETION,
  MAKING,
  VantageError,
  clockLaterThan,
  documentSchemas,
  equalJson,
  fieldGroups,
} from '../../contract/index.ts';
import type { CollectionName, DocumentOf, HybridClock } from '../../contract/index.ts';
import { copierOf, REFUSED, restoreUnknown } from './document-copy.ts';
import type { Copier } from './document-copy.ts';

export interface Stamper {
  readonly clock: HybridClock;
  readonly stationId: string;
  /** ms since 1970. */
  readonly now: () => number;
  /** The last clock that was given to a document. */
  lastTick: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** Fields that the store fills in itself. */
const BY_STORE: ReadonlySet<string> = new Set(['stationId', 'createdAt']);
const BOOKKEEPING = new Set<string>(BOOKKEEPING_FIELDS);

/**
 * @param previous the document that it replaces, or null
 * @param buried the clocks of the deleted document of this id that it takes the place of
 * @returns the document to write, or null where nothing but bookkeeping differs from `previous`
 * @throws VantageError INPUT_INVALID with the path of the first field that is wrong
 */
export function stamped<N extends CollectionName>(
  name: N,
  draft: Fields,
  previous: DocumentOf<N> | null,
  stamper: Stamper,
  buried?: Readonly<Record<string, string>>,
): DocumentOf<N> | null {
  const at = new Date(stamper.now()).toISOString();
  const before: Fields = previous ?? {};
  const clocks = previous?.hlc ?? buried ?? {};
  const complete = validated(name, {
    ...draft,
    stationId: before['stationId'] ?? draft['stationId'] ?? stamper.stationId,
    createdAt: before['createdAt'] ?? draft['createdAt'] ?? at,
    updatedAt: at,
    contractVersion: CONTRACT_VERSION,
    hlc: clocks,
  });
  const changed = changedFields(before, complete);
  if (previous !== null && changed.length === 0) return null;
  const hlc = tickAfter(clocks, stamper);
  const groups = fieldGroups[name];
  const stampedClocks: Record<string, string> = { ...clocks };
  const isFirst = previous === null && buried === undefined;
  for (const field of changed) {
    // Nobody decided on what is only the contract's default: it gives way to what another station wrote under the same id.
    if (isFirst && draft[field] === undefined && !BY_STORE.has(field)) continue;
    if (buried?.[MAKING] !== undefined && field === MAKING) continue;
    stampedClocks[groups[field] ?? field] = hlc;
  }
  if (previous === null && buried !== undefined) stampedClocks[DELETION] = hlc;
  complete['hlc'] = stampedClocks;
  return complete as DocumentOf<N>;
}

/** That it is deleted is a field with a clock like any other: one made again outlives a deletion that comes late. */
export function stampedDeletion<N extends CollectionName>(document: DocumentOf<N>, stamper: Stamper): DocumentOf<N> {
  const clocks = document.hlc;
  return { ...document, hlc: { ...clocks, [DELETION]: tickAfter(clocks, stamper) } };
}

/**
 * Whatever this document has seen, from whichever station: what is written now comes after it. A clock beyond the bound is not followed
 * by everything that is written later, only by this document: its own writes stay in their order when the wall clock was set back.
 */
function tickAfter(clocks: Readonly<Record<string, string>>, stamper: Stamper): string {
  const seen = [...new Set(Object.values(clocks))];
  for (const clock of seen) stamper.clock.observe(clock);
  const tick = stamper.clock.tick();
  stamper.lastTick = tick;
  return seen.reduce((latest, clock) => clockLaterThan(clock, latest, stamper.stationId), tick);
}

function changedFields(before: Fields, after: Fields): string[] {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...fields].filter((field) => !BOOKKEEPING.has(field) && !equalJson(before[field], after[field]));
}

const copiers = new Map<CollectionName, Copier>();

/**
 * A document with the contract’s defaults, and with what it does not know.
 *
 * @returns a copy that is nobody else’s
 * @throws VantageError INPUT_INVALID with the path of the first field that is wrong
 */
export function validated(name: CollectionName, candidate: Fields): Record<string, unknown> {
  let copier = copiers.get(name);
  if (copier === undefined) copiers.set(name, (copier = copierOf(documentSchemas[name])));
  const copied = copier(candidate);
  if (copied !== REFUSED) return copied as Record<string, unknown>;
  const result = documentSchemas[name].safeParse(candidate);
  if (result.success) {
    restoreUnknown(candidate, result.data);
    return result.data;
  }
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  // The code, never the value: what was entered is the patient's.
  throw new VantageError('INPUT_INVALID', `${name}.${field}: ${issue?.code ?? 'invalid'}`, { field });
}
