/** From the stored bytes of a picture to upright sRGB pixels of the size that is needed. libvips (sharp) does the large work. */
import sharp, { type Metadata, type Sharp } from 'sharp';
import { VantageError } from '../../electron/contract/index.ts';
import type { Picture } from './planes.ts';

export const IMAGE_RUNTIME = `sharp ${sharp.versions.sharp ?? ''}`;

/** Larger pictures are refused before a byte of them is decoded: twice what the largest camera here makes. */
const MAXIMUM_PIXELS = 120_000_000;

/** A picture whose header has been read. */
export interface OpenedImage {
  /** Upright, that is after EXIF orientation, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Decodes, shrinking while reading, to exactly this upright size. @throws VantageError IMAGE_DAMAGED. */
  decode(width: number, height: number): Promise<Picture>;
}

/**
 * Reads the header only.
 * @throws VantageError IMAGE_UNSUPPORTED for a format, size or kind of file that can't be judged; IMAGE_DAMAGED for one that
 * starts like a picture and then breaks off.
 */
export async function openImage(bytes: Uint8Array): Promise<OpenedImage> {
  const metadata = await readHeader(bytes);
  const { width, height } = metadata.autoOrient;
  const orientation = metadata.orientation ?? 1;
  return {
    width,
    height,
    decode: async (targetWidth, targetHeight) => {
      const turned = orientation >= 5;
      const stored = await decodeStored(
        bytes,
        turned ? targetHeight : targetWidth,
        turned ? targetWidth : targetHeight,
      );
      return upright(stored, orientation);
    },
  };
}

/** A rectangle in whole pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Resamples (Lanczos 3) to `width` x `height` and cuts `box`, in pixels of the result, out of that; only this part is made. */
export async function resample(
  picture: Picture,
  width: number,
  height: number,
  box: Box | null = null,
): Promise<Picture> {
  let pipeline = fromPicture(picture).resize(width, height, { fit: 'fill' });
  if (box) pipeline = pipeline.extract(box);
  const data = await pipeline.raw().toBuffer();
  return { width: box?.width ?? width, height: box?.height ?? height, data };
}

/** A JPEG whose longer edge is `longEdge` px at most. */
export async function thumbnailJpeg(picture: Picture, longEdge: number): Promise<EncodedImage> {
  const { data, info } = await fromPicture(picture)
    .resize({ width: longEdge, height: longEdge, fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 82 })
    .toBuffer({ resolveWithObject: true });
  return { bytes: data, mediaType: 'image/jpeg', width: info.width, height: info.height };
}

export interface EncodedImage {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly width: number;
  readonly height: number;
}

function fromPicture(picture: Picture): Sharp {
  return sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } });
}

async function readHeader(bytes: Uint8Array): Promise<Metadata> {
  if (bytes.length === 0) throw new VantageError('IMAGE_DAMAGED', 'no bytes');
  if (!isPicture(bytes)) throw new VantageError('IMAGE_UNSUPPORTED', 'neither JPEG, PNG, TIFF nor WebP');
  let metadata: Metadata;
  try {
    metadata = await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (cause) {
    throw damaged(cause);
  }
  if (metadata.width * metadata.height > MAXIMUM_PIXELS) {
    throw new VantageError('IMAGE_UNSUPPORTED', `${metadata.width} x ${metadata.height} pixels`);
  }
  if (Math.min(metadata.width, metadata.height) < 64) {
    throw new VantageError('IMAGE_UNSUPPORTED', `only ${metadata.width} x ${metadata.height} pixels`);
  }
  return metadata;
}

/**
 * As stored, before orientation: turning the small result afterwards costs nothing, while turning before keeps libvips from
 * streaming (measured at 45 megapixels: a third more time).
 */
async function decodeStored(bytes: Uint8Array, width: number, height: number): Promise<Picture> {
  const run = async (failOn: 'warning' | 'truncated'): Promise<Picture> => {
    const { data, info } = await sharp(bytes, { failOn, limitInputPixels: MAXIMUM_PIXELS })
      .resize(width, height, { fit: 'fill' })
      .toColourspace('srgb')
      .flatten({ background: '#000000' })
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new VantageError('IMAGE_UNSUPPORTED', `${info.channels} channels`);
    return { width, height, data };
  };
  try {
    return await run('warning');
  } catch (cause) {
    if (cause instanceof VantageError) throw cause;
    const message = cause instanceof Error ? cause.message : '';
    // libjpeg also warns of things that harm no pixel (bytes before a marker, an odd header); broken data is another matter.
    const harmless = !/premature end|corrupt jpeg data(?!: \d+ extraneous)/iu.test(message);
    if (harmless) {
      try {
        return await run('truncated');
      } catch (second) {
        throw damaged(second);
      }
    }
    throw damaged(cause);
  }
}

function damaged(cause: unknown): VantageError {
  return new VantageError('IMAGE_DAMAGED', firstLine(cause instanceof Error ? cause.message : ''), { cause });
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').slice(0, 200);
}

/**
 * By the first bytes, so that a file from outside reaches no other of libvips' many readers. Canon's CR2 starts like a TIFF
 * and says CR at byte 8.
 */
function isPicture(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(16, bytes.length)).toString('latin1');
  if (start.startsWith('II*\0') || start.startsWith('MM\0*')) return start.slice(8, 10) !== 'CR';
  return (
    start.startsWith('\xff\xd8\xff') ||
    start.startsWith('\x89PNG\r\n\x1a\n') ||
    (start.startsWith('RIFF') && start.slice(8, 12) === 'WEBP')
  );
}

/** Applies EXIF orientation 1-8 (CIPA DC-008 4.6.4, tag 0x0112) to decoded pixels. */
function upright(stored: Picture, orientation: number): Picture {
  if (orientation < 2 || orientation > 8) return stored;
  const turned = orientation >= 5;
  const width = turned ? stored.height : stored.width;
  const height = turned ? stored.width : stored.height;
  const data = new Uint8Array(width * height * 3);
  // Of the stored picture: does its x (y) run backwards along the upright picture's matching axis?
  const flipX = orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8;
  const flipY = orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7;
  for (let y = 0, to = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, to += 3) {
      const alongX = turned ? y : x;
      const alongY = turned ? x : y;
      const fromX = flipX ? stored.width - 1 - alongX : alongX;
      const fromY = flipY ? stored.height - 1 - alongY : alongY;
      const from = (fromY * stored.width + fromX) * 3;
      data[to] = stored.data[from]!;
      data[to + 1] = stored.data[from + 1]!;
      data[to + 2] = stored.data[from + 2]!;
    }
  }
  return { width, height, data };
}
