import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import { reasonText } from '../kit/send-back-words.ts';
import { dueWords } from './review-words.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });
const NOW = new Date('2026-11-21T10:00:00Z').getTime();
const inMinutes = (minutes: number): string => new Date(NOW + minutes * 60_000).toISOString();

describe('the day that a review may take', () => {
  it('is quiet while there is time, and asks for care in the last two hours and after them', () => {
    expect([1360, 120, 119, 0, -1, -300].map((minutes) => dueWords(i18n, inMinutes(minutes), NOW).shape)).toEqual([
      'todo',
      'todo',
      'care',
      'care',
      'care',
      'care',
    ]);
  });

  it('is told in hours and minutes, and in minutes when less than an hour is left', () => {
    expect(dueWords(i18n, inMinutes(1360), NOW).text).toBe('22 h 40 min left');
    expect(dueWords(i18n, inMinutes(40), NOW).text).toBe('40 min left');
    expect(dueWords(i18n, inMinutes(-40), NOW).text).toBe('40 min over');
  });
});

describe('reasons to send a report back', () => {
  it('have words for each that the contract knows', () => {
    for (const reason of ['retake-images', 'measure-again', 'wrong-patient', 'report-incomplete', 'other'] as const) {
      expect(reasonText(i18n, reason)).not.toBe('');
    }
  });
});
