/**
 * The built screens, read once when the station starts: a request can never name another file, and a page that is open keeps
 * getting the files of its own build when a newer one takes their place on the disk.
 */
import { readdir, readFile } from 'node:fs/promises';
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
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/** Request path to file. `/` and `/checkin` are the two pages. @throws the directory's error where there is none. */
export async function readStaticFiles(directory: string): Promise<ReadonlyMap<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const mediaType = MEDIA_TYPES[extname(entry.name)];
    if (!entry.isFile() || mediaType === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const address = `/${relative(directory, path).split(sep).join('/')}`;
    files.set(address, { bytes: await readFile(path), mediaType });
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
