/** Exposure and evenness of light. */
import { EXPOSURE, EVEN_LIGHT } from '../../../electron/contract/measures/image-quality.ts';
import type { Plane } from '../planes.ts';
import { criterion, deciding, type Finding } from './check.ts';

/** Shares of the subject (`inside` = 1; all of the picture if that is nowhere) that are burnt out or black. */
export function measureExposure(plane: Plane, inside: Uint8Array): Finding {
  const { brightFrom, brightLimitPercent, darkTo, darkLimitPercent } = EXPOSURE.parameters;
  const everywhere = !inside.includes(1);
  let total = 0;
  let bright = 0;
  let dark = 0;
  for (let at = 0; at < plane.data.length; at += 1) {
    if (!everywhere && inside[at] !== 1) continue;
    total += 1;
    const value = plane.data[at]!;
    if (value >= brightFrom) bright += 1;
    else if (value <= darkTo) dark += 1;
  }
  return deciding([
    criterion((100 * bright) / total, 'at-most', brightLimitPercent, 'percent', 'too-bright'),
    criterion((100 * dark) / total, 'at-most', darkLimitPercent, 'percent', 'too-dark'),
  ]);
}

/**
 * Smallest over largest of the medians of groups of brightness values. `values` lie in 0-255, `groups` says to which group
 * each belongs, 255 = none. Groups without values don't count; with less than two the ratio is 0.
 */
export function measureEvenLight(values: Float32Array, groups: Uint8Array): Finding {
  // One histogram after the other, by group; the last, of 255, is left out.
  const counts = new Uint32Array(256 * 256);
  for (let at = 0; at < groups.length; at += 1) counts[256 * groups[at]! + Math.round(values[at]!)]! += 1;
  const medians: number[] = [];
  for (let group = 0; group < 255; group += 1) {
    const histogram = counts.subarray(256 * group, 256 * (group + 1));
    if (histogram.some((count) => count > 0)) medians.push(medianOf(histogram));
  }
  const value = medians.length < 2 ? 0 : Math.min(...medians) / Math.max(1, ...medians);
  return criterion(value, 'at-least', EVEN_LIGHT.parameters.limit, 'ratio', 'uneven-light');
}

function medianOf(histogram: Uint32Array): number {
  const half = histogram.reduce((sum, count) => sum + count, 0) / 2;
  let seen = 0;
  const value = histogram.findIndex((count) => {
    seen += count;
    return seen >= half;
  });
  return Math.max(0, value);
}
