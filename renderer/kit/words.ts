/** The catalogs: English is the source and always there; another language is loaded when it is chosen. */
import { i18n } from '@lingui/core';
import { messages as english } from '../locales/en.po';

/** Writing direction by language. */
const RIGHT_TO_LEFT = new Set(['ar', 'he', 'fa', 'ur']);

/** Makes English the language of this page. To be called once, before the first screen is drawn. */
export function startWords(): void {
  i18n.loadAndActivate({ locale: 'en', messages: english });
  applyDirection('en');
}

/** Sets `lang` and `dir` of the page, from which every logical property and the line height of Arabic follow. */
export function applyDirection(locale: string): void {
  document.documentElement.lang = locale;
  document.documentElement.dir = RIGHT_TO_LEFT.has(locale.split('-')[0] ?? '') ? 'rtl' : 'ltr';
}
