/** The steps of the visit: what is done with its result, what is now, what is to come. */
import { useLingui } from '@lingui/react';
import type { I18n } from '@lingui/core';
import type { ReactNode } from 'react';
import { Button as AriaButton } from 'react-aria-components';
import type { VisitView } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { formatQuantity } from '../kit/format.ts';
import type { MarkShape } from '../kit/marks.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { useCommand } from '../shell/staff.ts';
import { shortVerdict } from './capture-words.ts';
import { ReasonButton } from './reason-button.tsx';
import type { Station, VisitStep } from './visit-steps.ts';
import { isEyeStep } from './visit-steps.ts';

const SHAPES: Readonly<Record<Station['mark'], MarkShape>> = {
  todo: 'todo',
  now: 'now',
  care: 'care',
  done: 'done',
  skipped: 'nothing',
};

export function StepRail({
  visit,
  stations,
  shownId,
  mayShow,
  onChoose,
  onSummary,
}: {
  readonly visit: VisitView;
  readonly stations: readonly Station[];
  readonly shownId: string | null;
  readonly mayShow: (step: VisitStep) => boolean;
  readonly onChoose: (stepId: string) => void;
  /** Back to what follows the steps; null while a step is open. */
  readonly onSummary: (() => void) | null;
}): ReactNode {
  const { i18n } = useLingui();
  const at = stations.findIndex((station) => station.parts.some((part) => part.step.id === visit.currentStepId));
  return (
    <nav className="step-rail" aria-label={i18n.t('Steps of the visit')}>
      <h2 className="pane-title flex justify-between px-7 pb-2.5 max-[1179px]:justify-center max-[1179px]:px-1">
        <span>{i18n._(visit.protocol.title)}</span>
        {at < 0 ? null : (
          <span className="font-medium whitespace-nowrap text-ink-3 max-[1179px]:text-center max-[1179px]:whitespace-normal">
            {i18n.t('step {number} of {total}', { number: at + 1, total: stations.length })}
          </span>
        )}
      </h2>
      <ol className="steps">
        {stations.map((station) => {
          const target =
            station.parts.find((part) => part.step.id === visit.currentStepId) ?? station.parts.find(mayShow);
          const current = station.parts.some((part) => part.step.id === shownId);
          const title = i18n._(station.title);
          return (
            <li
              key={station.id}
              {...(station.mark === 'done' || station.mark === 'skipped' ? { 'data-done': true } : {})}
              {...(station.mark === 'todo' ? { 'data-todo': true } : {})}
              {...(current ? { 'data-current': true } : {})}
            >
              <AriaButton
                className="step"
                isDisabled={target === undefined}
                preventFocusOnPress
                onPress={() => {
                  if (target !== undefined) onChoose(target.step.id);
                }}
                {...(current ? { 'aria-current': 'step' as const } : {})}
              >
                <StatusMark shape={SHAPES[station.mark]} size={20} />
                <span>
                  <b>
                    {title}
                    <span className="sr-only">, {markWord(i18n, station.mark)}</span>
                  </b>
                  <small>{detailOf(i18n, station)}</small>
                </span>
              </AriaButton>
            </li>
          );
        })}
      </ol>
      <span className="grow-1" />
      {onSummary === null || shownId === null ? null : (
        <Button look="outlined" className="mx-4" onPress={onSummary}>
          {i18n.t('Back to the summary')}
        </Button>
      )}
      {visit.status === 'CAPTURING' && visit.currentStepId !== null ? <EndEarly visit={visit} /> : null}
    </nav>
  );
}

function markWord(i18n: I18n, mark: Station['mark']): string {
  const words: Readonly<Record<Station['mark'], string>> = {
    todo: i18n.t('to do'),
    now: i18n.t('now'),
    care: i18n.t('needs care'),
    done: i18n.t('done'),
    skipped: i18n.t('skipped'),
  };
  return words[mark];
}

/** One line under the name: the result, the trouble, or what it takes. */
function detailOf(i18n: I18n, station: Station): string {
  const [first] = station.parts;
  if (first === undefined) return '';
  if (station.mark === 'skipped') return i18n.t('skipped');
  const done = station.parts.filter((part) => part.view.mark === 'done').length;
  if (station.parts.length > 1) {
    const minutes = station.parts.reduce((sum, part) => sum + part.step.expectedMinutes, 0);
    const total = station.parts.length;
    if (station.mark === 'done') return i18n.t('{done} of {total} kept', { done, total });
    const open = station.parts.find((part) => part.view.mark === 'now' || part.view.mark === 'care');
    return open === undefined
      ? i18n.t('{total} pictures, {minutes} min', { total, minutes })
      : i18n.t('{number} of {total}: {step}', {
          number: station.parts.indexOf(open) + 1,
          total,
          step: i18n._(open.step.title),
        });
  }
  const { view, step } = first;
  if (view.quantity !== null) {
    return view.quantity.source === 'by-hand' && step.type === 'weight'
      ? i18n.t('{quantity}, by hand', { quantity: formatQuantity(view.quantity) })
      : formatQuantity(view.quantity);
  }
  const counted = view.tries.find((each) => each.captureId === view.captureId);
  if (station.mark === 'done' && counted !== undefined) {
    return counted.judgement?.passed === true
      ? i18n.t('good, try {attempt}', { attempt: counted.attempt })
      : i18n.t('kept with a reason');
  }
  const last = view.tries.at(-1);
  if (last?.judgement?.passed === true) return i18n.t('try {attempt} good', { attempt: last.attempt });
  if (last !== undefined && last.judgement !== null) {
    const reason = shortVerdict(i18n, last.judgement, isEyeStep(step));
    return i18n.t('try {attempt} {reason}', { attempt: last.attempt, reason });
  }
  return i18n.t('about {minutes} min', { minutes: step.expectedMinutes });
}

function EndEarly({ visit }: { visit: VisitView }): ReactNode {
  const { i18n } = useLingui();
  const end = useCommand((client) => client.visits.end);
  return (
    <ReasonButton
      label={i18n.t('End this visit early')}
      className="mx-4 justify-start"
      title={i18n.t('End this visit early')}
      explanation={i18n.t('What was taken stays and goes into the report. Steps left open are marked as not done.')}
      reasons={[
        i18n.t('The patient wants to stop'),
        i18n.t('The patient is not well'),
        i18n.t('A device does not work'),
        i18n.t('No time left'),
      ]}
      confirm={i18n.t('End the visit')}
      command={end}
      input={(reason) => ({ sessionId: visit.sessionId, reason })}
    />
  );
}
