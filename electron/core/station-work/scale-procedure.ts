/**
 * How a scale is judged by reference weights: OIML R 76-1:2006, class III. The error of an indication is the indication minus the load
 * (A.4.1.6, whole divisions); 3.5.1 table 6 gives what passes on initial verification, 3.6.1 that the readings of one load differ by no more
 * than that, 3.6.2 that it holds at each place of the plate.
 */
import type { CalibrationMissing, CalibrationReading, DeviceIdentity, DeviceKind } from '../../contract/index.ts';

export const SCALE_PROCEDURE = { name: 'scale-oiml-r76-class-iii', version: '1' } as const;
/** As long as a record is in force. */
export const VALID_DAYS = 365;

/** Loads that differ by less than this are one, kg. */
const SAME_LOAD_KG = 0.001;
const LEAST_LOADS = 3;
/** Of the capacity, which the largest load has to reach (8.3.3 and A.4.4.1 want Max; a set of weights for half of it is what clinics have). */
const SHARE_OF_CAPACITY = 0.5;

/** Whether there is a procedure for it. */
export function isCalibratable(kind: DeviceKind): boolean {
  return kind === 'scale';
}

/** The maximum permissible error on initial verification, kg: 0.5 e up to 500 e, 1 e up to 2,000 e, 1.5 e above. */
export function allowedErrorKg(loadKg: number, divisionKg: number): number {
  // A load of exactly 500 e must not slip into the next row by a rounding of binary fractions.
  const divisions = loadKg / divisionKg - 1e-6;
  const factor = divisions <= 500 ? 0.5 : divisions <= 2000 ? 1 : 1.5;
  return rounded(factor * divisionKg);
}

export function errorKg(kg: number, loadKg: number): number {
  return rounded(kg - loadKg);
}

/** What still has to be measured before it can be judged. */
export function missingReadings(
  readings: readonly CalibrationReading[],
  { capacityKg }: Pick<DeviceIdentity, 'capacityKg'>,
): readonly CalibrationMissing[] {
  const loads = loadsOf(readings.filter(({ test }) => test === 'linearity'));
  const missing: CalibrationMissing[] = [];
  if (loads.length < LEAST_LOADS) missing.push('THREE_LOADS');
  if (capacityKg !== undefined && Math.max(0, ...loads) < capacityKg * SHARE_OF_CAPACITY) missing.push('HALF_CAPACITY');
  return missing;
}

export interface ScaleJudgement {
  readonly verdict: 'passed' | 'failed';
  /** Without its sign, kg. */
  readonly largestErrorKg: number;
  /** Where readings of one load at one place lay apart the most, kg. */
  readonly largestSpreadKg: number;
}

export function judgeScale(readings: readonly CalibrationReading[]): ScaleJudgement {
  const largestErrorKg = Math.max(0, ...readings.map((reading) => Math.abs(reading.errorKg)));
  let largestSpreadKg = 0;
  let isSteady = true;
  for (const same of repeatedOf(readings)) {
    const kgs = same.map(({ kg }) => kg);
    const spreadKg = rounded(Math.max(...kgs) - Math.min(...kgs));
    largestSpreadKg = Math.max(largestSpreadKg, spreadKg);
    if (spreadKg > (same[0]?.allowedKg ?? 0) + SAME_LOAD_KG / 1000) isSteady = false;
  }
  const isTrue = readings.every((reading) => Math.abs(reading.errorKg) <= reading.allowedKg + SAME_LOAD_KG / 1000);
  return { verdict: isTrue && isSteady && readings.length > 0 ? 'passed' : 'failed', largestErrorKg, largestSpreadKg };
}

/** Readings of one load at one place, where there is more than one. */
function repeatedOf(readings: readonly CalibrationReading[]): readonly (readonly CalibrationReading[])[] {
  const groups = new Map<string, CalibrationReading[]>();
  for (const reading of readings) {
    const key = `${reading.place} ${Math.round(reading.loadKg / SAME_LOAD_KG)}`;
    groups.set(key, [...(groups.get(key) ?? []), reading]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

function loadsOf(readings: readonly CalibrationReading[]): readonly number[] {
  return [...new Set(readings.map(({ loadKg }) => Math.round(loadKg / SAME_LOAD_KG)))].map(
    (load) => load * SAME_LOAD_KG,
  );
}

function rounded(kg: number): number {
  return Math.round(kg * 1e6) / 1e6;
}
