/** A step that is over: its result or the reason it was skipped, where it stands, and the way to take it back. */
import { useLingui } from '@lingui/react';
import { Undo2 } from 'lucide-react';
import type { ReactNode } from 'react';
import type { VisitView } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { StepPicture } from '../kit/drawings.tsx';
import { decimalsOfUnit, formatNumber, formatTime, PLUS_MINUS, THIN } from '../kit/format.ts';
import { StatusMark, Tag } from '../kit/marks.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { useCommand } from '../shell/staff.ts';
import type { VisitStep } from './visit-steps.ts';

export function StepDone({ visit, current }: { visit: VisitView; current: VisitStep }): ReactNode {
  const { i18n } = useLingui();
  const undo = useCommand((client) => client.visits.undo);
  const { step, view } = current;
  const { quantity } = view;
  const skipped = view.mark === 'skipped';
  return (
    <>
      <section className="stage">
        <div className="px-10 pt-8">
          <h1 className="text-26 tracking-[-0.018em]">{i18n._(step.title)}</h1>
          <p className="mt-1 text-17 text-ink-2">
            {skipped
              ? i18n.t('Skipped: {reason}', { reason: view.skippedReason ?? '' })
              : i18n.t('Done. It is stored on this disk.')}
          </p>
          {quantity === null ? null : (
            <div className="mt-6 flex items-end gap-5">
              <output className="reading">{formatNumber(quantity.value, decimalsOfUnit(quantity.unit))}</output>
              <span className="pb-4">
                <b className="display block text-[40px] leading-[44px] font-medium tracking-[-0.02em]">
                  {quantity.unit}
                </b>
                <span className="text-20 text-ink-2">
                  {PLUS_MINUS} {formatNumber(quantity.error, decimalsOfUnit(quantity.unit))}
                  {THIN}
                  {quantity.unit}
                </span>
              </span>
              <span className="ms-auto pb-5">
                <Tag shape="done" size="large">
                  {i18n.t('Saved')}
                </Tag>
              </span>
            </div>
          )}
          {undo.problem === null ? null : <InlineProblem problem={undo.problem} />}
        </div>
        <footer className="action-bar">
          {view.undoable ? (
            <Button
              look="outlined"
              icon={<Undo2 size={20} strokeWidth={1.75} aria-hidden />}
              busy={undo.busy}
              onPress={() => void undo.run({ sessionId: visit.sessionId, stepId: step.id })}
            >
              {i18n.t('Take it back and do it again')}
            </Button>
          ) : null}
        </footer>
      </section>
      <aside className="side">
        <h2 className="pane-title mb-1">{i18n.t('Where it stands')}</h2>
        <ul className="checks">
          {skipped ? (
            <li>
              <StatusMark shape="nothing" />
              <span>{i18n.t('Skipped with a reason')}</span>
              <span />
            </li>
          ) : (
            <>
              <li>
                <StatusMark shape="done" />
                <span>{i18n.t('Saved on this disk')}</span>
                <span>{quantity === null ? '' : formatTime(quantity.at, true)}</span>
              </li>
              {quantity === null ? null : (
                <li>
                  <StatusMark shape={quantity.source === 'device' ? 'done' : 'nothing'} />
                  <span>{i18n.t('How it was measured')}</span>
                  <span>{quantity.source === 'device' ? i18n.t('by the device') : i18n.t('by hand')}</span>
                </li>
              )}
            </>
          )}
        </ul>
        <div className="mt-7">
          <StepPicture picture={step.picture} label={i18n._(step.instruction)} />
        </div>
      </aside>
    </>
  );
}
