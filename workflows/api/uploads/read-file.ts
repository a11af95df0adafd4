/** A verified file, or a part of it, to somebody who may see it: written down first, then sent. */
import { Readable } from 'node:stream';
import { VantageError, newId } from '../../../electron/contract/index.ts';
import { actorOf, scopeOf } from '../access/callers.ts';
import { Refusal } from '../problems.ts';
import type { RawCall } from '../route.ts';
import { schedule } from './jobs.ts';
import { SealBrokenError } from './sealing.ts';
import type { StoredFile } from './stored-file.ts';
import { SegmentMissingError, findStoredFile, readContent } from './stored-file.ts';

interface Bytes {
  readonly first: number;
  readonly last: number;
}

/** @param more headers for a certain media type, instead of the usual ones */
export async function sendFile(
  call: RawCall<{ readonly fileId: string }>,
  more: (mediaType: string) => Readonly<Record<string, string>> = () => ({}),
): Promise<void> {
  const { parts, caller, reply } = call;
  const { store, keys } = parts.files;
  const { file, bytes } = await call.transaction(async (tx) => {
    const found = await findStoredFile(tx, keys, call.params.fileId);
    if (found === null || found.state !== 'verified') throw new VantageError('NOT_FOUND');
    const range = rangeOf(call.headers.range, found.size);
    await tx
      .insertInto('file_reads')
      .values({
        id: newId(),
        tenant_id: found.tenantId,
        location_id: found.locationId,
        file_id: found.id,
        actor: actorOf(caller),
        role: scopeOf(caller).role,
        first_byte: range?.first ?? 0,
        last_byte: range?.last ?? found.size - 1,
      })
      .execute();
    return { file: found, bytes: range };
  });
  const { first, last } = bytes ?? { first: 0, last: file.size - 1 };
  void reply
    .code(bytes === null ? 200 : 206)
    .headers({
      'content-type': file.mediaType,
      'content-length': String(last - first + 1),
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-store',
      // Whatever a station sent: no browser runs it or takes it for something else.
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      ...more(file.mediaType),
      ...(bytes !== null && { 'content-range': `bytes ${first}-${last}/${file.size}` }),
    })
    .send(Readable.from(watched(call, file, readContent(store, file, first, last))));
}

/** A file that does not read any more is looked at at once, not at its next turn. The answer breaks off: never half a file as a whole. */
async function* watched(
  call: RawCall<unknown>,
  file: StoredFile,
  content: AsyncGenerator<Buffer>,
): AsyncGenerator<Buffer> {
  try {
    yield* content;
  } catch (error) {
    if (error instanceof SegmentMissingError || error instanceof SealBrokenError) {
      const { parts } = call;
      await call.transaction(async (tx) => schedule(tx, file.tenantId, 'verify', file.id, parts.now()));
      parts.files.keeper.wake();
    }
    throw error;
  }
}

/** One range (RFC 9110, 14.2); of several, and of what cannot be read, the whole file is sent. @throws Refusal 416 */
function rangeOf(header: string | undefined, size: number): Bytes | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null) return null;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return null;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return null;
  if (first > last || first >= size) {
    throw new Refusal(416, new VantageError('INPUT_INVALID', 'range', { field: 'range' }), {
      'content-range': `bytes */${size}`,
    });
  }
  return { first, last };
}
