/** Sharpness tile by tile: the re-blur ratio (`electron/contract/measures/image-quality.ts` defines it). */
import type { Tile } from '../../../electron/contract/index.ts';
import { gaussian, laplacian, quantile, type Plane } from '../planes.ts';
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
  const detail = laplacian(plane).data;
  const fine = laplacian(gaussian(plane, parameters.fineSigmaPx)).data;
  const coarse = laplacian(gaussian(plane, parameters.coarseSigmaPx)).data;
  const step = parameters.textureStepPx;
  const small = blockMeans(plane, step);
  const smallInside = everyBlock(inside, plane, step);
  const structure = differenceOfGaussians(
    small,
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
      const pixels = insideOf(plane, inside, left, top, left + tileWidth, top + tileHeight);
      if (pixels.length < parameters.minimumTileShare * tileWidth * tileHeight) continue;
      const blocks = insideOf(small, smallInside, left / step, top / step, (left + tileWidth) / step, (top + tileHeight) / step);
      const focus = variance(structure, blocks) < parameters.textureVariance ? null : sharpness(pixels);
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

  function sharpness(pixels: Int32Array): number | null {
    const whole = variance(detail, pixels);
    if (whole < parameters.floorVariance) return 1;
    const once = variance(fine, pixels);
    if (whole > parameters.noiseRatio * once) return null;
    const ratio = Math.min(whole / once, (parameters.coarseWeight * once) / variance(coarse, pixels));
    // Blur can't add detail: what it brought here belongs to an edge beyond the tile's pixels.
    return ratio < 1 ? null : ratio;
  }
}

function differenceOfGaussians(plane: Plane, inner: number, outer: number): Float32Array {
  const wide = gaussian(plane, outer).data;
  return gaussian(plane, inner).data.map((value, at) => value - wide[at]!);
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

/** Indices of the pixels of a rectangle that lie inside; the plane's outermost pixels have no Laplacian. */
function insideOf(
  plane: Plane,
  inside: Uint8Array,
  left: number,
  top: number,
  right: number,
  bottom: number,
): Int32Array {
  const x0 = Math.max(1, Math.round(left));
  const x1 = Math.min(plane.width - 1, Math.round(right));
  const y0 = Math.max(1, Math.round(top));
  const y1 = Math.min(plane.height - 1, Math.round(bottom));
  const indices = new Int32Array(Math.max(0, x1 - x0) * Math.max(0, y1 - y0));
  let count = 0;
  for (let y = y0; y < y1; y += 1) {
    for (let x = x0; x < x1; x += 1) {
      const at = y * plane.width + x;
      if (inside[at] === 1) indices[count++] = at;
    }
  }
  return indices.subarray(0, count);
}

function variance(values: Float32Array, at: Int32Array): number {
  let sum = 0;
  let squares = 0;
  for (const index of at) {
    const value = values[index]!;
    sum += value;
    squares += value * value;
  }
  const mean = sum / at.length;
  return squares / at.length - mean * mean;
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
