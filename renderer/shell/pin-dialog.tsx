/** A dialog whose decision is signed with the PIN of who decides. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { PinEntry, SHORTEST_PIN, usePinWait } from './pin-entry.tsx';
import type { useCommand } from './staff.ts';

/** @param ready whether everything but the PIN is there. @param sign with the PIN; null: it was refused, and the problem is shown. */
export function PinDialog({
  title,
  confirm,
  ready = true,
  command,
  sign,
  onClose,
  children,
}: {
  readonly title: string;
  /** The button that decides. */
  readonly confirm: string;
  readonly ready?: boolean;
  readonly command: Pick<ReturnType<typeof useCommand>, 'problem' | 'busy'>;
  readonly sign: (pin: string) => Promise<unknown>;
  readonly onClose: () => void;
  readonly children: ReactNode;
}): ReactNode {
  const { i18n } = useLingui();
  const [pin, setPin] = useState('');
  const waiting = usePinWait(command.problem) > 0;
  async function submit(): Promise<void> {
    setPin('');
    if ((await sign(pin)) !== null) onClose();
  }
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
            onPress={() => void submit()}
            disabled={!ready || pin.length < SHORTEST_PIN || waiting}
            busy={command.busy}
            hotkey="Enter"
          >
            {confirm}
          </Button>
        </>
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)_auto] gap-12 max-[960px]:grid-cols-[minmax(0,1fr)] max-[960px]:gap-6">
        {children}
        <PinEntry pin={pin} onChange={setPin} problem={command.problem} busy={command.busy} />
      </div>
    </Dialog>
  );
}
