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
  const reach = Math.max(1, Math.ceil(3 * sigma));
  const kernel = new Float32Array(2 * reach + 1);
  let sum = 0;
  for (let step = -reach; step <= reach; step += 1) {
    const weight = Math.exp((-step * step) / (2 * sigma * sigma));
    kernel[step + reach] = weight;
    sum += weight;
  }
  for (let step = 0; step < kernel.length; step += 1) kernel[step]! /= sum;
  const { width, height } = plane;
  const across = new Float32Array(width * height);
  const line = new Float32Array(width + 2 * reach);
  for (let y = 0; y < height; y += 1) {
    const start = y * width;
    line.fill(plane.data[start]!, 0, reach);
    line.set(plane.data.subarray(start, start + width), reach);
    line.fill(plane.data[start + width - 1]!, reach + width);
    for (let x = 0; x < width; x += 1) {
      let value = 0;
      for (let step = 0; step < kernel.length; step += 1) value += kernel[step]! * line[x + step]!;
      across[start + x] = value;
    }
  }
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const target = data.subarray(y * width, (y + 1) * width);
    for (let step = -reach; step <= reach; step += 1) {
      const row = Math.min(height - 1, Math.max(0, y + step)) * width;
      const weight = kernel[step + reach]!;
      for (let x = 0; x < width; x += 1) target[x]! += weight * across[row + x]!;
    }
  }
  return { width, height, data };
}

/** The 4-neighbour Laplacian (4 c - up - down - left - right, sign turned); the outermost pixels are 0. */
export function laplacian(plane: Plane): Plane {
  const { width, height, data: source } = plane;
  const data = new Float32Array(width * height);
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      data[at] = source[at - width]! + source[at + width]! + source[at - 1]! + source[at + 1]! - 4 * source[at]!;
    }
  }
  return { width, height, data };
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
