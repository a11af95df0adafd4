/** What becomes of one pushed row, before anything is written. Pure. */
import type {
  CollectionName,
  DocumentRow,
  MasterRow,
  PushRow,
  QuarantineReason,
} from '../../../electron/contract/index.ts';
import {
  BOOKKEEPING_FIELDS,
  CLOUD_FIELDS,
  MAX_DRIFT_MS,
  compareHlc,
  contractService,
  documentSchemas,
  equalJson,
  formatHlc,
  parseHlc,
  pushRowSchema,
} from '../../../electron/contract/index.ts';
import type { Copier } from '../../../electron/core/store/document-copy.ts';
import { REFUSED, copierOf } from '../../../electron/core/store/document-copy.ts';
import type { RowText } from './flaws.ts';
import { fieldOf, textOrFlaw } from './flaws.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface Sender {
  readonly tenantId: string;
  readonly locationId: string;
}

export type ReadRow =
  | {
      readonly ok: true;
      readonly id: string;
      readonly row: PushRow;
      readonly text: RowText;
      /** Whether this version's contract adds nothing to it, as to what an earlier version wrote. */
      readonly complete: boolean;
    }
  | {
      readonly ok: false;
      readonly id: string | null;
      readonly reason: QuarantineReason;
      readonly field: string;
      /** null: it cannot be kept, nor compared. */
      readonly text: RowText | null;
    };

/** A row as it came, held against limits, the contract's document and the sender's scope. */
export function readRow(collection: CollectionName, raw: unknown, sender: Sender): ReadRow {
  const id = idOf(raw);
  const text = textOrFlaw(raw);
  if ('reason' in text) return { ok: false, id, ...text, text: null };
  const refused = (reason: QuarantineReason, field: string): ReadRow => ({ ok: false, id, reason, field, text });
  const row = rowOf(raw);
  if (typeof row === 'string') return refused('INVALID', row);
  const { document } = row;
  const data = documentOf(collection, document);
  if (typeof data === 'string') return refused('INVALID', data);
  for (const field of ['id', 'tenantId', 'locationId', 'stationId'] as const) {
    // Ids are compared as text by stations and as numbers by the database: only one spelling is theirs.
    if (data[field] !== data[field].toLowerCase()) return refused('INVALID', field);
  }
  if (contractService(data.contractVersion) !== 'served') return refused('INVALID', 'contractVersion');
  if (data.tenantId !== sender.tenantId) return refused('OUT_OF_SCOPE', 'tenantId');
  if (data.locationId !== sender.locationId) return refused('OUT_OF_SCOPE', 'locationId');
  return { ok: true, id: data.id, row, text, complete: hasAll(document, data) };
}

/** @returns the row, or the path of the field that is wrong */
function rowOf(raw: unknown): PushRow | string {
  // Nearly all rows: new documents. Looking at them costs nothing, and nothing of them is copied.
  if (isFields(raw) && isFields(raw['document']) && typeof raw['deleted'] === 'boolean' && raw['assumed'] === null)
    return { document: raw['document'], deleted: raw['deleted'], assumed: null };
  const row = pushRowSchema.safeParse(raw);
  return row.success ? row.data : fieldOf(row.error.issues[0]?.path ?? []);
}

type Known = Readonly<Record<'id' | 'tenantId' | 'locationId' | 'stationId' | 'contractVersion', string>>;

const copiers = new Map<CollectionName, Copier>();

/**
 * What is in any way unusual is left to zod, which says what is wrong with it.
 *
 * @returns the document with this version's defaults, or the path of the field that is wrong
 */
