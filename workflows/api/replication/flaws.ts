/** What a row may be that no schema looks at and no database can keep. */
import type { QuarantineReason } from '../../../electron/contract/index.ts';
import { SYNC_LIMITS } from '../../../electron/contract/index.ts';

export interface Flaw {
  readonly reason: QuarantineReason;
  /** Path of the field, without its value. */
  readonly field: string;
}

const FIELD_LENGTH = 200;

/** The row around a document, and the assumed state within it, add levels of their own. */
const ROW_DEPTH = SYNC_LIMITS.documentDepth + 2;
/** A row carries its document and the assumed state of it. */
const ROW_BYTES = 2 * SYNC_LIMITS.documentBytes;

/** A row's JSON: of its document, where it is an object with one, and of the rest. */
export interface RowText {
  readonly document: string;
  readonly rest: string;
}

/** @returns its text, or the first flaw */
export function textOrFlaw(row: unknown): RowText | Flaw {
  // Nearly every row is sound, which is seen without looking at it piece by piece.
  if (!isShallow(row, 0)) return flawOf(row) ?? TOO_LARGE;
  const text = textOf(row);
  const bytes = Buffer.byteLength(text.document) + Buffer.byteLength(text.rest);
  if (isSuspicious(text.document) || isSuspicious(text.rest)) {
    const flaw = flawOf(row);
    if (flaw !== null) return flaw;
  }
  return bytes > ROW_BYTES ? TOO_LARGE : text;
}

const TOO_LARGE: Flaw = { reason: 'TOO_LARGE', field: '' };
/** How JSON writes NUL and half a surrogate pair, and a key that is none. Where the text says so, it may also be meant. */
function isSuspicious(text: string): boolean {
  return text.includes('"__proto__"') || (text.includes('\\u') && /\\u(?:0000|d[89a-f])/.test(text));
}

function textOf(row: unknown): RowText {
  if (typeof row !== 'object' || row === null || !('document' in row))
    return { document: '', rest: JSON.stringify(row) };
  const { document, ...rest } = row;
  return { document: JSON.stringify(document), rest: JSON.stringify(rest) };
}

/** Whether it is nested as deep as is allowed at most, with numbers that JSON has. */
function isShallow(value: unknown, depth: number): boolean {
  if (depth > ROW_DEPTH) return false;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  for (const item of Array.isArray(value) ? value : Object.values(value)) if (!isShallow(item, depth + 1)) return false;
  return true;
}

/** Without recursion, so that depth itself can be judged. @returns the first flaw, or null */
function flawOf(row: unknown): Flaw | null {
  const open: { readonly value: unknown; readonly path: readonly string[] }[] = [{ value: row, path: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next;
    const reason = flawOfValue(value, path);
    if (reason !== null) return { reason, field: fieldOf(path) };
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, item] of Object.entries(value)) {
      if (key === '__proto__' || !isText(key)) return { reason: 'UNSTORABLE', field: fieldOf(path) };
      open.push({ value: item, path: [...path, key] });
    }
  }
  return null;
}

/** A path as people read it, within its bounds. */
export function fieldOf(path: readonly PropertyKey[]): string {
  return path.map(String).join('.').slice(0, FIELD_LENGTH).toWellFormed().replaceAll('\0', '');
}

function flawOfValue(value: unknown, path: readonly string[]): QuarantineReason | null {
  if (path.length > ROW_DEPTH) return 'TOO_LARGE';
  if (typeof value === 'string' && !isText(value)) return 'UNSTORABLE';
  // Parsed from a number that JavaScript cannot hold.
  if (typeof value === 'number' && !Number.isFinite(value)) return 'UNSTORABLE';
  return null;
}

/** PostgreSQL's text is UTF-8 without NUL. */
function isText(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0');
}
