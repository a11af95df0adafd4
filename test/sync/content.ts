/** Whether two sides hold the same: every document and every deletion, without clocks and dates of writing. */
import { createHash } from 'node:crypto';
import { BOOKKEEPING_FIELDS, canonical, equalJson } from '../../electron/contract/index.ts';
import type { Kept } from './oracle.ts';

const BOOKKEEPING: ReadonlySet<string> = new Set(BOOKKEEPING_FIELDS);

/** SHA-256, hex. @param kept by `<collection>/<id>` */
export function contentHash(kept: ReadonlyMap<string, Kept>): string {
  const hash = createHash('sha256');
  for (const key of [...kept.keys()].toSorted()) {
    const { document, deleted } = kept.get(key) as Kept;
    const fields = Object.entries(document).filter(([field]) => !BOOKKEEPING.has(field));
    hash.update(`${key} ${deleted} ${canonical(Object.fromEntries(fields))}\n`);
  }
  return hash.digest('hex');
}

/** What a station has otherwise than the cloud, in words without values; null: nothing. */
export function differenceOf(here: ReadonlyMap<string, Kept>, cloud: ReadonlyMap<string, Kept>): string | null {
  for (const key of here.keys()) if (!cloud.has(key)) return `has ${key}, which the cloud has not`;
  for (const [key, master] of cloud) {
    const kept = here.get(key);
    if (kept === undefined) return `lacks ${key}`;
    const fields = [...differingFields(kept, master)];
    if (fields.length > 0) return `has another ${key}: ${fields.join(', ')}`;
  }
  return null;
}

function* differingFields(left: Kept, right: Kept): Generator<string> {
  if (left.deleted !== right.deleted) yield 'deleted';
  for (const field of new Set([...Object.keys(left.document), ...Object.keys(right.document)])) {
    if (!BOOKKEEPING.has(field) && !equalJson(left.document[field], right.document[field])) yield field;
  }
}