function documentOf(collection: CollectionName, document: Fields): Known | string {
  let copier = copiers.get(collection);
  if (copier === undefined) copiers.set(collection, (copier = copierOf(documentSchemas[collection])));
  const copied = copier(document);
  if (copied !== REFUSED) return copied as Known;
  const parsed = documentSchemas[collection].safeParse(document);
  return parsed.success ? parsed.data : fieldOf(parsed.error.issues[0]?.path ?? []);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether everything in `whole` is in `part`, too. */
function hasAll(part: unknown, whole: unknown): boolean {
  if (part === whole) return true;
  if (typeof whole !== 'object' || whole === null) return true;
  if (typeof part !== 'object' || part === null) return false;
  for (const key of Object.keys(whole)) {
    const value = (whole as Fields)[key];
    const there = (part as Fields)[key];
    if (there === undefined ? value !== undefined : !hasAll(there, value)) return false;
  }
  return true;
}

function idOf(raw: unknown): string | null {
  const document = typeof raw === 'object' && raw !== null && 'document' in raw ? raw.document : null;
  const id = typeof document === 'object' && document !== null && 'id' in document ? document.id : null;
  return typeof id === 'string' && id.length <= 64 && id.isWellFormed() && !id.includes('\0') ? id : null;
}

/**
 * `write`: the assumed state is the cloud's; `nothing`: the cloud has it already; `conflict`: it has something else.
 *
 * The version says so fast. A station that has just pushed does not know its version yet, so equal content says so, too. What differs
 * at each write by itself, and what only the cloud writes, makes no conflict.
 */
export function decide(
  collection: CollectionName,
  row: PushRow,
  master: MasterRow | undefined,
): 'write' | 'nothing' | 'conflict' {
  if (master === undefined) return 'write';
  if (sameState(collection, row, master)) return 'nothing';
  const { assumed } = row;
  if (assumed === null) return 'conflict';
  return assumed.version === master.version || sameState(collection, assumed, master) ? 'write' : 'conflict';
}

/**
 * The document to keep: as sent, with the cloud's own fields as the cloud has them, and clocks within the bound.
 *
 * @returns `sent` itself where that is as it was sent
 */
export function documentToKeep(
  collection: CollectionName,
  sent: Fields,
  master: MasterRow | undefined,
  nowMs: number,
): Fields {
  const clocks = sent['hlc'] as Readonly<Record<string, string>>;
  const hlc = rebasedClocks(clocks, nowMs);
  const ofCloud = CLOUD_FIELDS[collection] ?? [];
  if (ofCloud.length === 0) return hlc === clocks ? sent : { ...sent, hlc };
  const kept: Record<string, unknown> = { ...sent, hlc };
  for (const field of ofCloud) {
    if (field in kept || master?.document[field] !== undefined) kept[field] = master?.document[field] ?? null;
  }
  const asSent = hlc === clocks && ofCloud.every((field) => equalJson(kept[field], sent[field]));
  return asSent ? sent : kept;
}

/** The latest of a document's clocks; empty without any. */
export function latestClock(document: Fields): string {
  const clocks = new Set(Object.values(document['hlc'] as Readonly<Record<string, string>>));
  return [...clocks].toSorted(compareHlc).at(-1) ?? '';
}

function sameState(collection: CollectionName, left: DocumentRow, right: DocumentRow): boolean {
  return (
    left.deleted === right.deleted &&
    equalJson(comparable(collection, left.document), comparable(collection, right.document))
  );
}

function comparable(collection: CollectionName, document: Fields): Fields {
  const left = { ...document };
  for (const field of [...BOOKKEEPING_FIELDS, ...(CLOUD_FIELDS[collection] ?? [])]) delete left[field];
  return left;
}

/**
 * A clock beyond the bound is brought back to ours, never refused: it would win every tie until its time has come. Those of one document
 * stay in their order, and equal ones stay equal.
 */
function rebasedClocks(clocks: Readonly<Record<string, string>>, nowMs: number): Readonly<Record<string, string>> {
  const isBeyond = (clock: string): boolean => (parseHlc(clock)?.ms ?? 0) > nowMs + MAX_DRIFT_MS;
  const beyond = [...new Set(Object.values(clocks))].filter(isBeyond).toSorted(compareHlc);
  if (beyond.length === 0) return clocks;
  return Object.fromEntries(
    Object.entries(clocks).map(([group, clock]) => {
      const place = beyond.indexOf(clock);
      const parts = parseHlc(clock);
      return [group, place < 0 || parts === null ? clock : formatHlc({ ...parts, ms: nowMs, counter: place })];
    }),
  );
}
