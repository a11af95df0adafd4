/** The languages that check-in has, each by its own name. With one there is nothing to choose. */
import { useLingui } from '@lingui/react';
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Hello } from '../../electron/contract/views.ts';
import { chooseLanguage, languagesFor } from './languages.ts';

export function LanguageChoice({ mode }: { mode: Hello['mode'] }): ReactNode {
  const { i18n } = useLingui();
  const languages = languagesFor(mode);
  if (languages.length < 2) return null;
  return (
    <fieldset aria-label={i18n.t('Language')} className="m-0 flex gap-2 border-0 p-0">
      {languages.map(({ locale, name }) => {
        const chosen = i18n.locale === locale;
        return (
          <button
            key={locale}
            type="button"
            lang={locale}
            className="language"
            aria-pressed={chosen}
            onClick={() => void chooseLanguage(locale)}
          >
            {chosen ? <Check size={20} strokeWidth={1.75} aria-hidden /> : null}
            {name}
          </button>
        );
      })}
    </fieldset>
  );
}
