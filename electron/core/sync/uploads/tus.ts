/** The requests of tus 1.0.0 (https://tus.io/protocols/resumable-upload) that a station makes. */
import { createHash } from 'node:crypto';
import {
  TUS_CONTENT_TYPE,
  TUS_VERSION,
  UPLOAD_PATHS,
  UPLOAD_STATUS,
  VantageError,
  cloudErrorSchema,
  uploadPath,
} from '../../../contract/index.ts';
import type { CloudClient, RawAnswer } from '../cloud-client.ts';

/** Where an upload stands: bytes that are durable in the cloud. `uploadId` null: none has been begun. */
export interface Position {
  readonly uploadId: string | null;
  readonly offset: number;
}

export const NOT_BEGUN: Position = { uploadId: null, offset: 0 };

export interface TusOptions {
  readonly cloud: Pick<CloudClient, 'raw'>;
  readonly signal: AbortSignal;
  /** For one request that carries so many bytes. */
  readonly timeoutMs: (bytes: number) => number;
}

/**
 * What the cloud says to one upload, beside success. `gone`: it knows it no longer. `moved`: it stands elsewhere than we thought;
 * ask where. `garbled`: what arrived was not what was sent; nothing of it was kept.
 */
export type Refusal = 'gone' | 'moved' | 'garbled';

/**
 * Begins an upload with its first bytes.
 * @returns where it stands; with a file that the cloud has already, at its end.
 * @throws VantageError FILE_TOO_LARGE, CLOUD_FULL, and as {@link CloudClient.raw}
 */
export async function create(
  options: TusOptions,
  file: { readonly sha256: string; readonly size: number; readonly mediaType: string },
  bytes: Uint8Array,
): Promise<Position | Refusal> {
  const answer = await ask(options, 'POST', UPLOAD_PATHS.uploads, bytes, {
    'Upload-Length': String(file.size),
    'Upload-Metadata': `sha256 ${base64(file.sha256)},mediaType ${base64(file.mediaType)}`,
  });
  if (answer.status !== 201) return refusal(answer);
  const uploadId = /([0-9a-f-]{36})\/?$/i.exec(answer.headers.get('location') ?? '')?.[1];
  if (uploadId === undefined) throw new VantageError('CLOUD_UNAVAILABLE', 'an upload without an address');
  return { uploadId, offset: offsetOf(answer, file.size) };
}

/** Sends the bytes that follow `at`. @throws as {@link create} */
export async function append(
  options: TusOptions,
  at: { readonly uploadId: string; readonly offset: number },
  bytes: Uint8Array,
): Promise<Position | Refusal> {
  const answer = await ask(options, 'PATCH', uploadPath(at.uploadId), bytes, { 'Upload-Offset': String(at.offset) });
  if (answer.status !== 204 && answer.status !== 200) return refusal(answer);
  return { uploadId: at.uploadId, offset: offsetOf(answer, at.offset + bytes.length) };
}

/** Asks where an upload stands. @throws as {@link create} */
export async function positionOf(options: TusOptions, uploadId: string, size: number): Promise<Position | Refusal> {
  const answer = await ask(options, 'HEAD', uploadPath(uploadId), null, {});
  if (answer.status !== 200 && answer.status !== 204) return refusal(answer);
  return { uploadId, offset: offsetOf(answer, size) };
}

function ask(
  { cloud, signal, timeoutMs }: TusOptions,
  method: string,
  path: string,
  bytes: Uint8Array | null,
  headers: Readonly<Record<string, string>>,
): Promise<RawAnswer> {
  const withBody = bytes !== null && bytes.length > 0;
  return cloud.raw({
    method,
    path,
    signal,
    timeoutMs: timeoutMs(bytes?.length ?? 0),
    headers: {
      'Tus-Resumable': TUS_VERSION,
      ...headers,
      ...(withBody ? { 'Content-Type': TUS_CONTENT_TYPE, 'Upload-Checksum': `sha256 ${digest(bytes)}` } : {}),
    },
    ...(withBody ? { body: bytes } : {}),
  });
}

/** @throws VantageError for what sending it again at once can't mend */
function refusal(answer: RawAnswer): Refusal {
  switch (answer.status) {
    case 404:
    case UPLOAD_STATUS.gone:
      return 'gone';
    case UPLOAD_STATUS.offsetConflict:
      return 'moved';
    case UPLOAD_STATUS.checksumMismatch:
      return 'garbled';
    case UPLOAD_STATUS.tooLarge:
      throw new VantageError('FILE_TOO_LARGE');
    case UPLOAD_STATUS.full:
      throw new VantageError('CLOUD_FULL', '', waitOf(answer));
    case UPLOAD_STATUS.locked:
      throw new VantageError('STATUS_CONFLICT', 'another request writes to it', waitOf(answer));
    default:
      // About this file alone: the others must not wait for it.
      if (answer.status >= 400 && answer.status < 500) throw new VantageError('INTERNAL', `status ${answer.status}`);
      throw new VantageError('CLOUD_UNAVAILABLE', `status ${answer.status}`, waitOf(answer));
  }
}

function waitOf(answer: RawAnswer): { readonly waitSeconds?: number } {
  try {
    const said = cloudErrorSchema.safeParse(JSON.parse(Buffer.from(answer.body).toString('utf8')));
    if (said.success && said.data.waitSeconds !== undefined) return { waitSeconds: said.data.waitSeconds };
  } catch {
    // Not the cloud's JSON: the header, if there is one, says it as well.
  }
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? { waitSeconds: seconds } : {};
}

/** @throws VantageError CLOUD_UNAVAILABLE for an offset that cannot be */
function offsetOf(answer: RawAnswer, most: number): number {
  const offset = Number(answer.headers.get('upload-offset') ?? Number.NaN);
  if (!Number.isSafeInteger(offset) || offset < 0 || offset > most)
    throw new VantageError('CLOUD_UNAVAILABLE', 'an offset that cannot be');
  return offset;
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}
