import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TUS_CONTENT_TYPE, UPLOAD_LIMITS, UPLOAD_PATHS, newId, uploadPath } from '../../../electron/contract/index.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, NORTH_HILL, SOUTH_HARBOUR, startTestApi } from '../testing/test-api.ts';
import type { Content } from '../testing/uploads.ts';
import { TestUploader, checksumOf, hashOf, metadataOf, newContent, write } from '../testing/uploads.ts';
import { SEGMENT_BYTES } from './append.ts';
import { WRITER_ALIVE_MS } from './upload-rows.ts';

/** How long a condition is waited for that is true in a moment on a machine with nothing else to do. */
const SOON = { timeout: 20_000 };

let cloud: TestApi;
let station: TestUploader;
beforeAll(async () => {
  cloud = await startTestApi();
  station = new TestUploader(cloud.base, await cloud.station(NORTH_HARBOUR));
});
afterAll(async () => cloud.close());
beforeEach(() => {
  cloud.clock.aheadMs = 0;
});

async function uploaderAt(place: typeof NORTH_HARBOUR): Promise<TestUploader> {
  return new TestUploader(cloud.base, await cloud.station(place));
}

async function untilVerified(uploader: TestUploader, content: Content): Promise<void> {
  await expect.poll(async () => (await uploader.receipt(content.sha256)).state, SOON).toBe('verified');
}

describe('an upload', () => {
  it('is created, sent, stored, and verified only after the cloud has read it back', async () => {
    const content = newContent(100_000);
    expect(await station.receipt(content.sha256)).toEqual({
      sha256: content.sha256,
      state: 'absent',
      uploadId: null,
      offset: 0,
      size: null,
      verifiedAt: null,
      fileId: null,
    });
    const created = await station.create(content);
    expect([created.status, created.offset, created.state]).toEqual([201, 0, 'partial']);
    expect(new Date(created.headers.get('upload-expires') ?? '').getTime()).toBeGreaterThan(Date.now());
    const half = await station.patch(created.id, 0, content.bytes.subarray(0, 40_000));
    expect([half.status, half.offset, half.state]).toEqual([204, 40_000, 'partial']);
    expect(await station.receipt(content.sha256)).toMatchObject({
      state: 'partial',
      uploadId: created.id,
      offset: 40_000,
      size: 100_000,
      verifiedAt: null,
    });
    const head = await station.head(created.id);
    expect([head.status, head.offset, head.headers.get('upload-length')]).toEqual([200, 40_000, '100000']);
    expect(head.headers.get('cache-control')).toBe('no-store');
    const rest = await station.patch(created.id, 40_000, content.bytes.subarray(40_000));
    expect([rest.status, rest.offset, rest.state]).toEqual([204, 100_000, 'stored']);
    await untilVerified(station, content);
    expect(await station.receipt(content.sha256)).toMatchObject({
      uploadId: null,
      offset: 100_000,
      verifiedAt: expect.any(String) as string,
      fileId: created.id,
    });
  });

  it('of nothing is there at once', async () => {
    const content = newContent(0);
    expect(await station.create(content)).toMatchObject({ status: 201, offset: 0, state: 'stored' });
    await untilVerified(station, content);
  });

  it('takes its first bytes with its creation', async () => {
    const content = newContent(50_000);
    const created = await station.create(content, {}, new Uint8Array(content.bytes.subarray(0, 20_000)));
    expect([created.status, created.offset]).toEqual([201, 20_000]);
    expect((await station.patch(created.id, 20_000, content.bytes.subarray(20_000))).status).toBe(204);
    await untilVerified(station, content);
  });

  it('of which other bytes came than were claimed differs, is kept, and begins anew', async () => {
    const content = newContent(30_000);
    const id = await station.send({ ...content, bytes: newContent(30_000).bytes });
    await expect.poll(async () => (await station.receipt(content.sha256)).state, SOON).toBe('differs');
    expect((await station.head(id)).status).toBe(410);
    expect((await station.patch(id, 30_000, Buffer.alloc(0))).status).toBe(410);
    const again = await station.create(content);
    expect([again.status, again.offset, again.id === id]).toEqual([201, 0, false]);
    expect((await station.patch(again.id, 0, content.bytes)).status).toBe(204);
    await untilVerified(station, content);
    const { rows } = await cloud.database.admin.query('SELECT state FROM files WHERE id = $1', [id]);
    expect(rows).toEqual([{ state: 'differs' }]);
  });

  it('says what the server can do to anybody who asks', async () => {
    const { status, headers } = await fetch(`${cloud.base}${UPLOAD_PATHS.uploads}`, { method: 'OPTIONS' });
    expect(status).toBe(204);
    expect(headers.get('tus-version')).toBe('1.0.0');
    expect(headers.get('tus-extension')).toBe('creation,creation-with-upload,checksum,termination,expiration');
    expect(headers.get('tus-checksum-algorithm')).toBe('sha1,sha256');
    expect(headers.get('tus-max-size')).toBe(String(cloud.config.files.fileBytes));
  });
});

