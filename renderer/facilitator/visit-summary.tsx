/** Around the steps: not started, paused, all done and the report on its way, in review, decided. */
import { useLingui } from '@lingui/react';
import { useNavigate } from '@tanstack/react-router';
import { FileText, Play } from 'lucide-react';
import type { ReactNode } from 'react';
import type { VisitView } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { agreedSentence } from '../kit/consent-words.ts';
import { formatQuantity, formatTime } from '../kit/format.ts';
import type { MarkShape } from '../kit/marks.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { sentBackWords } from '../kit/send-back-words.ts';
import { useMay } from '../shell/session.ts';
import { useCommand } from '../shell/staff.ts';
import type { VisitStep } from './visit-steps.ts';
import { stepsOf } from './visit-steps.ts';

export function NotStarted({ visit }: { visit: VisitView }): ReactNode {
  const { i18n } = useLingui();
  const navigate = useNavigate();
  const start = useCommand((client) => client.visits.start);
  const checkedIn = visit.status === 'CHECKED_IN';
  const agreed = visit.consents !== null && visit.consents.length > 0;
  const toDesk = (): void =>
    void navigate({ to: '/desk/$appointmentId', params: { appointmentId: visit.appointmentId } });
  return (
    <>
      <section className="stage">
        <div className="px-10 pt-8">
          <h1 className="text-26 tracking-[-0.018em]">
            {checkedIn ? i18n.t('Checked in') : i18n.t('Not checked in yet')}
          </h1>
          <p className="mt-1 text-17 text-ink-2">{agreedSentence(i18n, visit.consents)}</p>
          {start.problem === null ? null : <InlineProblem problem={start.problem} />}
        </div>
        <footer className="action-bar">
          <span className="grow-1" />
          {checkedIn && agreed ? (
            <Button
              look="primary"
              size="large"
              busy={start.busy}
              hotkey="Enter"
              onPress={() => void start.run({ sessionId: visit.sessionId })}
            >
              {i18n.t('Start {name}’s visit', { name: visit.patient.givenName })}
            </Button>
          ) : (
            <Button look="primary" size="large" hotkey="Enter" onPress={toDesk}>
              {checkedIn
                ? i18n.t('Ask {name} to agree', { name: visit.patient.givenName })
                : i18n.t('Check {name} in', { name: visit.patient.givenName })}
            </Button>
          )}
        </footer>
      </section>
      <aside className="side" />
    </>
  );
}

export function PausedPane({ visit }: { visit: VisitView }): ReactNode {
  const { i18n } = useLingui();
  const resume = useCommand((client) => client.visits.resume);
  return (
    <>
      <section className="stage">
        <div className="grid place-items-center">
          <div className="text-center">
            <span className="flex justify-center">
              <StatusMark shape="aside" size={40} />
            </span>
            <h1 className="mt-5 text-36 tracking-[-0.022em]">
              {i18n.t('Paused at {time}', { time: visit.pausedAt === null ? '' : formatTime(visit.pausedAt) })}
            </h1>
            <p className="mt-2 text-17 text-ink-2">
              {i18n.t('Everything so far is on this disk. The visit goes on where it stands.')}
            </p>
            {resume.problem === null ? null : <InlineProblem problem={resume.problem} />}
          </div>
        </div>
        <footer className="action-bar">
          <span className="grow-1" />
          <Button
            look="primary"
            size="large"
            hotkey="Enter"
            busy={resume.busy}
            icon={<Play size={20} strokeWidth={1.75} aria-hidden />}
            onPress={() => void resume.run({ sessionId: visit.sessionId })}
          >
            {i18n.t('Go on with {name}’s visit', { name: visit.patient.givenName })}
          </Button>
        </footer>
      </section>
      <aside className="side" />
    </>
  );
}

