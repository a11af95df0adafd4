/** The visit as the patient follows it: what, why, and how far. Stays on the screen until somebody leaves it. */
import type { I18n } from '@lingui/core';
import { useLingui } from '@lingui/react';
import { Check, CircleHelp, Pause, ShieldCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { Problem } from '../../electron/contract/problems.ts';
import type { PatientProgress } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { formatTime } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { useNow } from '../shell/use-now.ts';
import { Page, PageTitle } from './frame.tsx';
import { useCommand, useConnection, useLive } from './hooks.ts';
import { isolate } from './isolate.ts';
import { PatientPicture, StatePicture } from './patient-picture.tsx';
import { lineOf, mayAskForHelp, mayBreak, nowWords, soFarWords, stationName, stationsOf } from './progress-words.ts';
import { Trouble } from './trouble.tsx';

/** How long the foot says that the team was told. */
const NEWS_FOR_MS = 90_000;

export function ProgressPage({
  givenName,
  ticket,
  scanProblem,
  onLeave,
  onGone,
}: {
  readonly givenName: string;
  readonly ticket: string;
  /** Somebody else's code was held under the reader and not found. */
  readonly scanProblem: Problem | null;
  readonly onLeave: () => void;
  /** The station no longer knows this screen's visit. */
  readonly onGone: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const live = useLive((client) => client.checkin.progress, { ticket });
  const ask = useCommand((client) => client.checkin.ask);
  const connection = useConnection();
  const stale = live.stale || connection.phase !== 'open';
  const seen = connection.phase === 'away' ? connection.since : null;
  const gone = live.problem?.code === 'NOT_ALLOWED' || live.problem?.code === 'NOT_FOUND';
  const latestGone = useRef(onGone);
  useEffect(() => {
    latestGone.current = onGone;
  });
  useEffect(() => {
    if (gone) latestGone.current();
  }, [gone]);
  const progress = live.data;
  const [asked, setAsked] = useState<{ readonly request: 'break' | 'help'; readonly at: number } | null>(null);
  const request = async (wanted: 'break' | 'help'): Promise<void> => {
    if ((await ask.run({ ticket, request: wanted })) !== null) setAsked({ request: wanted, at: Date.now() });
  };
  const now = useNow(5000);
  const news = asked !== null && now - asked.at < NEWS_FOR_MS ? asked : null;
  const off = progress === undefined || stale;
  return (
    <Page
      className="checkin-progress"
      title={i18n.t('{name}’s visit', { name: isolate(givenName) })}
      end={
        <>
          {stale ? <LastSeen seen={seen} /> : null}
          {progress !== undefined && mayBreak(progress.state) ? (
            <Button
              look="outlined"
              icon={<Pause size={24} strokeWidth={1.6} aria-hidden />}
              onPress={() => void request('break')}
              disabled={off}
              busy={ask.busy}
            >
              {i18n.t('I need a break')}
            </Button>
          ) : null}
          {progress !== undefined && mayAskForHelp(progress.state) ? (
            <Button
              look="outlined"
              icon={<CircleHelp size={24} strokeWidth={1.6} aria-hidden />}
              onPress={() => void request('help')}
              disabled={off}
              busy={ask.busy}
            >
              {i18n.t('Ask for help')}
            </Button>
          ) : null}
        </>
      }
    >
      {progress === undefined ? (
        <section className="grid place-items-center text-p-21 text-ink-2">
          <output className="flex items-center gap-3">
            <StatusMark shape="busy" size={24} />
            {i18n.t('Opening your visit')}
          </output>
        </section>
      ) : (
        <>
          <section className="checkin-now" {...(stale ? { 'data-stale': true } : {})}>
            <Now progress={progress} />
            <Why progress={progress} />
          </section>
          <section className="checkin-path" aria-labelledby="so-far">
            <div className="mt-5 mb-[22px] flex flex-wrap items-baseline gap-3.5 text-p-18 font-medium">
              <h2 id="so-far" className="text-p-18">
                {i18n.t('Your visit so far')}
              </h2>
              <span className="text-ink-2">{soFarWords(i18n, progress)}</span>
            </div>
            <Lane progress={progress} stale={stale} />
            <div className="checkin-path-foot">
              <FootNote stale={stale} asked={news} problem={ask.problem ?? scanProblem} byScan={ask.problem === null} />
              <Button look={isOver(progress.state) ? 'primary' : 'accent'} onPress={onLeave}>
                {i18n.t('I’m done here')}
              </Button>
            </div>
          </section>
        </>
      )}
    </Page>
  );
}

function isOver(state: PatientProgress['state']): boolean {
  return state === 'finished-here' || state === 'approved' || state === 'stopped';
}

function LastSeen({ seen }: { seen: number | null }): ReactNode {
  const { i18n } = useLingui();
  return (
    <output className="flex items-center gap-2.5 text-p-18 text-ink-2">
      <StatusMark shape="absent" size={20} />
      {seen === null ? i18n.t('No line to the station') : i18n.t('Last seen {time}', { time: formatTime(seen) })}
    </output>
  );
}

function Now({ progress }: { progress: PatientProgress }): ReactNode {
  const { i18n } = useLingui();
  const words = nowWords(i18n, progress);
  const { step, state } = progress;
  const shown = step !== null && (state === 'running' || state === 'repeating') ? step : null;
  return (
    <div>
      <span className="text-p-18 font-semibold text-accent">{words.where}</span>
      <div aria-live="polite">
        <PageTitle large>{words.title}</PageTitle>
      </div>
      {words.lead === '' ? null : <p className="mt-3.5 max-w-[29em] text-p-21 text-ink-2">{words.lead}</p>}
      <div className="mt-6 flex items-center gap-8">
        {shown === null ? (
          <StatePicture state={state} />
        ) : (
          <>
            <PatientPicture picture={shown.picture} label={i18n._(shown.title)} />
            <ol className="instructions">
              {shown.instructions.map((instruction) => (
                <li key={instruction}>{i18n._(instruction)}</li>
              ))}
            </ol>
          </>
        )}
      </div>
    </div>
  );
}

function Why({ progress }: { progress: PatientProgress }): ReactNode {
  const { i18n } = useLingui();
  const { title, text } = whyWords(i18n, progress);
  return (
    <aside className="panel-warm mt-3 self-start">
      <h2 className="mb-2 text-p-21 text-warm">{title}</h2>
      {text.map((paragraph) => (
        <p key={paragraph} className="mt-3 text-[19px] leading-[30px] first-of-type:mt-0">
          {paragraph}
        </p>
      ))}
    </aside>
  );
}

function whyWords(i18n: I18n, { state, step }: PatientProgress): { title: string; text: readonly string[] } {
  if (step !== null && state !== 'stopped') {
    return {
      title: state === 'break' || state === 'help-coming' ? i18n.t('Why the next step') : i18n.t('Why this step'),
      text: [i18n._(step.why)],
    };
  }
  switch (state) {
    case 'waiting':
    case 'help-coming':
      return {
        title: i18n.t('Good to know'),
        text: [
          i18n.t('Nothing is measured or photographed before you are ready.'),
          i18n.t('You can stop at any time and need not say why.'),
        ],
      };
    case 'stopped':
      return {
        title: i18n.t('What happens to it'),
        text: [i18n.t('What was measured so far is kept safely in this clinic. You can ask about it at the desk.')],
      };
    case 'approved':
      return {
        title: i18n.t('Your report'),
        text: [i18n.t('It is ready. The desk gives it to you and answers your questions about it.')],
      };
    default:
      return {
        title: i18n.t('What happens next'),
        text: [
          i18n.t('Your pictures and measurements are put together in a report.'),
          i18n.t('A clinician reads it before anybody gives it to you.'),
        ],
      };
  }
}

/** The five stations at 0, 30, 50, 80 and 100. Mirrored with the writing direction: it is progress. */
function Lane({ progress, stale }: { progress: PatientProgress; stale: boolean }): ReactNode {
  const { i18n } = useLingui();
  const stations = stationsOf(progress.progress);
  return (
    <ol
      className="lane"
      {...(progress.state === 'stopped' ? { 'data-stopped': true } : {})}
      {...(stale ? { 'data-stale': true } : {})}
    >
      <span className="lane-bar" aria-hidden />
      <span className="lane-fill" style={{ width: `${lineOf(progress)}%` }} aria-hidden />
      {stations.map(({ at, mark }, place) => {
        const [first, second] = stationName(i18n, at);
        const side = place === 0 ? 'start' : place === stations.length - 1 ? 'end' : 'middle';
        return (
          <li
            key={at}
            className="lane-stop"
            data-side={side}
            data-mark={mark}
            style={{
              insetInlineStart: side === 'start' ? '18px' : side === 'end' ? 'calc(100% - 18px)' : `${at}%`,
            }}
            {...(mark === 'here' ? { 'aria-current': 'step' } : {})}
          >
            <span className="lane-dot" aria-hidden>
              {mark === 'done' ? <Check size={22} strokeWidth={1.75} /> : null}
            </span>
            <span className="lane-name">
              {first} <span className="block">{second}</span>
              <span className="sr-only">
                {mark === 'done' ? i18n.t('done') : mark === 'here' ? i18n.t('now') : i18n.t('to come')}
              </span>
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function FootNote({
  stale,
  asked,
  problem,
  byScan,
}: {
  readonly stale: boolean;
  readonly asked: { readonly request: 'break' | 'help'; readonly at: number } | null;
  readonly problem: Problem | null;
  readonly byScan: boolean;
}): ReactNode {
  const { i18n } = useLingui();
  if (problem !== null) return <Trouble problem={problem} by={byScan ? 'code' : 'other'} />;
  const text = stale
    ? i18n.t('This screen has lost the station. Your visit goes on, and everything so far is stored there.')
    : asked === null
      ? i18n.t('Everything so far is stored safely in this clinic.')
      : asked.request === 'help'
        ? i18n.t('The team was told at {time} that you would like help.', { time: formatTime(asked.at) })
        : i18n.t('The team was told at {time} that you would like a break.', { time: formatTime(asked.at) });
  return (
    <p className="flex items-center gap-3 text-17 text-ink-2" aria-live="polite">
      <ShieldCheck size={26} strokeWidth={1.6} className="text-accent" aria-hidden />
      {text}
    </p>
  );
}
