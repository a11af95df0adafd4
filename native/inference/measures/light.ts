/** Exposure and evenness of light. */
import { EXPOSURE, EVEN_LIGHT } from '../../../electron/contract/measures/image-quality.ts';
import { quantile, type Plane } from '../planes.ts';
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

/** Smallest over largest of the medians of groups of brightness values; empty groups don't count, without groups it is 0. */
export function measureEvenLight(groups: readonly (readonly number[])[]): Finding {
  const medians = groups.filter((group) => group.length > 0).map((group) => quantile(group, 0.5));
  const value = medians.length < 2 ? 0 : Math.min(...medians) / Math.max(1, ...medians);
  return criterion(value, 'at-least', EVEN_LIGHT.parameters.limit, 'ratio', 'uneven-light');
}