/** After the last step: finish, then the report's own way. */
export function VisitSummary({ visit }: { visit: VisitView }): ReactNode {
  const { i18n } = useLingui();
  const navigate = useNavigate();
  const finish = useCommand((client) => client.visits.finish);
  const again = useCommand((client) => client.visits.start);
  const mayLead = useMay('facilitator', 'clinician', 'admin');
  const mayDecide = useMay('clinician', 'admin');
  const name = visit.patient.givenName;
  const making = visit.reportInProgress || visit.status === 'ANALYSING';
  const stage = useStage(visit);
  return (
    <>
      <section className="stage">
        <div className="flex min-h-0 flex-col px-10 pt-8">
          <div className="flex items-center gap-3.5" aria-live="polite">
            <StatusMark shape={stage.shape} size={30} />
            <h1 className="text-26 tracking-[-0.018em]">{stage.title}</h1>
          </div>
          <p className="mt-2 text-17 text-ink-2">{stage.text}</p>
          {visit.endedReason === null ? null : (
            <p className="mt-1 text-17 text-ink-2">{i18n.t('Ended early: {reason}', { reason: visit.endedReason })}</p>
          )}
          {finish.problem === null ? null : <InlineProblem problem={finish.problem} />}
          {again.problem === null ? null : <InlineProblem problem={again.problem} />}
          <h2 className="pane-title mt-7 pb-2">{i18n.t('What was taken')}</h2>
          <div className="min-h-0 overflow-auto border-t border-line">
            <ul className="checks">
              {stepsOf(visit).map((each) => (
                <ResultLine key={each.step.id} each={each} />
              ))}
            </ul>
          </div>
        </div>
        <footer className="action-bar">
          {visit.report === null ? null : (
            <Button
              look="outlined"
              icon={<FileText size={20} strokeWidth={1.75} aria-hidden />}
              onPress={() => void navigate({ to: '/visit/$sessionId/report', params: { sessionId: visit.sessionId } })}
            >
              {i18n.t('Open the report')}
            </Button>
          )}
          <span className="grow-1" />
          {visit.status === 'CAPTURING' ? (
            <Button
              look="primary"
              size="large"
              hotkey="Enter"
              busy={finish.busy || making}
              onPress={() => void finish.run({ sessionId: visit.sessionId })}
            >
              {i18n.t('Finish {name}’s visit', { name })}
            </Button>
          ) : visit.status === 'REQUIRES_REVIEW' && mayLead ? (
            <Button
              look="primary"
              size="large"
              hotkey="Enter"
              busy={again.busy}
              onPress={() => void again.run({ sessionId: visit.sessionId })}
            >
              {i18n.t('Open {name}’s visit again', { name })}
            </Button>
          ) : visit.status === 'REVIEW' && mayDecide ? (
            <Button
              look="primary"
              size="large"
              hotkey="Enter"
              onPress={() => void navigate({ to: '/review/$sessionId', params: { sessionId: visit.sessionId } })}
            >
              {i18n.t('Review {name}’s report', { name })}
            </Button>
          ) : (
            <Button look="primary" size="large" hotkey="Enter" onPress={() => void navigate({ to: '/' })}>
              {i18n.t('Back to today')}
            </Button>
          )}
        </footer>
      </section>
      <aside className="side" aria-label={i18n.t('What comes next')}>
        <NextStages visit={visit} />
      </aside>
    </>
  );
}

