import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { openImage, thumbnailJpeg } from './image.ts';
import { seededRandom } from './planes.ts';

let jpeg: Buffer;

beforeAll(async () => {
  const random = seededRandom(3);
  const data = Buffer.alloc(640 * 400 * 3);
  for (let at = 0; at < data.length; at += 1) data[at] = 60 + 120 * random();
  jpeg = await sharp(data, { raw: { width: 640, height: 400, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
});

describe('openImage', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('turns a picture with EXIF orientation %i upright', async (orientation) => {
    // Four quarters of different colours, so that every turn and mirror image looks different.
    const quarters = await sharp({ create: { width: 160, height: 96, channels: 3, background: '#c00000' } })
      .composite([
        { input: { create: { width: 80, height: 48, channels: 3, background: '#00c000' } }, left: 80, top: 0 },
        { input: { create: { width: 80, height: 48, channels: 3, background: '#0000c0' } }, left: 0, top: 48 },
      ])
      .withMetadata({ orientation })
      .png()
      .toBuffer();
    const reference = await sharp(quarters).autoOrient().removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const image = await openImage(quarters);
    expect([image.width, image.height]).toEqual([reference.info.width, reference.info.height]);
    const picture = await image.decode(image.width, image.height);
    expect(Buffer.compare(Buffer.from(picture.data), reference.data)).toBe(0);
  });

  it('shrinks while decoding to exactly the asked size', async () => {
    const image = await openImage(jpeg);
    const picture = await image.decode(213, 133);
    expect([picture.width, picture.height, picture.data.length]).toEqual([213, 133, 213 * 133 * 3]);
  });

  it('brings a picture with another colour profile to sRGB', async () => {
    const red = await sharp({ create: { width: 80, height: 80, channels: 3, background: '#c86432' } })
      .withIccProfile('p3')
      .png()
      .toBuffer();
    const image = await openImage(red);
    const { data } = await image.decode(80, 80);
    expect([data[0], data[1], data[2]].map((value) => Math.round((value ?? 0) / 4))).toEqual([50, 25, 13]);
  });

  it.each([3, 200, 0.3, 0.9, -3])('calls a JPEG cut off at %d damaged', async (cut) => {
    const length = cut < 0 ? jpeg.length + cut : cut < 1 ? Math.floor(jpeg.length * cut) : cut;
    const judged = openImage(jpeg.subarray(0, length)).then(async (image) => image.decode(320, 200));
    await expect(judged).rejects.toMatchObject({ code: 'IMAGE_DAMAGED' });
  });

  it('calls a JPEG with overwritten data damaged', async () => {
    const broken = Buffer.from(jpeg);
    broken.fill(0xff, Math.floor(broken.length / 2), Math.floor(broken.length / 2) + 500);
    const judged = openImage(broken).then(async (image) => image.decode(320, 200));
    await expect(judged).rejects.toMatchObject({ code: 'IMAGE_DAMAGED' });
  });

  it('accepts a JPEG with harmless bytes between its segments', async () => {
    const odd = Buffer.concat([jpeg.subarray(0, jpeg.length - 2), Buffer.from([0, 0, 0, 0]), jpeg.subarray(-2)]);
    const picture = await openImage(odd).then(async (image) => image.decode(320, 200));
    expect(picture.width).toBe(320);
  });

  it.each([
    ['an empty file', Buffer.alloc(0), 'IMAGE_DAMAGED'],
    ['text', Buffer.from('not a picture at all'), 'IMAGE_UNSUPPORTED'],
    ['a raw file of a camera', Buffer.from('\0\0\0\u0018ftypcrx \0\0\0\u0001crx isom'), 'IMAGE_UNSUPPORTED'],
    ['an older raw file', Buffer.from('II*\0\u0010\0\0\0CR\u0002\0'), 'IMAGE_UNSUPPORTED'],
    [
      'a drawing',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"/>'),
      'IMAGE_UNSUPPORTED',
    ],
  ])('tells %s apart', async (_name, bytes, code) => {
    await expect(openImage(bytes)).rejects.toMatchObject({ code });
  });
});

describe('thumbnailJpeg', () => {
  it('fits the longer edge', async () => {
    const image = await openImage(jpeg);
    const thumbnail = await thumbnailJpeg(await image.decode(640, 400), 512);
    expect([thumbnail.width, thumbnail.height, thumbnail.mediaType]).toEqual([512, 320, 'image/jpeg']);
  });
});
