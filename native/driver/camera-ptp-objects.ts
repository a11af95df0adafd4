/** Objects on a camera's card: tokens that outlive a connection, and which object is newer than which. */
import { PTP_FORMAT } from '../codec/ptp-codes.ts';
import { type PtpObjectInfo, ptpDateToIso } from '../codec/ptp.ts';
import { isFailure, type PtpDevice, type PtpFailure } from './camera-ptp-device.ts';

export interface CameraObjectRef {
  readonly handle: number;
  readonly info: PtpObjectInfo;
}

interface TokenParts {
  readonly storageId: number;
  readonly handle: number;
  readonly captureDate: string;
}

/** Most objects looked at one by one; on a fuller card only those with the highest handles, where new pictures are. */
const MAX_INSPECTED = 2_000;

const MEDIA_TYPES: Readonly<Record<number, string>> = {
  [PTP_FORMAT.ExifJpeg]: 'image/jpeg',
  [PTP_FORMAT.Jfif]: 'image/jpeg',
  [PTP_FORMAT.Tiff]: 'image/tiff',
  [PTP_FORMAT.CanonCr2]: 'image/x-canon-cr2',
  [PTP_FORMAT.CanonCr3]: 'image/x-canon-cr3',
};

/** The opaque token: storage, handle and the camera's own date, since handles alone may be given anew (ISO 15740 5.3.4). */
export function tokenOf(object: CameraObjectRef): string {
  const { storageId, captureDate } = object.info;
  return `${hex(storageId)}-${hex(object.handle)}-${captureDate}`;
}

export function parseToken(token: string): TokenParts | null {
  const match = /^([0-9a-f]{8})-([0-9a-f]{8})-(.*)$/.exec(token);
  if (match === null) return null;
  const [, storageId = '', handle = '', captureDate = ''] = match;
  return { storageId: Number.parseInt(storageId, 16), handle: Number.parseInt(handle, 16), captureDate };
}

export function isJpeg(info: PtpObjectInfo): boolean {
  return mediaTypeOf(info) === 'image/jpeg';
}

export function isFolder(info: PtpObjectInfo): boolean {
  return info.objectFormat === PTP_FORMAT.Association;
}

export function mediaTypeOf(info: PtpObjectInfo): string {
  return MEDIA_TYPES[info.objectFormat] ?? 'application/octet-stream';
}

/** Date first, then handle: a wrong order could fetch somebody else's picture, so an undated object never passes a dated. */
export function compareObjects(a: TokenParts, b: TokenParts): number {
  const left = ptpDateToIso(a.captureDate) ?? '';
  const right = ptpDateToIso(b.captureDate) ?? '';
  if (left !== right) return left < right ? -1 : 1;
  return a.handle - b.handle;
}

export function partsOf(object: CameraObjectRef): TokenParts {
  return { storageId: object.info.storageId, handle: object.handle, captureDate: object.info.captureDate };
}

/** All files on the card, oldest first. `cache` spares asking again for what is known. */
export async function listObjects(
  device: PtpDevice,
  cache: Map<number, PtpObjectInfo>,
): Promise<CameraObjectRef[] | PtpFailure> {
  const handles = await device.handles();
  if (isFailure(handles)) return handles;
  const objects: CameraObjectRef[] = [];
  for (const handle of handles.sort((a, b) => b - a).slice(0, MAX_INSPECTED)) {
    const info = cache.get(handle) ?? (await device.objectInfo(handle));
    if (isFailure(info)) {
      // Taken away between the list and the question.
      if (info.failed === 'refused') continue;
      return info;
    }
    cache.set(handle, info);
    if (!isFolder(info)) objects.push({ handle, info });
  }
  return objects.sort((a, b) => compareObjects(partsOf(a), partsOf(b)));
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
