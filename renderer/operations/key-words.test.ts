import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import type { BackupInfo, StorageKey } from '../../electron/contract/maintenance.ts';
import {
  adviceWords,
  backupKeyWords,
  backupsAtChange,
  custodyWords,
  keyAdvice,
  notChangeableWords,
  recoveryWords,
  suggestedPassphrase,
} from './key-words.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });
const NOW = new Date(2026, 10, 21, 9, 51).getTime();
const AT = new Date(2026, 10, 21, 8, 0).toISOString();

const list = (...keys: readonly BackupInfo['key'][]): BackupInfo[] =>
  keys.map((key) => ({
    name: '20261121T020000Z',
    madeAt: AT,
    storeBytes: 0,
    fileBytes: 0,
    files: 0,
    missingFiles: 0,
    verified: null,
    key,
  }));

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
      openedWithRecoveryAt: null,
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

  it('count the backups that open with the key of now and with a former one, one or several', () => {
    expect(backupKeyWords(i18n, [])).toBe('');
    expect(backupKeyWords(i18n, list('other', null))).toBe('');
    expect(backupKeyWords(i18n, list('current'))).toBe('1 backup opens with the key of now.');
    expect(backupKeyWords(i18n, list('current', 'current', 'former', 'other'))).toBe(
      '2 backups open with the key of now, 1 backup with a former key, which this station keeps.',
    );
    expect(backupKeyWords(i18n, list('former', 'former'))).toBe(
      'No backup opens with the key of now; 2 backups with a former key, which this station keeps.',
    );
  });

  it('advise what is to be done about it, first things first, and nothing when it is done', () => {
    const key: StorageKey = {
      custody: { kind: 'key-ring', ring: 'keychain' },
      changedAt: null,
      notChangeable: null,
      recovery: { state: 'set', setAt: AT },
      openedWithRecoveryAt: null,
    };
    expect(keyAdvice({ key, jobs: [] })).toEqual([]);
    const used = { ...key, openedWithRecoveryAt: AT };
    expect(keyAdvice({ key: used, jobs: [] })).toEqual(['opened-with-recovery']);
    expect(adviceWords(i18n, 'opened-with-recovery', used, NOW).text).toContain('today 08:00');
    const former = { ...key, recovery: { state: 'former', setAt: AT } } as const;
    expect(keyAdvice({ key: former, jobs: [] })).toEqual(['recovery-former']);
    expect(recoveryWords(i18n, former.recovery, NOW)).toMatchObject({
      shape: 'care',
      text: expect.stringContaining('backups from before'),
    });
    const stopped = {
      kind: 'key-change',
      state: 'failed',
      byName: '',
      startedAt: AT,
      endedAt: AT,
      done: 0,
      total: null,
      unit: null,
    } as const;
    const problem = { code: 'KEY_CHANGE_UNDONE', detail: '', at: AT } as const;
    expect(keyAdvice({ key: used, jobs: [{ ...stopped, problem }] })).toEqual([
      'change-undone',
      'opened-with-recovery',
    ]);
    expect(adviceWords(i18n, 'change-undone', used, NOW).title).toContain('the old key stands');
    expect(adviceWords(i18n, 'change-finished-late', used, NOW).title).toContain('the new key stands');
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
