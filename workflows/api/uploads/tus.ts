/** tus 1.0.0 as headers: read from requests, refused by its statuses. https://tus.io/protocols/resumable-upload */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { UploadMetadata } from '../../../electron/contract/index.ts';
import {
  TUS_CHECKSUMS,
  TUS_CONTENT_TYPE,
  TUS_VERSION,
  UPLOAD_STATUS,
  VantageError,
  uploadMetadataSchema,
} from '../../../electron/contract/index.ts';
import { Refusal } from '../problems.ts';

export const TUS_EXTENSIONS = 'creation,creation-with-upload,checksum,termination,expiration';

export interface Checksum {
  readonly algorithm: (typeof TUS_CHECKSUMS)[number];
  readonly digest: Buffer;
}

/** Says the version in the answer, whatever it will be. @throws Refusal 412 for another version of the protocol */
export function requireTus(call: { readonly headers: IncomingHttpHeaders; readonly reply: FastifyReply }): void {
  const { headers, reply } = call;
  void reply.header('tus-resumable', TUS_VERSION);
  if (headers['tus-resumable'] !== TUS_VERSION) {
    throw new Refusal(412, new VantageError('INPUT_INVALID', 'Tus-Resumable', { field: 'Tus-Resumable' }), {
      'tus-version': TUS_VERSION,
    });
  }
}

/** @throws VantageError INPUT_INVALID with the header's name */
export function byteCount(headers: IncomingHttpHeaders, name: 'upload-offset' | 'upload-length'): number {
  const text = headers[name];
  const count = Number(text);
  if (typeof text !== 'string' || !/^\d{1,15}$/.test(text) || !Number.isSafeInteger(count)) throw invalid(name);
  return count;
}

/** `key base64, key base64`; keys that are not known are let be. @throws VantageError INPUT_INVALID */
export function readMetadata(headers: IncomingHttpHeaders): UploadMetadata {
  const header = headers['upload-metadata'];
  if (typeof header !== 'string') throw invalid('upload-metadata');
  const pairs = header.split(',').map((pair) => {
    const [key = '', value = ''] = pair.trim().split(' ');
    return [key, Buffer.from(value, 'base64').toString('utf8')] as const;
  });
  const read = uploadMetadataSchema.safeParse(Object.fromEntries(pairs));
  if (!read.success) throw invalid(`upload-metadata ${String(read.error.issues[0]?.path[0] ?? '')}`.trim());
  return read.data;
}

/** @throws VantageError INPUT_INVALID for an algorithm that is not offered, or no digest of it */
export function readChecksum(headers: IncomingHttpHeaders): Checksum | null {
  const header = headers['upload-checksum'];
  if (header === undefined) return null;
  const [name, value = ''] = String(header).trim().split(' ');
  const algorithm = TUS_CHECKSUMS.find((known) => known === name);
  const digest = Buffer.from(value, 'base64');
  if (algorithm === undefined || digest.length !== { sha1: 20, sha256: 32 }[algorithm])
    throw invalid('upload-checksum');
  return { algorithm, digest };
}

/** @throws Refusal 415 */
export function requireContentType(headers: IncomingHttpHeaders): void {
  if (headers['content-type'] !== TUS_CONTENT_TYPE) throw new Refusal(415, invalid('content-type'));
}

/** Bytes that the request says it brings; null when it does not say (chunked). */
export function announcedBytes(headers: IncomingHttpHeaders): number | null {
  const length = headers['content-length'];
  return length === undefined ? null : Number(length);
}

/** tus asks for 4xx where a retry of the same would be refused again. */
export const refusals = {
  unknown: (): Error => new VantageError('NOT_FOUND'),
  gone: (): Error => new Refusal(UPLOAD_STATUS.gone, new VantageError('NOT_FOUND', 'gone')),
  offset: (durable: number): Error =>
    new Refusal(UPLOAD_STATUS.offsetConflict, new VantageError('STATUS_CONFLICT', 'offset'), {
      'upload-offset': String(durable),
    }),
  locked: (waitSeconds: number): Error =>
    new Refusal(UPLOAD_STATUS.locked, new VantageError('STATUS_CONFLICT', 'locked', { waitSeconds })),
  checksum: (): Error => new Refusal(UPLOAD_STATUS.checksumMismatch, invalid('upload-checksum')),
};

function invalid(field: string): VantageError {
  return new VantageError('INPUT_INVALID', field, { field });
}
