/**
 * A signed acceptance report as a file that stands for itself: the first line is the report in canonical form, exactly the bytes that were
 * signed; the second the seal. Hashes of pieces of the first line stand in the seal, so that a file that was changed tells where.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { SignedAcceptance } from '../../contract/index.ts';
import { acceptanceReportSchema, canonical, signedAcceptanceSchema } from '../../contract/index.ts';
import { isSignedBy, keyIdOf } from '../audit/signer.ts';

/** Of the report's line, to each of which the seal has a hash. */
const PIECE_BYTES = 128;
const LINE_FEED = 0x0a;
const BYTE_VALUES = 256;

const HOW_TO_VERIFY =
  'The first line without its line feed is the report: JSON in UTF-8 without spaces, keys sorted by code unit at every depth. "signature" (base64) is Ed25519 by "publicKey" (DER, base64) over these bytes, "sha256" their SHA-256. "keyId" is the SHA-256 of the public key\'s DER bytes: compare it with the one that the clinic shows. "pieces" are SHA-256 of each 128 bytes of the first line.';

const sealSchema = signedAcceptanceSchema.omit({ report: true }).extend({
  kind: z.literal('seal'),
  pieces: z.array(z.string().regex(/^[0-9a-f]{64}$/)),
  howToVerify: z.string(),
});
type Seal = z.infer<typeof sealSchema>;

export interface ReportVerdict {
  readonly ok: boolean;
  /** What it says, where it can be read; believe it only where `ok`. */
  readonly signed: SignedAcceptance | null;
  /** What is wrong, and at which byte of the file, counted from 0, as far as that can be told. */
  readonly finding: { readonly byte: number | null; readonly what: string } | null;
}

export function reportFile({ report, ...signed }: SignedAcceptance): string {
  const line = canonical(report);
  const seal: Seal = { kind: 'seal', ...signed, pieces: piecesOf(Buffer.from(line)), howToVerify: HOW_TO_VERIFY };
  return `${line}\n${canonical(seal)}\n`;
}

export function verifyReportFile(file: Uint8Array): ReportVerdict {
  const bytes = Buffer.from(file);
  const end = bytes.indexOf(LINE_FEED);
  if (end === -1) return wrong(bytes.length, 'the second line is missing');
  const line = bytes.subarray(0, end);
  const read = parsed(sealSchema, bytes.subarray(end + 1));
  if ('at' in read)
    return wrong(read.at === null ? null : end + 1 + read.at, 'the seal, the second line, can not be read');
  const seal = read.value;
  const report = parsed(acceptanceReportSchema, line);
  const { publicKey, keyId, signature, sha256 } = seal;
  const signed = 'value' in report ? { report: report.value, publicKey, keyId, signature, sha256 } : null;
  if (hashOf(line) !== sha256) {
    const byte = changedByte(line, seal.pieces);
    // Its pieces are as they were, so it is the seal's hash that is not.
    if (byte === null)
      return { ...wrong(end + 1 + bytes.subarray(end + 1).indexOf(sha256), 'the seal’s hash was changed'), signed };
    return { ...wrong(byte, 'the report was changed'), signed };
  }
  if (signed === null) return wrong(0, 'the report is not one that this program knows');
  if (!isSignedBy(publicKey, signed.report, signature)) {
    return { ...wrong(null, 'the signature, or the key beside it, was changed'), signed };
  }
  // The rest of the seal follows from what is signed.
  const whole = Buffer.from(reportFile({ ...signed, keyId: keyIdOf(publicKey) }));
  const byte = firstDifference(bytes, whole);
  return byte === null ? { ok: true, signed, finding: null } : { ...wrong(byte, 'the file was changed'), signed };
}

/** Where the line differs from what its pieces were; null: nowhere. One changed byte is told exactly, else where its piece begins. */
function changedByte(line: Buffer, pieces: readonly string[]): number | null {
  const now = piecesOf(line);
  const at = Array.from({ length: Math.max(now.length, pieces.length) }, (_none, index) => index).find(
    (index) => now[index] !== pieces[index],
  );
  if (at === undefined) return null;
  const from = at * PIECE_BYTES;
  const piece = Buffer.from(line.subarray(from, from + PIECE_BYTES));
  for (let offset = 0; offset < piece.length; offset += 1) {
    const is = piece[offset] ?? 0;
    for (let value = 0; value < BYTE_VALUES; value += 1) {
      piece[offset] = value;
      if (hashOf(piece) === pieces[at]) return from + offset;
    }
    piece[offset] = is;
  }
  return Math.min(from, line.length);
}

function piecesOf(line: Buffer): string[] {
  const count = Math.ceil(line.length / PIECE_BYTES);
  return Array.from({ length: count }, (_none, index) =>
    hashOf(line.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES)),
  );
}

function firstDifference(one: Buffer, other: Buffer): number | null {
  if (one.equals(other)) return null;
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at += 1) if (one[at] !== other[at]) return at;
  return length;
}

function parsed<T>(schema: z.ZodType<T>, bytes: Buffer): { readonly value: T } | { readonly at: number | null } {
  try {
    const read = schema.safeParse(JSON.parse(bytes.toString('utf8')));
    return read.success ? { value: read.data } : { at: null };
  } catch (error) {
    const [, position] = /at position (\d+)/.exec(error instanceof Error ? error.message : '') ?? [];
    return { at: position === undefined ? null : Number(position) };
  }
}

function wrong(byte: number | null, what: string): ReportVerdict {
  return { ok: false, signed: null, finding: { byte, what } };
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
