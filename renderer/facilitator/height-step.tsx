/** Height: read off the wall and typed, twice. The same frame as the weight. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { Step } from '../../electron/contract/protocols.ts';
import type { VisitView } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { Stadiometer } from '../kit/drawings.tsx';
import { parseTypedNumber } from '../kit/field.tsx';
import { formatNumber, PLUS_MINUS, THIN } from '../kit/format.ts';
import { useKeys } from '../kit/keys.tsx';
import type { MarkShape } from '../kit/marks.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { NumberPad } from '../kit/number-pad.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { useCommand } from '../shell/staff.ts';
import { SkipButton } from './skip-button.tsx';
import type { VisitStep } from './visit-steps.ts';

type TypedStep = Extract<Step, { type: 'typed' }>;

export function HeightStep({
  visit,
  current,
  step,
}: {
  readonly visit: VisitView;
  readonly current: VisitStep;
  readonly step: TypedStep;
}): ReactNode {
  const { i18n } = useLingui();
  const { minimum, maximum, decimals, error, unit } = step.quantity;
  const enter = useCommand((client) => client.visits.enterByHand);
  const [first, setFirst] = useState<number | null>(null);
  const [text, setText] = useState('');
  const [differed, setDiffered] = useState(false);
  const value = parseTypedNumber(text);
  const outside = value !== null && (value < minimum || value > maximum);
  // The first digits of a good height are no height yet: nothing is said before more typing cannot help.
  const wrong = value !== null && (value > maximum || (value < minimum && (text.length > 2 || /[.,]/.test(text))));
  const second = first !== null;
  const ready = value !== null && !outside;

  const next = async (): Promise<void> => {
    if (value === null || outside) return;
    if (first === null) {
      setFirst(value);
      setText('');
      setDiffered(false);
      return;
    }
    if (first !== value) {
      setFirst(null);
      setText('');
      setDiffered(true);
      return;
    }
    await enter.run({ sessionId: visit.sessionId, stepId: step.id, value: first, again: value, reason: '' });
  };
  const restart = (): void => {
    setFirst(null);
    setText('');
    setDiffered(false);
    enter.clear();
  };
  useKeys([{ key: 'Escape', label: i18n.t('Clear'), run: () => setText(''), disabled: text === '' }]);
  const lines: readonly [MarkShape, string, string][] = [
    [
      wrong ? 'care' : ready || second ? 'done' : 'todo',
      i18n.t('Can be a height'),
      i18n.t('{low} to {high} {unit}', { low: minimum, high: maximum, unit }),
    ],
    [second ? 'now' : 'todo', i18n.t('Typed twice, the same'), second ? i18n.t('once so far') : i18n.t('not yet')],
    ['todo', i18n.t('Saved on this disk'), i18n.t('after you save')],
  ];
  return (
    <>
      <section className="stage">
        <div className="flex min-h-0 flex-col overflow-auto px-10 pt-8">
          <h1 className="text-26 tracking-[-0.018em]">{i18n._(step.title)}</h1>
          <p className="mt-1 text-17 text-ink-2">{i18n._(step.instruction)}</p>
          <div className="mt-6 mb-5 flex items-end gap-5">
            <output className="reading" {...(ready ? {} : { 'data-unsettled': true })} aria-live="off">
              {text === '' ? <span className="reading-none">–</span> : text}
            </output>
            <span className="pb-4">
              <b className="display block text-[40px] leading-[44px] font-medium tracking-[-0.02em]">{unit}</b>
              <span className="text-20 text-ink-2">
                {PLUS_MINUS} {formatNumber(error, decimals)}
                {THIN}
                {unit}
              </span>
            </span>
          </div>
          <div className="border-t border-line pt-5">
            {/* One line whatever it says: the digits stay under the finger. */}
            <p
              className={`flex items-center gap-2 pb-5 text-17 font-medium ${wrong || differed ? 'text-warn' : ''}`}
              aria-live="polite"
            >
              {wrong || differed ? <StatusMark shape="care" /> : null}
              {wrong
                ? i18n.t('Between {low} and {high} {unit}', { low: minimum, high: maximum, unit })
                : differed
                  ? i18n.t('The two were not the same. Read it again and type it twice.')
                  : second
                    ? i18n.t('Type it once more, without looking at the first.')
                    : i18n.t('Type what you read at eye level.')}
            </p>
            {enter.problem === null ? null : <InlineProblem problem={enter.problem} onAction={restart} />}
            <NumberPad value={text} onChange={setText} maxLength={6} point disabled={enter.busy} />
          </div>
        </div>
        <footer className="action-bar">
          <Button look="outlined" onPress={restart} hotkey="r" disabled={text === '' && !second}>
            {i18n.t('Start again')}
          </Button>
          <SkipButton visit={visit} current={current} />
          <span className="grow-1" />
          <Button
            look="primary"
            size="large"
            onPress={() => void next()}
            disabled={!ready}
            busy={enter.busy}
            hotkey="Enter"
          >
            {second && value !== null
              ? i18n.t('Save {weight}', { weight: `${formatNumber(value, decimals)}${THIN}${unit}` })
              : i18n.t('Type it once more')}
          </Button>
        </footer>
      </section>
      <aside
        className="side"
        aria-label={i18n.t('Checks')}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- nothing in it takes the focus, and the keyboard must be able to scroll it
        tabIndex={0}
      >
        <h2 className="pane-title mb-1">{i18n.t('Checks')}</h2>
        <ul className="checks">
          {lines.map(([shape, name, text]) => (
            <li key={name} {...(shape === 'care' ? { 'data-care': true } : {})}>
              <StatusMark shape={shape} />
              <span>{name}</span>
              <span>{text}</span>
            </li>
          ))}
        </ul>
        <h3 className="pane-title mt-7 mb-2">{i18n.t('How to read it')}</h3>
        <Stadiometer label={i18n.t('Heels, back and head against the wall; the eye at the height of the slide')} />
      </aside>
    </>
  );
}
