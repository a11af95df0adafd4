/**
 * A period of the trail as one file that stands for itself: JSON lines (a header, the entries with the checkpoints that cover
 * them, an end), signed by the station. `verify-export.ts` reads it back; so can anybody with the header's description.
 */
import { createHash } from 'node:crypto';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { z } from 'zod';
import { chainedAuditEntrySchema } from '../../contract/index.ts';
import { auditRows, entryOf, FIRST_PREVIOUS_HASH } from './chain.ts';
import { auditHead, checkpointSchema, readCheckpoints } from './checkpoints.ts';
import type { Signer } from './signer.ts';

const PAGE = 500;
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const instant = z.iso.datetime();

/** For whoever finds such a file without the program. */
const HOW_TO_VERIFY = [
  'Each line is a JSON object. "canonical" means: JSON in UTF-8 without spaces, keys sorted by code unit at every depth.',
  'An entry\'s "hash" is the SHA-256, hex, of its canonical form without "kind" and "hash".',
  'An entry\'s "previousHash" is the "hash" of the entry before; of the first entry it is the header\'s "previousHash".',
  '"sequence" goes up by one from the header\'s "first" to "last".',
  'A checkpoint\'s "headHash" is the "hash" of the entry with the same "sequence". Its "signature" (base64) is Ed25519 by "publicKey" (DER, base64) over the canonical form of the checkpoint without "kind" and "signature", with "type":"vantage-audit-checkpoint" and "version":1.',
  'A checkpoint\'s "previousHash" is the SHA-256, hex, of the canonical form of the checkpoint before, without "kind".',
  'The end\'s "sha256" is over all bytes before its line. Its "signature" is over {"type":"vantage-audit-export","version":1,"stationId":...,"sha256":...} in canonical form.',
  'The "keyId" is the SHA-256, hex, of the public key\'s DER bytes: compare it with the one that the clinic shows.',
] as const;

export const exportHeaderSchema = z.object({
  kind: z.literal('header'),
  format: z.literal('vantage-audit-export'),
  version: z.literal(1),
  tenantId: z.string(),
  locationId: z.string(),
  stationId: z.string(),
  madeAt: instant,
  /** Asked for: from inclusive, to exclusive. */
  from: instant,
  to: instant,
  /** Sequences in the file; null where the period has no entry. */
  first: z.number().int().nullable(),
  last: z.number().int().nullable(),
  /** Entries after this one are there because the checkpoint that covers the period signs them, too. */
  lastOfPeriod: z.number().int().nullable(),
  previousHash: hash,
  publicKey: z.base64(),
  keyId: hash,
  howToVerify: z.array(z.string()),
});

export const exportLineSchema = z.discriminatedUnion('kind', [
  exportHeaderSchema,
  chainedAuditEntrySchema.extend({ kind: z.literal('entry') }),
  checkpointSchema.extend({ kind: z.literal('checkpoint') }),
  z.object({
    kind: z.literal('end'),
    entries: z.number().int(),
    checkpoints: z.number().int(),
    sha256: hash,
    signature: z.base64(),
  }),
]);

/** What the end of a file says under the station's signature. */
export function endStatement(stationId: string, sha256: string): object {
  return { type: 'vantage-audit-export', version: 1, stationId, sha256 };
}

export interface ExportRequest {
  readonly sqlite: Database;
  readonly signer: Signer;
  readonly station: { readonly tenantId: string; readonly locationId: string; readonly stationId: string };
  /** ISO 8601 instants: from inclusive, to exclusive. */
  readonly from: string;
  readonly to: string;
  readonly madeAt: string;
  readonly signal?: AbortSignal;
  readonly progress?: (done: number, total: number) => void;
}

export interface ExportResult {
  readonly entries: number;
  readonly checkpoints: number;
  readonly first: number | null;
  readonly last: number | null;
  /** Of all bytes before the last line, as the last line says. */
  readonly sha256: string;
}

/**
 * Writes the file, piece by piece. A checkpoint must cover the trail's head (`Checkpoints.make`), else its newest entries would
 * be under the end's signature alone.
 * @param write takes UTF-8 text; awaited before the next piece is made.
 */
export async function exportAudit(
  request: ExportRequest,
  write: (text: string) => Promise<void>,
): Promise<ExportResult> {
  const { sqlite, signer, station, from, to, madeAt, signal, progress } = request;
  const range = rangeOf(sqlite, from, to);
  const digest = createHash('sha256');
  async function writeLines(lines: readonly object[]): Promise<void> {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    digest.update(text);
    await write(text);
  }

  await writeLines([
    {
      kind: 'header',
      format: 'vantage-audit-export',
      version: 1,
      tenantId: station.tenantId,
      locationId: station.locationId,
      stationId: station.stationId,
      madeAt,
      from,
      to,
      first: range?.first ?? null,
      last: range?.last ?? null,
      lastOfPeriod: range?.lastOfPeriod ?? null,
      previousHash: range?.previousHash ?? FIRST_PREVIOUS_HASH,
      publicKey: signer.publicKey,
      keyId: signer.keyId,
      howToVerify: [...HOW_TO_VERIFY],
    } satisfies z.input<typeof exportHeaderSchema>,
  ]);
  let entries = 0;
  let written = 0;
  if (range !== null) {
    const seals = readCheckpoints(sqlite, range.first).filter((checkpoint) => checkpoint.sequence <= range.last);
    for (let after = range.first - 1; after < range.last;) {
      signal?.throwIfAborted();
      const rows = auditRows(sqlite, after, PAGE).filter((row) => row.sequence <= range.last);
      const lines: object[] = [];
      for (const row of rows) {
        lines.push({ kind: 'entry', ...entryOf(row) });
        while (seals[written]?.sequence === row.sequence) {
          lines.push({ kind: 'checkpoint', ...seals[written] });
          written += 1;
        }
      }
      if (rows.length === 0) break;
      await writeLines(lines);
      entries += rows.length;
      after = rows.at(-1)?.sequence ?? range.last;
      progress?.(entries, range.last - range.first + 1);
    }
  }
  const sha256 = digest.digest('hex');
  const signature = signer.sign(endStatement(station.stationId, sha256));
  await write(`${JSON.stringify({ kind: 'end', entries, checkpoints: written, sha256, signature })}\n`);
  return { entries, checkpoints: written, first: range?.first ?? null, last: range?.last ?? null, sha256 };
}

/** From the period's first entry to the first checkpoint that covers its last one. */
function rangeOf(sqlite: Database, from: string, to: string) {
  const found = sqlite
    .prepare<[string, string], { first: number | null; last: number | null }>(
      'SELECT min(sequence) AS first, max(sequence) AS last FROM audit WHERE at >= ? AND at < ?',
    )
    .get(from, to);
  if (found === undefined || found.first === null || found.last === null) return null;
  const { first, last: lastOfPeriod } = found;
  const [cover] = readCheckpoints(sqlite, lastOfPeriod);
  const before = sqlite
    .prepare<[number], { hash: string }>('SELECT hash FROM audit WHERE sequence < ? ORDER BY sequence DESC LIMIT 1')
    .get(first);
  return {
    first,
    lastOfPeriod,
    last: cover?.sequence ?? auditHead(sqlite)?.sequence ?? lastOfPeriod,
    previousHash: before?.hash ?? FIRST_PREVIOUS_HASH,
  };
}
