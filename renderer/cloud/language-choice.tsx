/** The languages that there are, each by its own name. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { readingLanguages } from '../checkin/languages.ts';
import { chooseAndRemember } from './language.ts';

export function LanguageChoice(): ReactNode {
  const { i18n } = useLingui();
  return (
    <fieldset aria-label={i18n.t('Language')} className="m-0 flex gap-1 border-0 p-0">
      {readingLanguages().map(({ locale, name }) => (
        <button
          key={locale}
          type="button"
          lang={locale}
          className="cloud-language"
          aria-pressed={i18n.locale === locale}
          onClick={() => chooseAndRemember(locale)}
        >
          {name}
        </button>
      ))}
    </fieldset>
  );
}
