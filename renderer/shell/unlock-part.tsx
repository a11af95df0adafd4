/** Under the problem of a key that was not found or does not fit: a passphrase that opens it, where one was ever chosen. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { Problem } from '../../electron/contract/problems.ts';
import { LONGEST_PASSPHRASE } from '../../electron/contract/recovery.ts';
import type { PassphraseKind } from '../../electron/contract/recovery.ts';
import { Button } from '../kit/button.tsx';
import { TextField } from '../kit/field.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import type { Recovery } from './connection.ts';

export function UnlockPart({
  passphrases,
  recover,
}: {
  readonly passphrases: readonly PassphraseKind[];
  readonly recover: Recovery['recover'];
}): ReactNode {
  const { i18n } = useLingui();
  const [passphrase, setPassphrase] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const submit = async (): Promise<void> => {
    if (passphrase === '' || busy) return;
    setBusy(true);
    setProblem(null);
    const outcome = await recover({ do: 'unlock', passphrase });
    setBusy(false);
    setProblem(outcome.problem);
    if (outcome.problem === null) setPassphrase('');
  };

  if (passphrases.length === 0) {
    return (
      <p className="mt-9 border-t border-line pt-5">
        {i18n.t(
          'No recovery passphrase was chosen on this station, so its key can only come from where it was kept. A backup from elsewhere is restored by hand.',
        )}
      </p>
    );
  }
  const isStation = passphrases.includes('station');
  const isRecovery = passphrases.includes('recovery');
  return (
    <section className="mt-9 border-t border-line pt-5" aria-label={i18n.t('Open with a passphrase')}>
      <div className="flex flex-wrap items-end gap-5">
        <TextField
          className="min-w-[340px] grow-1"
          type="password"
          label={
            isStation && isRecovery
              ? i18n.t('Passphrase of the station, or for recovery')
              : isStation
                ? i18n.t('Passphrase of the station')
                : i18n.t('Passphrase for recovery')
          }
          value={passphrase}
          onChange={setPassphrase}
          maxLength={LONGEST_PASSPHRASE}
          onEnter={() => void submit()}
        />
        <Button look="outlined" size="large" onPress={() => void submit()} disabled={passphrase === ''} busy={busy}>
          {i18n.t('Open with it')}
        </Button>
      </div>
      {busy ? (
        <p className="flex items-center gap-3 pt-3" role="status">
          <StatusMark shape="busy" />
          {i18n.t('The passphrase is being tried; this takes a second or two.')}
        </p>
      ) : null}
      <p className="pt-3 text-ink-2">
        {i18n.t('It is used on this computer only and kept nowhere.')}
        {isRecovery
          ? ` ${i18n.t('Afterwards, change the key under Storage and choose a new recovery passphrase.')}`
          : ''}
      </p>
      {problem === null ? null : <InlineProblem problem={problem} />}
    </section>
  );
}
