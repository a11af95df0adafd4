/** A line as it is typed at a terminal that shows nothing of it. Pure. */
import { LONGEST_PASSPHRASE } from '../../contract/index.ts';

const ENTER = new Set(['\r', '\n']);
/** Ctrl-C, Ctrl-D. */
const STOP = new Set(['\u0003', '\u0004']);
const BACKSPACE = new Set(['\u007f', '\b']);
const characters = new Intl.Segmenter('und', { granularity: 'grapheme' });

export interface HiddenLine {
  readonly text: string;
  readonly state: 'typing' | 'entered' | 'stopped';
}

/**
 * The line after what the terminal sent. A backspace takes what a person sees as one character: an emoji and an accented letter may be
 * several code points. What is typed beyond the longest passphrase is not taken.
 */
export function typedInto(before: string, keys: string): HiddenLine {
  let text = before;
  for (const key of keys) {
    if (ENTER.has(key)) return { text, state: 'entered' };
    if (STOP.has(key)) return { text, state: 'stopped' };
    if (BACKSPACE.has(key)) text = text.slice(0, [...characters.segment(text)].at(-1)?.index ?? 0);
    else if (text.length < LONGEST_PASSPHRASE) text += key;
  }
  return { text, state: 'typing' };
}
