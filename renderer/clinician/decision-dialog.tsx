/** A decision about a report: what it means at the start, what signs it at the end. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { ReviewView } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { PinEntry, SHORTEST_PIN, usePinWait } from '../shell/pin-entry.tsx';
import { useSession } from '../shell/session.ts';
import { SignInEntry } from './sign-in-entry.tsx';
import type { Decision } from './use-decide.ts';
import { useDecide } from './use-decide.ts';

export interface DecisionDialogProps {
  readonly view: ReviewView;
  readonly onClose: () => void;
  readonly onDecided: () => void;
}

export function DecisionDialog({
  view,
  onClose,
  onDecided,
  title,
  confirm,
  decision,
  children,
}: DecisionDialogProps & {
  readonly title: string;
  /** The button that decides. */
  readonly confirm: string;
  /** What is signed; null while something is missing. */
  readonly decision: Omit<Decision, 'pin'> | null;
  readonly children: ReactNode;
}): ReactNode {
  const { i18n } = useLingui();
  const { place } = useSession();
  const [pin, setPin] = useState('');
  const decide = useDecide(view, onDecided);
  const waiting = usePinWait(decide.problem) > 0;
  const submit = (): void => {
    if (decision === null) return;
    setPin('');
    void decide.run({ ...decision, pin: place === 'cloud' ? null : pin });
  };
  const isSigned = place === 'cloud' ? decide.problem?.code !== 'SIGN_IN_AGAIN' : pin.length >= SHORTEST_PIN;
  return (
    <Dialog
      title={title}
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
            disabled={decision === null || !isSigned || waiting}
            busy={decide.busy}
            hotkey="Enter"
          >
            {confirm}
          </Button>
        </>
      }
    >
      <div className="grid grid-cols-[1fr_auto] gap-12">
        <div>{children}</div>
        {place === 'cloud' ? (
          <SignInEntry problem={decide.problem} />
        ) : (
          <PinEntry pin={pin} onChange={setPin} problem={decide.problem} busy={decide.busy} />
        )}
      </div>
    </Dialog>
  );
}
