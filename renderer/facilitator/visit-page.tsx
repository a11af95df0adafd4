/** A visit: step rail, the work of one step, its checks. The same frame from the first step to the report. */
import { useLingui } from '@lingui/react';
import { Link, useNavigate } from '@tanstack/react-router';
import { Clock, Play } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';
import type { VisitView } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { formatDate, formatTime, minutesBetween } from '../kit/format.ts';
import { PauseBars } from '../kit/icons.tsx';
import { useKeys } from '../kit/keys.tsx';
import { Tag } from '../kit/marks.tsx';
import { InlineProblem, PaneProblem } from '../kit/problem.tsx';
import { useDimRoom } from '../shell/mode.ts';
import { useSession } from '../shell/session.ts';
import { useCommand, useLive } from '../shell/staff.ts';
import { Topbar } from '../shell/topbar.tsx';
import { useNow } from '../shell/use-now.ts';
import { anotherStep, AnotherStepContext } from './another-step.ts';
import { BodyStep } from './body-step.tsx';
import { allergyWord, fullName, groupOf } from './day-words.ts';
import { HeightStep } from './height-step.tsx';
import { RequestStrip } from './request-strip.tsx';
import { RetinaStep } from './retina-step.tsx';
import { StepDone } from './step-done.tsx';
import { StepRail } from './step-rail.tsx';
import { NotStarted, PausedPane, VisitSummary } from './visit-summary.tsx';
import type { Station, VisitStep } from './visit-steps.ts';
import { isEyeStep, stationsOf, stepsOf } from './visit-steps.ts';
import { VisitProblems } from './visit-problems.tsx';
import { WeightStep } from './weight-step.tsx';

export function VisitPage({ sessionId }: { sessionId: string }): ReactNode {
  const { i18n } = useLingui();
  const navigate = useNavigate();
  const visit = useLive((client) => client.visits.watch, { sessionId });
  const toToday = (): void => void navigate({ to: '/' });
  if (visit.problem !== null) {
    return (
      <>
        <Topbar onBack={toToday} backLabel={i18n.t('Back to today')}>
          <h1>{i18n.t('Visit')}</h1>
          <span className="grow-1" />
        </Topbar>
        <PaneProblem problem={visit.problem} onAction={toToday} action={i18n.t('Back to today')} />
      </>
    );
  }
  return (
    <>
      <Topbar onBack={toToday} backLabel={i18n.t('Back to today')}>
        {visit.data === undefined ? <span className="grow-1" /> : <VisitBar visit={visit.data} />}
      </Topbar>
      {visit.data === undefined ? <span className="bg-surface" /> : <VisitBody key={sessionId} visit={visit.data} />}
    </>
  );
}

function VisitBar({ visit }: { visit: VisitView }): ReactNode {
  const { i18n } = useLingui();
  const now = useNow(15_000);
  const pause = useCommand((client) => client.visits.pause);
  const resume = useCommand((client) => client.visits.resume);
  const { patient } = visit;
  const running = visit.status === 'CAPTURING';
  return (
    <>
      <div className="min-w-0">
        <b className="proper block truncate text-20 leading-6 tracking-[-0.014em]">{fullName(patient)}</b>
        <span className="block truncate text-13 text-ink-2">
          {formatDate(patient.birthDate)}, {i18n.t('{age} y', { age: patient.age })} ·{' '}
          <bdi className="ident">{patient.number}</bdi> · {i18n._(visit.protocol.title)}
        </span>
      </div>
      {[...patient.allergies.map((each) => allergyWord(i18n, each)), ...patient.accessNeeds].map((note) => (
        <Tag key={note} shape="care" size="flag">
          {note}
        </Tag>
      ))}
      <span className="grow-1" />
      {visit.startedAt === null ? null : (
        <span className="flex items-center gap-2 whitespace-nowrap text-ink-2">
          <Clock size={18} strokeWidth={1.75} aria-hidden />
          {i18n.t('{minutes} min', { minutes: minutesBetween(visit.startedAt, visit.endedAt ?? now) })}
        </span>
      )}
      {!running ? null : visit.pausedAt === null ? (
        <Button
          look="outlined"
          icon={<PauseBars />}
          busy={pause.busy}
          onPress={() => void pause.run({ sessionId: visit.sessionId })}
        >
          {i18n.t('Pause visit')}
        </Button>
      ) : (
        <Button
          look="outlined"
          icon={<Play size={18} strokeWidth={1.75} aria-hidden />}
          busy={resume.busy}
          onPress={() => void resume.run({ sessionId: visit.sessionId })}
        >
          {i18n.t('Go on')}
        </Button>
      )}
      {pause.problem === null ? null : <InlineProblem problem={pause.problem} />}
    </>
  );
}

