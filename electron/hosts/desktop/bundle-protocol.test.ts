import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MediaGrant } from '../../core/clinic-api.ts';
import { createBlobWriter } from '../../core/vault/blob-file.ts';
import { createBundleHandler } from './bundle-protocol.ts';

const PICTURE = randomBytes(200_000);
let directory: string;
let grant: MediaGrant;
let serve: (request: Request) => Promise<Response>;
const get = (path: string, init: RequestInit = {}): Promise<Response> =>
  serve(new Request(`app://bundle${path}`, init));

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-bundle-'));
  mkdirSync(join(directory, 'renderer/assets'), { recursive: true });
  writeFileSync(join(directory, 'renderer/index.html'), '<!doctype html>');
  writeFileSync(join(directory, 'renderer/assets/main.js'), 'export {};');
  writeFileSync(join(directory, 'renderer/main.js.map'), '{}');
  writeFileSync(join(directory, 'renderer-secret.js'), 'no');
  writeFileSync(join(directory, 'outside.js'), 'no');

  const file = { path: join(directory, 'blob'), key: randomBytes(32).toString('base64') };
  const writer = await createBlobWriter(file);
  await writer.write(PICTURE);
  await writer.finish();
  grant = { ...file, mediaType: 'image/jpeg', size: PICTURE.length, filename: 'front "1".jpg' };
  serve = createBundleHandler({
    directory: join(directory, 'renderer'),
    openMedia: async (path) => {
      switch (path) {
        case '/media/front':
          return grant;
        case '/media/page':
          return { ...grant, mediaType: 'text/html' };
        case '/media/damaged':
          return { ...grant, path: join(directory, 'damaged') };
        case '/media/thrown':
          throw new Error('core is away');
        default:
          return null;
      }
    },
  });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('pages', () => {
  it('come with their type and the whole set of headers', async () => {
    const page = await get('/index.html#/visit');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect((await get('/assets/main.js')).headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  });

  it.each([
    '/',
    '/none.html',
    '/main.js.map',
    '/../outside.js',
    '/%2e%2e/outside.js',
    '/..%2foutside.js',
    '/..%5coutside.js',
    '/../renderer-secret.js',
    '/assets%00/main.js',
    '/%ff',
    '/assets',
  ])('%s is not there, and says so under the same policy', async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('are only read, and only from the bundle', async () => {
    expect((await get('/index.html', { method: 'POST', body: 'x' })).status).toBe(405);
    expect((await serve(new Request('app://elsewhere/index.html'))).status).toBe(404);
  });
});

describe('media', () => {
  it('are streamed decrypted, with type and length', async () => {
    const answer = await get('/media/front');
    expect(answer.headers.get('content-type')).toBe('image/jpeg');
    expect(answer.headers.get('content-length')).toBe('200000');
    expect(answer.headers.get('content-disposition')).toBe("inline; filename*=UTF-8''front%20%221%22.jpg");
    expect(Buffer.from(await answer.arrayBuffer()).equals(PICTURE)).toBe(true);
  });

  it('are given in parts', async () => {
    const part = await get('/media/front', { headers: { range: 'bytes=65530-65545' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 65530-65545/200000']);
    expect(Buffer.from(await part.arrayBuffer()).equals(PICTURE.subarray(65_530, 65_546))).toBe(true);
    expect((await get('/media/front', { headers: { range: 'bytes=200000-' } })).status).toBe(416);
  });

  it('are never a document, never another screen’s, never what core did not grant', async () => {
    expect((await get('/media/page')).status).toBe(404);
    expect((await get('/media/unknown')).status).toBe(404);
    expect((await get('/media/thrown')).status).toBe(500);
  });

  it('that are damaged break off instead of ending', async () => {
    const bytes = readFileSync(grant.path);
    bytes[bytes.length - 40] = (bytes.at(-40) ?? 0) ^ 1;
    writeFileSync(join(directory, 'damaged'), bytes);
    await expect(get('/media/damaged').then((answer) => answer.arrayBuffer())).rejects.toThrow('BLOB_DAMAGED');
  });
});
