/** Days of this computer's time zone as periods of instants. Pure. */

export interface Days {
  /** ISO dates, both included. */
  readonly first: string;
  readonly last: string;
}

/** The ISO date of an instant. */
export function dayText(atMs: number | Date): string {
  const date = new Date(atMs);
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return parts.map((part, place) => String(part).padStart(place === 0 ? 4 : 2, '0')).join('-');
}

/** The calendar month that is `offset` months from now's. */
export function monthOf(nowMs: number, offset: number): Days {
  const now = new Date(nowMs);
  const first = new Date(now.getFullYear(), now.getMonth() + offset, 1);
  return { first: dayText(first), last: dayText(new Date(first.getFullYear(), first.getMonth() + 1, 0)) };
}

/** From the first day's midnight to the one after the last day; null where the days make no period. */
export function periodOf({ first, last }: Days): { readonly from: string; readonly to: string } | null {
  const from = midnightOf(first, 0);
  const to = midnightOf(last, 1);
  return from === null || to === null || from >= to ? null : { from: from.toISOString(), to: to.toISOString() };
}

function midnightOf(day: string, daysLater: number): Date | null {
  const [, year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day) ?? [];
  if (year === undefined || month === undefined || date === undefined) return null;
  return new Date(Number(year), Number(month) - 1, Number(date) + daysLater);
}
