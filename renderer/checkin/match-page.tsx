/** "Is this you?": initials and birth year, not enough for anybody else to learn something. */
import { useLingui } from '@lingui/react';
import { ArrowRight, CalendarDays, Clock, Flag } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Problem } from '../../electron/contract/problems.ts';
import type { CheckinMatch, Hello } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { formatTime } from '../kit/format.ts';
import { Page, PageTitle } from './frame.tsx';
import { StepsLine } from './steps-line.tsx';
import { Trouble } from './trouble.tsx';

export function MatchPage({
  hello,
  match,
  busy,
  problem,
  onYes,
  onStart,
}: {
  readonly hello: Hello;
  readonly match: CheckinMatch;
  readonly busy: boolean;
  readonly problem: Problem | null;
  readonly onYes: () => void;
  readonly onStart: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  return (
    <Page
      title={hello.clinicName}
      end={<StepsLine now="details" />}
      foot={
        <>
          <Button look="outlined" onPress={onStart}>
            {i18n.t('No, that is not me')}
          </Button>
          <span className="grow-1" />
          <Button look="primary" size="large" onPress={onYes} busy={busy}>
            {i18n.t('Yes, this is me')}
            <ArrowRight className="turns" size={28} strokeWidth={1.6} aria-hidden />
          </Button>
        </>
      }
    >
      <section className="checkin-one content-center">
        <PageTitle>{i18n.t('Is this you?')}</PageTitle>
        <div className="mt-8 flex flex-wrap items-center gap-9">
          <span className="initials" dir="auto">
            {match.initials}
          </span>
          <div>
            <p className="display text-p-34 font-semibold">{i18n.t('Born in {year}', { year: match.birthYear })}</p>
            <ul className="facts mt-5">
              <li>
                <CalendarDays size={24} strokeWidth={1.6} aria-hidden />
                {i18n.t('Today at {time}', { time: formatTime(match.startsAt) })}
              </li>
              <li>
                <Clock size={24} strokeWidth={1.6} aria-hidden />
                {i18n.t('About {minutes} minutes', { minutes: match.expectedMinutes })}
              </li>
              <li>
                <Flag size={24} strokeWidth={1.6} aria-hidden />
                {i18n.t('{steps, plural, one {# step} other {# steps}}', { steps: match.stepCount })}
              </li>
            </ul>
          </div>
        </div>
        <p className="mt-9 max-w-[36em] text-p-21 text-ink-2">
          {match.alreadyCheckedIn
            ? i18n.t('You are checked in already. Go on to see how your visit stands.')
            : i18n.t('Next you read what we would like to do, and say whether it is all right with you.')}
        </p>
        {problem === null ? null : <Trouble problem={problem} />}
      </section>
    </Page>
  );
}
