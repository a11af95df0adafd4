/** A fundus photograph on the network's grid: decoded once, its field found, brought to the pixels per degree asked for. */
import { resample, type Box, type OpenedImage } from './image.ts';
import { findField, type Field } from './measures/field.ts';
import { spanInside, type Circle, type Picture } from './planes.ts';

/** A field smaller than this share of the shorter side is no field: it would have to be enlarged beyond reason. */
const MINIMUM_DIAMETER_SHARE = 0.25;
/** The share that a field usually fills; decides how much is shrunk while decoding. */
const USUAL_DIAMETER_SHARE = 0.85;
const FIELD_SEARCH_PX = 256;
/** Around the field, so that the network sees the rim as it did in training. */
const MARGIN_PX = 8;

export interface Fundus {
  /** The decoded picture, for the thumbnail and where no field was found. */
  readonly working: Picture;
  /** In pixels of `working`. */
  readonly field: Field | null;
  /** The part around the field on the network's grid; null without a field. */
  readonly onGrid: {
    readonly picture: Picture;
    /** The field in pixels of `picture`. */
    readonly circle: Circle;
    /** Where `picture` lies in the whole photograph on the same grid. */
    readonly box: Box;
    readonly wholeWidth: number;
    readonly wholeHeight: number;
  } | null;
}

/**
 * @param fieldAngleDegrees of the camera; @param pixelsPerDegree of the network.
 * @throws VantageError IMAGE_DAMAGED.
 */
export async function readFundus(
  image: OpenedImage,
  fieldAngleDegrees: number,
  pixelsPerDegree: number,
): Promise<Fundus> {
  const neededPx = fieldAngleDegrees * pixelsPerDegree;
  let shrink = 1;
  const shortSide = Math.min(image.width, image.height);
  while (shrink < 8 && (shortSide * USUAL_DIAMETER_SHARE) / (2 * shrink) >= neededPx) shrink *= 2;
  let { working, field } = await readAt(image, shrink);
  // A small field in a large picture: look closer rather than enlarge what was thrown away.
  while (shrink > 1 && field !== null && 2 * field.circle.radius < neededPx) {
    shrink /= 2;
    ({ working, field } = await readAt(image, shrink));
  }
  if (field === null) return { working, field, onGrid: null };
  const scale = neededPx / (2 * field.circle.radius);
  const wholeWidth = Math.round(working.width * scale);
  const wholeHeight = Math.round(working.height * scale);
  const circle = scaled(field.circle, wholeWidth / working.width, wholeHeight / working.height);
  const box = around(circle, wholeWidth, wholeHeight);
  const picture = await resample(working, wholeWidth, wholeHeight, box);
  return {
    working,
    field,
    onGrid: {
      picture,
      circle: { x: circle.x - box.left, y: circle.y - box.top, radius: circle.radius },
      box,
      wholeWidth,
      wholeHeight,
    },
  };
}

/** One byte per pixel, 1 within `radius` of the circle's centre. */
export function insideCircle(width: number, height: number, circle: Circle, radius = circle.radius): Uint8Array {
  const inside = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const { from, to } = spanInside({ ...circle, radius }, y, width);
    inside.fill(1, y * width + from, y * width + to);
  }
  return inside;
}

async function readAt(image: OpenedImage, shrink: number): Promise<{ working: Picture; field: Field | null }> {
  const working = await image.decode(Math.floor(image.width / shrink), Math.floor(image.height / shrink));
  const search = FIELD_SEARCH_PX / Math.max(working.width, working.height);
  const small = await resample(
    working,
    Math.max(1, Math.round(working.width * search)),
    Math.max(1, Math.round(working.height * search)),
  );
  const found = findField(small);
  if (found === null) return { working, field: null };
  const circle = scaled(found.circle, working.width / small.width, working.height / small.height);
  const tooSmall = 2 * circle.radius < MINIMUM_DIAMETER_SHARE * Math.min(working.width, working.height);
  return { working, field: tooSmall ? null : { circle, rim: found.rim } };
}

/** Pixel centres lie at whole numbers, so a scale works on coordinates shifted by a half. */
function scaled(circle: Circle, scaleX: number, scaleY: number): Circle {
  return {
    x: (circle.x + 0.5) * scaleX - 0.5,
    y: (circle.y + 0.5) * scaleY - 0.5,
    radius: circle.radius * Math.sqrt(scaleX * scaleY),
  };
}

function around(circle: Circle, width: number, height: number): Box {
  const left = Math.max(0, Math.floor(circle.x - circle.radius - MARGIN_PX));
  const top = Math.max(0, Math.floor(circle.y - circle.radius - MARGIN_PX));
  const right = Math.min(width, Math.ceil(circle.x + circle.radius + MARGIN_PX) + 1);
  const bottom = Math.min(height, Math.ceil(circle.y + circle.radius + MARGIN_PX) + 1);
  return { left, top, width: right - left, height: bottom - top };
}
