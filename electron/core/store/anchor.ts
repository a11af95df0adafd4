/**
 * How far the store had come, written down outside of it. The encrypted file can't tell of itself that its end was cut off, or that
 * an older copy lies in its place: every page of it is genuine. The anchor (`clinic.anchor`, beside the file) holds the last numbers
 * and the audit's head as they were when they were durable; at the next opening the file must have come at least as far.
 *
 * It is sealed with an HMAC under a key derived from the master key, so that nobody without that key can make one, and signed with the
 * station's Ed25519 key, whose public half stands in it: a file that brings another station key along does not fit.
 *
 * What it can't see: whoever puts back the file and the anchor of the same earlier time; and what was written after the last anchor
 * was (see `anchor-keeper.ts`), of tables without a number of their own (who is signed in, wrong PINs, grants under way).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { z } from 'zod';
import { canonical } from '../../contract/index.ts';
import { isSignedBy } from '../audit/signer.ts';
import type { Signer } from '../audit/signer.ts';
import { readIfThere } from './durable-file.ts';
import { deriveKey } from './key-handling.ts';

export const ANCHOR_FILE = 'clinic.anchor';

/** Which file of the store it was, in table `station`: a restored or re-encrypted one is another. */
export const GENERATION_KEY = 'generation';

const count = z.number().int().nonnegative();
const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const headsSchema = z.object({
  audit: z.object({ sequence: count, hash }),
  /** Position of the last intent. */
  intents: count,
  /** Per table of documents (`rx:captures:0`): number of the last write, and rows, tombstones too. */
  tables: z.record(z.string(), z.object({ sequence: count, rows: count })),
  /** Rows of the vault's table. */
  blobs: count,
});
export type StoreHeads = z.infer<typeof headsSchema>;

/** What a file had less than its anchor. */
const missingSchema = z.object({
  /** Writes of documents, by table. */
  writes: z.record(z.string(), count),
  /** Audit entries that are not there, first and last; null where none is missing. */
  audit: z.object({ from: count, through: count }).nullable(),
  intents: count,
  /** Time of the last audit entry that is there. What is missing was written after it and until `until`. */
  since: z.iso.datetime().nullable(),
  until: z.iso.datetime(),
  /** The file has as many audit entries, but others: it was put back, and used since. */
  diverged: z.boolean(),
});
export type MissingChanges = z.infer<typeof missingSchema>;

/** The log beside the file was damaged: what it held from there on could not be read. */
const logLossSchema = z.object({
  frames: count,
  damagedFrom: count,
  /** Folder under `aside/` with the file and its log as they were. */
  aside: z.string(),
});
export type LogLoss = z.infer<typeof logLossSchema>;

const findingSchema = z.discriminatedUnion('code', [
  z.object({
    code: z.literal('STORE_ROLLED_BACK'),
    foundAt: z.iso.datetime(),
    missing: missingSchema,
    log: logLossSchema.optional(),
  }),
  z.object({
    code: z.literal('STORE_UNANCHORED'),
    foundAt: z.iso.datetime(),
    /** `damaged`: there, but not sealed with this station's key. */
    anchor: z.enum(['missing', 'damaged']),
    log: logLossSchema.optional(),
  }),
]);
/** Something about the file that a person has to know and to confirm. */
export type AnchorFinding = z.infer<typeof findingSchema>;

const anchorSchema = z.object({
  version: z.literal(1),
  /** Counts the anchors of this file. */
  number: count,
  storeId: z.string(),
  stationId: z.string(),
  generation: z.uuid(),
  /** The station's, DER, base64. */
  publicKey: z.base64(),
  writtenAt: z.iso.datetime(),
  /** `closed`: the last one of a clean stop; nothing was written after it. */
  state: z.enum(['open', 'closed']),
  /** The first 16 bytes of the file, hex: without them no page can be read, and they are no secret. */
  salt: z.string().regex(/^[0-9a-f]{32}$/),
  heads: headsSchema,
  /** Not yet confirmed by a person. */
  findings: z.array(findingSchema),
});
export type Anchor = z.infer<typeof anchorSchema>;

const fileSchema = z.object({ anchor: anchorSchema, signature: z.base64(), seal: hash });

export function anchorPath(directory: string): string {
  return join(directory, ANCHOR_FILE);
}

/** @returns the content of an anchor's file. */
export function sealedAnchor(anchor: Anchor, masterKey: Uint8Array, signer: Signer): string {
  const signature = signer.sign(statementOf(anchor));
  return `${JSON.stringify({ anchor, signature, seal: sealOf(anchor, signature, masterKey).toString('hex') })}\n`;
}

