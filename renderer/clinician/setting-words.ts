/** What a camera noted about a picture, as photographers write it. Pure. */
import type { I18n } from '@lingui/core';
import { formatNumber, THIN } from '../kit/format.ts';

/** Names that drivers use; one that is not known here stands as the camera gave it. */
export function settingWords(i18n: I18n, name: string, value: string): string {
  switch (name) {
    case 'exposureTimeS':
      return exposureWords(value);
    case 'fNumber':
      return `f/${value}`;
    case 'iso':
      return `ISO ${value}`;
    case 'focalLengthMm':
      return `${value}${THIN}mm`;
    case 'pixels':
      return i18n.t('{size} pixels', { size: value });
    default:
      return `${name} ${value}`;
  }
}

/** `1/125 s` for short times, `0.8 s` for long ones. */
function exposureWords(value: string): string {
  const seconds = Number(value);
  if (!Number.isFinite(seconds) || seconds <= 0) return value;
  const time = seconds < 0.4 ? `1/${formatNumber(1 / seconds, 0)}` : formatNumber(seconds, 1);
  return `${time}${THIN}s`;
}
