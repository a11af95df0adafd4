/** Small dense pictures as typed arrays. For pictures of about a megapixel; anything larger is libvips' work (image.ts). */

/** One channel, row by row. Values keep the 0-255 scale of 8-bit pictures. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Interleaved 8-bit sRGB without alpha. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** width x height x 3 bytes. */
  readonly data: Uint8Array;
}

/** A circle in pixels of the picture that it was found in; pixel centres lie at whole numbers. */
export interface Circle {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** The pixels of row `y` within the circle: from (inclusive) to (exclusive), empty where the row misses it. */
export function spanInside(circle: Circle, y: number, width: number): { readonly from: number; readonly to: number } {
  const square = circle.radius * circle.radius - (y - circle.y) ** 2;
  if (square < 0) return { from: 0, to: 0 };
  const half = Math.sqrt(square);
  const from = Math.max(0, Math.ceil(circle.x - half));
  return { from, to: Math.max(from, Math.min(width, Math.floor(circle.x + half) + 1)) };
}

/** Luma (ITU-R BT.601 weights on the encoded values, as JPEG's own Y) of each pixel, 0-255, unrounded. */
export function luma(picture: Picture): Plane {
  const count = picture.width * picture.height;
  const data = new Float32Array(count);
  const source = picture.data;
  for (let index = 0, at = 0; index < count; index += 1, at += 3) {
    data[index] = 0.299 * source[at]! + 0.587 * source[at + 1]! + 0.114 * source[at + 2]!;
  }
  return { width: picture.width, height: picture.height, data };
}

/** One channel of a picture: 0 red, 1 green, 2 blue. */
export function channel(picture: Picture, which: 0 | 1 | 2): Plane {
  const count = picture.width * picture.height;
  const data = new Float32Array(count);
  for (let index = 0, at = which; index < count; index += 1, at += 3) data[index] = picture.data[at]!;
  return { width: picture.width, height: picture.height, data };
}

/** Gaussian blur, kernel cut at 3 sigma, edges repeated. `sigma` in pixels, above 0. */
export function gaussian(plane: Plane, sigma: number): Plane {
  const kernel = halfKernel(sigma);
  const reach = kernel.length - 1;
  const { width, height } = plane;
  // With the first and last row repeated above and below.
  const across = new Float32Array(width * (height + 2 * reach));
  const line = new Float32Array(width + 2 * reach);
  for (let y = 0; y < height; y += 1) {
    const start = y * width;
    line.fill(plane.data[start]!, 0, reach);
    line.set(plane.data.subarray(start, start + width), reach);
    line.fill(plane.data[start + width - 1]!, reach + width);
    weighRow(across, start + reach * width, line, reach, 1, width, kernel);
  }
  const last = (reach + height - 1) * width;
  for (let step = 1; step <= reach; step += 1) {
    across.copyWithin((reach - step) * width, reach * width, (reach + 1) * width);
    across.copyWithin(last + step * width, last, last + width);
  }
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1) weighRow(data, y * width, across, (y + reach) * width, width, width, kernel);
  return { width, height, data };
}

/**
 * `count` values of `to`: each that at `middle` in `from` and its neighbours at multiples of `stride` to both sides, times
 * their weights. Three steps at once, so that the row is gone through a third as often.
 */
function weighRow(
  to: Float32Array,
  at: number,
  from: Float32Array,
  middle: number,
  stride: number,
  count: number,
  kernel: Float32Array,
): void {
  const weight = kernel[0]!;
  for (let x = 0; x < count; x += 1) to[at + x] = weight * from[middle + x]!;
  for (let step = 1; step < kernel.length; step += 3) {
    const [weight1, weight2, weight3] = [kernel[step]!, kernel[step + 1]!, kernel[step + 2]!];
    const offset1 = step * stride;
    const offset2 = offset1 + stride;
    const offset3 = offset2 + stride;
    for (let x = 0; x < count; x += 1) {
      const here = middle + x;
      to[at + x]! +=
        weight1 * (from[here - offset1]! + from[here + offset1]!) +
        weight2 * (from[here - offset2]! + from[here + offset2]!) +
        weight3 * (from[here - offset3]! + from[here + offset3]!);
    }
  }
}

/** The middle weight and those to one side, with zeros up to a multiple of three sides; all together sum to 1. */
function halfKernel(sigma: number): Float32Array {
  const reach = Math.max(1, Math.ceil(3 * sigma));
  const weights = Float32Array.from({ length: 3 * Math.ceil(reach / 3) + 1 }, (_, step) =>
    step > reach ? 0 : Math.exp((-step * step) / (2 * sigma * sigma)),
  );
  const sum = 2 * weights.reduce((total, weight) => total + weight, 0) - weights[0]!;
  return weights.map((weight) => weight / sum);
}

/** The value below which `share` (0-1) of the sorted copy of `values` lies; NaN for none. */
export function quantile(values: ArrayLike<number>, share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const below = sorted[low]!;
  const above = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return below + (above - below) * (at - low);
}

/** As `quantile`, for bytes, by counting: the value at which `share` of them is reached; 0 for none. */
export function byteQuantile(values: Uint8Array, share: number): number {
  const counts = new Uint32Array(256);
  for (const value of values) counts[value]! += 1;
  let seen = 0;
  for (let value = 0; value < 256; value += 1) {
    seen += counts[value]!;
    if (seen > share * (values.length - 1)) return value;
  }
  return 0;
}

/** Numbers 0-1 from a seed (mulberry32): the same everywhere, for choices that must repeat exactly. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
