/**
 * Three-way merge of documents, per field and deterministic. `base` is the last state that both sides knew (RxDB's assumed
 * master state). Both sides compute the same result from the same three inputs, in either order.
 */
import { compareHlc } from './hlc.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };
/** A document as it travels: plain JSON with a clock per field group. */
export type MergeableDocument = Readonly<Record<string, unknown>> & { readonly hlc?: Readonly<Record<string, string>> };

/** Field -> the group that shares a clock. Fields not named form a group of their own, so unknown ones survive. */
export type FieldGroups = Readonly<Record<string, string>>;

/** The field group whose clock says when the document was made; in one made again it is still the first time. */
export const MAKING = 'id';
/** The field group of `_deleted`, as replication passes it on: what becomes of a document as a whole is a decision from the first. */
export const DELETION = '_deleted';

export function mergeDocuments<T extends MergeableDocument>(
  base: T | null,
  ours: T,
  theirs: T,
  groups: FieldGroups,
): T {
  const fields = new Set([...Object.keys(base ?? {}), ...Object.keys(ours), ...Object.keys(theirs)]);
  fields.delete('hlc');
  const merged: Record<string, unknown> = {};
  const hlc: Record<string, string> = {};
  const byGroup = new Map<string, string[]>();
  for (const field of [...fields].toSorted()) {
    const group = groups[field] ?? field;
    byGroup.set(group, [...(byGroup.get(group) ?? []), field]);
  }
  for (const [group, members] of byGroup) {
    const winner = pickSide(base, ours, theirs, group, members);
    for (const field of members) {
      if (winner[field] !== undefined) merged[field] = winner[field];
    }
    const clock = mergedClock(ours, theirs, group);
    if (clock !== undefined) hlc[group] = clock;
  }
  return { ...merged, hlc } as unknown as T;
}

function pickSide<T extends MergeableDocument>(
  base: T | null,
  ours: T,
  theirs: T,
  group: string,
  fields: readonly string[],
): T {
  if (isSame(ours, theirs, fields)) return ours;
  if (base !== null && isSame(base, ours, fields)) return theirs;
  if (base !== null && isSame(base, theirs, fields)) return ours;
  const isOursChanged = isChanged(ours, group);
  if (isOursChanged !== isChanged(theirs, group)) return isOursChanged ? ours : theirs;
  return later(ours, theirs, group, fields);
}

/**
 * Whether somebody changed the group after the document was made. That is a decision; what a document is made with (`null`, `{}`) is
 * mostly none: where it was made in two places, its first value gives way, however late its place made it.
 */
function isChanged(document: MergeableDocument, group: string): boolean {
  const clock = document.hlc?.[group];
  return clock !== undefined && (group === DELETION || clock !== document.hlc?.[MAKING]);
}

/** Of a group that somebody changed the later clock of a change, so that it stays one; else when the document was made. */
function mergedClock(ours: MergeableDocument, theirs: MergeableDocument, group: string): string | undefined {
  const [ourClock, theirClock] = [ours.hlc?.[group], theirs.hlc?.[group]];
  const [isOurs, isTheirs] = [isChanged(ours, group), isChanged(theirs, group)];
  if (isOurs !== isTheirs) return isOurs ? ourClock : theirClock;
  if (isOurs || (ourClock ?? theirClock) === undefined) return laterClock(ourClock, theirClock);
  return laterClock(ours.hlc?.[MAKING], theirs.hlc?.[MAKING]);
}

function isSame(left: MergeableDocument, right: MergeableDocument, fields: readonly string[]): boolean {
  return fields.every((field) => equalJson(left[field], right[field]));
}

function later<T extends MergeableDocument>(ours: T, theirs: T, group: string, fields: readonly string[]): T {
  const order = compareHlc(ours.hlc?.[group] ?? '', theirs.hlc?.[group] ?? '');
  if (order !== 0) return order > 0 ? ours : theirs;
  // Equal clocks with different values cannot come from one station's clock: decide by content so that both sides agree.
  return contentOf(ours, fields) >= contentOf(theirs, fields) ? ours : theirs;
}

/** What is missing is not `null`, and gives way to anything that is there. */
function contentOf(document: MergeableDocument, fields: readonly string[]): string {
  return canonical(fields.map((field) => (document[field] === undefined ? '' : canonical(document[field]))));
}

function laterClock(left: string | undefined, right: string | undefined): string | undefined {
  if (left === undefined) return right;
  if (right === undefined) return left;
  return compareHlc(left, right) >= 0 ? left : right;
}

/** Whether two values have the same canonical JSON, without making it: what is undefined is not there. */
export function equalJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    // Unequal and still the same text: what JSON has no number for.
    return typeof left === 'number' || typeof right === 'number' ? canonical(left) === canonical(right) : false;
  }
  if (Array.isArray(left) || Array.isArray(right))
    return Array.isArray(left) && Array.isArray(right) && equalItems(left, right);
  return equalFields(left as Fields, right as Fields);
}

function equalItems(left: readonly unknown[], right: readonly unknown[]): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) {
    if (!equalJson(left[index] ?? null, right[index] ?? null)) return false;
  }
  return true;
}

type Fields = Readonly<Record<string, unknown>>;

function equalFields(left: Fields, right: Fields): boolean {
  let open = 0;
  for (const key of Object.keys(right)) if (right[key] !== undefined) open += 1;
  for (const key of Object.keys(left)) {
    const value = left[key];
    if (value === undefined) continue;
    if (!Object.hasOwn(right, key) || right[key] === undefined || !equalJson(value, right[key])) return false;
    open -= 1;
  }
  return open === 0;
}

/** JSON with sorted keys and without undefined: equal values give equal text. Also what hashes are made over. */
export function canonical(value: unknown): string {
  return JSON.stringify(sortKeys(value as Json | undefined)) ?? 'undefined';
}

function sortKeys(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => sortKeys(item as Json) ?? null);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item as Json)]));
}
