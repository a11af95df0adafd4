import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import type { PatientProgress } from '../../electron/contract/views.ts';
import { lineOf, mayAskForHelp, mayBreak, nowWords, soFarWords, stationsOf } from './progress-words.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });

const step = {
  stepId: 'retina-right',
  picture: 'eye-right',
  title: 'A picture of your right eye',
  instructions: ['Look at the green light and blink once.'],
  why: 'Because.',
  position: 7,
  total: 8,
};

function progress(part: Partial<PatientProgress>): PatientProgress {
  return {
    sessionId: 's',
    givenName: 'Amara',
    progress: 10,
    state: 'running',
    room: 'Room 2',
    step,
    at: '2026-11-21T09:00:00Z',
    ...part,
  };
}

const marks = (at: number): string[] => stationsOf(at).map((station) => station.mark);

describe('a patient’s line', () => {
  it('grows with the steps that are done, and reaches measuring only after the last', () => {
    expect(lineOf(progress({ step: { ...step, position: 1 } }))).toBe(10);
    expect(lineOf(progress({}))).toBe(25);
    expect(lineOf(progress({ progress: 10, step: null }))).toBe(30);
    expect(lineOf(progress({ progress: 30, step: null }))).toBe(30);
  });

  it('marks what is done, the next station, and the rest', () => {
    expect(marks(10)).toEqual(['done', 'here', 'to-come', 'to-come', 'to-come']);
    expect(marks(90)).toEqual(['done', 'done', 'done', 'done', 'here']);
    expect(marks(100)).toEqual(['done', 'done', 'done', 'done', 'done']);
  });
});

describe('what a patient reads', () => {
  it('names the step and the room while it runs, and says that repeating is nothing bad', () => {
    expect(nowWords(i18n, progress({}))).toEqual({
      where: 'Now, in \u2068Room 2\u2069',
      title: 'A picture of your right eye',
      lead: '',
    });
    expect(nowWords(i18n, progress({ state: 'repeating' })).lead).toContain('That happens often.');
  });

  it('says that all steps are done while the team has not finished the visit yet', () => {
    const between = progress({ progress: 10, step: null });
    expect(nowWords(i18n, between)).toMatchObject({ where: 'Now', title: 'All steps are done.' });
    expect(soFarWords(i18n, between)).toBe('All steps are done.');
  });

  it('offers a break only while something runs, and help until the visit is over', () => {
    const states = [
      'waiting',
      'running',
      'repeating',
      'break',
      'help-coming',
      'finished-here',
      'approved',
      'stopped',
    ] as const;
    expect(states.filter(mayBreak)).toEqual(['running', 'repeating']);
    expect(states.filter(mayAskForHelp)).toEqual(['waiting', 'running', 'repeating', 'break']);
  });
});
