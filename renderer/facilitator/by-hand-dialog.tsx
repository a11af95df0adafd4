/** A number typed by a person, twice, so that a slip is noticed. Marked "by hand" for ever. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { VisitView } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { parseTypedNumber, TextField } from '../kit/field.tsx';
import { formatNumber } from '../kit/format.ts';
import { InlineProblem } from '../kit/problem.tsx';
import { useCommand } from '../shell/staff.ts';
import type { VisitStep } from './visit-steps.ts';

export function ByHandDialog({
  open,
  onClose,
  visit,
  current,
  unit,
  range,
  decimals,
}: {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly visit: VisitView;
  readonly current: VisitStep;
  readonly unit: 'kg' | 'cm';
  readonly range: readonly [number, number];
  readonly decimals: number;
}): ReactNode {
  const { i18n } = useLingui();
  const enter = useCommand((client) => client.visits.enterByHand);
  const [first, setFirst] = useState('');
  const [second, setSecond] = useState('');
  const [reason, setReason] = useState('');
  const value = parseTypedNumber(first);
  const again = parseTypedNumber(second);
  const outside = value !== null && (value < range[0] || value > range[1]);
  const differs = value !== null && second !== '' && again !== value;
  const ready = value !== null && !outside && again === value && reason.trim() !== '';
  const submit = async (): Promise<void> => {
    if (!ready || value === null || again === null) return;
    const input = { sessionId: visit.sessionId, stepId: current.step.id, value, again, reason: reason.trim() };
    if ((await enter.run(input)) !== null) onClose();
  };
  return (
    <Dialog
      title={i18n.t('Enter by hand: {step}', { step: i18n._(current.step.title) })}
      open={open}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose} hotkey="Escape">
            {i18n.t('Cancel')}
          </Button>
          <Button look="primary" onPress={() => void submit()} disabled={!ready} busy={enter.busy} hotkey="Enter">
            {value === null || !ready
              ? i18n.t('Save')
              : i18n.t('Save {weight}', { weight: `${formatNumber(value, decimals)} ${unit}` })}
          </Button>
        </>
      }
    >
      <p className="pb-4 text-ink-2">{i18n.t('Type it twice. It stays marked “by hand” in the report.')}</p>
      <div className="grid grid-cols-2 gap-4">
        <TextField
          label={i18n.t('Value')}
          value={first}
          onChange={setFirst}
          numeric
          unit={unit}
          focusFirst
          error={outside ? i18n.t('Between {low} and {high} {unit}', { low: range[0], high: range[1], unit }) : null}
        />
        <TextField
          label={i18n.t('The same again')}
          value={second}
          onChange={setSecond}
          numeric
          unit={unit}
          onEnter={() => void submit()}
          error={differs ? i18n.t('The two are not the same') : null}
        />
      </div>
      <div className="mt-4">
        <TextField
          label={i18n.t('Why by hand')}
          value={reason}
          onChange={setReason}
          maxLength={500}
          onEnter={() => void submit()}
          placeholder={i18n.t('The scale is not connected')}
        />
      </div>
      {enter.problem === null ? null : (
        <div className="mt-4">
          <InlineProblem problem={enter.problem} />
        </div>
      )}
    </Dialog>
  );
}
