/** What becomes of a draft: validated, defaults filled in, unknown fields kept, and clocks set for the field groups that changed. */
import {
  BOOKKEEPING_FIELDS,
  CONTRACT_VERSION,
  VantageError,
  documentSchemas,
  equalJson,
  fieldGroups,
} from '../../contract/index.ts';
import type { CollectionName, DocumentOf, HybridClock } from '../../contract/index.ts';

export interface Stamper {
  readonly clock: HybridClock;
  readonly stationId: string;
  /** ms since 1970. */
  readonly now: () => number;
  /** The last clock that was given to a document. */
  lastTick: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

const BOOKKEEPING = new Set<string>(BOOKKEEPING_FIELDS);

/**
 * @param previous the document that it replaces, or null
 * @returns the document to write, or null where nothing but bookkeeping differs from `previous`
 * @throws VantageError INPUT_INVALID with the path of the first field that is wrong
 */
export function stamped<N extends CollectionName>(
  name: N,
  draft: Fields,
  previous: DocumentOf<N> | null,
  stamper: Stamper,
): DocumentOf<N> | null {
  const at = new Date(stamper.now()).toISOString();
  const before: Fields = previous ?? {};
  const clocks = previous?.hlc ?? {};
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
  // Whatever this document has seen, from whichever station: what is written now comes after it.
  for (const clock of new Set(Object.values(clocks))) stamper.clock.observe(clock);
  const hlc = stamper.clock.tick();
  stamper.lastTick = hlc;
  const groups = fieldGroups[name];
  const stampedClocks: Record<string, string> = { ...clocks };
  for (const field of changed) stampedClocks[groups[field] ?? field] = hlc;
  complete['hlc'] = stampedClocks;
  return complete as DocumentOf<N>;
}

function changedFields(before: Fields, after: Fields): string[] {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...fields].filter((field) => !BOOKKEEPING.has(field) && !equalJson(before[field], after[field]));
}

/**
 * A document with the contract’s defaults, and with what it does not know.
 *
 * @returns a copy that is nobody else’s
 * @throws VantageError INPUT_INVALID with the path of the first field that is wrong
 */
export function validated(name: CollectionName, candidate: Fields): Record<string, unknown> {
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

/**
 * `parsed` is a copy with the defaults, which has lost what nested objects do not name: that is put back. What is there but
 * undefined goes.
 */
function restoreUnknown(given: unknown, parsed: unknown): void {
  if (given === parsed) return;
  if (Array.isArray(given) && Array.isArray(parsed)) {
    for (let index = 0; index < given.length; index += 1) {
      if (typeof given[index] === 'object') restoreUnknown(given[index], parsed[index]);
    }
  } else if (isFields(given) && isFields(parsed)) {
    for (const key of Object.keys(given)) {
      const value = given[key];
      // Never by inheritance: what is there belongs to every object of the program.
      if (key === '__proto__') continue;
      if (value === undefined) {
        if (parsed[key] === undefined) delete parsed[key];
      } else if (!Object.hasOwn(parsed, key)) parsed[key] = value;
      else if (typeof value === 'object') restoreUnknown(value, parsed[key]);
    }
  }
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
