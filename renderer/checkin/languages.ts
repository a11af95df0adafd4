/** The languages of check-in. Only those that are whole are offered. English is the source and always there. */
import { startWords } from '../kit/words.ts';

export interface Language {
  readonly locale: string;
  /** In itself, as its readers look for it. */
  readonly name: string;
}

export const LANGUAGES: readonly Language[] = [{ locale: 'en', name: 'English' }];

/** Makes a language the one of this screen. */
export async function chooseLanguage(_locale: string): Promise<void> {
  startWords();
}
