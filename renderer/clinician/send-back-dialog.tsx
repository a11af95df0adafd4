/** Sending back: a reason from the list, words for whoever gets it, and the PIN. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Radio, RadioGroup } from 'react-aria-components';
import type { Review } from '../../electron/contract/documents.ts';
import { TextField } from '../kit/field.tsx';
import { sendBackReasons } from '../kit/send-back-words.ts';
import type { DecisionDialogProps } from './decision-dialog.tsx';
import { DecisionDialog } from './decision-dialog.tsx';

const LONGEST_NOTES = 4000;

export function SendBackDialog(props: DecisionDialogProps): ReactNode {
  const { i18n } = useLingui();
  const { view } = props;
  const [reason, setReason] = useState<Review['reason']>(null);
  const [notes, setNotes] = useState('');
  const { patient } = view.visit;
  const written = notes.trim();
  const explained = reason !== null && (reason !== 'other' || written !== '');
  return (
    <DecisionDialog
      {...props}
      title={i18n.t('Send back the report of {name}', { name: `${patient.givenName} ${patient.familyName}` })}
      confirm={i18n.t('Send back version {version}', { version: view.report.version })}
      decision={explained ? { decision: 'sent-back', reason, notes: written === '' ? null : written } : null}
    >
      <h3 className="pane-title pb-2">{i18n.t('Why?')}</h3>
      <RadioGroup
        aria-label={i18n.t('Why?')}
        value={reason}
        onChange={(value) => setReason(value as Review['reason'])}
        className="border-t border-line"
      >
        {sendBackReasons(i18n).map(([value, text]) => (
          <Radio key={value} value={value} className="choice">
            {text}
          </Radio>
        ))}
      </RadioGroup>
      <div className="pt-4">
        <TextField
          label={reason === 'other' ? i18n.t('What is it?') : i18n.t('A word to the team (optional)')}
          value={notes}
          onChange={setNotes}
          maxLength={LONGEST_NOTES}
          lines
        />
      </div>
      <p className="pt-3 text-13 text-ink-2">
        {i18n.t(
          'Today shows the visit as sent back. The team reads your reason in it and can open it again. Nothing goes to the patient.',
        )}
      </p>
    </DecisionDialog>
  );
}
