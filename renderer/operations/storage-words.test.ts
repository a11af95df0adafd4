import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import type { BackupInfo, MaintenanceJob, StorageView } from '../../electron/contract/maintenance.ts';
import {
  fileWords,
  pictureWords,
  policyWords,
  progressWords,
  readBackWords,
  recordWords,
  trailWords,
  whenWords,
} from './storage-words.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });
const NOW = new Date(2026, 10, 21, 9, 51).getTime();
const at = (day: number, hour: number, month = 10, year = 2026): string =>
  new Date(year, month, day, hour, 0).toISOString();

const backup: BackupInfo = {
  name: '20261121T020000Z',
  madeAt: at(21, 3),
  storeBytes: 1,
  fileBytes: 1,
  files: 1,
  missingFiles: 0,
  verified: null,
  key: 'current',
};
const job: MaintenanceJob = {
  kind: 'backup',
  state: 'running',
  byName: '',
  startedAt: at(21, 9),
  endedAt: null,
  done: 6120,
  total: 9412,
  unit: 'files',
  problem: null,
};

describe('the words of storage', () => {
  it('say when, as short as is plain', () => {
    expect(whenWords(i18n, at(21, 3), NOW)).toBe('today 03:00');
    expect(whenWords(i18n, at(20, 3), NOW)).toBe('20 Nov, 03:00');
    expect(whenWords(i18n, at(20, 3), NOW, true)).toBe('20 Nov, 03:00:00');
    expect(whenWords(i18n, at(20, 3, 1, 2025), NOW)).toBe('20 Feb 2025, 03:00');
  });

  it('count what is counted, and guess nothing', () => {
    expect(progressWords(i18n, job)).toBe('6120 of 9412 files');
    expect(progressWords(i18n, { ...job, unit: 'bytes', done: 24e6, total: 46.2e6 })).toMatch(/24\.0.MB of 46\.2.MB/);
    expect(progressWords(i18n, { ...job, unit: null, total: null })).toBe('under way');
  });

  it('give a tick to what was read back and to nothing else', () => {
    expect(readBackWords(i18n, backup, NOW)).toEqual({ shape: 'todo', text: 'not read back yet' });
    expect(readBackWords(i18n, { ...backup, verified: { at: at(21, 4), ok: true } }, NOW).shape).toBe('done');
    expect(readBackWords(i18n, { ...backup, verified: { at: at(21, 4), ok: false } }, NOW)).toEqual({
      shape: 'stopped',
      text: 'damaged, found today 04:00',
    });
  });

  it('call all pictures as written only while none was stored since', () => {
    const scrub: StorageView['scrub'] = {
      state: 'resting',
      checked: 17,
      total: 17,
      checkedBytes: 0,
      totalBytes: 0,
      startedAt: at(21, 8),
      lastCompleteAt: at(21, 8),
      damaged: [],
    };
    expect(pictureWords(i18n, { ...scrub, checked: 0, lastCompleteAt: null }, NOW).shape).toBe('todo');
    expect(pictureWords(i18n, scrub, NOW)).toEqual({ shape: 'done', text: 'all as written, today 08:00' });
    expect(pictureWords(i18n, { ...scrub, checked: 10 }, NOW)).toEqual({
      shape: 'todo',
      text: 'as written, today 08:00; 7 stored since, not read yet',
    });
    expect(pictureWords(i18n, { ...scrub, checked: 0, total: 7 }, NOW).shape).toBe('todo');
    expect(pictureWords(i18n, { ...scrub, checked: 0, total: 0 }, NOW)).toEqual({
      shape: 'nothing',
      text: 'nothing to read',
    });
  });

  it('say of the records when all of them were last read, and of damage that it is there whatever was read since', () => {
    const store: StorageView['store'] = { bytes: 1, checkedAt: null, checkedSinceStart: false, problem: null };
    const problem = { code: 'STORE_PAGES_DAMAGED', detail: 'pages 41', at: at(20, 3) } as const;
    expect(recordWords(i18n, store, NOW)).toEqual({ shape: 'todo', text: 'not all read yet' });
    expect(recordWords(i18n, { ...store, checkedAt: at(21, 2) }, NOW)).toEqual({
      shape: 'todo',
      text: 'not all read since this start; as written today 02:00, before it',
    });
    expect(recordWords(i18n, { ...store, checkedAt: at(21, 2), checkedSinceStart: true }, NOW)).toEqual({
      shape: 'done',
      text: 'all as written, today 02:00',
    });
    expect(recordWords(i18n, { ...store, checkedAt: at(21, 2), problem }, NOW)).toEqual({
      shape: 'stopped',
      text: 'damaged, found 20 Nov, 03:00',
    });
  });

  it('tell where the trail is not whole', () => {
    const trail = { sequence: 18_261, at: null, checkpoint: null, keyId: '', copies: [] };
    const verified = { ok: false, entries: 18_204, firstBad: 9113, sealedThrough: 9110, verifiedAt: at(21, 8) };
    expect(trailWords(i18n, { ...trail, verified }, NOW)).toEqual({
      shape: 'stopped',
      text: 'not whole from entry 9113, today 08:00',
    });
  });

  it('give the trail a tick only where the verification reached its end', () => {
    const trail = { at: null, checkpoint: null, keyId: '', copies: [] };
    const verified = { ok: true, entries: 25, firstBad: null, sealedThrough: 20, verifiedAt: at(21, 8) };
    // The 26th says that the 25 before it were verified.
    expect(trailWords(i18n, { ...trail, sequence: 26, verified }, NOW)).toEqual({
      shape: 'done',
      text: 'whole up to entry 25, today 08:00',
    });
    expect(trailWords(i18n, { ...trail, sequence: 68, verified }, NOW)).toEqual({
      shape: 'todo',
      text: 'whole up to entry 25, today 08:00; 43 since, not verified yet',
    });
  });

  it('put the rule for deleting into a sentence', () => {
    expect(policyWords(i18n, { keepDays: null, keepThumbnails: true })).toBe('Pictures stay on this station.');
    expect(policyWords(i18n, { keepDays: 1, keepThumbnails: false })).toMatch(/^1 day after/);
    expect(policyWords(i18n, { keepDays: 90, keepThumbnails: true })).toMatch(/^90 days after .* Small ones stay/);
  });

  it('name a damaged picture by step and visit, never by a person', () => {
    const use = {
      kind: 'capture',
      id: '00000006-0000-4000-8000-000000000031',
      sessionId: '7f3a91c2-0000-4000-8000-000000000012',
      part: 'image',
      stepId: 'retina-right',
    } as const;
    expect(fileWords(i18n, use)).toBe('Retina, right eye, picture, visit 7f3a91c2…0012');
    expect(fileWords(i18n, { ...use, kind: 'report', part: 'pdf', stepId: null })).toBe('report, visit 7f3a91c2…0012');
  });
});