describe('what a location has already', () => {
  it('is answered as there, without a byte sent again', async () => {
    const content = newContent(20_000);
    const id = await station.send(content);
    await untilVerified(station, content);
    const colleague = await uploaderAt(NORTH_HARBOUR);
    expect(await colleague.create(content)).toMatchObject({ status: 201, id, offset: 20_000, state: 'verified' });
    expect(await colleague.receipt(content.sha256)).toMatchObject({ state: 'verified' });
  });

  it('is gone on with by a station that remembers nothing', async () => {
    const content = newContent(20_000);
    const { id } = await station.create(content);
    await station.patch(id, 0, content.bytes.subarray(0, 7_000));
    const forgetful = await uploaderAt(NORTH_HARBOUR);
    const { uploadId, offset } = await forgetful.receipt(content.sha256);
    expect([uploadId, offset]).toEqual([id, 7_000]);
    expect((await forgetful.create(content)).id).toBe(id);
    expect((await forgetful.patch(id, offset, content.bytes.subarray(offset))).status).toBe(204);
    await untilVerified(forgetful, content);
  });

  it('is as if it were not there for another tenant, and for another location of the same', async () => {
    const content = newContent(20_000);
    const id = await station.send(content);
    await untilVerified(station, content);
    const begun = newContent(20_000);
    const part = await station.create(begun);
    for (const place of [SOUTH_HARBOUR, NORTH_HILL]) {
      const other = await uploaderAt(place);
      expect(await other.receipts([content.sha256, begun.sha256])).toMatchObject([
        { state: 'absent' },
        { state: 'absent' },
      ]);
      for (const known of [id, part.id, newId()]) {
        expect((await other.head(known)).status).toBe(404);
        expect((await other.patch(known, 0, begun.bytes)).status).toBe(404);
        expect((await other.remove(known)).status).toBe(404);
      }
      const created = await other.create(content);
      expect([created.status, created.offset, created.state, created.id === id]).toEqual([201, 0, 'partial', false]);
      expect((await other.patch(created.id, 0, content.bytes)).status).toBe(204);
      await untilVerified(other, content);
    }
    expect((await station.head(part.id)).offset).toBe(0);
  });
});

/** Requests to uploads that the API is done with, and that did not succeed. */
function refused(): number {
  return cloud.logged.filter(({ msg, route }) => msg === 'refused' && route === UPLOAD_PATHS.upload).length;
}

/** Ends a line in the middle of a request, and waits until the API is done with what came. */
async function cutLine(socket: Socket): Promise<void> {
  const before = refused();
  socket.end();
  socket.resume();
  await expect.poll(refused, SOON).toBe(before + 1);
}

