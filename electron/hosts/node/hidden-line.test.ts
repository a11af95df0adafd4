import { describe, expect, it } from 'vitest';
import { LONGEST_PASSPHRASE } from '../../contract/index.ts';
import { typedInto } from './hidden-line.ts';

describe('a line that is typed unseen', () => {
  it.each([
    ['a letter', 'ab', 'a'],
    ['an emoji', 'a🗝️', 'a'],
    ['a family, which is several emoji', 'a👩‍👩‍👧‍👦', 'a'],
    ['a flag', 'a🇨🇭', 'a'],
    ['a letter and its accent', 'ae\u0301', 'a'],
    ['an Arabic letter with its vowel', 'مُ', ''],
    ['nothing', '', ''],
  ])('loses with one backspace %s', (_what, text, left) => {
    expect(typedInto(text, '\u007f')).toEqual({ text: left, state: 'typing' });
    expect(typedInto('', `${text}\b`)).toEqual({ text: left, state: 'typing' });
  });

  it('ends with the first return, and with Ctrl-C or Ctrl-D', () => {
    expect(typedInto('correct', ' horse\rnot this')).toEqual({ text: 'correct horse', state: 'entered' });
    for (const key of ['\u0003', '\u0004']) expect(typedInto('correct', `${key}\r`).state).toBe('stopped');
  });

  it('takes no more than the longest passphrase', () => {
    expect(typedInto('', 'x'.repeat(LONGEST_PASSPHRASE + 5)).text).toHaveLength(LONGEST_PASSPHRASE);
  });
});
