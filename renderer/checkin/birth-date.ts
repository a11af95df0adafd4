/** A birth date as it is typed: eight digits, day month year. Pure. */

/** The ISO date, or why it is none: `short` = more digits to come, `impossible` = no such day, or not in the past. */
export type BirthDate =
  | { readonly is: 'date'; readonly iso: string }
  | { readonly is: 'short' }
  | { readonly is: 'impossible' };

const EARLIEST_YEAR = 1900;

export function readBirthDate(digits: string, today: Date): BirthDate {
  if (digits.length < 8) return { is: 'short' };
  const [day, month, year] = [digits.slice(0, 2), digits.slice(2, 4), digits.slice(4, 8)].map(Number);
  if (day === undefined || month === undefined || year === undefined) return { is: 'impossible' };
  const date = new Date(Date.UTC(year, month - 1, day));
  const exists = date.getUTCDate() === day && date.getUTCMonth() === month - 1;
  if (!exists || year < EARLIEST_YEAR || date.getTime() > today.getTime()) return { is: 'impossible' };
  return { is: 'date', iso: date.toISOString().slice(0, 10) };
}
