/** Before the key is changed: what happens, what becomes of backups and passphrase, and the PIN of who decides it. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { StorageView } from '../../electron/contract/maintenance.ts';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { PinEntry, SHORTEST_PIN, usePinWait } from '../shell/pin-entry.tsx';
import { useCommand } from '../shell/staff.ts';
import { backupsAtChange, newKeyWords } from './key-words.ts';

export function KeyDialog({ view, onClose }: { readonly view: StorageView; readonly onClose: () => void }): ReactNode {
  const { i18n } = useLingui();
  const [pin, setPin] = useState('');
  const change = useCommand((client) => client.maintenance.changeKey);
  const waiting = usePinWait(change.problem) > 0;
  const { custody, recovery } = view.key;
  async function submit(): Promise<void> {
    setPin('');
    if ((await change.run({ pin })) !== null) onClose();
  }
  return (
    <Dialog
      title={i18n.t('Change the key of the data')}
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
            disabled={pin.length < SHORTEST_PIN || waiting}
            busy={change.busy}
            hotkey="Enter"
          >
            {i18n.t('Change the key now')}
          </Button>
        </>
      }
    >
      <div className="grid grid-cols-[1fr_auto] gap-12">
        <div className="grid content-start gap-3">
          <p>
            {i18n.t(
              'All records are encrypted anew, and the keys of all pictures. Every screen of this station closes for it and comes back by itself: begin when nobody is being examined.',
            )}
          </p>
          <p>{newKeyWords(i18n, custody)}</p>
          <p>{backupsAtChange(i18n, view.backups.list.length)}</p>
          {recovery.state === 'none' ? null : (
            <p>{i18n.t('The recovery passphrase opens the old key only. Choose one again afterwards.')}</p>
          )}
        </div>
        <PinEntry pin={pin} onChange={setPin} problem={change.problem} busy={change.busy} />
      </div>
    </Dialog>
  );
}
