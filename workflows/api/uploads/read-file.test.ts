import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UPLOAD_PATHS, newId } from '../../../electron/contract/index.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, NORTH_HILL, SOUTH_HARBOUR, startTestApi } from '../testing/test-api.ts';
import type { Content } from '../testing/uploads.ts';
import { TestUploader, hashOf, newContent } from '../testing/uploads.ts';
import { SEGMENT_BYTES } from './append.ts';

const SOON = { timeout: 20_000 };

let cloud: TestApi;
let uploader: TestUploader;
let content: Content;
let fileId: string;
let clinician: string;
beforeAll(async () => {
  cloud = await startTestApi();
  uploader = new TestUploader(cloud.base, await cloud.station(NORTH_HARBOUR));
  clinician = await cloud.person('clinician', NORTH_HARBOUR);
  content = newContent(2 * SEGMENT_BYTES + 1234);
  fileId = await uploader.send(content);
  await vi.waitUntil(async () => (await uploader.receipt(content.sha256)).state === 'verified', SOON);
});
afterAll(async () => cloud.close());

async function read(token: string, id = fileId, range?: string): Promise<Response> {
  return fetch(`${cloud.base}${UPLOAD_PATHS.file.replace(':fileId', id)}`, {
    headers: { authorization: `Bearer ${token}`, ...(range !== undefined && { range }) },
  });
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

interface Read {
  readonly actor: string;
  readonly role: string;
  readonly first: number;
  readonly last: number;
}

async function reads(id = fileId): Promise<readonly Read[]> {
  const { rows } = await cloud.database.admin.query<Read>(
    `SELECT actor, role, first_byte::int AS first, last_byte::int AS last FROM file_reads WHERE file_id = $1 ORDER BY at`,
    [id],
  );
  return rows;
}

describe('a verified file', () => {
  it('is given to a clinician of its location as it was sent, and that is written down', async () => {
    const before = await reads();
    const response = await read(clinician);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'content-length': String(content.bytes.length),
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(hashOf(await bytesOf(response))).toBe(content.sha256);
    const after = await reads();
    expect(after.slice(before.length)).toEqual([
      {
        actor: expect.stringMatching(/^person:/) as string,
        role: 'clinician',
        first: 0,
        last: content.bytes.length - 1,
      },
    ]);
  });

  it('is given in parts, over the borders of segments too', async () => {
    const size = content.bytes.length;
    const cases: readonly (readonly [string, number, number])[] = [
      ['bytes=0-0', 0, 0],
      [`bytes=${SEGMENT_BYTES - 1}-${SEGMENT_BYTES}`, SEGMENT_BYTES - 1, SEGMENT_BYTES],
      [`bytes=100-${2 * SEGMENT_BYTES + 99}`, 100, 2 * SEGMENT_BYTES + 99],
      [`bytes=${size - 5}-`, size - 5, size - 1],
      ['bytes=-7', size - 7, size - 1],
      [`bytes=5-${size + 100}`, 5, size - 1],
    ];
    for (const [range, first, last] of cases) {
      const response = await read(clinician, fileId, range);
      expect([response.status, response.headers.get('content-range')]).toEqual([206, `bytes ${first}-${last}/${size}`]);
      expect((await bytesOf(response)).equals(content.bytes.subarray(first, last + 1))).toBe(true);
      expect((await reads()).at(-1)).toMatchObject({ first, last });
    }
    for (const range of [`bytes=${size}-`, 'bytes=-0']) {
      const response = await read(clinician, fileId, range);
      expect([response.status, response.headers.get('content-range')]).toEqual([416, `bytes */${size}`]);
      await response.body?.cancel();
    }
    for (const range of ['bytes=0-1,5-6', 'lines=1-2', 'bytes=9-3']) {
      const response = await read(clinician, fileId, range);
      expect(response.status).toBe(200);
      expect((await bytesOf(response)).length).toBe(size);
    }
  });

  it('is not there for people of another location or tenant, whatever their role; an activity of the tenant reads it', async () => {
    for (const place of [NORTH_HILL, SOUTH_HARBOUR]) {
      for (const role of ['clinician', 'admin'] as const) {
        expect((await read(await cloud.person(role, place))).status).toBe(404);
      }
    }
    expect((await read(await cloud.service(SOUTH_HARBOUR.tenantId))).status).toBe(404);
    expect((await read(clinician, newId())).status).toBe(404);
    const activity = await read(await cloud.service(NORTH_HARBOUR.tenantId));
    expect(hashOf(await bytesOf(activity))).toBe(content.sha256);
    expect((await reads()).at(-1)).toMatchObject({ actor: 'service', role: 'service' });
    // Whoever may read finds it by what the documents say of it.
    const found = await fetch(`${cloud.base}${UPLOAD_PATHS.receipts}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${clinician}`, 'content-type': 'application/json' },
      body: JSON.stringify({ files: [{ sha256: content.sha256 }] }),
    });
    expect(await found.json()).toMatchObject({ files: [{ state: 'verified', fileId }] });
  });
});

describe('a file that is not verified', () => {
  it('is not given out', async () => {
    const part = newContent(5000);
    const { id } = await uploader.create(part);
    await uploader.patch(id, 0, part.bytes.subarray(0, 100));
    expect((await read(clinician, id)).status).toBe(404);
    expect(await reads(id)).toEqual([]);
  });

  it('any more, as reading it shows, breaks off, and is looked at at once', async () => {
    const broken = newContent(2 * SEGMENT_BYTES);
    const id = await uploader.send(broken);
    await expect.poll(async () => (await uploader.receipt(broken.sha256)).state, SOON).toBe('verified');
    const { store } = cloud.config.files;
    if (store.kind !== 'folder') throw new Error('not a folder');
    const folder = join(store.folder, NORTH_HARBOUR.tenantId, id.slice(0, 2), id);
    const { rows } = await cloud.database.admin.query<{ object_id: string }>(
      'SELECT object_id FROM file_segments WHERE file_id = $1 AND start > 0',
      [id],
    );
    expect(readdirSync(folder)).toContain(rows[0]?.object_id);
    rmSync(join(folder, rows[0]?.object_id ?? ''));
    await expect(read(clinician, id).then(bytesOf)).rejects.toThrow('terminated');
    await expect.poll(async () => (await uploader.receipt(broken.sha256)).state, SOON).toBe('differs');
  });
});
