/** Numbers, quantities, times and dates as the house writes them. Pure; no locale surprises: Latin digits, 24 h. */

/** Narrow no-break space, between a number and its unit or percent sign. */
export const THIN = '\u202F';
/** True minus. */
export const MINUS = '\u2212';
export const PLUS_MINUS = '\u00B1';

/** A number with fixed decimals and a true minus; -0 is 0. */
export function formatNumber(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  const isZero = Number(text) === 0;
  const [whole = '', fraction] = text.split('.');
  const grouped = whole.length > 4 ? whole.replaceAll(/\B(?=(\d{3})+$)/g, THIN) : whole;
  return `${value < 0 && !isZero ? MINUS : ''}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** Decimals that a step (a scale's division, an error) needs: 0.05 -> 2, 0.1 -> 1, 1 -> 0; at most 4. */
export function decimalsOf(step: number): number {
  for (let decimals = 0; decimals < 4; decimals += 1) {
    if (Math.abs(Math.round(step * 10 ** decimals) - step * 10 ** decimals) < 1e-6) return decimals;
  }
  return 4;
}

/** How many decimals a quantity is shown with: weights in the scale's hundredths, heights in millimetres. */
export function decimalsOfUnit(unit: 'kg' | 'cm'): number {
  return unit === 'kg' ? 2 : 1;
}

/** `72.45 ± 0.10 kg`; the error always has the decimals of the value. */
export function formatQuantity(quantity: {
  readonly value: number;
  readonly error: number;
  readonly unit: 'kg' | 'cm';
}): string {
  const decimals = decimalsOfUnit(quantity.unit);
  return `${formatNumber(quantity.value, decimals)} ${PLUS_MINUS} ${formatNumber(quantity.error, decimals)}${THIN}${quantity.unit}`;
}

/** A change with its sign and a space after it, as measures are printed: `+ 0.60`, `− 1.06`. */
export function formatChange(value: number, decimals: number): string {
  const text = formatNumber(Math.abs(value), decimals);
  return `${value < 0 && Number(text) !== 0 ? MINUS : '+'} ${text}`;
}

/** `61 %` with the narrow space. */
export function formatPercent(value: number, decimals = 0): string {
  return `${formatNumber(value, decimals)}${THIN}%`;
}

/** Bytes in decimal units, as disks and cameras count them: `24.6 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${formatNumber(value, unit > 1 && value < 100 ? 1 : 0)}${THIN}${units[unit] ?? ''}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `12 May 2026` from an ISO date or instant (an instant in this computer's time zone). */
export function formatDate(iso: string): string {
  const [year, month, day] = /^\d{4}-\d{2}-\d{2}$/.test(iso)
    ? iso.split('-').map(Number)
    : [new Date(iso).getFullYear(), new Date(iso).getMonth() + 1, new Date(iso).getDate()];
  return `${day ?? 0} ${MONTHS[(month ?? 1) - 1] ?? ''} ${year ?? 0}`;
}

/** `12 May`, where the year is plain. */
export function formatDayMonth(iso: string): string {
  return formatDate(iso).replace(/ \d+$/, '');
}

/** `Saturday 21 November 2026`, in the language given. */
export function formatLongDate(iso: string, locale = 'en-GB'): string {
  const date = /^\d{4}-\d{2}-\d{2}$/.test(iso) ? new Date(`${iso}T12:00:00`) : new Date(iso);
  return date
    .toLocaleDateString(locale === 'en' ? 'en-GB' : locale, {
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      year: 'numeric',
      numberingSystem: 'latn',
    })
    .replace(',', '');
}

/** `May 26`, for axes. */
export function formatMonth(iso: string): string {
  const [year = '', month = '1'] = iso.split('-');
  return `${MONTHS[Number(month) - 1] ?? ''} ${year.slice(2)}`;
}

/** `09:47`, or with seconds `09:47:52`. */
export function formatTime(at: string | number | Date, seconds = false): string {
  const date = new Date(at);
  const parts = [date.getHours(), date.getMinutes(), ...(seconds ? [date.getSeconds()] : [])];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

/** Whole minutes between two instants, never negative. */
export function minutesBetween(from: string | number, to: string | number): number {
  return Math.max(0, Math.floor((new Date(to).getTime() - new Date(from).getTime()) / 60_000));
}

/** The first and last four of each end of a hash: `9f41 c2d7 … 08be`. */
export function formatHash(sha256: string): string {
  return `${sha256.slice(0, 4)} ${sha256.slice(4, 8)} … ${sha256.slice(-4)}`;
}
