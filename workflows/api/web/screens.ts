/** The built screens, read once at the start: a request can never name another file. */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** Where `npm run build` puts them. */
export const DEFAULT_SCREENS = join(import.meta.dirname, '../../../dist/renderer');

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

export interface ScreenFile {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

export interface ScreenFiles {
  readonly page: ScreenFile;
  /** Shows notices while no page is open. */
  readonly notices: ScreenFile;
  /** By name, below `/assets/`. */
  readonly assets: ReadonlyMap<string, ScreenFile>;
}

/** @returns null where the screens are not built */
export async function readScreens(folder: string): Promise<ScreenFiles | null> {
  try {
    const page = { bytes: await readFile(join(folder, 'cloud.html')), mediaType: 'text/html; charset=utf-8' };
    const notices = { bytes: await readFile(join(folder, 'notices.js')), mediaType: 'text/javascript; charset=utf-8' };
    const assets = new Map<string, ScreenFile>();
    for (const name of await readdir(join(folder, 'assets'))) {
      const mediaType = MEDIA_TYPES[extname(name)];
      if (mediaType === undefined) continue;
      assets.set(name, { bytes: await readFile(join(folder, 'assets', name)), mediaType });
    }
    return { page, notices, assets };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
