/**
 * How files get from a station to the cloud, and how it is known that they are there: tus 1.0.0 (core, creation,
 * creation-with-upload, checksum, termination, expiration), and receipts by content, which need nothing that a station remembers.
 *
 * Addresses have random ids only; hashes travel in headers and bodies. A station resumes after it has forgotten everything: it asks
 * for the receipts of what it has, and goes on at `uploadId` and `offset`.
 */
import { z } from 'zod';

/** Paths of the API, under the cloud's base address. */
export const UPLOAD_PATHS = {
  /** POST creates an upload, OPTIONS says what the server can do. */
  uploads: '/v1/uploads',
  /** HEAD, PATCH, DELETE. */
  upload: '/v1/uploads/:uploadId',
  /** POST: how far the cloud has got with files, by content. */
  receipts: '/v1/files/receipts',
  /** GET: a verified file, with `Range`. Not for stations. */
  file: '/v1/files/:fileId',
} as const;

export function uploadPath(uploadId: string): string {
  return UPLOAD_PATHS.upload.replace(':uploadId', uploadId);
}

/** `Tus-Resumable` of every request and answer. */
export const TUS_VERSION = '1.0.0';
/** `Content-Type` of every PATCH. */
export const TUS_CONTENT_TYPE = 'application/offset+octet-stream';
/** What `Upload-Checksum` may name: `sha256 <base64>`. */
export const TUS_CHECKSUMS = ['sha1', 'sha256'] as const;

export const UPLOAD_LIMITS = {
  /** Bytes of one file; more is refused with 413 FILE_TOO_LARGE. */
  fileBytes: 4 * 1024 * 1024 * 1024,
  /**
   * Bytes of one PATCH to aim at; longer ones are taken as well. Without a checksum what arrived stays, wherever it is cut. With one it
   * counts at its end or where it is cut: a server that stops dead in the middle has nothing of it.
   */
  patchBytes: 8 * 1024 * 1024,
  /** Files asked for in one request for receipts. */
  receipts: 500,
  /** Begun and unfinished uploads of one station; one more is refused with 429. */
  openUploads: 200,
  /** Days after its last byte that an unfinished upload is kept; then it answers 410 and begins anew. */
  keepDays: 14,
} as const;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** `Upload-Metadata` of a creation: these keys, each value in base64. */
export const uploadMetadataSchema = z.object({
  /** Of the whole file, in hexadecimal. Only the cloud's own reading of what it stored makes it `verified`. */
  sha256,
  mediaType: z
    .string()
    .max(127)
    .regex(/^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/),
});
export type UploadMetadata = z.infer<typeof uploadMetadataSchema>;

/**
 * `absent`: nothing is known here, create an upload. `partial`: goes on at `offset`. `stored`: every byte is there, not yet looked at
 * again. `verified`: the cloud has read its stored bytes back and their SHA-256 is the claimed one. `differs`: what it has is not that;
 * an upload of it can begin anew.
 */
export const fileStateSchema = z.enum(['absent', 'partial', 'stored', 'verified', 'differs']);
export type FileState = z.infer<typeof fileStateSchema>;

/**
 * Headers of the answers to creation, HEAD and PATCH beside those of tus. `Upload-Offset` is always what is durable; a creation answers
 * with it, too: a file that the location has already is answered with all of it and needs no PATCH.
 */
export const FILE_STATE_HEADER = 'Vantage-File-State';

export const receiptsRequestSchema = z.object({
  files: z.array(z.object({ sha256 })).min(1).max(UPLOAD_LIMITS.receipts),
});
export type ReceiptsRequest = z.infer<typeof receiptsRequestSchema>;

/** Only what the caller's locations have: of a file that is elsewhere, `absent` is said. */
export const fileReceiptSchema = z.object({
  sha256,
  state: fileStateSchema,
  /** Where it goes on, for `partial`; null otherwise. */
  uploadId: z.uuid().nullable(),
  /** Bytes that are durable in the cloud. */
  offset: z.number().int().nonnegative(),
  /** As claimed at creation; null for `absent`. */
  size: z.number().int().nonnegative().nullable(),
  /** When the stored bytes were last read back and found right; null unless `verified`. */
  verifiedAt: z.iso.datetime().nullable(),
  /** Where people read it, once `verified`; null otherwise. */
  fileId: z.uuid().nullable(),
});
export type FileReceipt = z.infer<typeof fileReceiptSchema>;

export const receiptsResponseSchema = z.object({
  /** One for each file asked for, in that order. */
  files: z.array(fileReceiptSchema),
});
export type ReceiptsResponse = z.infer<typeof receiptsResponseSchema>;

/**
 * How uploads are refused, beside the general refusals. Bodies are `cloudErrorSchema` (HEAD has none).
 *
 * 404 NOT_FOUND: never heard of, or not this location's: ask for receipts or create. 409 STATUS_CONFLICT: not the offset that is
 * durable (`Upload-Offset` says which is). 410 NOT_FOUND: given up, or it ran out: create. 413 FILE_TOO_LARGE. 423 STATUS_CONFLICT:
 * another request is writing to it and could not be ended: again in `waitSeconds`. 460 INPUT_INVALID: the checksum is another, nothing
 * of this PATCH was kept. 507 CLOUD_FULL: no room, what was acknowledged stays: again in `waitSeconds`.
 */
export const UPLOAD_STATUS = {
  gone: 410,
  offsetConflict: 409,
  tooLarge: 413,
  locked: 423,
  checksumMismatch: 460,
  full: 507,
} as const;
