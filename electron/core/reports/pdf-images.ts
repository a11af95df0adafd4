/** Pictures as a report shows them: upright, in sRGB, no larger than print needs, the overlay laid over. */
import sharp from 'sharp';
import type { ReportPicture } from './report-input.ts';

/** About 300 dots per inch at the size a picture has on the page. */
const EDGE_PIXELS = 1100;
const QUALITY = 88;
/** Room left around a retina's field when the picture is cut to it. */
const FIELD_MARGIN = 1.04;

export interface PrintedPicture {
  readonly jpeg: Buffer;
  readonly width: number;
  readonly height: number;
}

/**
 * @param overlay whether the overlay is laid over; a picture without one gives null then.
 * @returns null when there is no picture or it cannot be decoded: the report says so in its place rather than not being made.
 */
export async function printed(picture: ReportPicture, overlay: boolean): Promise<PrintedPicture | null> {
  if (picture.image === null || (overlay && picture.overlay === null)) return null;
  try {
    const upright = await decoded(picture.image);
    let pixels = sharp(upright.data, { raw: upright.info });
    if (overlay && picture.overlay !== null) {
      const { width, height } = upright.info;
      // Straight alpha on opaque pixels; the overlay is of the same picture, perhaps of another size.
      const map = await sharp(picture.overlay).resize({ width, height, fit: 'fill' }).ensureAlpha().png().toBuffer();
      const flat = await pixels
        .composite([{ input: map }])
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      pixels = sharp(flat.data, { raw: flat.info });
    }
    const box = fieldBox(picture.field, upright.info);
    if (box) pixels = pixels.extract(box);
    const { data, info } = await pixels
      .resize({ width: EDGE_PIXELS, height: EDGE_PIXELS, fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4' })
      .toBuffer({ resolveWithObject: true });
    return { jpeg: data, width: info.width, height: info.height };
  } catch {
    return null;
  }
}

async function decoded(
  image: Uint8Array,
): Promise<{ data: Buffer; info: { width: number; height: number; channels: 3 } }> {
  const { data, info } = await sharp(image, { failOn: 'error' })
    .rotate()
    .resize({ width: 2 * EDGE_PIXELS, height: 2 * EDGE_PIXELS, fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .flatten({ background: '#0B0F10' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, info: { width: info.width, height: info.height, channels: 3 } };
}

/** The square around a retina's field, within the picture; camera frames are wide and mostly black. */
function fieldBox(
  field: ReportPicture['field'],
  { width, height }: { readonly width: number; readonly height: number },
): { left: number; top: number; width: number; height: number } | null {
  if (field === null) return null;
  const reach = field.radius * width * FIELD_MARGIN;
  const left = Math.max(0, Math.round(field.x * width - reach));
  const top = Math.max(0, Math.round(field.y * height - reach));
  const right = Math.min(width, Math.round(field.x * width + reach));
  const bottom = Math.min(height, Math.round(field.y * height + reach));
  if (right - left < 16 || bottom - top < 16) return null;
  return { left, top, width: right - left, height: bottom - top };
}
