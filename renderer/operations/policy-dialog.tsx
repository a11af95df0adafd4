/** The rule for deleting pictures, changed by somebody who may. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Radio, RadioGroup } from 'react-aria-components';
import type { RetentionPolicy } from '../../electron/contract/storage.ts';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { parseTypedNumber, TextField, TickRow } from '../kit/field.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { useCommand } from '../shell/staff.ts';

/** As the contract has it. */
const MOST_DAYS = 36_500;

export function PolicyDialog({
  policy,
  onClose,
}: {
  readonly policy: RetentionPolicy;
  readonly onClose: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const save = useCommand((client) => client.maintenance.setRetention);
  const [kind, setKind] = useState(policy.keepDays === null ? 'stay' : 'days');
  const [typed, setTyped] = useState(String(policy.keepDays ?? 90));
  const [keepThumbnails, setKeepThumbnails] = useState(policy.keepThumbnails);
  const days = parseTypedNumber(typed);
  const isRight = days !== null && Number.isInteger(days) && days >= 1 && days <= MOST_DAYS;
  async function submit(): Promise<void> {
    const keepDays = kind === 'stay' ? null : days;
    if ((await save.run({ keepDays, keepThumbnails })) !== null) onClose();
  }
  return (
    <Dialog
      title={i18n.t('The rule for deleting pictures')}
      open
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose} hotkey="Escape">
            {i18n.t('Cancel')}
          </Button>
          <Button
            look="primary"
            onPress={() => void submit()}
            disabled={kind === 'days' && !isRight}
            busy={save.busy}
            hotkey="Enter"
          >
            {i18n.t('Save the rule')}
          </Button>
        </>
      }
    >
      <p className="pb-3 text-ink-2">
        {i18n.t(
          'Whatever it says, a picture is deleted only when the cloud has verified its copy. What is only here stays.',
        )}
      </p>
      <RadioGroup
        aria-label={i18n.t('The rule for deleting pictures')}
        value={kind}
        onChange={setKind}
        className="border-t border-line"
      >
        <Radio value="stay" className="choice">
          {i18n.t('Pictures stay on this station')}
        </Radio>
        <Radio value="days" className="choice">
          {i18n.t('Delete them some days after the visit is closed')}
        </Radio>
      </RadioGroup>
      {kind === 'stay' ? null : (
        <div className="grid gap-5 pt-4">
          <TextField
            label={i18n.t('Full days after the visit is closed')}
            value={typed}
            onChange={setTyped}
            numeric
            unit={i18n.t('days')}
            error={isRight ? null : i18n.t('A whole number from 1 to {most}', { most: MOST_DAYS })}
          />
          <TickRow selected={keepThumbnails} onChange={setKeepThumbnails} className="min-h-12 items-center">
            {i18n.t('Small pictures and maps stay, so that the visit can still be looked at here')}
          </TickRow>
        </div>
      )}
      {save.problem === null ? null : <InlineProblem problem={save.problem} />}
    </Dialog>
  );
}
