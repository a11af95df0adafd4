/** Sharpness tile by tile: the re-blur ratio (`electron/contract/measures/image-quality.ts` defines it). */
import type { Tile } from '../../../electron/contract/index.ts';
import { gaussian, quantile, type Plane } from '../planes.ts';
import { criterion, type Finding } from './check.ts';

export interface FocusParameters {
  readonly fineSigmaPx: number;
  readonly coarseSigmaPx: number;
  readonly coarseWeight: number;
  readonly floorVariance: number;
  readonly noiseRatio: number;
  readonly textureStepPx: number;
  readonly textureInnerSigmaPx: number;
  readonly textureOuterSigmaPx: number;
  readonly textureVariance: number;
  readonly minimumTileShare: number;
  readonly minimumJudgedShare: number;
  readonly quantile: number;
  readonly limit: number;
}

/** Where the plane lies in the whole picture, in pixels of the plane's scale. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A grid of equal tiles; `left`, `top`, `width`, `height` in pixels of the plane, and may reach beyond it. */
export interface Grid {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
}

/**
 * Measures every tile of the grid of which enough lies inside. `inside` has one byte per pixel of the plane, 1 = subject.
 * Tiles come in fractions of `whole`. The finding's value is the quantile over the tiles with structure (1 if too few have).
 */
export function measureFocus(
  plane: Plane,
  inside: Uint8Array,
  grid: Grid,
  whole: Frame,
  parameters: FocusParameters,
): { readonly tiles: Tile[]; readonly finding: Finding } {
  const fine = gaussian(plane, parameters.fineSigmaPx);
  const coarse = gaussian(plane, parameters.coarseSigmaPx);
  const step = parameters.textureStepPx;
  const small = blockMeans(plane, step);
  const smallInside = everyBlock(inside, plane, step);
  const structure = differenceOfGaussians(
    small,
    smallInside,
    parameters.textureInnerSigmaPx / step,
    parameters.textureOuterSigmaPx / step,
  );
  const tileWidth = grid.width / grid.columns;
  const tileHeight = grid.height / grid.rows;
  const tiles: Tile[] = [];
  for (let row = 0; row < grid.rows; row += 1) {
    for (let column = 0; column < grid.columns; column += 1) {
      const left = grid.left + column * tileWidth;
      const top = grid.top + row * tileHeight;
      const area = areaOf(plane, left, top, left + tileWidth, top + tileHeight);
      if (countInside(plane, inside, area) < parameters.minimumTileShare * tileWidth * tileHeight) continue;
      const blocks = areaOf(small, left / step, top / step, (left + tileWidth) / step, (top + tileHeight) / step);
      const isPlain = variance(small, structure, smallInside, blocks) < parameters.textureVariance;
      const focus = isPlain ? null : sharpness(area);
      tiles.push({
        ...fractions(whole, left, top, tileWidth, tileHeight),
        focus,
        soft: focus !== null && focus < parameters.limit,
      });
    }
  }
  const judged = tiles.flatMap((tile) => (tile.focus === null ? [] : [tile.focus]));
  const enough = judged.length > 0 && judged.length >= parameters.minimumJudgedShare * tiles.length;
  const value = enough ? quantile(judged, parameters.quantile) : 1;
  return { tiles, finding: criterion(value, 'at-least', parameters.limit, 'ratio', 'soft') };

  function sharpness(area: Area): number | null {
    const whole = laplacianVariance(plane, inside, area);
    if (whole < parameters.floorVariance) return 1;
    const once = laplacianVariance(fine, inside, area);
    if (whole > parameters.noiseRatio * once) return null;
    const twice = laplacianVariance(coarse, inside, area);
    const ratio = Math.min(whole / once, (parameters.coarseWeight * once) / twice);
    // Blur can't add detail: what it brought here belongs to an edge beyond the tile's pixels.
    return ratio < 1 ? null : ratio;
  }
}

/** Of the pixels inside only, so that the dark ground around a field is no structure; 0 outside. */
function differenceOfGaussians(plane: Plane, inside: Uint8Array, inner: number, outer: number): Float32Array {
  const weight: Plane = { ...plane, data: Float32Array.from(inside) };
  const weighted: Plane = { ...plane, data: plane.data.map((value, at) => value * inside[at]!) };
  const [near, nearWeight] = [gaussian(weighted, inner).data, gaussian(weight, inner).data];
  const [far, farWeight] = [gaussian(weighted, outer).data, gaussian(weight, outer).data];
  return near.map((value, at) => (inside[at] === 1 ? value / nearWeight[at]! - far[at]! / farWeight[at]! : 0));
}

