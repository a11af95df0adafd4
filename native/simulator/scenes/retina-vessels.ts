/**
 * A drawn retinal vessel tree, in degrees of field: x to the nose, y down, origin in the middle of a 30 degree field. Four
 * arcades leave the disc, the temporal ones curve round the macula; branches halve by Murray's law (parent^3 = sum of child^3).
 */
import { between, createNoise, createRandom } from './random.ts';

interface VesselPoint {
  readonly x: number;
  readonly y: number;
  /** Diameter in degrees. */
  readonly width: number;
}
export interface Vessel {
  readonly kind: 'artery' | 'vein';
  /** Its greatest diameter, degrees. */
  readonly calibre: number;
  readonly points: readonly VesselPoint[];
}

export interface RetinaLayout {
  readonly disc: { readonly x: number; readonly y: number; readonly radiusX: number; readonly radiusY: number };
  readonly fovea: { readonly x: number; readonly y: number };
}

const FIELD_RADIUS = 15.4;
const STEP = 0.12;
const THINNEST = 0.055;
const MOST_TURN = 0.8;

/** Where disc and fovea lie: 15 degrees apart, the disc a little higher. */
export function layRetina(seed: number): RetinaLayout {
  const random = createRandom(seed * 7 + 3);
  return {
    disc: {
      x: between(random, 8.4, 9.3),
      y: between(random, -1.6, -0.6),
      radiusX: between(random, 2.5, 2.8),
      radiusY: between(random, 2.8, 3.1),
    },
    fovea: { x: between(random, -6.6, -5.8), y: between(random, 0.2, 0.9) },
  };
}

type Point = readonly [number, number];
/** A trunk as a cubic curve from the disc, relative to it. */
interface Trunk {
  readonly curve: readonly [Point, Point, Point];
  readonly width: number;
}

const TRUNKS: readonly Trunk[] = [
  {
    curve: [
      [-0.4, -5.6],
      [-7.5, -10.4],
      [-21.5, -7.2],
    ],
    width: 0.4,
  },
  {
    curve: [
      [-0.4, 6.2],
      [-7.5, 12.2],
      [-21.5, 9.6],
    ],
    width: 0.4,
  },
  {
    curve: [
      [0.8, -4.2],
      [2.2, -8.4],
      [5.6, -13],
    ],
    width: 0.28,
  },
  {
    curve: [
      [1.0, 4.4],
      [2.6, 8.2],
      [6.2, 12.6],
    ],
    width: 0.27,
  },
  {
    curve: [
      [1.6, -1.2],
      [3.6, -2.2],
      [8, -3.4],
    ],
    width: 0.17,
  },
  {
    curve: [
      [1.4, 1.6],
      [3.4, 2.6],
      [8, 4.8],
    ],
    width: 0.16,
  },
  {
    curve: [
      [-2.2, -0.9],
      [-5.2, -1.6],
      [-9.4, -1.4],
    ],
    width: 0.13,
  },
  {
    curve: [
      [-2.2, 1.1],
      [-5.4, 2.6],
      [-9.2, 3.0],
    ],
    width: 0.12,
  },
];

/** The tree of one eye. Larger vessels first. */
export function growVessels(seed: number, layout: RetinaLayout): Vessel[] {
  const vessels: Vessel[] = [];
  for (const [index, kind] of (['vein', 'artery'] as const).entries()) {
    const random = createRandom(seed * 31 + index * 101 + 5);
    const grower = new Grower(random, createNoise(seed * 13 + index, 2), layout, kind, vessels);
    for (const trunk of TRUNKS) grower.trunk(trunk, index);
  }
  return vessels.sort((a, b) => b.calibre - a.calibre);
}

class Grower {
  private readonly random: () => number;
  private readonly noise: (x: number, y: number) => number;
  private readonly layout: RetinaLayout;
  private readonly kind: Vessel['kind'];
  private readonly vessels: Vessel[];

  constructor(
    random: () => number,
    noise: (x: number, y: number) => number,
    layout: RetinaLayout,
    kind: Vessel['kind'],
    vessels: Vessel[],
  ) {
    this.random = random;
    this.noise = noise;
    this.layout = layout;
    this.kind = kind;
    this.vessels = vessels;
  }

