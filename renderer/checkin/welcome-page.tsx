/** The start: a greeting, one sentence, one button, one way out, three promises, and the way through the clinic. */
import type { I18n } from '@lingui/core';
import { useLingui } from '@lingui/react';
import { Barcode, CircleHelp, Clock, Flag, Hand } from 'lucide-react';
import type { ReactNode } from 'react';
import { demonstrationCode } from '../../electron/contract/demonstration.ts';
import type { Hello } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { formatLongDate, formatTime } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { useNow } from '../shell/use-now.ts';
import { ClinicMap } from './clinic-map.tsx';
import { Page, PageTitle } from './frame.tsx';
import { useConnection } from './hooks.ts';
import { LanguageChoice } from './language-choice.tsx';
import { longestVisit } from './visit-facts.ts';
import { WhatHappens } from './what-happens.tsx';

export function WelcomePage({
  hello,
  note,
  dim,
  onCode,
  onName,
  onHelp,
}: {
  readonly hello: Hello;
  readonly note: 'start-again' | null;
  readonly dim: boolean;
  readonly onCode: () => void;
  readonly onName: () => void;
  readonly onHelp: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const now = useNow(5000);
  const connection = useConnection();
  const away = connection.phase === 'away';
  const facts = longestVisit();
  const demonstration = hello.mode === 'demonstration';
  return (
    <Page
      title={hello.clinicName}
      end={
        <span className="text-p-18 text-ink-2">
          {i18n.t('{day}, {time}', { day: dayOf(i18n, now), time: formatTime(now) })}
        </span>
      }
      foot={
        <>
          <LanguageChoice mode={hello.mode} />
          <span className="grow-1" />
          <Button look="outlined" icon={<CircleHelp size={24} strokeWidth={1.6} aria-hidden />} onPress={onHelp}>
            {i18n.t('Ask for help')}
          </Button>
        </>
      }
    >
      <section className="checkin-split">
        <div className="self-center">
          <PageTitle large>
            {greeting(i18n, now)}
            <br />
            {i18n.t('Let’s check you in.')}
          </PageTitle>
          {away ? (
            <p role="alert" className="trouble mt-5">
              <span className="mt-1">
                <StatusMark shape="absent" size={22} />
              </span>
              {i18n.t('This tablet has lost the clinic’s station. Tell the person at the desk.')}
            </p>
          ) : (
            <p className="mt-5 max-w-[25em] text-p-21 text-ink-2">
              {note === 'start-again'
                ? i18n.t('Let’s start again: hold your code under the reader, or touch a button.')
                : i18n.t('Hold the code from your letter or phone under the reader below this screen.')}
            </p>
          )}
          <div className="mt-7 flex w-full max-w-[440px] flex-col gap-3">
            <Button
              look="primary"
              size="large"
              icon={<Barcode size={30} strokeWidth={1.5} aria-hidden />}
              onPress={onCode}
              disabled={away}
            >
              {i18n.t('Scan my code')}
            </Button>
            <Button look="outlined" onPress={onName} disabled={away}>
              {i18n.t('I don’t have a code')}
            </Button>
          </div>
          {demonstration ? (
            <p className="mt-4 text-p-18 text-ink-2">
              {i18n.t('Demonstration: try the code')}{' '}
              <b className="ident text-ink" dir="ltr">
                {demonstrationCode(9, 30)}
              </b>
            </p>
          ) : null}
          <ul className="facts">
            <li>
              <Clock size={24} strokeWidth={1.6} aria-hidden />
              {i18n.t('Up to {minutes} minutes', { minutes: facts.minutes })}
            </li>
            <li>
              <Flag size={24} strokeWidth={1.6} aria-hidden />
              {i18n.t('Up to {steps} steps', { steps: facts.steps })}
            </li>
            <li>
              <Hand size={24} strokeWidth={1.6} aria-hidden />
              {i18n.t('Stop any time')}
            </li>
          </ul>
        </div>
        {demonstration ? <ClinicMap /> : <WhatHappens />}
      </section>
      <div className="idle-dim" {...(dim ? { 'data-dim': true } : {})} aria-hidden />
    </Page>
  );
}

function greeting(i18n: I18n, now: number): string {
  const hour = new Date(now).getHours();
  if (hour >= 5 && hour < 12) return i18n.t('Good morning.');
  return hour >= 12 && hour < 18 ? i18n.t('Good afternoon.') : i18n.t('Good evening.');
}

/** `Saturday 21 November` in the language of the screen. */
function dayOf(i18n: I18n, now: number): string {
  return formatLongDate(new Date(now).toISOString(), i18n.locale).replace(/,?\s*\d{4}.*$/u, '');
}
