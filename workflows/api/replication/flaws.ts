/** What a row may be that no schema looks at and no database can keep. Found without recursion, so that depth itself can be judged. */
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

/** @returns the first flaw, or null */
export function flawOf(row: unknown): Flaw | null {
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
  return Buffer.byteLength(JSON.stringify(row) ?? '') > ROW_BYTES ? { reason: 'TOO_LARGE', field: '' } : null;
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
