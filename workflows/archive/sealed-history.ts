/**
 * An archived history as bytes: a line of JSON that says what it is, then the history, compressed and sealed (`api/uploads/sealing.ts`)
 * under the key that the line names. The line is authenticated with it. Payloads within stay encrypted under their clinic's key.
 */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { SealBrokenError, seal, unseal } from '../api/uploads/sealing.ts';
import type { NamedKey } from '../codec/keys.ts';

const headSchema = z.object({
  format: z.literal(1),
  keyId: z.string(),
  namespace: z.string(),
  workflowId: z.string(),
  runId: z.string(),
  type: z.string(),
  /** How it ended, as Temporal says it: COMPLETED, FAILED … */
  status: z.string(),
  closedAt: z.iso.datetime(),
  archivedAt: z.iso.datetime(),
  events: z.number().int(),
  /** Of the history's JSON. */
  sha256: z.string(),
});
export type ArchiveHead = z.output<typeof headSchema>;

export interface ArchivedHistory {
  readonly head: ArchiveHead;
  /** As Temporal's tools write it. */
  readonly json: string;
}

const NEWLINE = 0x0a;

export function sealHistory(
  head: Omit<ArchiveHead, 'format' | 'keyId' | 'sha256'>,
  json: string,
  key: NamedKey,
): Buffer {
  const whole: ArchiveHead = { format: 1, keyId: key.id, ...head, sha256: sha256(json) };
  const line = JSON.stringify(whole);
  return Buffer.concat([Buffer.from(`${line}\n`), seal(key.key, line, gzipSync(json))]);
}

/**
 * @param keys any of which may be the one
 * @throws SealBrokenError when it is not what was written, or no key opens it
 */
export function openHistory(bytes: Buffer, keys: readonly NamedKey[]): ArchivedHistory {
  const end = bytes.indexOf(NEWLINE);
  const line = bytes.subarray(0, Math.max(end, 0)).toString();
  const head = headOf(line);
  const key = keys.find(({ id }) => id === head.keyId);
  if (key === undefined) throw new SealBrokenError('under a key that is not known here');
  const json = gunzipSync(unseal(key.key, line, bytes.subarray(end + 1))).toString();
  if (sha256(json) !== head.sha256) throw new SealBrokenError('another history than was hashed');
  return { head, json };
}

function headOf(line: string): ArchiveHead {
  try {
    return headSchema.parse(JSON.parse(line));
  } catch (error) {
    throw new SealBrokenError('no archived history', { cause: error });
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
