/** Before the key is changed: what happens, what becomes of backups and passphrase, and the PIN of who decides it. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { StorageView } from '../../electron/contract/maintenance.ts';
import { PinDialog } from '../shell/pin-dialog.tsx';
import { useCommand } from '../shell/staff.ts';
import { backupsAtChange, newKeyWords } from './key-words.ts';

export function KeyDialog({ view, onClose }: { readonly view: StorageView; readonly onClose: () => void }): ReactNode {
  const { i18n } = useLingui();
  const change = useCommand((client) => client.maintenance.changeKey);
  const { custody, recovery } = view.key;
  return (
    <PinDialog
      title={i18n.t('Change the key of the data')}
      confirm={i18n.t('Change the key now')}
      command={change}
      sign={async (pin) => change.run({ pin })}
      onClose={onClose}
    >
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
    </PinDialog>
  );
}