function useStage(visit: VisitView): { shape: MarkShape; title: string; text: string } {
  const { i18n } = useLingui();
  const review = visit.report?.review ?? null;
  switch (visit.status) {
    case 'CAPTURING':
      if (review?.decision === 'sent-back') {
        return {
          shape: 'now',
          title: i18n.t('Open again'),
          text: [
            sentBackWords(i18n, review),
            i18n.t('Choose a step at the left and take it back. Finishing makes a new version of the report.'),
          ].join(' '),
        };
      }
      return {
        shape: 'done',
        title: visit.endedReason === null ? i18n.t('All steps are done') : i18n.t('Ended early'),
        text: i18n.t('{name} can go. Finishing makes the report for the clinician.', { name: visit.patient.givenName }),
      };
    case 'ANALYSING':
      return {
        shape: 'busy',
        title: i18n.t('The report is being made'),
        text: i18n.t('Everything is on this disk. This screen can be left.'),
      };
    case 'REVIEW':
      return {
        shape: 'todo',
        title: i18n.t('Waits for a clinician'),
        text: i18n.t('The report is made and stored on this disk.'),
      };
    case 'REQUIRES_REVIEW':
      return {
        shape: 'care',
        title: i18n.t('Sent back by {name}', { name: review?.byName ?? i18n.t('the clinician') }),
        text: [
          review === null ? '' : sentBackWords(i18n, review),
          i18n.t('Open the visit again to take, measure or finish it once more.'),
        ].join(' '),
      };
    case 'COMPLETED':
      return {
        shape: 'done',
        title: i18n.t('Approved'),
        text:
          review === null
            ? i18n.t('The report is approved.')
            : i18n.t('By {name} at {time}.', { name: review.byName, time: formatTime(review.at) }),
      };
    case 'FAILED':
      return {
        shape: 'stopped',
        title: i18n.t('The visit stopped'),
        text: i18n.t('Everything that was taken is on this disk.'),
      };
    case 'CANCELLED':
      return { shape: 'nothing', title: i18n.t('Cancelled'), text: visit.endedReason ?? '' };
    case 'SCHEDULED':
    case 'CHECKED_IN':
      return { shape: 'todo', title: i18n.t('Not started'), text: '' };
  }
}

function ResultLine({ each }: { each: VisitStep }): ReactNode {
  const { i18n } = useLingui();
  const { step, view } = each;
  const counted = view.tries.find((one) => one.captureId === view.captureId);
  const shapes: Readonly<Record<typeof view.mark, MarkShape>> = {
    done: counted !== undefined && counted.judgement?.passed !== true ? 'care' : 'done',
    skipped: 'nothing',
    todo: 'todo',
    now: 'todo',
    care: 'care',
  };
  const text =
    view.quantity !== null
      ? formatQuantity(view.quantity)
      : counted !== undefined
        ? counted.kept !== null && counted.judgement?.passed !== true
          ? i18n.t('kept: {reason}', { reason: counted.kept.reason })
          : i18n.t('good, try {attempt}', { attempt: counted.attempt })
        : view.mark === 'skipped'
          ? i18n.t('skipped: {reason}', { reason: view.skippedReason ?? '' })
          : i18n.t('not done');
  return (
    <li>
      <StatusMark shape={shapes[view.mark]} />
      <span>{i18n._(step.title)}</span>
      <span>{text}</span>
    </li>
  );
}

/** The five stations that the patient sees too, so that both know the same. */
function NextStages({ visit }: { visit: VisitView }): ReactNode {
  const { i18n } = useLingui();
  const captured =
    visit.steps.every((step) => step.mark === 'done' || step.mark === 'skipped') || visit.report !== null;
  const reviewed = visit.report?.review?.decision === 'approved';
  const stages: readonly [string, MarkShape, string][] = [
    [i18n.t('Measured and photographed'), captured ? 'done' : 'now', ''],
    [
      i18n.t('Report made'),
      visit.report !== null ? 'done' : visit.reportInProgress ? 'busy' : 'todo',
      visit.report === null
        ? i18n.t('not yet')
        : i18n.t('{time}, {pages, plural, one {# page} other {# pages}}', {
            time: formatTime(visit.report.madeAt),
            pages: visit.report.pages,
          }),
    ],
    [
      i18n.t('Checked by a clinician'),
      reviewed ? 'done' : 'todo',
      reviewed ? formatTime(visit.report?.review?.at ?? '') : i18n.t('not yet'),
    ],
  ];
  return (
    <>
      <h2 className="pane-title mb-1">{i18n.t('What comes next')}</h2>
      <ul className="checks">
        {stages.map(([title, shape, detail]) => (
          <li key={title}>
            <StatusMark shape={shape} />
            <span>{title}</span>
            <span>{detail}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
