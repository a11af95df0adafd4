const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/** How long to wait after so many tries that came to nothing (from 1): each time twice as long up to a minute, give or take half. */
export function backoffMs(attempts: number, random: () => number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 16)) * (0.5 + random());
}
