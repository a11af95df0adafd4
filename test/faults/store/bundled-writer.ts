/** The writer as one file: an emulated machine takes many times as long to load hundreds of them. */
import { builtinModules } from 'node:module';
import { join, resolve } from 'node:path';
import { build } from 'vite';
import { WRITER } from './writer-process.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
/** Inside of the project, so that what brings a binary is found in its node_modules. */
const FOLDER = join(ROOT, 'dist/faults');
const FILE = 'writer.js';

/** @returns the file's path */
export async function bundleWriter(): Promise<string> {
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    publicDir: false,
    ssr: { noExternal: true, target: 'node' },
    build: {
      ssr: WRITER,
      target: 'node24',
      outDir: FOLDER,
      minify: true,
      reportCompressedSize: false,
      rolldownOptions: {
        external: [
          'better-sqlite3-multiple-ciphers',
          ...builtinModules,
          ...builtinModules.map((name) => `node:${name}`),
        ],
        output: { format: 'es', entryFileNames: FILE, codeSplitting: false },
      },
    },
  });
  return join(FOLDER, FILE);
}
