/** The language of those who read here and sign nothing: chosen once, kept by this browser. */
import { chooseLanguage, readingLanguages } from '../checkin/languages.ts';

const KEY = 'vantage-language';

/** What was chosen before, else what the browser is set to, where its words are there. To be called once, at the start. */
export async function rememberedLanguage(page: Window = window): Promise<void> {
  const wanted = [page.localStorage.getItem(KEY), ...page.navigator.languages];
  const known = readingLanguages();
  for (const tag of wanted) {
    const language = known.find(({ locale }) => tag?.split('-')[0] === locale);
    if (language === undefined) continue;
    await chooseLanguage(language.locale);
    return;
  }
}

export function chooseAndRemember(locale: string): void {
  window.localStorage.setItem(KEY, locale);
  void chooseLanguage(locale);
}

export function keepEnglish(): void {
  void chooseLanguage('en');
}
