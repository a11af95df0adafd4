/** EXIF as a camera writes it (CIPA DC-008). */
import type { Exif } from 'sharp';

export interface Shot {
  readonly model: string;
  /** Seconds and f-number as fractions. */
  readonly exposureTime: string;
  readonly fNumber: string;
  readonly iso: number;
}

/** Stands in drawn pictures where {@link dated} writes the date. */
const NO_DATE = '1970:01:01 00:00:00';
const HEADER_BYTES = 2_048;

/** A copy of a drawn picture with the date of its exposure, so that a picture is drawn once and taken often. */
export function dated(jpeg: Buffer, takenAt: Date | undefined): Buffer {
  if (takenAt === undefined) return jpeg;
  const copy = Buffer.from(jpeg);
  const header = copy.subarray(0, HEADER_BYTES);
  const date = takenAt.toISOString().slice(0, 19).replace('T', ' ').replaceAll('-', ':');
  for (let at = header.indexOf(NO_DATE); at >= 0; at = header.indexOf(NO_DATE, at + 1))
    header.write(date, at, 'latin1');
  return copy;
}

/** For sharp's `withExif`: IFD0 is the image's directory, IFD2 the Exif directory. */
export function exifOf(shot: Shot): Exif {
  return {
    IFD0: {
      Make: 'Vantage',
      Model: shot.model,
      DateTime: NO_DATE,
      Software: 'Vantage simulator',
    },
    IFD2: {
      DateTimeOriginal: NO_DATE,
      ExposureTime: shot.exposureTime,
      FNumber: shot.fNumber,
      ISOSpeedRatings: String(shot.iso),
    },
  };
}
