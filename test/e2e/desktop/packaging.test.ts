/**
 * What electron-builder makes of the built program, around a stand-in for Electron's binary: fuses, contents, and that what was packed
 * is enough to run. Installers and signatures need tools and keys that are not here.
 */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createPackage, extractAll, listPackage } from '@electron/asar';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FUSES } from '../../../electron/hosts/desktop/policies/fuses.ts';
import { desktopRunner, startDesktop } from './adapter.ts';
import { shows } from './page-steps.ts';

const ROOT = join(import.meta.dirname, '../../..');
const runner = desktopRunner();
/** Where electron looks for its fuses (`@electron/fuses`), version 1, nine of them: what an unchanged binary says. */
const FUSE_WIRE = Buffer.concat([
  Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'),
  Buffer.from([1, 9]),
  Buffer.from('101110010'),
]);
const FUSE_ON = '1'.codePointAt(0);

let folder: string;
let resources: string;
let contents: readonly string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-pack-'));
  const distribution = await standInDistribution(join(folder, 'electron'));
  const require = createRequire(import.meta.url);
  const cli = join(dirname(require.resolve('electron-builder/package.json')), 'cli.js');
  await promisify(execFile)(
    process.execPath,
    [
      cli,
      '--dir',
      '--linux',
      `--${process.arch}`,
      '--config',
      'electron-builder.yml',
      `-c.electronDist=${distribution}`,
      `-c.directories.output=${join(folder, 'out')}`,
    ],
    { cwd: ROOT, timeout: 180_000 },
  );
  const [unpacked = ''] = readdirSync(join(folder, 'out')).filter((name) => name.endsWith('unpacked'));
  resources = join(folder, 'out', unpacked, 'resources');
  contents = listPackage(join(resources, 'app.asar'), { isPack: false });
});

afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));

/** As much of Electron's distribution as the packer looks at. */
async function standInDistribution(directory: string): Promise<string> {
  mkdirSync(join(directory, 'resources'), { recursive: true });
  const binary = join(directory, 'electron');
  writeFileSync(binary, Buffer.concat([Buffer.alloc(4096), FUSE_WIRE, Buffer.alloc(4096)]));
  chmodSync(binary, 0o755);
  mkdirSync(join(directory, 'default'));
  writeFileSync(join(directory, 'default/package.json'), '{}');
  await createPackage(join(directory, 'default'), join(directory, 'resources/default_app.asar'));
  return directory;
}

describe('the packed program', () => {
  it('has every fuse burnt as the policy says', async () => {
    const wire: Partial<Record<FuseV1Options | 'version', unknown>> = await getCurrentFuseWire(
      join(resources, '../vantage-workstation'),
    );
    const burnt = Object.fromEntries(
      Object.keys(FUSES).map((name) => [name, wire[FuseV1Options[name as keyof typeof FUSES]] === FUSE_ON]),
    );
    expect(burnt).toEqual(FUSES);
  });

  it('holds what was built, the models and nothing of the sources', () => {
    for (const file of [
      '/package.json',
      '/dist/desktop/main.js',
      '/dist/desktop/preload.cjs',
      '/dist/services/core.js',
      '/dist/services/devices.js',
      '/dist/services/inference.js',
      '/dist/services/station-worker.js',
      '/dist/services/failure-converter.cjs',
      '/dist/renderer/index.html',
      '/native/inference/models/retinal-vessels/manifest.json',
    ])
      expect(contents).toContain(file);
    const ours = contents.filter((path) => !path.startsWith('/node_modules/'));
    expect(ours.filter((path) => /\.tsx?$|\.map$|\.test\./.test(path))).toEqual([]);
    expect(new Set(ours.map((path) => path.split('/')[1]))).toEqual(
      new Set(['LICENSE', 'dist', 'native', 'node_modules', 'package.json']),
    );
  });

  it('carries native code of this platform alone, unpacked where the system’s loader finds it', () => {
    const native = contents.filter((path) => /\.(?:node|dll|dylib)$|\.so(?:\.\d+)*$/.test(path));
    expect(native.filter((path) => /win32|darwin|android|musl/.test(path))).toEqual([]);
    for (const name of [
      'onnxruntime_binding',
      'libonnxruntime.so',
      'better-sqlite3',
      'bindings-cpp',
      'sharp-linux',
      'libvips',
      'core-bridge',
    ])
      expect(native.filter((path) => path.includes(name))).not.toEqual([]);
    const notUnpacked = native.filter((path) => !existsSync(join(resources, 'app.asar.unpacked', path)));
    expect(notUnpacked).toEqual([]);
    const megabytes = Math.round(
      native.reduce((sum, path) => sum + statSync(join(resources, 'app.asar.unpacked', path)).size, 0) / 1e6,
    );
    expect(megabytes).toBeLessThan(120);
  });

  it('carries Temporal’s worker without its bundler, its sources and other platforms’ cores', async () => {
    const cores = contents.filter((path) => path.endsWith('/index.node'));
    const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
    expect(cores).toEqual([`/node_modules/@temporalio/core-bridge/releases/${machine}-unknown-linux-gnu/index.node`]);
    for (const left of [
      'webpack/lib/Compiler.js',
      '@swc/core',
      'swc-loader',
      'core-bridge/sdk-core',
      '@temporalio/worker/src',
    ])
      expect(contents.filter((path) => path.includes(left))).toEqual([]);
    const extracted = join(folder, 'worker');
    extractAll(join(resources, 'app.asar'), extracted);
    // All that the process loads, and its core begun.
    const script = `
      for (const name of ['activity', 'client', 'common', 'proto', 'worker']) require('@temporalio/' + name);
      const { failureConverter } = require('./dist/services/failure-converter.cjs');
      require('@temporalio/worker').Runtime.install({ shutdownSignals: [] });
      console.log(typeof failureConverter.errorToFailure);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=commonjs', '--eval', script], {
      cwd: extracted,
    });
    expect(stdout.trim()).toBe('function');
  });

  it('runs from what was packed, with no other package within reach', async (context) => {
    context.skip(
      runner.kind !== 'double',
      runner.kind === 'none' ? runner.reason : 'the real binary runs the archive itself',
    );
    const extracted = join(folder, 'extracted');
    extractAll(join(resources, 'app.asar'), extracted);
    const app = await startDesktop({ directory: join(folder, 'data'), program: extracted });
    try {
      expect(await shows(app, 'Ines Modelo', 'staff', 60_000)).toContain('Demonstration');
      for (const name of ['core', 'devices', 'inference', 'simulators'])
        expect(await app.until(() => app.servicePid(name), `the ${name} process`)).toBeGreaterThan(0);
      expect(app.output()).not.toContain('given up');
      expect(app.output()).not.toContain('Cannot find');
    } finally {
      await app.close();
    }
  });
});
