/** What `npm start` builds: the screens for a browser, or screens and programs for Electron. Once, and again when sources are newer. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';

export interface Build {
  /** As a person calls it. */
  readonly name: string;
  /** Script and arguments for Node, in the project's root. */
  readonly command: readonly [string, ...string[]];
  /** Files that are there when it was built. */
  readonly outputs: readonly string[];
  /** Files and folders that it is made of. */
  readonly sources: readonly string[];
}

export const SCREENS: Build = {
  name: 'screens',
  command: [join('node_modules', 'vite', 'bin', 'vite.js'), 'build', '--config', join('renderer', 'vite.config.ts')],
  outputs: [join('dist', 'renderer', 'index.html'), join('dist', 'renderer', 'checkin.html')],
  sources: ['renderer', join('electron', 'contract'), 'package.json'],
};

export const DESKTOP: Build = {
  name: 'desktop program',
  command: [join('electron', 'hosts', 'desktop', 'build.ts')],
  outputs: [join('dist', 'desktop', 'main.js'), ...SCREENS.outputs],
  sources: ['electron', 'native', 'renderer', 'package.json'],
};

const BUILD_LIMIT_MS = 180_000;

/** Whether the outputs are there and no source is newer. Without its sources (an installed copy) what is there is fresh. */
export function isFresh(root: string, build: Build): boolean {
  const outputs = build.outputs.map((output) => join(root, output));
  if (!outputs.every((output) => existsSync(output))) return false;
  if (!existsSync(join(root, build.sources[0] ?? ''))) return true;
  const builtMs = Math.min(...outputs.map((output) => statSync(output).mtimeMs));
  return Math.max(...build.sources.map((source) => newestIn(join(root, source)))) <= builtMs;
}

function newestIn(path: string): number {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}

/** @throws Error with what the build said first, or that it took too long. */
export async function runBuild(root: string, build: Build): Promise<void> {
  const [script, ...parameters] = build.command;
  try {
    await promisify(execFile)(process.execPath, [join(root, script), ...parameters], {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1' },
      timeout: BUILD_LIMIT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: 16 * 1024 * 1024,
    });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    const lines = stripVTControlCharacters(said)
      .split('\n')
      .filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
    throw new Error([`The ${build.name} could not be built:`, ...lines.slice(0, 20)].join('\n'), { cause: error });
  }
}
