import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as tus from 'tus-js-client';
import { UPLOAD_PATHS } from '../../../electron/contract/index.ts';
import type { S3Server } from '../testing/s3-server.ts';
import { startS3Server } from '../testing/s3-server.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../testing/test-api.ts';
import type { Content } from '../testing/uploads.ts';
import { TestUploader, newContent } from '../testing/uploads.ts';

let cloud: TestApi;
let s3: S3Server;
let token: string;
let uploader: TestUploader;
beforeAll(async () => {
  s3 = await startS3Server();
  cloud = await startTestApi({ store: s3.config });
  const station = await cloud.station(NORTH_HARBOUR);
  token = station.token;
  uploader = new TestUploader(cloud.base, station);
});
afterAll(async () => {
  await cloud.close();
  await s3.stop();
});

/** Sends a content, or what is left of it, and ends it after so many bytes were taken. @returns the upload's address */
async function send(content: Content, options: tus.UploadOptions, stopAfter = Infinity): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(content.bytes, {
      endpoint: `${cloud.base}${UPLOAD_PATHS.uploads}`,
      headers: { Authorization: `Bearer ${token}` },
      metadata: { sha256: content.sha256, mediaType: 'application/dicom' },
      retryDelays: [],
      ...options,
      onError: reject,
      onSuccess: () => resolve(upload.url),
      onChunkComplete: (_size, accepted) => {
        if (accepted >= stopAfter) upload.abort().then(() => resolve(upload.url), reject);
      },
    });
    upload.start();
  });
}

describe('the client of the protocol’s authors, to a store on S3', () => {
  it.each([
    ['in one request', {}],
    ['in chunks', { chunkSize: 1_000_000 }],
    ['with its first bytes in the creation', { chunkSize: 1_000_000, uploadDataDuringCreation: true }],
  ])('sends a file %s', async (_how, options) => {
    const content = newContent(9_300_000);
    await send(content, options);
    await expect.poll(async () => (await uploader.receipt(content.sha256)).state, { timeout: 20_000 }).toBe('verified');
  });

  it('goes on where it was ended', async () => {
    const content = newContent(3_000_000);
    const url = await send(content, { chunkSize: 700_000 }, 1_400_000);
    expect(await uploader.receipt(content.sha256)).toMatchObject({ state: 'partial', offset: 1_400_000 });
    await send(content, { uploadUrl: url });
    await expect.poll(async () => (await uploader.receipt(content.sha256)).state, { timeout: 20_000 }).toBe('verified');
  });

  it('ends an upload for good', async () => {
    const content = newContent(3_000_000);
    const url = await send(content, { chunkSize: 700_000 }, 700_000);
    await tus.Upload.terminate(url ?? '', { headers: { Authorization: `Bearer ${token}` } });
    expect(await uploader.receipt(content.sha256)).toMatchObject({ state: 'absent' });
  });
});
