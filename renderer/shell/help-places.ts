/** Where help is wanted, in words. Pure. */
import type { I18n } from '@lingui/core';
import type { StationStatus } from '../../electron/contract/views.ts';

/** "at the check-in screen", "at the check-in screen, in Room 2": each place once. */
export function helpPlaces(i18n: I18n, calls: StationStatus['helpCalls']): string {
  const places = calls.map(({ place, room }) =>
    place === 'check-in'
      ? i18n.t('at the check-in screen')
      : room === ''
        ? i18n.t('in a running visit')
        : i18n.t('in {room}', { room }),
  );
  return [...new Set(places)].join(', ');
}
