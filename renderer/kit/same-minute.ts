/** Times that would read the same without their seconds. Pure. */

const MINUTE_MS = 60_000;

/** Whether another of these instants lies in the same minute as `iso`, so that only the seconds tell them apart. */
export function sharesMinute(instants: readonly string[], iso: string): boolean {
  return instants.filter((each) => minuteOf(each) === minuteOf(iso)).length > 1;
}

function minuteOf(iso: string): number {
  return Math.floor(Date.parse(iso) / MINUTE_MS);
}