describe('a line that is cut', () => {
  it('at any byte costs nothing that arrived', async () => {
    const content = newContent(2 * SEGMENT_BYTES + 300_000);
    const { id } = await station.create(content);
    const total = content.bytes.length;
    const seeds = [0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, randomInt(total), randomInt(total)];
    let offset = 0;
    let resent = 0;
    for (const cut of seeds) {
      const count = Math.min(cut, total - offset - 1);
      const socket = await station.beginPatch(id, offset, content.bytes, count);
      await cutLine(socket);
      const head = await station.head(id);
      // What a socket's buffer held when its end came may be sent again.
      expect(head.offset).toBeGreaterThanOrEqual(offset + Math.max(0, count - 256 * 1024));
      expect(head.offset).toBeLessThanOrEqual(offset + count);
      resent += offset + count - head.offset;
      offset = head.offset;
    }
    console.log(`${seeds.length} cuts at ${seeds.join(', ')}; ${resent} bytes to send again`);
    expect((await station.patch(id, offset, content.bytes.subarray(offset))).state).toBe('stored');
    await untilVerified(station, content);
  });

  it('and not noticed: what arrived is soon durable, a live writer is not disturbed, a dead one is replaced', async () => {
    const content = newContent(SEGMENT_BYTES);
    const { id } = await station.create(content);
    const first = await station.beginPatch(id, 0, content.bytes, 600_000);
    await expect.poll(async () => (await station.head(id)).offset, SOON).toBe(600_000);
    const early = await station.patch(id, 600_000, content.bytes.subarray(600_000));
    expect([early.status, early.code, early.headers.get('retry-after')]).toEqual([
      423,
      'STATUS_CONFLICT',
      expect.stringMatching(/^[1-5]$/),
    ]);
    cloud.clock.aheadMs = WRITER_ALIVE_MS + 1000;
    const second = await station.beginPatch(id, 600_000, content.bytes, 100_000);
    await expect.poll(async () => (await station.head(id)).offset, SOON).toBe(700_000);
    // The dead one comes back to life and sends other bytes than it should: nobody counts them.
    const answered = once(first, 'data');
    await write(first, Buffer.alloc(200_000));
    expect(String(((await answered) as [Buffer])[0])).toMatch(/^HTTP\/1.1 423 /);
    await write(second, content.bytes.subarray(700_000));
    const [answer] = (await once(second, 'data')) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1.1 204 /);
    await untilVerified(station, content);
    for (const socket of [first, second]) socket.destroy();
  });
});

describe('two requests at once', () => {
  it('never mix: one writes, the other is told so', async () => {
    const content = newContent(3_000_000);
    const { id } = await station.create(content);
    const answers = await Promise.all([1, 2, 3, 4].map(async () => station.patch(id, 0, content.bytes)));
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses[0]).toBe(204);
    expect(statuses.slice(1).every((status) => status === 423 || status === 409)).toBe(true);
    await untilVerified(station, content);
  });

  it('create one upload', async () => {
    const content = newContent(1000);
    const colleague = await uploaderAt(NORTH_HARBOUR);
    const created = await Promise.all(
      [station, colleague, station, colleague].map(async (uploader) => uploader.create(content)),
    );
    expect(created.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(created.map(({ id }) => id)).size).toBe(1);
  });
});

describe('a checksum', () => {
  it.each(['sha1', 'sha256'])(
    '%s that is right is taken, one that is not keeps nothing of its PATCH',
    async (algorithm) => {
      const content = newContent(SEGMENT_BYTES + 100_000);
      const { id } = await station.create(content);
      const first = content.bytes.subarray(0, 50_000);
      const good = await station.patch(id, 0, first, { 'upload-checksum': checksumOf(first, algorithm) });
      expect([good.status, good.offset]).toEqual([204, 50_000]);
      const rest = content.bytes.subarray(50_000);
      const bad = await station.patch(id, 50_000, rest, { 'upload-checksum': checksumOf(first, algorithm) });
      expect([bad.status, bad.code]).toEqual([460, 'INPUT_INVALID']);
      expect((await station.head(id)).offset).toBe(50_000);
      const again = await station.patch(id, 50_000, rest, { 'upload-checksum': checksumOf(rest, algorithm) });
      expect([again.status, again.state]).toEqual([204, 'stored']);
      await untilVerified(station, content);
    },
  );

  it('that is nobody’s is refused', async () => {
    const content = newContent(10);
    const { id } = await station.create(content);
    for (const header of ['md5 AAAA', 'sha256 AAAA', 'sha256']) {
      expect((await station.patch(id, 0, content.bytes, { 'upload-checksum': header })).status).toBe(400);
    }
    expect((await station.head(id)).offset).toBe(0);
  });

  it('of a PATCH that is cut short is nobody’s: what arrived stays', async () => {
    const content = newContent(SEGMENT_BYTES + 200_000);
    const { id } = await station.create(content);
    const socket = await station.beginPatch(id, 0, content.bytes, SEGMENT_BYTES + 100_000, {
      'upload-checksum': checksumOf(content.bytes),
    });
    await cutLine(socket);
    const { offset } = await station.head(id);
    expect(offset).toBeGreaterThanOrEqual(SEGMENT_BYTES);
    expect((await station.patch(id, offset, content.bytes.subarray(offset))).state).toBe('stored');
    await untilVerified(station, content);
  });
});

