/**
 * A peer nobody here wrote: gphoto2 (libgphoto2's PTP/IP) against the simulated camera. Where it is not installed the test is
 * skipped by name; in CI on Linux, where it must be, it fails and says what to install.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type CameraSimulator, startCameraSimulator } from './camera.ts';
import { makePictures, type PictureFolder } from './camera-testing.ts';

const installed = spawnSync('gphoto2', ['--version']).status === 0;
const required = process.platform === 'linux' && process.env['CI'] === 'true';
const reason = installed ? '' : ' (skipped: gphoto2 is not installed; on Debian: apt-get install gphoto2)';
const run = promisify(execFile);

test('gphoto2 is installed where CI needs it', () => {
  expect(installed || !required, 'gphoto2 is missing: apt-get install gphoto2').toBe(true);
});

describe.skipIf(!installed)(`gphoto2 over ptpip${reason}`, () => {
  let pictures: PictureFolder;
  let home: string;
  let camera: CameraSimulator;

  beforeAll(async () => {
    pictures = await makePictures(2, 2.6);
  });
  afterAll(() => pictures.remove());
  afterEach(async () => {
    await camera.close();
    await rm(home, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    home = await mkdtemp(join(tmpdir(), 'vantage-gphoto2-'));
    camera = await startCameraSimulator({
      port: 0,
      kind: 'body-camera',
      exposureMs: 30,
      imagesDirectory: pictures.path,
      serial: 'VB-424242',
    });
  }

  /** Runs gphoto2 in a directory of its own; settings and downloads stay there. */
  async function gphoto2(...options: readonly string[]): Promise<string> {
    // The port a second time is the event connection's; libgphoto2 takes 15740 otherwise.
    const port = `ptpip:127.0.0.1:${camera.port}:${camera.port}`;
    const { stdout } = await run('gphoto2', ['--port', port, ...options], {
      cwd: home,
      env: { ...process.env, HOME: home, LC_ALL: 'C' },
      timeout: 15_000,
    });
    return stdout;
  }

  async function downloaded(): Promise<string[]> {
    return (await readdir(home)).filter((name) => name.endsWith('.JPG')).sort();
  }

  test('finds it and reads who it is', async () => {
    await start();
    expect(await gphoto2('--auto-detect')).toContain('PTP/IP Camera');
    const summary = await gphoto2('--summary');
    expect(summary).toContain('Model: Simulated Body Camera');
    expect(summary).toContain('Serial Number: VB-424242');
    expect(summary).toContain('Generic Image Capture');
  });

  test('captures and downloads, byte for byte', async () => {
    await start();
    await gphoto2('--capture-image-and-download', '--keep');
    const [name = ''] = await downloaded();
    const [first = ''] = pictures.names;
    expect((await readFile(join(home, name))).equals(await readFile(join(pictures.path, first)))).toBe(true);
    expect(camera.shutterCount()).toBe(1);
  });

  test('lists, fetches thumbnails and all files byte for byte, and deletes', async () => {
    await start();
    await gphoto2('--capture-image');
    await gphoto2('--capture-image');
    const list = await gphoto2('--list-files');
    expect(list).toContain('VTG_0001.JPG');
    expect(list).toContain('VTG_0002.JPG');
    await gphoto2('--get-all-files');
    const names = await downloaded();
    expect(names).toEqual(['VTG_0001.JPG', 'VTG_0002.JPG']);
    for (const [index, name] of names.entries()) {
      const original = await readFile(join(pictures.path, pictures.names[index] ?? ''));
      expect((await readFile(join(home, name))).equals(original)).toBe(true);
    }
    await gphoto2('--get-thumbnail', '1');
    const thumbnail = await readFile(join(home, 'thumb_VTG_0001.jpg'));
    expect(thumbnail.subarray(0, 2).toString('hex')).toBe('ffd8');
    await gphoto2('--delete-all-files', '--recurse');
    expect(camera.objects()).toEqual([]);
  });
});
