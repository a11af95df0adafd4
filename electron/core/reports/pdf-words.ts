/** Numbers, dates and the few words of a report. */
import type { Check } from '../../contract/index.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
/** Narrow and unbreakable: between a number and its unit. */
const NARROW = '\u202f';
const NONE = '–';

/** `2026-11-21` as "21 Nov 2026". Own month names, since those of the runtime change between its versions. */
export function dateOf(day: string): string {
  const [year = '', month = '', date = ''] = day.slice(0, 10).split('-');
  return `${Number(date)} ${MONTHS[Number(month) - 1] ?? month} ${year}`;
}

/** An instant as "21 Nov 2026, 07:52:18" in the clinic's zone; `seconds` false leaves them out. Null is a dash. */
export function instantOf(instant: string | null, timeZone: string, seconds = true): string {
  if (instant === null || Number.isNaN(Date.parse(instant))) return NONE;
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(new Date(instant));
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((each) => each.type === type)?.value ?? '';
  const time = `${part('hour')}:${part('minute')}${seconds ? `:${part('second')}` : ''}`;
  return `${dateOf(`${part('year')}-${part('month')}-${part('day')}`)}, ${time}`;
}

/** The time of day of an instant, "07:52". */
export function timeOf(instant: string, timeZone: string): string {
  return instantOf(instant, timeZone, false).split(', ').at(-1) ?? NONE;
}

/** A true minus instead of a hyphen; fixed decimals. */
function numberOf(value: number, decimals: number): string {
  return value.toFixed(decimals).replace('-', '−');
}

/** Decimals that the units are used to; a smaller error brings more. */
const DECIMALS: Readonly<Record<string, number>> = { kg: 2, cm: 1, '%': 2 };

/** "72.45" and "± 0.10 kg": both with the same decimals, enough to show the error's first figure. */
export function withError(
  value: number,
  error: number,
  unit: string,
): { readonly value: string; readonly error: string } {
  const needed = error > 0 ? Math.ceil(-Math.log10(error)) : 0;
  const decimals = Math.min(6, Math.max(DECIMALS[unit] ?? 2, needed));
  return { value: numberOf(value, decimals), error: `± ${numberOf(error, decimals)}${NARROW}${unit}` };
}

export function bytesOf(size: number): string {
  if (size < 1000) return `${size}${NARROW}B`;
  return size < 1e6 ? `${(size / 1e3).toFixed(0)}${NARROW}kB` : `${(size / 1e6).toFixed(1)}${NARROW}MB`;
}

export function millisecondsOf(durationMs: number): string {
  return durationMs < 10 ? `${durationMs.toFixed(1)}${NARROW}ms` : `${Math.round(durationMs)}${NARROW}ms`;
}

export const CHECK_NAMES: Readonly<Record<Check['id'], string>> = {
  focus: 'Sharpness',
  exposure: 'Exposure',
  framing: 'Framing',
  'even-light': 'Even light',
};

/** "8.7" and "needs 6.0", or "0.3 %" and "at most 1.0 %". */
export function checkWords({ value, limit, direction, unit }: Check): {
  readonly value: string;
  readonly limit: string;
} {
  const sign = unit === 'percent' ? `${NARROW}%` : '';
  const decimals = unit === 'percent' || Math.max(Math.abs(value), Math.abs(limit)) >= 2 ? 1 : 2;
  return {
    value: numberOf(value, decimals) + sign,
    limit: `${direction === 'at-least' ? 'needs' : 'at most'} ${numberOf(limit, decimals)}${sign}`,
  };
}

export const REGION_NAMES = {
  whole: 'Vessel area, whole field',
  'upper-temporal': 'upper temporal',
  'upper-nasal': 'upper nasal',
  'lower-temporal': 'lower temporal',
  'lower-nasal': 'lower nasal',
} as const;

/** 64 hexadecimal digits in groups of eight, so that eyes can compare them; breaks in the middle only. */
export function hashGroups(sha256: string): string {
  if (sha256 === '') return NONE;
  const groups = sha256.match(/.{1,8}/g) ?? [];
  return [groups.slice(0, 4), groups.slice(4)].map((half) => half.join('\u00a0')).join(' ');
}

/** What is there, joined; a dash when nothing is. */
export function joined(...parts: readonly (string | null | undefined | false)[]): string {
  const present = parts.filter((part): part is string => typeof part === 'string' && part.trim() !== '');
  return present.length === 0 ? NONE : present.join(' · ');
}

/**
 * A camera's setting as people write it: "exposure 1/160 s", "aperture f/8", "ISO 200". What has no words here stays as the camera says.
 * @param name of the driver's settings (`CapturedObject`).
 */
export function settingOf(name: string, value: string): string {
  switch (name) {
    case 'exposureTimeS': {
      const seconds = Number(value);
      const isShort = seconds > 0 && seconds < 0.3;
      return `exposure ${isShort ? `1/${Math.round(1 / seconds)}` : value}${NARROW}s`;
    }
    case 'fNumber':
      return `aperture f/${value}`;
    case 'iso':
      return `ISO ${value}`;
    case 'focalLengthMm':
      return `focal length ${value}${NARROW}mm`;
    case 'pixels':
      return `${value.replace('x', ' × ')} pixels`;
    default:
      return `${name} ${value}`;
  }
}
