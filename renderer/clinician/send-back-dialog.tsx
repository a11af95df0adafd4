/** Sending back: a reason from the list, words for whoever gets it, and the PIN. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Radio, RadioGroup } from 'react-aria-components';
import type { Review } from '../../electron/contract/documents.ts';
import type { ReviewView } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { TextField } from '../kit/field.tsx';
import { sendBackReasons } from '../kit/send-back-words.ts';
import { PinEntry, SHORTEST_PIN, usePinWait } from './pin-entry.tsx';
import { useDecide } from './use-decide.ts';

const LONGEST_NOTES = 4000;

export function SendBackDialog({
  view,
  onClose,
  onDecided,
}: {
  readonly view: ReviewView;
  readonly onClose: () => void;
  readonly onDecided: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const [reason, setReason] = useState<Review['reason']>(null);
  const [notes, setNotes] = useState('');
  const [pin, setPin] = useState('');
  const decide = useDecide(view, onDecided);
  const waiting = usePinWait(decide.problem) > 0;
  const { patient } = view.visit;
  const explained = reason !== null && (reason !== 'other' || notes.trim() !== '');
  const submit = (): void => {
    setPin('');
    const written = notes.trim();
    void decide.run({ decision: 'sent-back', reason, notes: written === '' ? null : written, pin });
  };
  return (
    <Dialog
      title={i18n.t('Send back the report of {name}', { name: `${patient.givenName} ${patient.familyName}` })}
      open
      onClose={onClose}
      wide
      actions={
        <>
          <Button look="plain" onPress={onClose} hotkey="Escape">
            {i18n.t('Cancel')}
          </Button>
          <Button
            look="primary"
            onPress={submit}
            disabled={!explained || pin.length < SHORTEST_PIN || waiting}
            busy={decide.busy}
            hotkey="Enter"
          >
            {i18n.t('Send back version {version}', { version: view.report.version })}
          </Button>
        </>
      }
    >
      <div className="grid grid-cols-[1fr_auto] gap-12">
        <div>
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
        </div>
        <PinEntry pin={pin} onChange={setPin} problem={decide.problem} busy={decide.busy} />
      </div>
    </Dialog>
  );
}