/** @returns null where there is none; 'damaged' where it was not made with this master key and the station key that it names. */
export function readAnchor(directory: string, masterKey: Uint8Array): Anchor | 'damaged' | null {
  const bytes = readIfThere(anchorPath(directory));
  if (bytes === null) return null;
  const file = parsed(bytes.toString('utf8'));
  if (file === null) return 'damaged';
  const { anchor, signature, seal } = file;
  const isSealed = timingSafeEqual(sealOf(anchor, signature, masterKey), Buffer.from(seal, 'hex'));
  return isSealed && isSignedBy(anchor.publicKey, statementOf(anchor), signature) ? anchor : 'damaged';
}

function statementOf(anchor: Anchor): object {
  return { type: 'vantage-store-anchor', anchor };
}

function sealOf(anchor: Anchor, signature: string, masterKey: Uint8Array): Buffer {
  return createHmac('sha256', deriveKey(masterKey, 'anchor')).update(canonical({ anchor, signature })).digest();
}

function parsed(text: string): z.infer<typeof fileSchema> | null {
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/**
 * Reads how far the file has come. Tables that an older version did not have count as empty.
 * @param known the heads read before: rows are counted again only where something was written since.
 */
export function headsOf(sqlite: Database, known: StoreHeads | null = null): StoreHeads {
  const tables = new Set(
    sqlite.prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all(),
  );
  const rows = (table: string): number =>
    tables.has(table) ? (sqlite.prepare<[], number>(`SELECT count(*) FROM "${table}"`).pluck().get() ?? 0) : 0;
  const lastWrite = (table: string): number =>
    tables.has(table) ? (sqlite.prepare<[], number | null>(`SELECT max(seq) FROM "${table}"`).pluck().get() ?? 0) : 0;
  const last = tables.has('audit')
    ? sqlite.prepare<[], StoreHeads['audit']>('SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1').get()
    : undefined;
  const sequences = tables.has('rx:sequences')
    ? sqlite
        .prepare<[], { collection: string; seq: number }>(
          'SELECT collection, seq FROM "rx:sequences" ORDER BY collection',
        )
        .all()
    : [];
  return {
    audit: last ?? { sequence: 0, hash: '0'.repeat(64) },
    intents: tables.has('intents')
      ? (sqlite.prepare<[], number | null>('SELECT max(position) FROM intents').pluck().get() ?? 0)
      : 0,
    tables: Object.fromEntries(
      sequences.map(({ collection, seq }) => {
        const before = known?.tables[collection];
        // The counter is behind what is still there.
        const sequence = Math.max(seq, lastWrite(collection));
        return [collection, { sequence, rows: before?.sequence === sequence ? before.rows : rows(collection) }];
      }),
    ),
    blobs: rows('vault_blobs'),
  };
}

/**
 * What the file lacks of what the anchor says was durable; null where it has come as far or further, in the same history.
 * A table that is gone altogether was replaced by a migration; the audit's chain says whether that was so.
 */
export function missingFrom(sqlite: Database, anchor: Anchor): MissingChanges | null {
  const missing = comparedWith(sqlite, anchor);
  const { writes, audit, intents, diverged } = missing;
  return audit === null && !diverged && intents === 0 && Object.keys(writes).length === 0 ? null : missing;
}

/** The same, where nothing is missing too. */
export function comparedWith(sqlite: Database, anchor: Anchor): MissingChanges {
  const heads = headsOf(sqlite, anchor.heads);
  const then = anchor.heads;
  const writes = Object.fromEntries(
    Object.entries(then.tables).flatMap(([table, { sequence }]) => {
      const now = heads.tables[table]?.sequence ?? (isReplaced(table, heads) ? sequence : 0);
      return now < sequence ? [[table, sequence - now]] : [];
    }),
  );
  const intents = Math.max(0, then.intents - heads.intents);
  const isShorter = heads.audit.sequence < then.audit.sequence;
  const diverged = !isShorter && then.audit.sequence > 0 && hashAt(sqlite, then.audit.sequence) !== then.audit.hash;
  return {
    writes,
    audit: isShorter ? { from: heads.audit.sequence + 1, through: then.audit.sequence } : null,
    intents,
    since: heads.audit.sequence === 0 ? null : timeAt(sqlite, heads.audit.sequence),
    until: anchor.writtenAt,
    diverged,
  };
}

/** Whether the file has a table of the same collection in another version. */
function isReplaced(table: string, heads: StoreHeads): boolean {
  const collection = table.slice(0, table.lastIndexOf(':') + 1);
  return Object.keys(heads.tables).some((name) => name.startsWith(collection));
}

function hashAt(sqlite: Database, sequence: number): string | null {
  return sqlite.prepare<[number], string>('SELECT hash FROM audit WHERE sequence = ?').pluck().get(sequence) ?? null;
}

function timeAt(sqlite: Database, sequence: number): string | null {
  const at = sqlite.prepare<[number], string>('SELECT at FROM audit WHERE sequence = ?').pluck().get(sequence);
  return z.iso.datetime().safeParse(at).data ?? null;
}
