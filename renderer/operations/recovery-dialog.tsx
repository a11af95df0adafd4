/** A passphrase for recovery is chosen or suggested, written down, entered once more, and signed for with the PIN. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { StorageKey } from '../../electron/contract/maintenance.ts';
import { LONGEST_PASSPHRASE, SHORTEST_PASSPHRASE } from '../../electron/contract/recovery.ts';
import { Button } from '../kit/button.tsx';
import { TextField } from '../kit/field.tsx';
import { PinDialog } from '../shell/pin-dialog.tsx';
import { useCommand } from '../shell/staff.ts';
import { suggestedPassphrase } from './key-words.ts';

export function RecoveryDialog({
  state,
  onClose,
}: {
  readonly state: StorageKey['recovery']['state'];
  readonly onClose: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const [passphrase, setPassphrase] = useState('');
  const [again, setAgain] = useState('');
  const set = useCommand((client) => client.maintenance.setRecovery);
  const isShort = passphrase.length < SHORTEST_PASSPHRASE;
  const isSame = passphrase === again;
  return (
    <PinDialog
      title={i18n.t('A passphrase for recovery')}
      confirm={i18n.t('Choose this passphrase')}
      ready={!isShort && isSame}
      command={set}
      sign={async (pin) => set.run({ pin, passphrase })}
      onClose={onClose}
    >
      <div className="grid content-start gap-4">
        <p>
          {i18n.t(
            'It opens the data here when their key is lost, and every backup from now on, on any computer. Write it down and keep it away from this computer; nobody can show it again.',
          )}
        </p>
        <TextField
          label={i18n.t('Passphrase')}
          value={passphrase}
          onChange={setPassphrase}
          maxLength={LONGEST_PASSPHRASE}
          error={
            passphrase !== '' && isShort ? i18n.t('At least {least} characters', { least: SHORTEST_PASSPHRASE }) : null
          }
          end={
            <Button
              look="plain"
              onPress={() => {
                setPassphrase(suggestedPassphrase((bytes) => crypto.getRandomValues(bytes)));
                setAgain('');
              }}
            >
              {i18n.t('Suggest one')}
            </Button>
          }
        />
        <TextField
          label={i18n.t('The same once more, from what you wrote down')}
          value={again}
          onChange={setAgain}
          maxLength={LONGEST_PASSPHRASE}
          error={again !== '' && !isSame && !passphrase.startsWith(again) ? i18n.t('It is not the same') : null}
        />
        {state === 'none' ? null : (
          <p className="text-ink-2">
            {i18n.t('The one from before opens nothing here any more; backups from its time it still does.')}
          </p>
        )}
      </div>
    </PinDialog>
  );
}
