import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import { backupsAtChange, custodyWords, notChangeableWords, recoveryWords, suggestedPassphrase } from './key-words.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });
const NOW = new Date(2026, 10, 21, 9, 51).getTime();
const AT = new Date(2026, 10, 21, 8, 0).toISOString();

describe('the words about the key', () => {
  it('say of each place what it protects from', () => {
    expect(custodyWords(i18n, { kind: 'file' })).toContain('whoever has this disk can read them');
    expect(custodyWords(i18n, { kind: 'passphrase' })).toContain('asked for when the station starts');
    expect(custodyWords(i18n, { kind: 'key-ring', ring: 'keychain' })).toContain('keychain');
    expect(custodyWords(i18n, { kind: 'memory' })).toContain('no safe place');
  });

  it('give a reason wherever it can’t be changed', () => {
    const key = {
      custody: { kind: 'memory' },
      changedAt: null,
      recovery: { state: 'none', setAt: null },
      formerBackups: 0,
    } as const;
    expect(notChangeableWords(i18n, { ...key, notChangeable: null })).toBeNull();
    expect(notChangeableWords(i18n, { ...key, notChangeable: 'not-kept' })).toContain('Set up the key ring');
    expect(notChangeableWords(i18n, { ...key, notChangeable: 'no-host' })).toContain('from this screen');
  });

  it('give a tick to a passphrase that the station knows to fit, and to nothing else', () => {
    expect(recoveryWords(i18n, { state: 'set', setAt: AT }, NOW)).toEqual({
      shape: 'done',
      text: 'chosen today 08:00',
    });
    expect(recoveryWords(i18n, { state: 'unknown', setAt: null }, NOW).shape).toBe('care');
    expect(recoveryWords(i18n, { state: 'none', setAt: null }, NOW).shape).toBe('care');
  });

  it('tell what becomes of backups only where there are any', () => {
    expect(backupsAtChange(i18n, 0)).toBe('There is no backup yet; make one afterwards.');
    expect(backupsAtChange(i18n, 3)).toContain('whoever opens the newest backup can restore them, too');
  });
});

describe('a suggested passphrase', () => {
  it('has 24 letters and digits that look like no other, each as likely as the next', () => {
    const passphrase = suggestedPassphrase((bytes) => crypto.getRandomValues(bytes));
    expect(passphrase).toMatch(/^([a-hjkmnp-z2-9]{4}-){5}[a-hjkmnp-z2-9]{4}$/);
    // 248 to 255 would be letters that come up more often: they are drawn again.
    let next = 250;
    const counted = suggestedPassphrase((bytes) => bytes.map(() => (next = (next + 1) % 256)));
    expect(counted.startsWith('abcd-efgh-jkmn-pqrs-tuvw-xyz2')).toBe(true);
  });
});
