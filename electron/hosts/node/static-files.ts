/** The built screens. What may be served is listed once, so a request can never name another file. */
import { readdir } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
};

export interface StaticFile {
  readonly path: string;
  readonly mediaType: string;
}

/** Request path to file. `/` and `/checkin` are the two pages. */
export async function listStaticFiles(directory: string): Promise<ReadonlyMap<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const mediaType = MEDIA_TYPES[extname(entry.name)];
    if (!entry.isFile() || mediaType === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(`/${relative(directory, path).split(sep).join('/')}`, { path, mediaType });
  }
  for (const [address, file] of [
    ['/', '/index.html'],
    ['/checkin', '/checkin.html'],
  ] as const) {
    const page = files.get(file);
    if (page !== undefined) files.set(address, page);
  }
  return files;
}
