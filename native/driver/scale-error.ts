/**
 * How wrong a scale in service may be, from its verification scale interval e. OIML R 76-1:2006, class III (medium
 * accuracy): 3.5.1 table 6 gives the maximum permissible errors on initial verification, 3.5.2 twice these in service.
 * The rounding of the indication is inside that limit (3.5.3.2), so it is not added again.
 */

/** Half the width of the interval to show beside a reading, in kg: 1 e up to 500 e, 2 e up to 2,000 e, 3 e above. */
export function inServiceErrorKg(kg: number, divisionKg: number): number {
  // A load of exactly 500 e must not slip into the next row by a rounding of binary fractions.
  const divisions = Math.abs(kg) / divisionKg - 1e-6;
  const factor = divisions <= 500 ? 1 : divisions <= 2000 ? 2 : 3;
  return Math.round(factor * divisionKg * 1e6) / 1e6;
}

/**
 * The largest interval that a scale may have which writes `resolutionKg` as its last decimal. Intervals are 1, 2 or 5 times a
 * power of ten (OIML R 76-1 3.2), so a scale that writes two decimals may step by 0.05. MT-SICS below level 2 does not tell
 * e; where the registry does not know it either, this errs to the safe side.
 */
export function largestDivisionKg(resolutionKg: number): number {
  return Math.round(resolutionKg * 5 * 1e9) / 1e9;
}

/** Below this load a reading means nothing: 20 e for class III (OIML R 76-1 3.2, table 3). */
export function minimumCapacityKg(divisionKg: number): number {
  return Math.round(20 * divisionKg * 1e6) / 1e6;
}

/** No scale for persons has more; used where the scale does not tell its capacity. */
const LARGEST_CAPACITY_KG = 1000;

/** A scale shows nothing above its capacity plus 9 e (OIML R 76-1 4.2.3): a larger number is no weight. */
export function largestIndicationKg(capacityKg: number | null, divisionKg: number): number {
  return Math.round(((capacityKg ?? LARGEST_CAPACITY_KG) + 9 * divisionKg) * 1e6) / 1e6;
}
