/** Finds the round field of view of a fundus photograph: the bright disc on the camera's black ground. */
import { byteQuantile, seededRandom, type Circle, type Picture } from '../planes.ts';
import { largestRegion, type Mask } from './regions.ts';

export interface Field {
  /** In pixels of the picture given. */
  readonly circle: Circle;
  /** Share of the circle's rim (0-1) where the picture really changes from field to ground. */
  readonly rim: number;
}

/** Rim points may miss the circle by this share of the radius. */
const TOLERANCE = 0.02;
/** Guesses: with half of the rim hidden, all of this many miss with a chance below 1e-7. */
const ROUNDS = 150;

/**
 * The field of view, or null where no disc stands out. Works on pictures of 200-500 px; the centre and radius are good to
 * about a quarter of a pixel. The circle is the one that most rim points agree with (RANSAC with a fixed seed, then least
 * squares on those that agree), so that an eyelid or a shadow over part of the rim does not shift it.
 */
export function findField(picture: Picture): Field | null {
  const { width, height } = picture;
  const bright = new Uint8Array(width * height);
  for (let index = 0, at = 0; index < bright.length; index += 1, at += 3) {
    bright[index] = Math.max(picture.data[at]!, picture.data[at + 1]!, picture.data[at + 2]!);
  }
  const ground = byteQuantile(bright, 0.02);
  const level = byteQuantile(bright, 0.7);
  const threshold = ground + Math.max(5, 0.2 * (level - ground));
  const mask: Mask = { width, height, data: bright.map((value) => (value > threshold ? 1 : 0)) };
  const region = largestRegion(mask);
  if (region.area < 0.02 * width * height) return null;
  const points = rimPoints(region.mask, bright, threshold);
  if (points.length < 24) return null;
  const circle = fitCircle(points, Math.max(width, height));
  if (circle === null) return null;
  const rim = rimShare(points, circle);
  return rim < 0.25 ? null : { circle, rim };
}

type Point = readonly [x: number, y: number];

/** First and last pixel of each row and column, placed between pixels where the brightness crosses the threshold. */
function rimPoints(mask: Mask, bright: Uint8Array, threshold: number): Point[] {
  const { width, height, data } = mask;
  const points: Point[] = [];
  const crossing = (inside: number, outside: number): number => {
    const high = bright[inside]!;
    const low = bright[outside]!;
    return high > low ? Math.min(1, Math.max(0, (high - threshold) / (high - low))) : 0.5;
  };
  for (let y = 0; y < height; y += 1) {
    let first = -1;
    let last = -1;
    for (let x = 0; x < width; x += 1) {
      if (data[y * width + x] === 0) continue;
      if (first < 0) first = x;
      last = x;
    }
    if (first > 0) points.push([first - crossing(y * width + first, y * width + first - 1), y]);
    if (last >= 0 && last < width - 1) points.push([last + crossing(y * width + last, y * width + last + 1), y]);
  }
  for (let x = 0; x < width; x += 1) {
    let first = -1;
    let last = -1;
    for (let y = 0; y < height; y += 1) {
      if (data[y * width + x] === 0) continue;
      if (first < 0) first = y;
      last = y;
    }
    if (first > 0) points.push([x, first - crossing(first * width + x, (first - 1) * width + x)]);
    if (last >= 0 && last < height - 1) points.push([x, last + crossing(last * width + x, (last + 1) * width + x)]);
  }
  return points;
}

function fitCircle(points: readonly Point[], longEdge: number): Circle | null {
  const random = seededRandom(1);
  const pick = (): Point => points[Math.floor(random() * points.length)]!;
  let best: Circle | null = null;
  let bestCount = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const circle = circleThrough(pick(), pick(), pick());
    if (circle === null || circle.radius > longEdge || circle.radius < 0.05 * longEdge) continue;
    const count = countAgreeing(points, circle);
    if (count > bestCount) {
      bestCount = count;
      best = circle;
    }
  }
  for (let round = 0; best !== null && round < 5; round += 1) best = leastSquares(agreeing(points, best)) ?? best;
  return best;
}

function agreeing(points: readonly Point[], circle: Circle): Point[] {
  const limit = Math.max(0.75, TOLERANCE * circle.radius);
  return points.filter(([x, y]) => Math.abs(Math.hypot(x - circle.x, y - circle.y) - circle.radius) <= limit);
}

/** Compares squares, and looks at every second point: this runs for each guess. */
function countAgreeing(points: readonly Point[], circle: Circle): number {
  const limit = Math.max(0.75, TOLERANCE * circle.radius);
  const least = (circle.radius - limit) ** 2;
  const most = (circle.radius + limit) ** 2;
  let count = 0;
  for (let at = 0; at < points.length; at += 2) {
    const point = points[at]!;
    const square = (point[0] - circle.x) ** 2 + (point[1] - circle.y) ** 2;
    if (square >= least && square <= most) count += 1;
  }
  return count;
}

function circleThrough([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point): Circle | null {
  const twice = 2 * (ax * (by - cy) + bx * (cy - ay) + cx * (ay - by));
  if (Math.abs(twice) < 1e-3) return null;
  const a = ax * ax + ay * ay;
  const b = bx * bx + by * by;
  const c = cx * cx + cy * cy;
  const x = (a * (by - cy) + b * (cy - ay) + c * (ay - by)) / twice;
  const y = (a * (cx - bx) + b * (ax - cx) + c * (bx - ax)) / twice;
  return { x, y, radius: Math.hypot(ax - x, ay - y) };
}

/** Algebraic least-squares circle (Kåsa 1976); exact enough where most of the rim is seen. */
function leastSquares(points: readonly Point[]): Circle | null {
  if (points.length < 3) return null;
  let meanX = 0;
  let meanY = 0;
  for (const [x, y] of points) {
    meanX += x / points.length;
    meanY += y / points.length;
  }
  let uu = 0;
  let uv = 0;
  let vv = 0;
  let uz = 0;
  let vz = 0;
  let z = 0;
  for (const [x, y] of points) {
    const u = x - meanX;
    const v = y - meanY;
    const square = u * u + v * v;
    uu += u * u;
    uv += u * v;
    vv += v * v;
    uz += u * square;
    vz += v * square;
    z += square / points.length;
  }
  const determinant = uu * vv - uv * uv;
  if (Math.abs(determinant) < 1e-9) return null;
  const x = (uz * vv - vz * uv) / (2 * determinant);
  const y = (vz * uu - uz * uv) / (2 * determinant);
  return { x: x + meanX, y: y + meanY, radius: Math.sqrt(z + x * x + y * y) };
}

/** Share of 120 three-degree steps of the rim in which at least one point agrees with the circle. */
function rimShare(points: readonly Point[], circle: Circle): number {
  const steps = new Set<number>();
  for (const [x, y] of agreeing(points, circle)) {
    steps.add(Math.floor(((Math.atan2(y - circle.y, x - circle.x) + Math.PI) / (2 * Math.PI)) * 119.999));
  }
  return steps.size / 120;
}
