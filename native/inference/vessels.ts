/** The vessel map of a fundus photograph: network input from pixels, overlay and findings from probabilities. */
import sharp from 'sharp';
import type { CaptureSubject, FindingValue } from '../../electron/contract/index.ts';
import type { Box, EncodedImage } from './image.ts';
import { spanInside, type Circle, type Picture } from './planes.ts';

/** The screens' colour for vessels, `--vessel`. */
const VESSEL = { red: 0x45, green: 0xe0, blue: 0xd0 } as const;
/** Blocks for the standard error, degrees of field. */
const BLOCK_DEGREES = 2;

/** Planar RGB / 255, mirrored at the right and bottom edge up to multiples of `multipleOf` (the edge itself not repeated). */
export function networkInput(
  picture: Picture,
  multipleOf: number,
): { readonly values: Float32Array; readonly shape: readonly [1, 3, number, number] } {
  const width = Math.ceil(picture.width / multipleOf) * multipleOf;
  const height = Math.ceil(picture.height / multipleOf) * multipleOf;
  const size = width * height;
  const values = new Float32Array(3 * size);
  const columns = Int32Array.from({ length: width }, (_, x) => 3 * mirrored(x, picture.width));
  for (let y = 0; y < height; y += 1) {
    const row = mirrored(y, picture.height) * picture.width * 3;
    fillRow(values, y * width, size, picture.data, row, columns);
  }
  return { values, shape: [1, 3, height, width] };
}

/** One row of the three planes. */
function fillRow(
  values: Float32Array,
  at: number,
  size: number,
  data: Uint8Array,
  row: number,
  columns: Int32Array,
): void {
  for (let x = 0; x < columns.length; x += 1) {
    const from = row + columns[x]!;
    values[at + x] = data[from]! / 255;
    values[size + at + x] = data[from + 1]! / 255;
    values[2 * size + at + x] = data[from + 2]! / 255;
  }
}

function mirrored(at: number, length: number): number {
  return at < length ? at : Math.max(0, 2 * (length - 1) - at);
}

/** Probability of vessel, 0-255 (rounded), 0 outside the circle. `output` has rows of `stride` values. */
export function probabilityMap(
  output: Float32Array,
  stride: number,
  width: number,
  height: number,
  circle: Circle,
): Uint8Array {
  const map = new Uint8ClampedArray(width * height);
  for (let y = 0; y < height; y += 1) {
    const { from, to } = spanInside(circle, y, width);
    scaleRow(map, y * width, output, y * stride, from, to);
  }
  return new Uint8Array(map.buffer);
}

/** Clamped arrays round and cut to 0-255 by themselves. */
function scaleRow(
  map: Uint8ClampedArray,
  at: number,
  output: Float32Array,
  row: number,
  from: number,
  to: number,
): void {
  for (let x = from; x < to; x += 1) map[at + x] = 255 * output[row + x]!;
}

/** The map as a transparent PNG of `width` x `height`, laid at `box`; alpha is the probability, exact to 1/255. */
export async function overlayPng(map: Uint8Array, box: Box, width: number, height: number): Promise<EncodedImage> {
  const pixels = Buffer.alloc(4 * width * height);
  for (let at = 0; at < pixels.length; at += 4) {
    pixels[at] = VESSEL.red;
    pixels[at + 1] = VESSEL.green;
    pixels[at + 2] = VESSEL.blue;
  }
  for (let y = 0; y < box.height; y += 1) {
    let to = 4 * ((y + box.top) * width + box.left) + 3;
    for (let x = 0; x < box.width; x += 1, to += 4) pixels[to] = map[y * box.width + x]!;
  }
  const bytes = await sharp(pixels, { raw: { width, height, channels: 4 } })
    .png({ compressionLevel: 3 })
    .toBuffer();
  return { bytes, mediaType: 'image/png', width, height };
}