  /** Follows a trunk's curve with some wobble; artery and vein of a pair run beside each other and cross now and then. */
  trunk(trunk: Trunk, side: number): void {
    const { disc } = this.layout;
    const jitter = (): number => between(this.random, -0.5, 0.5);
    const origin: Point = [disc.x + between(this.random, -0.2, 0.5), disc.y + between(this.random, -0.4, 0.4)];
    const controls = trunk.curve.map(([x, y]): Point => [
      disc.x + x * between(this.random, 0.93, 1.07) + jitter(),
      disc.y + y * between(this.random, 0.93, 1.07) + jitter() + (side === 0 ? 0.35 : -0.45) * Math.sign(y),
    ]);
    const [a, b, c] = controls as [Point, Point, Point];
    const length = 1.15 * (distance(origin, a) + distance(a, b) + distance(b, c)) * 0.9;
    const steps = Math.ceil(length / STEP);
    const calibre = trunk.width * (this.kind === 'vein' ? 1 : 0.78) * between(this.random, 0.92, 1.08);
    const phase = between(this.random, 0, 50);
    const points: VesselPoint[] = [];
    let next = between(this.random, 3.1, 4.6);
    let branchSide = this.random() < 0.5 ? 1 : -1;
    for (let step = 0; step <= steps; step++) {
      const t = step / steps;
      const [x, y] = cubic(origin, a, b, c, t);
      const [ahead, below] = cubic(origin, a, b, c, Math.min(1, t + 0.01));
      const heading = Math.atan2(below - y, ahead - x);
      const wobble = 0.42 * Math.min(1, t * 6) * this.noise(phase + t * length * 0.32, side * 7 + phase);
      const at = { x: x - Math.sin(heading) * wobble, y: y + Math.cos(heading) * wobble };
      // Comes up out of the cup thin, then narrows all its way.
      const width = calibre * (1 - 0.62 * t) * Math.min(1, 0.35 + (t * length) / 1.6);
      if (Math.hypot(at.x, at.y) > FIELD_RADIUS) break;
      points.push({ ...at, width });
      if (t * length > next) {
        next += between(this.random, 1.7, 3.9);
        branchSide = -branchSide;
        const child = width * between(this.random, 0.4, 0.75);
        this.branch(
          at,
          heading + branchSide * between(this.random, 0.4, 0.85),
          child,
          between(this.random, 4.5, 11),
          1,
        );
      }
    }
    this.vessels.push({ kind: this.kind, calibre, points });
  }

  private branch(from: { x: number; y: number }, heading: number, width: number, length: number, level: number): void {
    if (width < THINNEST || level > 3) return;
    const { fovea } = this.layout;
    const points: VesselPoint[] = [];
    const phase = between(this.random, 0, 60);
    const bend = between(this.random, -0.05, 0.05);
    let { x, y } = from;
    let direction = heading;
    let calibre = width;
    let next = between(this.random, 1.2, 2.8);
    for (let run = 0; run < length; run += STEP) {
      points.push({ x, y, width: calibre });
      const toFovea = Math.hypot(x - fovea.x, y - fovea.y);
      // The foveal avascular zone; branches that come near bend towards it and end before it.
      if (toFovea < 1.7 || Math.hypot(x, y) > FIELD_RADIUS) break;
      if (toFovea < 6.5) {
        const turn = angleBetween(direction, Math.atan2(fovea.y - y, fovea.x - x));
        direction += 0.045 * turn;
      }
      direction += bend * STEP + 0.13 * this.noise(phase + run * 0.9, phase);
      // No vessel turns back on itself.
      const turned = angleBetween(heading, direction);
      direction = heading + Math.max(-MOST_TURN, Math.min(MOST_TURN, turned));
      x += Math.cos(direction) * STEP;
      y += Math.sin(direction) * STEP;
      calibre = width * (1 - 0.55 * (run / length));
      if (calibre < THINNEST * 0.75) break;
      if (run > next) {
        next += between(this.random, 1.4, 3.6);
        const side = this.random() < 0.5 ? 1 : -1;
        const child = calibre * between(this.random, 0.55, 0.85);
        // Murray: what the child takes, the parent loses.
        const rest = Math.cbrt(Math.max(0.2, 1 - (child / calibre) ** 3));
        width *= Math.max(0.86, rest);
        this.branch(
          { x, y },
          direction + side * between(this.random, 0.4, 0.95),
          child,
          length * between(this.random, 0.35, 0.75),
          level + 1,
        );
      }
    }
    if (points.length > 3) this.vessels.push({ kind: this.kind, calibre: points[0]?.width ?? width, points });
  }
}

function cubic(p: Point, a: Point, b: Point, c: Point, t: number): [number, number] {
  const s = 1 - t;
  const at = (index: 0 | 1): number =>
    s ** 3 * p[index] + 3 * s * s * t * a[index] + 3 * s * t * t * b[index] + t ** 3 * c[index];
  return [at(0), at(1)];
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

function angleBetween(from: number, to: number): number {
  return Math.atan2(Math.sin(to - from), Math.cos(to - from));
}
