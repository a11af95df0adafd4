/** Uploads by tus 1.0.0, receipts, and files as people read them. */
import type { OutgoingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { FileState } from '../../../electron/contract/index.ts';
import {
  FILE_STATE_HEADER,
  TUS_CHECKSUMS,
  TUS_CONTENT_TYPE,
  TUS_VERSION,
  UPLOAD_PATHS,
  VantageError,
  receiptsRequestSchema,
  receiptsResponseSchema,
  uploadPath,
} from '../../../electron/contract/index.ts';
import { Refusal } from '../problems.ts';
import type { Scoped } from '../../database/scope.ts';
import type { RawCall } from '../route.ts';
import { rawRoute, route, stationOf } from '../route.ts';
import { append } from './append.ts';
import { sendFile } from './read-file.ts';
import { StoreFullError, StoreUnavailableError } from './stores/segment-store.ts';
import {
  TUS_EXTENSIONS,
  announcedBytes,
  byteCount,
  readChecksum,
  readMetadata,
  refusals,
  requireContentType,
  requireTus,
} from './tus.ts';
import type { UploadRow, Writing } from './upload-rows.ts';
import {
  addSegments,
  beginWriting,
  createUpload,
  endWriting,
  giveUp,
  readReceipts,
  readUpload,
  touchWriter,
} from './upload-rows.ts';

const uploadParams = z.object({ uploadId: z.uuid() });
/** What a station waits when there is no room. */
const FULL_SECONDS = 60;

const REQUEST_HEADERS = ['Tus-Resumable'];

export const UPLOAD_ROUTES = [
  rawRoute({
    method: 'OPTIONS',
    path: UPLOAD_PATHS.uploads,
    summary: 'What the server can do (tus 1.0.0)',
    who: ['anyone'],
    answers: { 204: 'Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm' },
    handle: async (call) => {
      answer(call, 204, {
        'tus-resumable': TUS_VERSION,
        'tus-version': TUS_VERSION,
        'tus-extension': TUS_EXTENSIONS,
        'tus-max-size': String(call.parts.files.config.fileBytes),
        'tus-checksum-algorithm': TUS_CHECKSUMS.join(','),
      });
    },
  }),
  rawRoute({
    method: 'POST',
    path: UPLOAD_PATHS.uploads,
    summary:
      'Begin an upload, or find the one of this content that this location has; with its first bytes, where wanted',
    who: ['station'],
    requestHeaders: [...REQUEST_HEADERS, 'Upload-Length', 'Upload-Metadata'],
    takes: TUS_CONTENT_TYPE,
    answers: { 201: 'Location, Upload-Offset, Upload-Expires and the state of the file' },
    handle: async (call) => {
      requireTus(call);
      const size = byteCount(call.headers, 'upload-length');
      const content = { ...readMetadata(call.headers), size };
      const checksum = readChecksum(call.headers);
      if (call.stream !== null) requireContentType(call.headers);
      const { config, keys, count } = call.parts.files;
      if (size > config.fileBytes) throw new VantageError('FILE_TOO_LARGE');
      const after = await asWriter(call, async () => {
        // In one transaction: most files of a visit are so small that questions to the database are what they take.
        const { upload, begun } = await call.transaction(async (tx) => {
          const created = await createUpload(tx, keys, stationOf(call), content, call.parts.now());
          // The bytes of a creation are the first ones; what has those goes on with PATCH.
          const isFirst = call.stream !== null && created.durable < size && created.durable === 0;
          return { upload: created, begun: isFirst ? await begin(tx, call, created.id, 0) : null };
        });
        count.created(upload.isNew ? 'new' : upload.state === 'partial' ? 'resumed' : 'known');
        if (size === 0) call.parts.files.keeper.wake();
        void call.reply.header('location', uploadPath(upload.id));
        return begun === null ? upload : write(call, begun, 0, checksum);
      });
      answer(call, 201, stateHeaders(after));
    },
  }),
  rawRoute({
    method: 'HEAD',
    path: UPLOAD_PATHS.upload,
    summary: 'How many bytes of an upload are durable',
    who: ['station'],
    params: uploadParams,
    requestHeaders: REQUEST_HEADERS,
    answers: { 200: 'Upload-Offset, Upload-Length, Upload-Expires and the state of the file' },
    handle: async (call) => {
      requireTus(call);
      const upload = await call.transaction(async (tx) => readUpload(tx, call.params.uploadId));
      answer(call, 200, {
        ...stateHeaders(upload),
        'upload-length': String(upload.size),
        'cache-control': 'no-store',
      });
    },
  }),
  rawRoute({
    method: 'PATCH',
    path: UPLOAD_PATHS.upload,
    summary: 'Append bytes; what arrived stays, wherever the line is cut',
    who: ['station'],
    params: uploadParams,
    requestHeaders: [...REQUEST_HEADERS, 'Upload-Offset'],
    takes: TUS_CONTENT_TYPE,
    answers: { 204: 'Upload-Offset, Upload-Expires and the state of the file' },
    handle: async (call) => {
      requireTus(call);
      requireContentType(call.headers);
      const offset = byteCount(call.headers, 'upload-offset');
      const checksum = readChecksum(call.headers);
      const after = await asWriter(call, async () => {
        const begun = await call.transaction(async (tx) => begin(tx, call, call.params.uploadId, offset));
        return write(call, begun, offset, checksum);
      });
      answer(call, 204, stateHeaders(after));
    },
  }),
  rawRoute({
    method: 'DELETE',
    path: UPLOAD_PATHS.upload,
    summary: 'Give an unfinished upload up',
    who: ['station'],
    params: uploadParams,
    requestHeaders: REQUEST_HEADERS,
    answers: { 204: 'Given up' },
    handle: async (call) => {
      requireTus(call);
      await call.transaction(async (tx) =>
        giveUp(tx, stationOf(call).tenantId, call.params.uploadId, call.parts.now()),
      );
      call.parts.files.keeper.wake();
      answer(call, 204);
    },
  }),
  route({
    method: 'POST',
    path: UPLOAD_PATHS.receipts,
    summary: 'How far the cloud has got with files, by content, as far as the caller’s locations have them',
    who: ['station', 'clinician', 'facilitator', 'admin'],
    body: receiptsRequestSchema,
    answer: receiptsResponseSchema,
    handle: async (call) => ({
      files: await call.transaction(async (tx) =>
        readReceipts(
          tx,
          call.body.files.map(({ sha256 }) => sha256),
        ),
      ),
    }),
  }),
  rawRoute({
    method: 'GET',
    path: UPLOAD_PATHS.file,
    summary: 'A verified file, or the bytes of it that Range names; who read it is written down first',
    who: ['clinician', 'facilitator', 'admin', 'service'],
    params: z.object({ fileId: z.uuid() }),
    answers: { 200: 'The file', 206: 'The bytes asked for', 416: 'There are no such bytes' },
    handle: async (call) => sendFile(call),
  }),
];

function answer(call: RawCall<unknown>, status: number, headers: OutgoingHttpHeaders = {}): void {
  void call.reply.code(status).headers(headers).send();
}

function stateHeaders(upload: UploadRow): OutgoingHttpHeaders {
  const state: FileState | 'gone' = upload.state;
  return {
    'upload-offset': String(upload.durable),
    [FILE_STATE_HEADER]: state,
    ...(state === 'partial' && { 'upload-expires': upload.expiresAt.toUTCString() }),
  };
}

/** Runs `work` as one of so many at a time, where the request brings bytes: each holds a segment in memory. */
async function asWriter<T>(call: RawCall<unknown>, work: () => Promise<T>): Promise<T> {
  if (call.stream === null) return work();
  const { count, config } = call.parts.files;
  // A station waits and asks again.
  if (count.writers >= config.writers) throw new VantageError('CLOUD_UNAVAILABLE', 'uploads');
  count.writing(1);
  try {
    return await work();
  } finally {
    count.writing(-1);
  }
}

/** Takes the turn to append what was announced. @throws the refusals of tus */
async function begin(tx: Scoped, call: RawCall<unknown>, uploadId: string, offset: number): Promise<Writing> {
  const { files, now } = call.parts;
  const announced = announcedBytes(call.headers);
  const begun = await beginWriting(tx, files.keys, uploadId, offset, now());
  if (announced !== null && offset + announced > begun.upload.size) throw tooLong();
  return begun;
}

/** Appends the request's body. @returns the upload as it is afterwards. @throws the refusals of tus */
async function write(
  call: RawCall<unknown>,
  { upload, writer, key }: Writing,
  offset: number,
  checksum: ReturnType<typeof readChecksum>,
): Promise<UploadRow> {
  const { files, now } = call.parts;
  const caller = stationOf(call);
  const uploadId = upload.id;
  if (writer === null || call.stream === null) {
    if (writer !== null) await call.transaction(async (tx) => endWriting(tx, uploadId, writer));
    return upload;
  }
  const reached: { now: UploadRow } = { now: upload };
  try {
    const result = await append(
      {
        tenantId: caller.tenantId,
        fileId: uploadId,
        key,
        store: files.store,
        offset,
        size: upload.size,
        times: files.times,
        stored: files.count.received,
        add: async (segments) => {
          if (segments.length === 0) return call.transaction(async (tx) => touchWriter(tx, uploadId, writer, now()));
          const added = await call.transaction(async (tx) =>
            addSegments(tx, caller, uploadId, writer, segments, now()),
          );
          if (added !== null) reached.now = added;
          return added !== null;
        },
      },
      call.stream,
      checksum,
    );
    files.count.appended(result);
    if (result === 'replaced') throw refusals.locked(1);
    if (result === 'mismatch') throw refusals.checksum();
    if (result === 'overlong') throw tooLong();
    if (result === 'cut') throw new Refusal(408, new VantageError('INPUT_INVALID', 'cut'), { connection: 'close' });
  } catch (error) {
    if (error instanceof StoreFullError) {
      files.count.appended('full');
      throw new VantageError('CLOUD_FULL', '', { waitSeconds: FULL_SECONDS, cause: error });
    }
    if (error instanceof StoreUnavailableError) throw new VantageError('CLOUD_UNAVAILABLE', 'files', { cause: error });
    throw error;
  } finally {
    // With its last byte there is no writer any more.
    if (reached.now.state === 'stored') files.keeper.wake();
    else await call.transaction(async (tx) => endWriting(tx, uploadId, writer));
  }
  return reached.now;
}

function tooLong(): VantageError {
  return new VantageError('INPUT_INVALID', 'more than Upload-Length', { field: 'upload-length' });
}