function VisitBody({ visit }: { visit: VisitView }): ReactNode {
  // A choice holds until a step is done: then the screen goes on with the next one.
  const [choice, setChoice] = useState<{ readonly stepId: string; readonly at: string | null } | null>(null);
  const steps = stepsOf(visit);
  const now = steps.map((each) => (each.view.mark === 'done' || each.view.mark === 'skipped' ? 1 : 0)).join('');
  // Forgotten for good: a step that is taken back and done again brings the same marks back.
  if (choice !== null && choice.at !== now) setChoice(null);
  const chosenId = choice !== null && choice.at === now ? choice.stepId : null;
  const setChosenId = (stepId: string): void => setChoice({ stepId, at: now });
  const { status } = useSession();
  const stations = stationsOf(visit);
  const capturing = visit.status === 'CAPTURING';
  const shownId = chosenId ?? (capturing ? visit.currentStepId : null);
  const shown = steps.find((each) => each.step.id === shownId) ?? null;
  // The room stays as dark as the step needs it, also while the visit is paused.
  useDimRoom(shown !== null && isEyeStep(shown.step));
  const another = anotherStep(steps, shown, status?.devices ?? []);
  const mayShow = (each: VisitStep): boolean =>
    each.view.mark === 'done' || each.view.mark === 'skipped' || each.step.id === visit.currentStepId;
  useKeys(
    stations.slice(0, 9).map((station, index) => {
      const target = station.parts.find((part) => part.step.id === visit.currentStepId) ?? station.parts.find(mayShow);
      return {
        key: String(index + 1),
        label: station.title,
        run: () => {
          if (target !== undefined) setChosenId(target.step.id);
        },
        disabled: target === undefined || shown?.step.type === 'typed',
      };
    }),
  );
  return (
    <div className="grid min-h-0 grid-rows-[auto_minmax(0,1fr)]">
      <div>
        <RequestStrip visit={visit} />
        <VisitProblems visit={visit} />
      </div>
      <div className="visit">
        <StepRail
          visit={visit}
          stations={stations}
          shownId={shown?.step.id ?? null}
          mayShow={mayShow}
          onChoose={setChosenId}
          onSummary={visit.currentStepId === null ? () => setChoice(null) : null}
        />
        {shown === null ? (
          <Between visit={visit} />
        ) : visit.pausedAt !== null && capturing ? (
          <PausedPane visit={visit} />
        ) : (
          <AnotherStepContext
            value={another === null ? null : { title: another.step.title, go: () => setChosenId(another.step.id) }}
          >
            <StepWork
              key={shown.step.type === 'picture' && shown.step.group !== null ? shown.step.group.id : shown.step.id}
              visit={visit}
              stations={stations}
              shown={shown}
              onChoose={setChosenId}
            />
          </AnotherStepContext>
        )}
      </div>
    </div>
  );
}

/** Before the first step, after the last, and everything that follows. */
function Between({ visit }: { visit: VisitView }): ReactNode {
  if (visit.status === 'SCHEDULED' || visit.status === 'CHECKED_IN') return <NotStarted visit={visit} />;
  if (visit.pausedAt !== null && visit.status === 'CAPTURING') return <PausedPane visit={visit} />;
  return <VisitSummary visit={visit} />;
}

function StepWork({
  visit,
  stations,
  shown,
  onChoose,
}: {
  readonly visit: VisitView;
  readonly stations: readonly Station[];
  readonly shown: VisitStep;
  readonly onChoose: (stepId: string) => void;
}): ReactNode {
  const { status } = useSession();
  const device = status?.devices.find((each) => each.deviceId === shown.view.deviceId) ?? null;
  const station = stations.find((each) => each.parts.some((part) => part.step.id === shown.step.id));
  const over = shown.view.mark === 'done' || shown.view.mark === 'skipped';
  const { step } = shown;
  if (shown.view.mark === 'skipped') return <StepDone visit={visit} current={shown} />;
  switch (step.type) {
    case 'weight':
      return over ? (
        <StepDone visit={visit} current={shown} />
      ) : (
        <WeightStep visit={visit} current={shown} device={device} />
      );
    case 'typed':
      return over ? (
        <StepDone visit={visit} current={shown} />
      ) : (
        <HeightStep visit={visit} current={shown} step={step} />
      );
    case 'picture':
      return step.group !== null && station !== undefined ? (
        <BodyStep visit={visit} station={station} chosen={shown} onChoose={onChoose} device={device} />
      ) : (
        <RetinaStep key={step.id} visit={visit} current={shown} device={device} />
      );
  }
}

/** `/visit` without a visit: those that are open here. */
export function OpenVisits(): ReactNode {
  const { i18n } = useLingui();
  const navigate = useNavigate();
  const day = useLive((client) => client.today.watch, undefined);
  const open = (day.data?.rows ?? []).filter((row) => groupOf(row) === 'here' && row.startedAt !== null);
  const only = open.length === 1 ? open[0]?.sessionId : undefined;
  useEffect(() => {
    if (only !== undefined) {
      void navigate({ to: '/visit/$sessionId', params: { sessionId: only }, replace: true });
    }
  }, [only, navigate]);
  return (
    <>
      <Topbar>
        <h1>{i18n.t('Open visits')}</h1>
        <span className="grow-1" />
      </Topbar>
      <div className="min-h-0 overflow-auto bg-surface">
        {open.length === 0 ? (
          <p className="p-10 text-17 text-ink-2">{i18n.t('No visit is open. Start one from Today.')}</p>
        ) : (
          open.map((row) => (
            <Link
              key={row.sessionId}
              to="/visit/$sessionId"
              params={{ sessionId: row.sessionId }}
              className="flex min-h-16 items-center gap-6 border-b border-line px-7 hover:bg-sunken"
            >
              <b className="w-16">{formatTime(row.startsAt)}</b>
              <b className="proper w-72">{fullName(row.patient)}</b>
              <span className="text-ink-2">{row.room}</span>
            </Link>
          ))
        )}
      </div>
    </>
  );
}
