import { setupI18n } from '@lingui/core';
import { expect, it } from 'vitest';
import { PICTURE_BYTES } from '../../electron/contract/storage.ts';
import { shortageWords } from './disk-words.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });

it('name what is missing for the next picture', () => {
  const reserveBytes = 500_000_000;
  const disk = { totalBytes: 10e9, reserveBytes, freeBytes: reserveBytes + PICTURE_BYTES - 40_000_000 };
  expect(shortageWords(i18n, disk)).toMatch(/^40\.0\u202FMB too little: 527\u202FMB are free, and 567\u202FMB must be/);
});

it('say of a disk on which no freeing would do that it is too small', () => {
  const words = shortageWords(i18n, { totalBytes: 62.9e6, freeBytes: 51.7e6, reserveBytes: 528e6 });
  expect(words).toMatch(/^This disk is too small: it has 62\.9\u202FMB in all, and 595\u202FMB must be free/);
});
