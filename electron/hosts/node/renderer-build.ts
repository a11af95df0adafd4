/** The screens are built once; a start builds them when they are missing or older than their sources. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';

const BUILD_LIMIT_MS = 180_000;
const SOURCES = ['renderer', join('electron', 'contract'), 'package.json'];
const PAGES = ['index.html', 'checkin.html'];

/** Whether the built pages are there and no source is newer. */
export function isRendererFresh(root: string, output: string): boolean {
  const pages = PAGES.map((page) => join(output, page));
  if (!pages.every((page) => existsSync(page))) return false;
  // An installed copy has no sources to be compared with.
  if (!existsSync(join(root, 'renderer', 'vite.config.ts'))) return true;
  const builtMs = Math.min(...pages.map((page) => statSync(page).mtimeMs));
  return Math.max(...SOURCES.map((source) => newestIn(join(root, source)))) <= builtMs;
}

function newestIn(path: string): number {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path, { withFileTypes: true }).map((entry) => newestIn(join(path, entry.name))));
}

/** @throws Error with the end of what the build said, or that it took too long. */
export async function buildRenderer(root: string): Promise<void> {
  try {
    await promisify(execFile)(
      process.execPath,
      [
        join(root, 'node_modules', 'vite', 'bin', 'vite.js'),
        'build',
        '--config',
        join(root, 'renderer', 'vite.config.ts'),
      ],
      {
        cwd: root,
        env: { ...process.env, NO_COLOR: '1' },
        timeout: BUILD_LIMIT_MS,
        killSignal: 'SIGKILL',
        maxBuffer: 16 * 1024 * 1024,
      },
    );
  } catch (error) {
    const output =
      error instanceof Error && 'stderr' in error ? stripVTControlCharacters(String(error.stderr)) : String(error);
    const lines = output.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
    throw new Error(['The screens could not be built:', ...lines.slice(0, 20)].join('\n'), { cause: error });
  }
}