describe('more stations than one process takes', () => {
  it('wait, and are taken when there is room again', async () => {
    const small = await startTestApi({ writers: 1 });
    try {
      const uploader = new TestUploader(small.base, await small.station(NORTH_HARBOUR));
      const [first, second] = [newContent(1000), newContent(1000)];
      const socket = await uploader.beginPatch((await uploader.create(first)).id, 0, first.bytes, 10);
      const { id } = await uploader.create(second);
      await expect.poll(async () => (await uploader.receipt(first.sha256)).offset, SOON).toBe(10);
      const refused = await uploader.patch(id, 0, second.bytes);
      expect([refused.status, refused.code]).toEqual([503, 'CLOUD_UNAVAILABLE']);
      expect(refused.headers.get('tus-resumable')).toBe('1.0.0');
      socket.destroy();
      await expect.poll(async () => (await uploader.patch(id, 0, second.bytes)).status, SOON).toBe(204);
    } finally {
      await small.close();
    }
  });
});

describe('a request that makes no sense', () => {
  it('is refused by what is wrong with it, and changes nothing', async () => {
    const content = newContent(1000);
    const { id } = await station.create(content);
    const create = async (headers: Readonly<Record<string, string>>) => station.create(newContent(5), headers);
    expect((await create({ 'tus-resumable': '0.2.2' })).status).toBe(412);
    expect((await create({ 'upload-length': 'many' })).status).toBe(400);
    expect((await create({ 'upload-length': '-1' })).status).toBe(400);
    expect((await create({ 'upload-metadata': metadataOf('nonsense') })).status).toBe(400);
    expect((await create({ 'upload-metadata': metadataOf(content.sha256, 'no media type') })).status).toBe(400);
    const large = await create({ 'upload-length': String(UPLOAD_LIMITS.fileBytes) });
    expect([large.status, large.code]).toEqual([413, 'FILE_TOO_LARGE']);
    const elsewhere = await station.patch(id, 10, content.bytes.subarray(10));
    expect([elsewhere.status, elsewhere.offset]).toEqual([409, 0]);
    expect((await station.patch(id, 0, content.bytes, { 'upload-offset': 'here' })).status).toBe(400);
    expect((await station.patch(id, 0, content.bytes, { 'content-type': 'application/json' })).status).toBe(400);
    expect((await station.patch(id, 0, content.bytes, { 'content-type': 'text/html' })).status).toBe(415);
    expect((await station.patch(id, 0, Buffer.alloc(2000))).status).toBe(400);
    expect((await station.request('HEAD', uploadPath('not-an-id'))).status).toBe(400);
    expect((await station.head(id)).offset).toBe(0);
  });

  it('with more bytes than were announced, and no length of its own, keeps none beyond', async () => {
    const content = newContent(1000);
    const { id } = await station.create(content);
    const chunked = await fetch(`${cloud.base}${uploadPath(id)}`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${(await cloud.station(NORTH_HARBOUR)).token}`,
        'tus-resumable': '1.0.0',
        'content-type': TUS_CONTENT_TYPE,
        'upload-offset': '0',
      },
      body: new Blob([new Uint8Array(5000)]).stream(),
      duplex: 'half',
    });
    expect(chunked.status).toBe(400);
    expect((await station.head(id)).offset).toBe(0);
  });

  it('begins no more uploads than a station may have open', async () => {
    const greedy = await uploaderAt(NORTH_HARBOUR);
    const { id } = await greedy.create(newContent(10));
    await cloud.database.admin.query(
      `INSERT INTO files (id, tenant_id, location_id, station_id, sha256, size, media_type, state, wrapped_key, key_id, expires_at)
       SELECT gen_random_uuid(), tenant_id, location_id, station_id, encode(sha256(n::text::bytea), 'hex'), 10, media_type,
              'partial', wrapped_key, key_id, expires_at
       FROM files, generate_series(2, $2::int) AS n WHERE id = $1`,
      [id, UPLOAD_LIMITS.openUploads],
    );
    const one = await greedy.create(newContent(10));
    expect([one.status, one.code, one.headers.get('retry-after')]).toEqual([429, 'TOO_MANY_REQUESTS', '60']);
    expect((await greedy.remove(id)).status).toBe(204);
    expect((await greedy.create(newContent(10))).status).toBe(201);
  });
});

describe('an upload that is given up', () => {
  it('on request is gone with its bytes; a whole file is not its station’s to remove', async () => {
    const content = newContent(10_000);
    const { id } = await station.create(content);
    await station.patch(id, 0, content.bytes.subarray(0, 5_000));
    expect((await station.remove(id)).status).toBe(204);
    expect((await station.head(id)).status).toBe(410);
    expect((await station.remove(id)).status).toBe(410);
    expect(await station.receipt(content.sha256)).toMatchObject({ state: 'absent' });
    const segments = async () =>
      (await cloud.database.admin.query('SELECT FROM file_segments WHERE file_id = $1', [id])).rowCount;
    await expect.poll(segments, SOON).toBe(0);
    const whole = await station.send(content);
    expect((await station.remove(whole)).status).toBe(409);
    await untilVerified(station, content);
    expect((await station.remove(whole)).status).toBe(409);
  });

  it('when it ran out, and not a day sooner', async () => {
    const enrolled = await cloud.station(NORTH_HARBOUR);
    const uploader = new TestUploader(cloud.base, enrolled);
    const daysLater = async (days: number): Promise<void> => {
      cloud.clock.aheadMs = days * 86_400_000;
      await enrolled.signIn();
    };
    const [idle, alive] = [newContent(10), newContent(10)];
    const ids = [(await uploader.create(idle)).id, (await uploader.create(alive)).id] as const;
    const { keepDays } = UPLOAD_LIMITS;
    await daysLater(keepDays - 1);
    expect((await uploader.patch(ids[1], 0, alive.bytes.subarray(0, 5))).status).toBe(204);
    expect((await uploader.head(ids[0])).status).toBe(200);
    await daysLater(keepDays + 1);
    await expect.poll(async () => (await uploader.head(ids[0])).status, SOON).toBe(410);
    expect((await uploader.head(ids[1])).offset).toBe(5);
    await daysLater(2 * keepDays + 2);
    await expect.poll(async () => (await uploader.head(ids[0])).status, SOON).toBe(404);
  });

  it('because its station was taken out of service: the very next segment is refused', async () => {
    const revoked = await cloud.station(NORTH_HARBOUR);
    const uploader = new TestUploader(cloud.base, revoked);
    const content = newContent(2 * SEGMENT_BYTES);
    const { id } = await uploader.create(content);
    const socket = await uploader.beginPatch(id, 0, content.bytes, 1000);
    await expect.poll(async () => (await station.head(id)).offset, SOON).toBe(1000);
    await cloud.database.admin.query(`UPDATE stations SET state = 'revoked' WHERE id = $1`, [revoked.stationId]);
    await write(socket, content.bytes.subarray(1000));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1.1 403 /);
    expect((await station.head(id)).offset).toBe(1000);
    socket.destroy();
  });
});

describe('what is written about uploads', () => {
  it('has no hash and no id of a file: neither the log nor the metrics', async () => {
    const content = newContent(1000);
    const id = await station.send(content);
    await untilVerified(station, content);
    const metrics = await (await fetch(`${cloud.base}/metrics`)).text();
    expect(metrics).toMatch(/vantage_uploads_created_total\{as="new"\} [1-9]/);
    expect(metrics).toMatch(/vantage_files_checked_total\{occasion="upload",result="verified"\} [1-9]/);
    expect(metrics).toMatch(/vantage_uploads_received_bytes_total [1-9]/);
    for (const text of [metrics, JSON.stringify(cloud.logged)]) {
      expect(text).not.toContain(content.sha256);
      expect(text).not.toContain(id);
    }
    expect(hashOf(content.bytes)).toBe(content.sha256);
  });
});
