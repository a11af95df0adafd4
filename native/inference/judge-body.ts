/** The checks of a body photograph in front of a plain wall. */
import type { CheckId, Tile } from '../../electron/contract/index.ts';
import {
  BODY_FOCUS,
  BODY_FRAMING,
  EVEN_LIGHT,
  EXPOSURE,
  type PublishedMeasure,
} from '../../electron/contract/measures/image-quality.ts';
import { resample, type OpenedImage } from './image.ts';
import { measureBodyFraming } from './measures/body-framing.ts';
import { criterion, runCheck, type Finding } from './measures/check.ts';
import { measureFocus } from './measures/focus.ts';
import { measureEvenLight, measureExposure } from './measures/light.ts';
import { findSilhouette, grown, type Silhouette } from './measures/silhouette.ts';
import { luma, type Picture, type Plane } from './planes.ts';
import type { Checked } from './judge-fundus.ts';

const SILHOUETTE_PX = 256;
/** The outline with its blur belongs to the person: so many pixels of the silhouette around it. */
const MARGIN = 3;

export interface Body {
  /** Longer edge as `BODY_FOCUS` defines it. */
  readonly picture: Picture;
  /** In pixels of a picture a quarter as large. */
  readonly silhouette: Silhouette | null;
}

/** Decodes at the size of judgement and finds the person. @throws VantageError IMAGE_DAMAGED. */
export async function readBody(image: OpenedImage): Promise<Body> {
  const scale = BODY_FOCUS.parameters.longEdgePx / Math.max(image.width, image.height);
  const picture = await image.decode(atLeastOne(image.width * scale), atLeastOne(image.height * scale));
  const small = SILHOUETTE_PX / Math.max(picture.width, picture.height);
  const searched = await resample(picture, atLeastOne(picture.width * small), atLeastOne(picture.height * small));
  return { picture, silhouette: findSilhouette(searched) };
}

/** The checks in `gates`, in that order. */
export function checkBody(body: Body, gates: readonly CheckId[]): Checked {
  const plane = luma(body.picture);
  const inside = body.silhouette ? enlarged(body.silhouette, plane) : new Uint8Array(0);
  let tiles: Tile[] = [];
  const measures: Readonly<Record<CheckId, readonly [PublishedMeasure, () => Finding]>> = {
    focus: [
      BODY_FOCUS,
      () => {
        const focus = focusOf(plane, body.silhouette, inside);
        tiles = focus.tiles;
        return focus.finding;
      },
    ],
    exposure: [EXPOSURE, () => measureExposure(plane, inside)],
    framing: [BODY_FRAMING, () => measureBodyFraming(body.silhouette)],
    'even-light': [EVEN_LIGHT, () => measureEvenLight(plane.data, wallSides(plane, inside))],
  };
  const checks = gates.map((gate) => runCheck(gate, ...measures[gate]));
  return { checks, tiles, field: null };
}

function atLeastOne(pixels: number): number {
  return Math.max(1, Math.round(pixels));
}

/** The silhouette on the plane, widened by the margin. */
function enlarged({ mask }: Silhouette, plane: Plane): Uint8Array {
  let wide = mask.data;
  for (let round = 0; round < MARGIN; round += 1) wide = grown(wide, mask.width, mask.height, 1);
  const inside = new Uint8Array(plane.width * plane.height);
  const columns = Int32Array.from({ length: plane.width }, (_, x) => Math.floor((x * mask.width) / plane.width));
  for (let y = 0; y < plane.height; y += 1) {
    const row = Math.floor((y * mask.height) / plane.height) * mask.width;
    for (let x = 0; x < plane.width; x += 1) inside[y * plane.width + x] = wide[row + columns[x]!]!;
  }
  return inside;
}

function focusOf(plane: Plane, silhouette: Silhouette | null, inside: Uint8Array): ReturnType<typeof measureFocus> {
  const { parameters } = BODY_FOCUS;
  if (silhouette === null) return { tiles: [], finding: criterion(1, 'at-least', parameters.limit, 'ratio', 'soft') };
  const scaleX = plane.width / silhouette.mask.width;
  const scaleY = plane.height / silhouette.mask.height;
  // Only the part around the person is looked at: the wall has no say, and costs as much as the person.
  const left = Math.max(0, Math.floor((silhouette.left - MARGIN) * scaleX));
  const top = Math.max(0, Math.floor((silhouette.top - MARGIN) * scaleY));
  const right = Math.min(plane.width, Math.ceil((silhouette.right + 1 + MARGIN) * scaleX));
  const bottom = Math.min(plane.height, Math.ceil((silhouette.bottom + 1 + MARGIN) * scaleY));
  const width = right - left;
  const height = bottom - top;
  const part: Plane = { width, height, data: cut(plane.data, plane.width, left, top, width, height) };
  const grid = {
    left: 0,
    top: 0,
    width,
    height,
    columns: Math.max(1, Math.round(width / parameters.tilePx)),
    rows: Math.max(1, Math.round(height / parameters.tilePx)),
  };
  const partInside = cut(inside, plane.width, left, top, width, height);
  return measureFocus(part, partInside, grid, { left, top, width: plane.width, height: plane.height }, parameters);
}

function cut<Values extends Float32Array | Uint8Array>(
  values: Values,
  stride: number,
  left: number,
  top: number,
  width: number,
  height: number,
): Values {
  const result = values.slice(0, width * height) as Values;
  for (let y = 0; y < height; y += 1) {
    const from = (top + y) * stride + left;
    result.set(values.subarray(from, from + width), y * width);
  }
  return result;
}

/** 0 left, 1 right of the person, upper half only (the floor may be of any colour); 255 elsewhere. */
function wallSides(plane: Plane, inside: Uint8Array): Uint8Array {
  const groups = new Uint8Array(plane.width * plane.height).fill(255);
  for (let y = 0, at = 0; y < plane.height / 2; y += 1) {
    for (let x = 0; x < plane.width; x += 1, at += 1) {
      if (inside[at] !== 1) groups[at] = x < plane.width / 2 ? 0 : 1;
    }
  }
  return groups;
}
