/** What is said of a station in the fleet. Pure. */
import type { I18n } from '@lingui/core';
import type { FleetStation } from '../../electron/contract/cloud-api.ts';
import type { MarkShape } from '../kit/marks.tsx';

/** A station that is on asks several times a minute; one that has not for so long is off, or its line is. */
const RECENT_MS = 5 * 60_000;
const MS_PER_HOUR = 3_600_000;
const MS_PER_DAY = 86_400_000;

export interface ContactWords {
  readonly text: string;
  readonly shape: MarkShape;
}

/** @param now ms since 1970 */
export function contactWords(i18n: I18n, station: FleetStation, now: number): ContactWords {
  if (station.state === 'revoked') return { shape: 'stopped', text: i18n.t('out of service') };
  if (station.lastContactAt === null) return { shape: 'absent', text: i18n.t('not yet') };
  const ago = Math.max(0, now - Date.parse(station.lastContactAt));
  if (ago < RECENT_MS) return { shape: 'done', text: i18n.t('now') };
  const shape = 'absent';
  if (ago < MS_PER_HOUR) return { shape, text: i18n.t('{minutes} min ago', { minutes: Math.floor(ago / 60_000) }) };
  if (ago < 2 * MS_PER_DAY) return { shape, text: i18n.t('{hours} h ago', { hours: Math.floor(ago / MS_PER_HOUR) }) };
  return { shape, text: i18n.t('{days} days ago', { days: Math.floor(ago / MS_PER_DAY) }) };
}

/** Whether something about it does not come right by itself. Being offline is no trouble. */
export function isInTrouble(station: FleetStation): boolean {
  return (
    station.state === 'active' &&
    (station.quarantined.records > 0 ||
      station.trailBreaks > 0 ||
      station.alerts.some(({ severity }) => severity !== 'info'))
  );
}
