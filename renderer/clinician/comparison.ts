/**
 * Today's measures against an earlier visit's: change, its error, and from which size on it is real. Pure.
 *
 * The error of a difference is the root of the sum of squares of both errors. A change is real when it exceeds the least
 * significant change, 1.96 times that error: 2.77 times the error of one measure when both are equal (ISCD's definition, at
 * 95 % confidence).
 */
import type { FindingValue } from '../../electron/contract/judgement.ts';

const CONFIDENCE = 1.96;

export interface Measured {
  readonly value: number;
  /** Standard error in the same unit. */
  readonly error: number;
}

export interface Change {
  readonly change: number;
  readonly standardError: number;
  /** Changes up to this say nothing. */
  readonly leastSignificant: number;
  readonly real: boolean;
}

export function changeOf(today: Measured, earlier: Measured): Change {
  const change = today.value - earlier.value;
  const standardError = Math.hypot(today.error, earlier.error);
  const leastSignificant = CONFIDENCE * standardError;
  return { change, standardError, leastSignificant, real: Math.abs(change) > leastSignificant };
}

export interface RegionRow {
  readonly region: FindingValue['region'];
  readonly today: Measured;
  readonly earlier: Measured | null;
  readonly change: Change | null;
}

/** One row per region of today's finding, in its order. `earlier` null where nothing comparable is known. */
export function regionRows(
  today: readonly FindingValue[],
  earlier: readonly FindingValue[] | null,
): readonly RegionRow[] {
  return today.map((value) => {
    const before = earlier?.find((other) => other.region === value.region && other.measure === value.measure);
    const measured = { value: value.value, error: value.standardError };
    const then = before === undefined ? null : { value: before.value, error: before.standardError };
    return {
      region: value.region,
      today: measured,
      earlier: then,
      change: then === null ? null : changeOf(measured, then),
    };
  });
}

/** A range for all rows' charts, so that they can be compared by eye: the next of 1, 2, 5, 10 ... that holds everything. */
export function rangeOf(rows: readonly { readonly change: Change | null }[]): number {
  const largest = Math.max(
    0.5,
    ...rows.map(({ change }) =>
      change === null ? 0 : Math.max(change.leastSignificant, Math.abs(change.change) + change.standardError),
    ),
  );
  const power = 10 ** Math.floor(Math.log10(largest));
  return ([1, 2, 5, 10].find((step) => step * power >= largest) ?? 10) * power;
}
