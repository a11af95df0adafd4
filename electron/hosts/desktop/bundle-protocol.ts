/** `app://bundle`: the built pages, and the media that core has granted to this screen. Everything else is not there. */
import { readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { Readable } from 'node:stream';
import type { MediaGrant } from '../../core/clinic-api.ts';
import { createBlobReadStream } from '../../core/vault/blob-file.ts';
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
        ? await serveMedia(pathname, options)
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
async function serveMedia(pathname: string, options: BundleOptions): Promise<Response> {
  const grant = await options.openMedia(pathname);
  if (grant === null || !MEDIA_TYPES.test(grant.mediaType)) return refusal(404);
  const body = Readable.toWeb(createBlobReadStream(grant)) as ReadableStream<Uint8Array>;
  return new Response(body, {
    headers: {
      ...securityHeaders(),
      'content-type': grant.mediaType,
      'content-length': String(grant.size),
      'content-disposition': `inline; filename*=UTF-8''${encodeURIComponent(grant.filename)}`,
    },
  });
}

function refusal(status: 404 | 405 | 500): Response {
  return new Response(null, { status, headers: securityHeaders() });
}