/** Means of `step` x `step` pixels; a remainder at the right and bottom is left out. */
function blockMeans(plane: Plane, step: number): Plane {
  const width = Math.max(1, Math.floor(plane.width / step));
  const height = Math.max(1, Math.floor(plane.height / step));
  const data = new Float32Array(width * height);
  for (let y = 0; y < height * step; y += 1) {
    const row = Math.floor(y / step) * width;
    for (let x = 0; x < width; x += 1) {
      let sum = 0;
      const from = y * plane.width + x * step;
      for (let at = from; at < from + step; at += 1) sum += plane.data[at]!;
      data[row + x]! += sum / (step * step);
    }
  }
  return { width, height, data };
}

/** The mask at the middle of each block. */
function everyBlock(inside: Uint8Array, plane: Plane, step: number): Uint8Array {
  const width = Math.floor(plane.width / step);
  const height = Math.floor(plane.height / step);
  const middle = Math.floor(step / 2);
  const result = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      result[y * width + x] = inside[(y * step + middle) * plane.width + x * step + middle]!;
    }
  }
  return result;
}

/** Whole pixels from (inclusive) and to (exclusive). */
interface Area {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

/** Without the plane's outermost pixels, which have no Laplacian. */
function areaOf(plane: Plane, left: number, top: number, right: number, bottom: number): Area {
  return {
    x0: Math.max(1, Math.round(left)),
    x1: Math.min(plane.width - 1, Math.round(right)),
    y0: Math.max(1, Math.round(top)),
    y1: Math.min(plane.height - 1, Math.round(bottom)),
  };
}

function countInside(plane: Plane, inside: Uint8Array, { x0, x1, y0, y1 }: Area): number {
  let count = 0;
  for (let y = y0; y < y1; y += 1) {
    for (let at = y * plane.width + x0; at < y * plane.width + x1; at += 1) count += inside[at]!;
  }
  return count;
}

/** Of the 4-neighbour Laplacian, over the pixels of the area that are inside. */
function laplacianVariance({ width, data }: Plane, inside: Uint8Array, { x0, x1, y0, y1 }: Area): number {
  const sums = new Float64Array(3);
  for (let y = y0; y < y1; y += 1) addLaplacians(sums, data, inside, width, y * width + x0, y * width + x1);
  return varianceOf(sums);
}

/** Adds count, sum and sum of squares of one row. A row is a function so that the engine compiles it once, for good. */
function addLaplacians(
  sums: Float64Array,
  data: Float32Array,
  inside: Uint8Array,
  width: number,
  from: number,
  to: number,
): void {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (let at = from; at < to; at += 1) {
    if (inside[at] === 0) continue;
    const value = data[at - width]! + data[at + width]! + data[at - 1]! + data[at + 1]! - 4 * data[at]!;
    count += 1;
    sum += value;
    squares += value * value;
  }
  sums[0]! += count;
  sums[1]! += sum;
  sums[2]! += squares;
}

/** NaN of nothing. */
function varianceOf([count, sum, squares]: Float64Array): number {
  return squares! / count! - (sum! / count!) ** 2;
}

/** 0 where nothing of the area is inside. */
function variance({ width }: Plane, values: Float32Array, inside: Uint8Array, { x0, x1, y0, y1 }: Area): number {
  let [count, sum, squares] = [0, 0, 0];
  for (let y = y0; y < y1; y += 1) {
    for (let at = y * width + x0; at < y * width + x1; at += 1) {
      if (inside[at] === 0) continue;
      const value = values[at]!;
      count += 1;
      sum += value;
      squares += value * value;
    }
  }
  return count === 0 ? 0 : squares / count - (sum / count) ** 2;
}

/** Cut to the picture. */
function fractions(
  whole: Frame,
  left: number,
  top: number,
  width: number,
  height: number,
): { readonly x: number; readonly y: number; readonly width: number; readonly height: number } {
  const x = share((left + whole.left) / whole.width);
  const y = share((top + whole.top) / whole.height);
  return {
    x,
    y,
    width: share((left + whole.left + width) / whole.width) - x,
    height: share((top + whole.top + height) / whole.height) - y,
  };
}

function share(value: number): number {
  return Math.min(1, Math.max(0, value));
}
