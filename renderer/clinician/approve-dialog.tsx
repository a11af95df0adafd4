/** Approving: exactly what goes out, to whom, and the PIN. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { ReviewView } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { formatHash } from '../kit/format.ts';
import { useSession } from '../shell/session.ts';
import { PinEntry, SHORTEST_PIN, usePinWait } from './pin-entry.tsx';
import { releaseOf } from './review-words.ts';
import { useDecide } from './use-decide.ts';

export function ApproveDialog({
  view,
  onClose,
  onDecided,
}: {
  readonly view: ReviewView;
  readonly onClose: () => void;
  readonly onDecided: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const { status } = useSession();
  const [pin, setPin] = useState('');
  const decide = useDecide(view, onDecided);
  const waiting = usePinWait(decide.problem) > 0;
  const { patient } = view.visit;
  const name = `${patient.givenName} ${patient.familyName}`;
  const { parts, leftOut } = releaseOf(i18n, view);
  const submit = (): void => {
    setPin('');
    void decide.run({ decision: 'approved', reason: null, notes: null, pin });
  };
  const cloud = status?.cloud.state ?? 'not-configured';
  return (
    <Dialog
      title={i18n.t('Approve the report of {name}', { name })}
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
            disabled={pin.length < SHORTEST_PIN || waiting}
            busy={decide.busy}
            hotkey="Enter"
          >
            {i18n.t('Approve version {version}', { version: view.report.version })}
          </Button>
        </>
      }
    >
      <div className="grid grid-cols-[1fr_auto] gap-12">
        <div>
          <h3 className="pane-title">{i18n.t('This is released to the patient')}</h3>
          <ul className="review-list mt-1">
            {parts.map((part) => (
              <li key={part}>{part}</li>
            ))}
          </ul>
          {leftOut.length === 0 ? null : (
            <>
              <h3 className="pane-title mt-4">{i18n.t('Not in it')}</h3>
              <ul className="review-list mt-1">
                {leftOut.map((part) => (
                  <li key={part}>{part}</li>
                ))}
              </ul>
            </>
          )}
          <p className="mt-4 text-ink-2">
            {cloud === 'offline'
              ? i18n.t('Your decision is stored here at once and goes out when the line is back.')
              : cloud === 'online'
                ? i18n.t('Your decision is stored here at once and then sent.')
                : i18n.t('This visit ends on this station: the desk may print and hand over the report.')}
          </p>
          <p className="mt-2 text-13 text-ink-3">
            {i18n.t('Report version {version}', { version: view.report.version })}{' '}
            <bdi className="ident">{formatHash(view.report.sha256)}</bdi>
          </p>
        </div>
        <PinEntry pin={pin} onChange={setPin} problem={decide.problem} busy={decide.busy} />
      </div>
    </Dialog>
  );
}
