/**
 * What is inside a simulated camera: its card, its shutter, its properties. Knows nothing of connections, so it goes on
 * working while the cable is out - as a real one does.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import type { CaptureSubject } from '../../electron/contract/index.ts';
import { encodePtpDate, type PtpObjectInfo, type PtpStorageInfo } from '../codec/ptp.ts';
import { PTP_FORMAT } from '../codec/ptp-codes.ts';
import { drawBody } from './scenes/body.ts';
import { drawFundus } from './scenes/fundus.ts';

export type CameraKind = 'body-camera' | 'fundus-camera';

/** What the next exposure shows; `soft` = the lower temporal part is out of focus. */
export interface PlannedPicture {
  readonly subject: CaptureSubject;
  readonly soft?: boolean;
}

export interface CameraBodyOptions {
  readonly kind: CameraKind;
  readonly seed: number;
  /** Serves the JPEGs of this folder, by name, over and over, instead of drawing. */
  readonly imagesDirectory?: string | undefined;
  readonly badFirstTry: boolean;
  readonly exposureMs: number;
  readonly capacityBytes: number;
  readonly now: () => Date;
  readonly nextPictures: readonly PlannedPicture[];
}

export interface CameraObject {
  readonly handle: number;
  readonly info: PtpObjectInfo;
  /** Which picture it is, for tests. */
  readonly subject: CaptureSubject | null;
  /** Bytes from `offset`, at most `length`. */
  read(offset: number, length: number): Promise<Buffer>;
}

export const STORAGE_ID = 0x0001_0001;
const PATIENTS = 6;
const THUMBNAIL = { width: 160, height: 120 };

const PLANS: Record<CameraKind, readonly CaptureSubject[]> = {
  'body-camera': ['body-front', 'body-back', 'body-left', 'body-right'],
  'fundus-camera': ['retina-right', 'retina-left'],
};

/** What a fundus camera with `badFirstTry` shows first when nobody chooses. */
const FIRST_VISIT: readonly PlannedPicture[] = [
  { subject: 'retina-right', soft: true },
  { subject: 'retina-right' },
  { subject: 'retina-left' },
];

export class CameraBody {
  readonly objects = new Map<number, CameraObject>();
  /** How many times the shutter was released. Tests ask: never twice. */
  shutterCount = 0;
  cardPresent = true;
  private readonly options: CameraBodyOptions;
  private readonly queue: PlannedPicture[];
  private chosenSubject: CaptureSubject | null = null;
  private exposing = false;
  private forcedFull = false;
  private planIndex = 0;
  private nextHandle = 1;
  private folderIndex = 0;
  private patient = 0;
  private last: { readonly subject: CaptureSubject; readonly tries: number } | null = null;

  constructor(options: CameraBodyOptions) {
    this.options = options;
    const first = options.badFirstTry && options.kind === 'fundus-camera' ? FIRST_VISIT : [];
    this.queue = [...options.nextPictures, ...first];
  }

  get subjects(): readonly CaptureSubject[] {
    return PLANS[this.options.kind];
  }

  /** Chooses what the next exposure shows. False when this camera cannot see that. */
  chooseSubject(subject: string): boolean {
    const known = this.subjects.find((candidate) => candidate === subject);
    if (known === undefined) return false;
    this.chosenSubject = known;
    return true;
  }

  get subject(): string {
    return this.chosenSubject ?? '';
  }

  setCardFull(full: boolean): void {
    this.forcedFull = full;
  }

  get usedBytes(): number {
    let sum = 0;
    for (const object of this.objects.values()) sum += object.info.objectCompressedSize;
    return sum;
  }

  storageInfo(): PtpStorageInfo {
    const free = this.forcedFull ? 0 : Math.max(0, this.options.capacityBytes - this.usedBytes);
    return {
      storageType: 4, // removable RAM (ISO 15740 5.5, StorageInfo)
      filesystemType: 3, // DCF
      accessCapability: 0,
      maxCapacity: BigInt(this.options.capacityBytes),
      freeSpaceInBytes: BigInt(free),
      freeSpaceInImages: Math.floor(free / 8_000_000),
      storageDescription: 'Card',
      volumeLabel: 'VANTAGE',
    };
  }

  /**
   * Releases the shutter.
   * @returns why not, or the exposure under way, whose promise gives the object (null when the card took none).
   */
  release(): 'busy' | 'full' | 'absent' | Promise<CameraObject | null> {
    if (this.exposing) return 'busy';
    if (!this.cardPresent) return 'absent';
    if (this.storageInfo().freeSpaceInBytes < 1_000_000n) return 'full';
    this.exposing = true;
    this.shutterCount++;
    return this.expose().finally(() => {
      this.exposing = false;
    });
  }

