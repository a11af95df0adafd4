/** The key that opens the station's data: how it is kept, whether a passphrase could open it too, and both changed by somebody who may. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { StorageView } from '../../electron/contract/maintenance.ts';
import { Button } from '../kit/button.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { useMay } from '../shell/session.ts';
import { AdviceBox } from './key-advice.tsx';
import { KeyDialog } from './key-dialog.tsx';
import { backupKeyWords, custodyWords, keyAdvice, notChangeableWords, recoveryWords } from './key-words.ts';
import { RecoveryDialog } from './recovery-dialog.tsx';
import { whenWords } from './storage-words.ts';

export function KeyPane({ view, now }: { readonly view: StorageView; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const mayDecide = useMay('operator', 'admin');
  const [open, setOpen] = useState<'key' | 'recovery' | null>(null);
  const { key } = view;
  const recovery = recoveryWords(i18n, key.recovery, now);
  const reason = notChangeableWords(i18n, key);
  const byKey = backupKeyWords(i18n, view.backups.list);
  // A change that was stopped stands among what needs somebody.
  const advice = keyAdvice({ key, jobs: [] });
  const close = (): void => setOpen(null);
  return (
    <section aria-labelledby="storage-key">
      <h2 id="storage-key" className="storage-side-head">
        {i18n.t('The key of the data')}
      </h2>
      {advice.map((each) => (
        <AdviceBox key={each} advice={each} view={view} now={now} />
      ))}
      <p className={advice.length === 0 ? '' : 'mt-3'}>{custodyWords(i18n, key.custody)}</p>
      <ul className="checks mt-3">
        <li>
          <StatusMark shape="nothing" />
          <span>{i18n.t('Changed')}</span>
          <span>{key.changedAt === null ? i18n.t('never') : whenWords(i18n, key.changedAt, now)}</span>
        </li>
      </ul>
      <p className="storage-said mt-2">
        <StatusMark shape={recovery.shape} />
        <span>
          <b>{i18n.t('Recovery passphrase')}:</b> {recovery.text}
        </span>
      </p>
      {byKey === '' ? null : <p className="mt-2 text-ink-2">{byKey}</p>}
      {reason === null ? null : (
        <p className="storage-said mt-2">
          <StatusMark shape="care" />
          {reason}
        </p>
      )}
      {mayDecide ? (
        <div className="storage-buttons">
          {reason === null ? (
            <Button look="outlined" onPress={() => setOpen('key')}>
              {i18n.t('Change the key')}
            </Button>
          ) : null}
          <Button look="outlined" onPress={() => setOpen('recovery')}>
            {key.recovery.state === 'none' || key.recovery.state === 'former'
              ? i18n.t('Choose a recovery passphrase')
              : i18n.t('Choose another passphrase')}
          </Button>
        </div>
      ) : (
        <p className="mt-3 text-13 text-ink-3">{i18n.t('Operators change the key and choose its passphrase.')}</p>
      )}
      {open === 'key' ? <KeyDialog view={view} onClose={close} /> : null}
      {open === 'recovery' ? <RecoveryDialog state={key.recovery.state} onClose={close} /> : null}
    </section>
  );
}
