/** Which dates below a small chart have room to be written. Pure. */

/** Pixels that a month and a year, or "today", take with the gap to the next. */
const LABEL_WIDTH = 50;

/**
 * Places whose date is written, counted back from the last: today's always, the others as far as they do not touch.
 * @param places how many points there are, today's included
 * @param width pixels from the first point to the last
 */
export function labelledPlaces(places: number, width: number): ReadonlySet<number> {
  const gap = places < 2 ? width : width / (places - 1);
  const every = gap > 0 ? Math.ceil(LABEL_WIDTH / gap) : places;
  return new Set(
    Array.from({ length: places }, (_, place) => place).filter((place) => (places - 1 - place) % every === 0),
  );
}