/**
 * Vessel area in percent of the field, whole and by quadrant around the field's centre. Nasal is to the viewer's right in a
 * right eye, to the left in a left eye.
 *
 * The standard error is the delete-one jackknife over square blocks of two degrees (a ratio estimator, Cochran 1977 ch. 6):
 * how much the figure hangs on which patches of retina happened to be in the picture. It is not the network's error against
 * a person who draws the vessels, which the model's card gives.
 */
export function vesselArea(
  map: Uint8Array,
  width: number,
  circle: Circle,
  subject: CaptureSubject,
  options: { readonly threshold: number; readonly pixelsPerDegree: number },
): FindingValue[] {
  const nasalIsRight = subject === 'retina-right';
  const block = Math.max(1, Math.round(BLOCK_DEGREES * options.pixelsPerDegree));
  const level = 255 * options.threshold;
  const columns = Math.ceil((2 * circle.radius) / block) + 1;
  const blocks = columns * columns;
  // Four quadrants: 0 upper left, 1 upper right, 2 lower left, 3 lower right.
  const vessel = new Uint32Array(4 * blocks);
  const all = new Uint32Array(4 * blocks);
  const height = map.length / width;
  const column = Uint32Array.from({ length: width }, (_, x) => {
    const dx = x - circle.x;
    return Math.max(0, Math.floor((dx + circle.radius) / block)) + (dx > 0 ? blocks : 0);
  });
  for (let y = 0; y < height; y += 1) {
    const dy = y - circle.y;
    const row = Math.floor((dy + circle.radius) / block) * columns + (dy < 0 ? 0 : 2 * blocks);
    const { from, to } = spanInside(circle, y, width);
    countRow(map.subarray(y * width, (y + 1) * width), from, to, level, row, column, all, vessel);
  }
  const right = nasalIsRight ? 'nasal' : 'temporal';
  const left = nasalIsRight ? 'temporal' : 'nasal';
  const quadrants = [`upper-${left}`, `upper-${right}`, `lower-${left}`, `lower-${right}`] as const;
  return (['whole', 'upper-temporal', 'upper-nasal', 'lower-temporal', 'lower-nasal'] as const).map((region) => {
    const entries: { vessel: number; all: number }[] = [];
    for (let index = 0; index < blocks; index += 1) {
      const entry = { vessel: 0, all: 0 };
      for (const [quadrant, name] of quadrants.entries()) {
        if (region !== 'whole' && region !== name) continue;
        entry.vessel += vessel[quadrant * blocks + index]!;
        entry.all += all[quadrant * blocks + index]!;
      }
      if (entry.all > 0) entries.push(entry);
    }
    const { value, standardError } = jackknife(entries);
    return { measure: 'vessel-area', region, value: 100 * value, standardError: 100 * standardError, unit: 'percent' };
  });
}

/** Counts one row's pixels, and those that are vessel, into the blocks they lie in. */
function countRow(
  pixels: Uint8Array,
  from: number,
  to: number,
  level: number,
  row: number,
  column: Uint32Array,
  all: Uint32Array,
  vessel: Uint32Array,
): void {
  for (let x = from; x < to; x += 1) {
    const key = row + column[x]!;
    all[key]! += 1;
    if (pixels[x]! >= level) vessel[key]! += 1;
  }
}

/** Ratio of sums and its delete-one jackknife standard error. */
export function jackknife(blocks: readonly { readonly vessel: number; readonly all: number }[]): {
  readonly value: number;
  readonly standardError: number;
} {
  let vessel = 0;
  let all = 0;
  for (const block of blocks) {
    vessel += block.vessel;
    all += block.all;
  }
  if (all === 0 || blocks.length < 2) return { value: 0, standardError: 0 };
  const without = blocks.map((block) => (vessel - block.vessel) / Math.max(1, all - block.all));
  const mean = without.reduce((sum, value) => sum + value, 0) / without.length;
  const spread = without.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { value: vessel / all, standardError: Math.sqrt((spread * (blocks.length - 1)) / blocks.length) };
}
