/**
 * The languages of check-in. A language is offered once its catalog is whole (`arabic.test.ts` holds it so); to real patients
 * only once somebody who speaks it has read the texts that are signed.
 */
import { i18n } from '@lingui/core';
import type { Hello } from '../../electron/contract/views.ts';
import { applyDirection, startWords } from '../kit/words.ts';

interface Language {
  readonly locale: string;
  /** In itself, as its readers look for it. */
  readonly name: string;
  /** Read and agreed to by a person who speaks it. */
  readonly reviewed: boolean;
}

const ENGLISH: Language = { locale: 'en', name: 'English', reviewed: true };
const LANGUAGES: readonly Language[] = [ENGLISH, { locale: 'ar', name: 'العربية', reviewed: false }];

export function languagesFor(mode: Hello['mode']): readonly Language[] {
  return LANGUAGES.filter((language) => language.reviewed || mode === 'demonstration');
}

/** Where nothing is signed: each whose catalog is whole. */
export function readingLanguages(): readonly Language[] {
  return LANGUAGES;
}

let wanted = ENGLISH.locale;

/** Makes a language the one of this screen, once its words are there; the last one asked for counts. */
export async function chooseLanguage(locale: string): Promise<void> {
  wanted = locale;
  if (locale === i18n.locale) return;
  if (locale === 'ar') {
    const { messages } = await import('../locales/ar.po');
    if (wanted !== locale) return;
    i18n.loadAndActivate({ locale, messages });
    applyDirection(locale);
    return;
  }
  startWords();
}

/** Each person begins in the clinic's own language. */
export function chooseOwnLanguage(): void {
  void chooseLanguage(ENGLISH.locale);
}
