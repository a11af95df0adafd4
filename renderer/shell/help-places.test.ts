import { setupI18n } from '@lingui/core';
import { expect, it } from 'vitest';
import { helpPlaces } from './help-places.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });

it('names each place where help is wanted once', () => {
  const checkin = { place: 'check-in', room: '' } as const;
  expect(helpPlaces(i18n, [checkin, { place: 'room', room: 'Room 2' }, checkin])).toBe(
    'at the check-in screen, in Room 2',
  );
  expect(helpPlaces(i18n, [{ place: 'room', room: '' }])).toBe('in a running visit');
});
