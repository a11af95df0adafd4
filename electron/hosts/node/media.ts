/** Serves decrypted bytes from the vault to the screen that may see them; whole or one range; nothing is kept by the browser. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Log, MediaGrant } from '../../core/clinic-api.ts';
import { createBlobReadStream } from '../../core/vault/blob-file.ts';
import { VantageError } from '../../contract/index.ts';
import { byteRangeOf } from '../../services/byte-range.ts';
import { answerEmpty, mediaHeaders } from './answers.ts';

export async function serveMedia(
  request: IncomingMessage,
  response: ServerResponse,
  grant: MediaGrant,
  log: Log,
): Promise<void> {
  const range = byteRangeOf(request.headers.range, grant.size);
  if (range.kind === 'unsatisfiable') {
    answerEmpty(response, 416, { 'content-range': `bytes */${grant.size}` });
    return;
  }
  const [start, end] = range.kind === 'part' ? [range.start, range.end] : [0, grant.size - 1];
  response.writeHead(range.kind === 'part' ? 206 : 200, {
    ...mediaHeaders(),
    'content-type': grant.mediaType,
    'content-length': end - start + 1,
    'content-disposition': `inline; filename*=UTF-8''${encodeURIComponent(grant.filename)}`,
    'accept-ranges': 'bytes',
    ...(range.kind === 'part' ? { 'content-range': `bytes ${start}-${end}/${grant.size}` } : {}),
  });
  if (request.method === 'HEAD' || grant.size === 0) {
    response.end();
    return;
  }
  try {
    await pipeline(createBlobReadStream(grant, { start, end }), response);
  } catch (error) {
    // The browser went away, or the file is damaged: what was promised can't be kept, so the connection ends short.
    if (error instanceof VantageError) log.error({ code: error.code }, 'media could not be read');
    response.destroy();
  }
}