  /** A thumbnail of at most 160 x 120 pixels, or null when the object is no image. */
  async thumbnail(object: CameraObject): Promise<Buffer | null> {
    try {
      const image = await object.read(0, object.info.objectCompressedSize);
      return await sharp(image)
        .rotate()
        .resize({ ...THUMBNAIL, fit: 'inside' })
        .jpeg({ quality: 70 })
        .toBuffer();
    } catch {
      return null;
    }
  }

  private async expose(): Promise<CameraObject | null> {
    const takenAt = this.options.now();
    const picture = this.nextPicture();
    const started = performance.now();
    const file = this.options.imagesDirectory;
    const source = file === undefined ? await this.draw(picture, takenAt) : await this.nextFile(file);
    if (source === null) return null;
    const restMs = this.options.exposureMs - (performance.now() - started);
    if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
    return this.store(source, file === undefined ? picture.subject : null, takenAt);
  }

  private nextPicture(): PlannedPicture {
    const first = this.last === null;
    const chosen = this.chosenSubject;
    this.chosenSubject = null;
    const queued = chosen === null ? this.queue.shift() : undefined;
    const cyclic =
      chosen === null && queued === undefined ? this.subjects[this.planIndex++ % this.subjects.length] : undefined;
    const subject = chosen ?? queued?.subject ?? cyclic ?? 'body-front';
    const tries = this.last?.subject === subject ? this.last.tries + 1 : 1;
    // A camera cannot know who sits in front of it: the first subject coming round again is taken for the next patient.
    if (tries === 1 && !first && subject === this.subjects[0]) this.patient = (this.patient + 1) % PATIENTS;
    const soft =
      chosen === null ? queued?.soft === true : this.options.badFirstTry && subject === 'retina-right' && tries === 1;
    this.last = { subject, tries };
    return { subject, soft };
  }

  private async draw(picture: PlannedPicture, takenAt: Date): Promise<ObjectSource> {
    const seed = this.options.seed + this.patient;
    const { subject } = picture;
    const image =
      subject === 'retina-right' || subject === 'retina-left'
        ? await drawFundus({
            eye: subject === 'retina-right' ? 'right' : 'left',
            seed,
            takenAt,
            ...(picture.soft === true ? { softRegion: 'lower-temporal' as const } : {}),
          })
        : await drawBody({ subject, seed, takenAt });
    return { name: null, ...(await measure(image)), size: image.byteLength, read: sliceOf(image) };
  }

  private async nextFile(directory: string): Promise<ObjectSource | null> {
    const names = await jpegsIn(directory);
    const name = names[this.folderIndex++ % Math.max(1, names.length)];
    if (name === undefined) return null;
    const path = join(directory, name);
    const handle = await open(path);
    const { size } = await handle.stat();
    await handle.close();
    return { name, ...(await measure(path)), size, read: (offset, length) => readSlice(path, offset, length) };
  }

  private store(source: ObjectSource, subject: CaptureSubject | null, takenAt: Date): CameraObject {
    const handle = this.nextHandle++;
    const number = String(handle).padStart(4, '0');
    const date = encodePtpDate(takenAt);
    const object: CameraObject = {
      handle,
      subject,
      read: source.read,
      info: {
        storageId: STORAGE_ID,
        objectFormat: PTP_FORMAT.ExifJpeg,
        protectionStatus: 0,
        objectCompressedSize: source.size,
        thumbFormat: PTP_FORMAT.Jfif,
        thumbCompressedSize: 8_000,
        thumbPixWidth: THUMBNAIL.width,
        thumbPixHeight: THUMBNAIL.height,
        imagePixWidth: source.width,
        imagePixHeight: source.height,
        imageBitDepth: 24,
        parentObject: 0,
        associationType: 0,
        associationDescription: 0,
        sequenceNumber: 0,
        filename: `VTG_${number}.JPG`,
        captureDate: date,
        modificationDate: date,
        keywords: '',
      },
    };
    this.objects.set(handle, object);
    return object;
  }
}

/** The JPEGs of a folder in the order of their names. */
export async function jpegsIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => /\.jpe?g$/i.test(name)).sort();
}

interface ObjectSource {
  readonly name: string | null;
  readonly size: number;
  readonly width: number;
  readonly height: number;
  readonly read: (offset: number, length: number) => Promise<Buffer>;
}

/** Pixel sizes; a file that is no image is served all the same (a damaged card is a case to serve). */
async function measure(image: Buffer | string): Promise<{ width: number; height: number }> {
  try {
    const { width, height } = await sharp(image).metadata();
    return { width, height };
  } catch {
    return { width: 0, height: 0 };
  }
}

function sliceOf(image: Buffer): ObjectSource['read'] {
  return (offset, length) => Promise.resolve(image.subarray(offset, offset + length));
}

async function readSlice(path: string, offset: number, length: number): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
