/** `app://bundle`: the built pages, and the media that core has granted to this screen. Everything else is not there. */
import { readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { Readable } from 'node:stream';
import type { MediaGrant } from '../../core/clinic-api.ts';
import { createBlobReadStream } from '../../core/vault/blob-file.ts';
import { byteRangeOf } from '../../services/byte-range.ts';
import { securityHeaders } from './policies/content-security-policy.ts';
import { isInsideBundle } from './policies/navigation.ts';

export interface BundleOptions {
  /** The folder with the built pages. */
  readonly directory: string;
  /** @returns null when the path is unknown, expired or another screen's. */
  readonly openMedia: (path: string) => Promise<MediaGrant | null>;
}

/** What the build makes. A file of another kind is not served: nothing lies there by accident. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};
const MEDIA_PREFIX = '/media/';
/** Never a document or a script, whatever the vault holds. */
const MEDIA_TYPES = /^(?:image\/(?:jpeg|png|webp)|application\/pdf)$/;

/** Answers the requests of one screen; never rejects. */
export function createBundleHandler(options: BundleOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405);
    if (!isInsideBundle(request.url)) return refusal(404);
    const { pathname } = new URL(request.url);
    try {
      return pathname.startsWith(MEDIA_PREFIX)
        ? await serveMedia(pathname, request, options)
        : await serveFile(pathname, options.directory);
    } catch {
      return refusal(500);
    }
  };
}

async function serveFile(pathname: string, directory: string): Promise<Response> {
  const path = fileWithin(directory, pathname);
  const type = path === null ? undefined : CONTENT_TYPES[extname(path)];
  if (path === null || type === undefined) return refusal(404);
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null) return refusal(404);
  return new Response(new Uint8Array(bytes), { headers: { ...securityHeaders(), 'content-type': type } });
}

/** The file that a path names, or null where it would leave the folder. */
function fileWithin(directory: string, pathname: string): string | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return null;
  const path = join(directory, decoded);
  return path.startsWith(directory + sep) ? path : null;
}

/** Decrypts while it streams; a damaged file ends the stream with an error, so that no half picture passes for a whole one. */
async function serveMedia(pathname: string, request: Request, options: BundleOptions): Promise<Response> {
  const grant = await options.openMedia(pathname);
  if (grant === null || !MEDIA_TYPES.test(grant.mediaType)) return refusal(404);
  const headers = {
    ...securityHeaders(),
    'content-type': grant.mediaType,
    'content-disposition': `inline; filename*=UTF-8''${encodeURIComponent(grant.filename)}`,
    'accept-ranges': 'bytes',
  };
  const range = byteRangeOf(request.headers.get('range') ?? undefined, grant.size);
  switch (range.kind) {
    case 'whole':
      return new Response(bodyOf(grant, 0, grant.size - 1), {
        headers: { ...headers, 'content-length': String(grant.size) },
      });
    case 'part': {
      const { start, end } = range;
      return new Response(bodyOf(grant, start, end), {
        status: 206,
        headers: {
          ...headers,
          'content-length': String(end - start + 1),
          'content-range': `bytes ${start}-${end}/${grant.size}`,
        },
      });
    }
    case 'unsatisfiable':
      return new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${grant.size}` } });
    default:
      return range satisfies never;
  }
}

function bodyOf(grant: MediaGrant, start: number, end: number): ReadableStream<Uint8Array> {
  return Readable.toWeb(createBlobReadStream(grant, { start, end })) as ReadableStream<Uint8Array>;
}

function refusal(status: 404 | 405 | 500): Response {
  return new Response(null, { status, headers: securityHeaders() });
}
