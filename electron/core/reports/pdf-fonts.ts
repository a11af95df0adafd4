/** The report's letters: Inter for nearly everything, Noto Sans Arabic for Arabic names, and an honest box for the rest. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export type Weight = 'regular' | 'medium' | 'semibold';

const require = createRequire(import.meta.url);
const FILES = {
  'inter-regular': require.resolve('@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf'),
  'inter-medium': require.resolve('@expo-google-fonts/inter/500Medium/Inter_500Medium.ttf'),
  'inter-semibold': require.resolve('@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf'),
  'arabic-regular': require.resolve('@fontsource/noto-sans-arabic/files/noto-sans-arabic-arabic-400-normal.woff'),
  'arabic-medium': require.resolve('@fontsource/noto-sans-arabic/files/noto-sans-arabic-arabic-500-normal.woff'),
  'arabic-semibold': require.resolve('@fontsource/noto-sans-arabic/files/noto-sans-arabic-arabic-600-normal.woff'),
} as const;
export type FontName = keyof typeof FILES;

const loaded = new Map<FontName, Buffer>();
/** The font file; static TTF and WOFF, since fontkit cannot make a subset of a variable woff2. Read once per process. */
export function fontFile(name: FontName): Buffer {
  const known = loaded.get(name);
  if (known) return known;
  const bytes = readFileSync(FILES[name]);
  loaded.set(name, bytes);
  return bytes;
}

/** Stands for a sign that neither font has. */
export const MISSING = '□';

const ARABIC = /^\p{Script=Arabic}/u;
const segments = new Intl.Segmenter('en', { granularity: 'grapheme' });

export interface Run {
  readonly text: string;
  readonly font: 'inter' | 'arabic';
}

/** Collapses white space, control and direction characters, which notes and device fields may hold, to single spaces. */
export function oneLine(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069 ]+/gu, ' ')
    .trim();
}

/** What a reader takes as one sign each, e.g. a letter with its marks. */
export function graphemes(text: string): readonly string[] {
  return Array.from(segments.segment(text), ({ segment }) => segment);
}

/**
 * Cuts a line into runs of one font each; a sign that neither has (an emoji, a Han character) becomes {@link MISSING}.
 * @param has whether Inter's file holds a glyph for the code point.
 */
export function runsOf(
  text: string,
  has: (codePoint: number) => boolean,
): { readonly runs: readonly Run[]; readonly lost: boolean } {
  const runs: { text: string; font: Run['font'] }[] = [];
  let lost = false;
  const all = graphemes(text);
  for (const [index, grapheme] of all.entries()) {
    const last = runs.at(-1);
    const joinsArabic = grapheme === ' ' && last?.font === 'arabic' && ARABIC.test(all[index + 1] ?? '');
    const font = ARABIC.test(grapheme) || joinsArabic ? 'arabic' : 'inter';
    const printable = font === 'arabic' || Array.from(grapheme).every((sign) => has(sign.codePointAt(0) ?? 0));
    lost ||= !printable;
    const shown = printable ? grapheme : MISSING;
    if (last?.font === font) last.text += shown;
    else runs.push({ text: shown, font });
  }
  return { runs, lost };
}
