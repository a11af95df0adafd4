/**
 * What stands on a simulated scale, as a function of time: somebody stepping on is a damped oscillation that dies away into
 * the sway of a standing body and the noise of the cell. Pure: time comes in, the seed decides the rest, the same seed gives
 * the same readings.
 */

export interface ScalePlateOptions {
  readonly seed: number;
  readonly capacityKg: number;
  readonly divisionKg: number;
}

export interface PlateReading {
  /** Net weight in whole divisions, kg. */
  readonly kg: number;
  readonly state: 'stable' | 'dynamic' | 'overload' | 'underload';
}

/** The plate on its springs with a person on it. */
const FREQUENCY_HZ = 2.1;
const DAMPING_RATIO = 0.35;
/** A person's sway just after stepping on, what stays of it, and how fast it fades; kg and s. */
const SWAY_FIRST_KG = 0.35;
const SWAY_LEFT_KG = 0.006;
const SWAY_FADES_S = 0.5;
const RESTLESS_KG = 0.9;
const CELL_NOISE_KG = 0.002;
/** One converted value each 100 ms; stable when so many of them lie within one division. */
export const TICK_MS = 100;
const STABLE_TICKS = 6;
/** Past Max + 9 e nothing is indicated (OIML R 76-1 4.2.3). */
const OVERLOAD_DIVISIONS = 9;
const UNDERLOAD_DIVISIONS = 20;
/** Zero can be set within 2 % of Max (OIML R 76-1 4.5.1: 4 % in all). */
const ZERO_RANGE = 0.02;

interface Segment {
  readonly atMs: number;
  readonly fromKg: number;
  readonly toKg: number;
}

export class ScalePlate {
  private readonly options: ScalePlateOptions;
  private segments: Segment[] = [{ atMs: 0, fromKg: 0, toKg: 0 }];
  private steps = 0;
  private restless = false;
  private zeroKg = 0;
  private tareKg = 0;

  constructor(options: ScalePlateOptions) {
    this.options = options;
  }

  /** What stands there once it is at rest. */
  get loadKg(): number {
    return this.segments.at(-1)?.toKg ?? 0;
  }

  get tare(): number {
    return this.rounded(this.tareKg);
  }

  /** Changes the load; 0 is an empty plate. */
  put(kg: number, atMs: number): void {
    this.segments.push({ atMs, fromKg: this.loadAt(atMs), toKg: kg });
    this.segments = this.segments.slice(-8);
    this.steps += 1;
  }

  /** A restless person never comes to rest. */
  setRestless(restless: boolean): void {
    this.restless = restless;
  }

  read(atMs: number): PlateReading {
    const { capacityKg, divisionKg } = this.options;
    const tick = this.tickAt(atMs);
    const gross = this.grossAt(tick);
    const kg = this.rounded(gross - this.zeroKg - this.tareKg);
    if (gross > capacityKg + OVERLOAD_DIVISIONS * divisionKg) return { kg, state: 'overload' };
    if (gross - this.zeroKg < -UNDERLOAD_DIVISIONS * divisionKg) return { kg, state: 'underload' };
    let low = gross;
    let high = gross;
    for (let back = 1; back < STABLE_TICKS; back += 1) {
      const value = this.grossAt(tick - back);
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return { kg, state: high - low <= divisionKg ? 'stable' : 'dynamic' };
  }

  /** Whether zero could be set to what is on the plate now. */
  zeroRange(atMs: number): 'within' | 'above' | 'below' {
    const gross = this.grossAt(this.tickAt(atMs));
    const range = ZERO_RANGE * this.options.capacityKg;
    return gross > range ? 'above' : gross < -range ? 'below' : 'within';
  }

  setZero(atMs: number): void {
    this.zeroKg = this.grossAt(this.tickAt(atMs));
    this.tareKg = 0;
  }

  setTare(atMs: number): void {
    this.tareKg = this.grossAt(this.tickAt(atMs)) - this.zeroKg;
  }

  clearTare(): void {
    this.tareKg = 0;
  }

  /** Ticks count from the last change of load, so that the same step on the same seed reads the same at any time of day. */
  private tickAt(atMs: number): number {
    return Math.floor((atMs - this.lastChangeMs) / TICK_MS);
  }

  private get lastChangeMs(): number {
    return this.segments.at(-1)?.atMs ?? 0;
  }

  private grossAt(tick: number): number {
    const load = this.loadAt(this.lastChangeMs + tick * TICK_MS);
    const seconds = Math.max(0, tick * TICK_MS) / 1000;
    const fading = SWAY_FIRST_KG * Math.exp(-seconds / SWAY_FADES_S) + SWAY_LEFT_KG;
    const standing = this.loadKg === 0 ? 0 : this.restless ? RESTLESS_KG : fading;
    return load + gaussian(this.options.seed, this.steps * 1_000_003 + tick) * (standing + CELL_NOISE_KG);
  }

  private loadAt(atMs: number): number {
    const segment = this.segments.findLast((each) => each.atMs <= atMs);
    if (segment === undefined) return 0;
    const seconds = (atMs - segment.atMs) / 1000;
    const omega = 2 * Math.PI * FREQUENCY_HZ;
    const damped = omega * Math.sqrt(1 - DAMPING_RATIO ** 2);
    const swing =
      Math.cos(damped * seconds) + (DAMPING_RATIO / Math.sqrt(1 - DAMPING_RATIO ** 2)) * Math.sin(damped * seconds);
    return segment.toKg + (segment.fromKg - segment.toKg) * Math.exp(-DAMPING_RATIO * omega * seconds) * swing;
  }

  private rounded(kg: number): number {
    const { divisionKg } = this.options;
    return Math.round(Math.round(kg / divisionKg) * divisionKg * 1e6) / 1e6 + 0;
  }
}

/** The simulated person of a seed: about 72.4 kg. */
export function personKg(seed: number): number {
  return Math.round((72.4 + 0.4 * gaussian(seed, -1)) * 1000) / 1000;
}

/** A normally distributed number that depends on nothing but its arguments; within +-3. */
function gaussian(seed: number, index: number): number {
  let sum = 0;
  for (let term = 0; term < 6; term += 1) sum += hash(seed, index * 6 + term);
  return (sum - 3) * Math.SQRT2;
}

/** Uniform in [0, 1): the finaliser of MurmurHash3 over both numbers. */
function hash(seed: number, index: number): number {
  let value = Math.imul(seed | 0, 0x9e37_79b1) ^ Math.imul(index | 0, 0x85eb_ca6b);
  value = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2_ae35);
  return ((value ^ (value >>> 16)) >>> 0) / 0x1_0000_0000;
}
