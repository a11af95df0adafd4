/** A patient's own visits: the newest with its line and why it goes on as it does, those before it, and each published report. */
import { useLingui } from '@lingui/react';
import { CalendarDays, FileText, LogOut, ShieldCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';
import type { TimelineVisit } from '../../../electron/contract/timeline.ts';
import { isolate } from '../../checkin/isolate.ts';
import { Brand } from '../../kit/brand.tsx';
import { Button } from '../../kit/button.tsx';
import { formatLongDate, formatTime } from '../../kit/format.ts';
import { StatusMark } from '../../kit/marks.tsx';
import { PaneProblem } from '../../kit/problem.tsx';
import { useConnection } from '../../shell/staff.ts';
import { useTimeline } from '../cloud-client.ts';
import { LanguageChoice } from '../language-choice.tsx';
import { NoticesPart } from './notices-part.tsx';
import './patient.css';
import { rowWord, visitWords, whyWords } from './patient-words.ts';
import { PublishedReport } from './report-dialog.tsx';
import { VisitLine } from './visit-line.tsx';

export function PatientPage({
  lockIn,
  onSignOut,
}: {
  /** Seconds until the person is signed out, or null. */
  readonly lockIn: number | null;
  readonly onSignOut: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const timeline = useTimeline();
  const connection = useConnection();
  const [opened, setOpened] = useState<string | null>(null);
  // Dialogs are drawn beside the root; they are the patient's too.
  useEffect(() => {
    document.body.classList.add('patient');
    return () => document.body.classList.remove('patient');
  }, []);
  const stale = timeline.stale || connection.phase !== 'open';
  const [newest, ...earlier] = timeline.data?.visits ?? [];
  const name = timeline.data?.givenName ?? '';
  return (
    <div className="mine">
      <header className="mine-head">
        <Brand size={34} />
        <span className="text-p-18 font-semibold">
          {name === '' ? i18n.t('Your visits') : i18n.t('{name}’s visits', { name: isolate(name) })}
        </span>
        <span className="grow-1" />
        <LanguageChoice />
        <Button
          look="outlined"
          icon={<LogOut className="turns" size={22} strokeWidth={1.6} aria-hidden />}
          onPress={onSignOut}
        >
          {i18n.t('Sign out')}
        </Button>
      </header>
      <main className="mine-main">
        {timeline.data === undefined ? (
          timeline.problem === null ? (
            <output className="flex items-center gap-3 p-10 text-p-21 text-ink-2">
              <StatusMark shape="busy" size={24} />
              {i18n.t('Opening your visits')}
            </output>
          ) : (
            <PaneProblem problem={timeline.problem} />
          )
        ) : newest === undefined ? (
          <section className="mine-now">
            <h1 className="mine-title">{i18n.t('There is no visit here yet.')}</h1>
            <p className="mine-lead">{i18n.t('It appears here by itself once the clinic has checked you in.')}</p>
          </section>
        ) : (
          <>
            <NewestVisit visit={newest} stale={stale} onOpen={setOpened} />
            {earlier.length === 0 ? null : <EarlierVisits visits={earlier} onOpen={setOpened} />}
          </>
        )}
        {timeline.data === undefined ? null : <NoticesPart />}
      </main>
      <footer className="mine-foot">
        <ShieldCheck size={26} strokeWidth={1.6} className="text-accent" aria-hidden />
        <span role="status">
          {lockIn !== null
            ? i18n.t('You are signed out in {seconds} s. Touch anything to stay.', { seconds: lockIn })
            : connection.phase === 'away'
              ? i18n.t('The line is away since {time}. It comes back by itself; what you see is from before.', {
                  time: formatTime(connection.since),
                })
              : i18n.t('Only you and your clinic see this. Each look is recorded.')}
        </span>
      </footer>
      <PublishedReport visitId={opened} onClose={() => setOpened(null)} />
    </div>
  );
}

function NewestVisit({
  visit,
  stale,
  onOpen,
}: {
  readonly visit: TimelineVisit;
  readonly stale: boolean;
  readonly onOpen: (visitId: string) => void;
}): ReactNode {
  const { i18n } = useLingui();
  const words = visitWords(i18n, visit);
  const why = whyWords(i18n, visit);
  return (
    <>
      <section className="mine-now" {...(stale ? { 'data-stale': true } : {})}>
        <div>
          <p className="mine-where">
            {visit.place === ''
              ? formatLongDate(visit.day, i18n.locale)
              : i18n.t('{day}, at {place}', {
                  day: formatLongDate(visit.day, i18n.locale),
                  place: isolate(visit.place),
                })}
          </p>
          <div aria-live="polite">
            <h1 className="mine-title">{words.title}</h1>
          </div>
          <p className="mine-lead">{words.lead}</p>
          {visit.report === 'ready' ? (
            <div className="mt-7">
              <Button
                look="primary"
                icon={<FileText size={24} strokeWidth={1.6} aria-hidden />}
                onPress={() => onOpen(visit.visitId)}
              >
                {i18n.t('Read your report')}
              </Button>
            </div>
          ) : null}
        </div>
        <aside className="mine-why">
          <h2>{why.title}</h2>
          <p>{why.lead}</p>
        </aside>
      </section>
      {visit.state === 'planned' ? null : (
        <section className="mine-path" aria-labelledby="so-far">
          <h2 id="so-far" className="text-p-18 font-medium">
            {i18n.t('Your visit so far')}
          </h2>
          <VisitLine visit={visit} stale={stale} />
        </section>
      )}
    </>
  );
}

function EarlierVisits({
  visits,
  onOpen,
}: {
  readonly visits: readonly TimelineVisit[];
  readonly onOpen: (visitId: string) => void;
}): ReactNode {
  const { i18n } = useLingui();
  return (
    <section className="mine-earlier" aria-labelledby="earlier">
      <h2 id="earlier" className="text-p-21 font-semibold">
        {i18n.t('Other visits')}
      </h2>
      <ul>
        {visits.map((visit) => (
          <li key={visit.visitId}>
            <CalendarDays size={24} strokeWidth={1.6} className="text-accent" aria-hidden />
            <span className="min-w-0 grow-1">
              <b>{formatLongDate(visit.day, i18n.locale)}</b>
              <span className="block text-17 text-ink-2">
                {visit.place === '' ? rowWord(i18n, visit) : `${isolate(visit.place)} · ${rowWord(i18n, visit)}`}
              </span>
            </span>
            {visit.report === 'ready' ? (
              <Button look="outlined" onPress={() => onOpen(visit.visitId)}>
                {i18n.t('Read the report')}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
    </section>
  );
}
