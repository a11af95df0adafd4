import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import { restoreCount, restoreShare } from './restore-words.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });

describe('how far a restore has come', () => {
  it('is counted in bytes while it is copied, then in files, and not at all where nobody knows', () => {
    expect(restoreCount(i18n, { step: 'copying', done: 23e6, total: 46e6 })).toMatch(/^23.*MB of 46.*MB$/);
    expect(restoreCount(i18n, { step: 'comparing', done: 3_120, total: 9_412 })).toBe('3120 of 9412 files');
    expect(restoreCount(i18n, { step: 'replacing', done: 0, total: null })).toBe('');
    expect(restoreShare({ step: 'copying', done: 23e6, total: 46e6 })).toBe(50);
    expect(restoreShare({ step: 'bringing', done: 0, total: 0 })).toBeNull();
    expect(restoreShare({ step: 'opening', done: 0, total: null })).toBeNull();
  });
});
