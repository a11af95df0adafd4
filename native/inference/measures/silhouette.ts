/** Finds the person in front of a plain wall: whatever differs from the wall seen at the left and right edge of the same row. */
import { quantile, type Picture } from '../planes.ts';
import { largestRegion, type Mask } from './regions.ts';

export interface Silhouette {
  /** 1 = person; of the size of the picture given. */
  readonly mask: Mask;
  /** First and last row and column of the person, and their column of gravity, in pixels. */
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
  readonly centreX: number;
}

/** Width of the strips at both edges that show the wall, share of the picture. */
const STRIP_SHARE = 0.06;
/** The least difference (RGB distance, 0-441) that counts, above soft shadows on the wall. */
const LEAST_DIFFERENCE = 24;
/** Parts smaller than this share of the largest are not the person. */
const PART_SHARE = 0.04;
/** Of the picture; less is dirt, not a person. */
const LEAST_AREA_SHARE = 0.01;

/**
 * The silhouette, or null where nothing stands out. For pictures of 200-300 px: small enough for noise to be averaged away.
 * The wall (and floor) is interpolated for each row between the medians of the two edge strips, so gradients of light and a
 * floor of another colour don't matter; what touches both edges does not stand out.
 */
export function findSilhouette(picture: Picture): Silhouette | null {
  const { width, height } = picture;
  const difference = differenceFromWall(picture);
  const strip = stripWidth(width);
  const edges: number[] = [];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < strip; x += 1) edges.push(difference[y * width + x]!, difference[y * width + width - 1 - x]!);
  }
  const threshold = Math.max(LEAST_DIFFERENCE, 3 * quantile(edges, 0.9));
  const data = Uint8Array.from(difference, (value) => (value > threshold ? 1 : 0));
  const mask = parts({ width, height, data: cleaned(data, width, height) });
  let area = 0;
  let [top, bottom, left, right, sumX] = [height, -1, width, -1, 0];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (mask.data[y * width + x] === 0) continue;
      area += 1;
      sumX += x;
      top = Math.min(top, y);
      bottom = y;
      left = Math.min(left, x);
      right = Math.max(right, x);
    }
  }
  if (area < LEAST_AREA_SHARE * width * height) return null;
  return { mask, top, bottom, left, right, centreX: sumX / area };
}

function stripWidth(width: number): number {
  return Math.max(3, Math.round(STRIP_SHARE * width));
}

function differenceFromWall({ width, height, data }: Picture): Float32Array {
  const strip = stripWidth(width);
  const difference = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const walls = [0, 1, 2].map((channel) => {
      const left: number[] = [];
      const right: number[] = [];
      for (let x = 0; x < strip; x += 1) {
        left.push(data[3 * (y * width + x) + channel]!);
        right.push(data[3 * (y * width + width - 1 - x) + channel]!);
      }
      return [quantile(left, 0.5), quantile(right, 0.5)] as const;
    });
    for (let x = 0; x < width; x += 1) {
      const share = Math.min(1, Math.max(0, (x - strip / 2) / (width - strip)));
      let sum = 0;
      for (let channel = 0; channel < 3; channel += 1) {
        const [left, right] = walls[channel]!;
        sum += (data[3 * (y * width + x) + channel]! - (left + (right - left) * share)) ** 2;
      }
      difference[y * width + x] = Math.sqrt(sum);
    }
  }
  return difference;
}

/** Heals gaps and then removes lines up to two pixels wide: a plumb line, the edge of the floor. */
function cleaned(data: Uint8Array, width: number, height: number): Uint8Array {
  let result = data;
  for (const value of [1, 0, 0, 1] as const) result = grown(result, width, height, value);
  return result;
}

/** Every pixel that has, or has a 4-neighbour with, `value`, becomes `value`. */
export function grown(data: Uint8Array, width: number, height: number, value: 0 | 1): Uint8Array {
  const result = Uint8Array.from(data);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x;
      if (data[at] !== value) continue;
      if (x > 0) result[at - 1] = value;
      if (x < width - 1) result[at + 1] = value;
      if (y > 0) result[at - width] = value;
      if (y < height - 1) result[at + width] = value;
    }
  }
  return result;
}

/**
 * The largest region, and all others of at least `PART_SHARE` of its size that lie above or below it (a light shirt may part
 * head and legs). What hangs beside it is something else: a colour chart, a lamp.
 */
function parts(mask: Mask): Mask {
  const main = largestRegion(mask);
  const data = Uint8Array.from(main.mask.data);
  const rest = mask.data.map((value, at) => (data[at] === 1 ? 0 : value));
  const trunk = columnsOf(main.mask);
  for (;;) {
    const region = largestRegion({ ...mask, data: rest });
    if (region.area === 0 || region.area < PART_SHARE * main.area) return { ...mask, data };
    const columns = columnsOf(region.mask);
    const centre = (columns.first + columns.last) / 2;
    const belongs = centre >= trunk.first && centre <= trunk.last;
    for (let at = 0; at < data.length; at += 1) {
      if (region.mask.data[at] === 0) continue;
      rest[at] = 0;
      if (belongs) data[at] = 1;
    }
  }
}

function columnsOf(mask: Mask): { readonly first: number; readonly last: number } {
  let first = mask.width;
  let last = -1;
  for (let at = 0; at < mask.data.length; at += 1) {
    if (mask.data[at] === 0) continue;
    const x = at % mask.width;
    first = Math.min(first, x);
    last = Math.max(last, x);
  }
  return { first, last };
}
