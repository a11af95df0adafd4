/** Without a code: the family name, then the birthday. Both are needed, one question at a time. */
import type { I18n } from '@lingui/core';
import { useLingui } from '@lingui/react';
import { ArrowRight } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { Problem } from '../../electron/contract/problems.ts';
import type { Hello } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { TextField } from '../kit/field.tsx';
import { useKeys } from '../kit/keys.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { NumberPad } from '../kit/number-pad.tsx';
import { readBirthDate } from './birth-date.ts';
import { BackButton, Page, PageTitle } from './frame.tsx';
import { LetterPad } from './letter-pad.tsx';

import { Trouble, useWait } from './trouble.tsx';
import { useTypingIntoField } from './typing.ts';

const LONGEST_NAME = 80;

export function NamePage({
  hello,
  busy,
  problem,
  onFind,
  onEdit,
  onStart,
}: {
  readonly hello: Hello;
  readonly busy: boolean;
  readonly problem: Problem | null;
  readonly onFind: (person: { readonly familyName: string; readonly birthDate: string }) => void;
  /** Something was changed after a try that failed. */
  readonly onEdit: () => void;
  readonly onStart: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const [familyName, setFamilyName] = useState('');
  const [digits, setDigits] = useState('');
  const [asking, setAsking] = useState<'name' | 'birthday'>('name');
  const [today] = useState(() => new Date());
  const birthDate = readBirthDate(digits, today);
  const waiting = useWait(problem) > 0;
  useTypingIntoField();
  const named = familyName.trim() !== '';
  const toBirthday = (): void => {
    if (named) setAsking('birthday');
  };
  const submit = (): void => {
    if (birthDate.is === 'date' && !waiting && !busy)
      onFind({ familyName: familyName.trim(), birthDate: birthDate.iso });
  };
  useKeys([{ key: 'Enter', label: '', run: submit, disabled: asking === 'name' }]);
  const back = (): void => {
    onEdit();
    if (asking === 'name') onStart();
    else setAsking('name');
  };
  return (
    <Page
      title={hello.clinicName}
      foot={
        <>
          <BackButton onPress={back} />
          <span className="grow-1" />
          {asking === 'name' ? (
            <Button look="primary" size="large" onPress={toBirthday} disabled={!named}>
              {i18n.t('Next: my birthday')}
              <ArrowRight className="turns" size={28} strokeWidth={1.6} aria-hidden />
            </Button>
          ) : (
            <Button
              look="primary"
              size="large"
              onPress={submit}
              disabled={birthDate.is !== 'date' || waiting}
              busy={busy}
            >
              {i18n.t('Find my visit')}
              <ArrowRight className="turns" size={28} strokeWidth={1.6} aria-hidden />
            </Button>
          )}
        </>
      }
    >
      {asking === 'name' ? (
        <section className="checkin-one">
          <PageTitle>{i18n.t('What is your family name?')}</PageTitle>
          <div className="mt-6 flex flex-col gap-6">
            <TextField
              label={i18n.t('Family name')}
              value={familyName}
              onChange={setFamilyName}
              maxLength={LONGEST_NAME}
              onEnter={toBirthday}
              className="field-patient"
            />
            <LetterPad letters="name" value={familyName} onChange={setFamilyName} maxLength={LONGEST_NAME} />
            <p className="text-p-18 text-ink-2">
              {i18n.t('Letters without accents are fine. For other scripts, use your own keyboard or ask at the desk.')}
            </p>
          </div>
        </section>
      ) : (
        <section className="checkin-split checkin-split-pad">
          <div>
            <PageTitle>{i18n.t('When were you born?')}</PageTitle>
            <p className="mt-3 text-p-21 text-ink-2">{i18n.t('Day, month, year.')}</p>
            <DateBoxes digits={digits} />
            <p className="sr-only" aria-live="polite">
              {i18n.t('{count} of 8 digits', { count: digits.length })}
            </p>
            <p className="mt-5 min-h-10 text-p-26 font-semibold" aria-live="polite">
              {birthDate.is === 'date' ? (
                spokenDate(i18n, birthDate.iso)
              ) : birthDate.is === 'impossible' ? (
                <span className="flex items-center gap-3 text-p-21 font-normal text-ink-2">
                  <StatusMark shape="care" size={22} />
                  {i18n.t('This day can’t be right. Look at it once more.')}
                </span>
              ) : null}
            </p>
            {problem === null ? null : <Trouble problem={problem} by="name" />}
          </div>
          <NumberPad
            value={digits}
            onChange={(value) => {
              onEdit();
              setDigits(value);
            }}
            maxLength={8}
            disabled={busy}
          />
        </section>
      )}
    </Page>
  );
}

/** Day, month and year in their places; the order is the same in every language. */
function DateBoxes({ digits }: { digits: string }): ReactNode {
  const { i18n } = useLingui();
  const parts = [
    { name: i18n.t('Day'), from: 0, to: 2 },
    { name: i18n.t('Month'), from: 2, to: 4 },
    { name: i18n.t('Year'), from: 4, to: 8 },
  ];
  return (
    <div className="mt-6 flex w-fit gap-6" dir="ltr" aria-hidden>
      {parts.map((part) => (
        <div key={part.name}>
          <div className="flex gap-2">
            {Array.from({ length: part.to - part.from }, (_, index) => part.from + index).map((place) => (
              <span key={place} className="digit-box" {...(place === digits.length ? { 'data-next': true } : {})}>
                {digits[place] ?? ''}
              </span>
            ))}
          </div>
          <span className="mt-2 block text-p-18 text-ink-2">{part.name}</span>
        </div>
      ))}
    </div>
  );
}

/** `12 March 1988`, so that day and month can't be mistaken for each other. */
function spokenDate(i18n: I18n, iso: string): string {
  return new Date(`${iso}T12:00:00`).toLocaleDateString(i18n.locale === 'en' ? 'en-GB' : i18n.locale, {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    numberingSystem: 'latn',
  });
}
