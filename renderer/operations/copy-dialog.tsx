/** Which period of the audit trail is copied: a month at a touch, or any two days. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Radio, RadioGroup } from 'react-aria-components';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { TextField } from '../kit/field.tsx';
import { formatDate } from '../kit/format.ts';
import { InlineProblem } from '../kit/problem.tsx';
import { useCommand } from '../shell/staff.ts';
import { dayText, monthOf, periodOf } from './periods.ts';

export function CopyDialog({ now, onClose }: { readonly now: number; readonly onClose: () => void }): ReactNode {
  const { i18n } = useLingui();
  const copy = useCommand((client) => client.maintenance.copyAudit);
  const lastMonth = monthOf(now, -1);
  const thisMonth = monthOf(now, 0);
  const [kind, setKind] = useState('last');
  const [first, setFirst] = useState(lastMonth.first);
  const [last, setLast] = useState(dayText(now));
  const days = kind === 'last' ? lastMonth : kind === 'this' ? thisMonth : { first, last };
  const period = periodOf(days);
  async function submit(): Promise<void> {
    if (period !== null && (await copy.run(period)) !== null) onClose();
  }
  const span = (of: { readonly first: string; readonly last: string }): string =>
    i18n.t('{from} to {to}', { from: formatDate(of.first), to: formatDate(of.last) });
  return (
    <Dialog
      title={i18n.t('Copy a period of the audit trail')}
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
            disabled={period === null}
            busy={copy.busy}
            hotkey="Enter"
          >
            {i18n.t('Copy to a file')}
          </Button>
        </>
      }
    >
      <p className="pb-3 text-ink-2">
        {i18n.t('The file lies in the clinic’s folder on this machine. That you made it is in the trail, too.')}
      </p>
      <RadioGroup aria-label={i18n.t('Period')} value={kind} onChange={setKind} className="border-t border-line">
        <Radio value="last" className="choice">
          {i18n.t('Last month')} <span className="text-ink-2">{span(lastMonth)}</span>
        </Radio>
        <Radio value="this" className="choice">
          {i18n.t('This month')} <span className="text-ink-2">{span(thisMonth)}</span>
        </Radio>
        <Radio value="own" className="choice">
          {i18n.t('Other days')}
        </Radio>
      </RadioGroup>
      {kind === 'own' ? (
        <div className="grid grid-cols-2 gap-4 pt-4">
          <TextField label={i18n.t('First day')} type="date" value={first} onChange={setFirst} />
          <TextField
            label={i18n.t('Last day')}
            type="date"
            value={last}
            onChange={setLast}
            error={period === null ? i18n.t('Two days, the first before the last') : null}
          />
        </div>
      ) : null}
      {copy.problem === null ? null : <InlineProblem problem={copy.problem} />}
    </Dialog>
  );
}
