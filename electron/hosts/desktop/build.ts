/**
 * Builds what Electron runs: `npm run build [-- --skip-renderer]`. Main, preload and each service become one file, native and
 * asset-carrying packages stay outside, and one build id stands in all of them for the handshake.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import type { Plugin } from 'vite';
import { SERVICE_NAMES } from './resources.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };

/** Packages with binaries or files beside their code: they are found in node_modules when the program runs. */
const OUTSIDE = [
  'better-sqlite3-multiple-ciphers',
  'fontkit',
  'onnxruntime-node',
  'pdfkit',
  'serialport',
  '@serialport/bindings-cpp',
  'sharp',
  'usb',
  // Node itself reads these where they happen to be installed; the product has its own ways.
  'bufferutil',
  'utf-8-validate',
] as const;

/** Of the worker alone: it brings a binary, and what it runs must meet the very same modules. Elsewhere these are inside. */
const OUTSIDE_OF_WORKER = [
  '@temporalio/activity',
  '@temporalio/client',
  '@temporalio/common',
  '@temporalio/proto',
  '@temporalio/worker',
] as const;

interface Bundle {
  readonly entry: string;
  readonly directory: string;
  readonly file: string;
  readonly format: 'es' | 'cjs';
  readonly outside?: readonly string[];
}

const BUNDLES: readonly Bundle[] = [
  { entry: 'electron/hosts/desktop/main.ts', directory: 'dist/desktop', file: 'main.js', format: 'es' },
  // A sandboxed preload cannot be an ES module.
  { entry: 'electron/hosts/desktop/preload/preload.ts', directory: 'dist/desktop', file: 'preload.cjs', format: 'cjs' },
  ...SERVICE_NAMES.map((name): Bundle => ({
    entry: `electron/services/${name}.ts`,
    directory: 'dist/services',
    file: `${name}.js`,
    format: 'es',
    outside: name === 'station-worker' ? [...OUTSIDE, ...OUTSIDE_OF_WORKER] : OUTSIDE,
  })),
  // Temporal's worker loads it by its path, with `require`.
  {
    entry: 'workflows/codec/failure-converter.ts',
    directory: 'dist/services',
    file: 'failure-converter.cjs',
    format: 'cjs',
    outside: OUTSIDE_OF_WORKER,
  },
];

async function buildAll(options: { readonly withRenderer: boolean }): Promise<void> {
  const buildId = `${version}+${randomBytes(6).toString('hex')}`;
  for (const directory of ['desktop', 'services'])
    rmSync(join(ROOT, 'dist', directory), { recursive: true, force: true });
  for (const bundle of BUNDLES) await buildBundle(bundle, buildId);
  if (options.withRenderer) {
    await build({ configFile: join(ROOT, 'renderer/vite.config.ts'), root: join(ROOT, 'renderer'), logLevel: 'warn' });
  }
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(join(ROOT, 'dist/build.json'), `${JSON.stringify({ buildId })}\n`);
  process.stdout.write(`built ${buildId}\n`);
}

async function buildBundle(bundle: Bundle, buildId: string): Promise<void> {
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    publicDir: false,
    define: { VANTAGE_BUILD_ID: JSON.stringify(buildId) },
    plugins: [requireOutside(bundle.outside ?? OUTSIDE)],
    ssr: { noExternal: true, target: 'node' },
    build: {
      ssr: join(ROOT, bundle.entry),
      target: 'node24',
      outDir: join(ROOT, bundle.directory),
      emptyOutDir: false,
      minify: false,
      reportCompressedSize: false,
      rolldownOptions: {
        external: ['electron', ...builtinModules, ...builtinModules.map((name) => `node:${name}`)],
        output: { format: bundle.format, entryFileNames: bundle.file, codeSplitting: false },
      },
    },
  });
}

const VIRTUAL = '\0outside:';

/**
 * Packages left outside are fetched by `require`, also from ES modules: `import` of a package out of an asar archive has failed in
 * Electron, `require` is what asar support was made for.
 */
function requireOutside(outside: readonly string[]): Plugin {
  return {
    name: 'vantage-require-outside',
    enforce: 'pre',
    resolveId: (id, importer) => {
      if (!outside.some((name) => id === name || id.startsWith(`${name}/`))) return null;
      return importer?.startsWith(VIRTUAL) === true ? { id, external: true } : `${VIRTUAL}${id}`;
    },
    load: (id) => {
      if (!id.startsWith(VIRTUAL)) return null;
      const name = JSON.stringify(id.slice(VIRTUAL.length));
      return { code: `module.exports = require(${name});`, moduleType: 'js' };
    },
  };
}

const { values } = parseArgs({ options: { 'skip-renderer': { type: 'boolean' } } });
await buildAll({ withRenderer: values['skip-renderer'] !== true });
