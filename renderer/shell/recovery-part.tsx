/** Under the problem of a clinic that does not open: a copy of what is there, and the backups. Each restore is asked for twice. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { Problem } from '../../electron/contract/problems.ts';
import type { RecoveryOffer } from '../../electron/contract/recovery.ts';
import { Button } from '../kit/button.tsx';
import { formatDate, formatTime } from '../kit/format.ts';
import { sharesMinute } from '../kit/same-minute.ts';
import { InlineProblem } from '../kit/problem.tsx';
import type { Recovery } from './connection.ts';

/** Backups that are shown at once. */
const SHOWN = 3;

export function RecoveryPart({
  backups,
  recover,
  retry = null,
}: {
  readonly backups: Extract<RecoveryOffer, { of: 'data' }>['backups'];
  readonly recover: Recovery['recover'];
  /** Beside the backups: the same data once more. */
  readonly retry?: (() => void) | null;
}): ReactNode {
  const { i18n } = useLingui();
  const [chosen, setChosen] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [copiedTo, setCopiedTo] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [all, setAll] = useState(false);
  // The newest of which nobody knows that it is damaged.
  const best = backups.find(({ verified }) => verified?.ok !== false)?.name ?? null;
  const times = backups.map(({ madeAt }) => madeAt);

  const run = async (request: Parameters<Recovery['recover']>[0]): Promise<void> => {
    setBusy(true);
    setProblem(null);
    const outcome = await recover(request);
    setBusy(false);
    setChosen(null);
    setProblem(outcome.problem);
    if (outcome.copiedTo !== null) setCopiedTo(outcome.copiedTo);
  };

  return (
    <section className="mt-9 border-t border-line pt-5" aria-label={i18n.t('Copies of the data')}>
      <ul className="m-0 list-none p-0">
        {backups.slice(0, all ? undefined : SHOWN).map((backup) => {
          const isBest = backup.name === best;
          const when = `${formatDate(backup.madeAt)}, ${formatTime(backup.madeAt, sharesMinute(times, backup.madeAt))}`;
          return (
            <li key={backup.name} className="flex flex-wrap items-center gap-x-5 gap-y-2 py-2">
              {chosen === backup.name ? (
                <>
                  <p className="grow-1">
                    {i18n.t('What was written after {when} will not be there. What lies here now is kept beside it.', {
                      when,
                    })}
                  </p>
                  <Button look="danger" busy={busy} onPress={() => void run({ do: 'restore', backup: backup.name })}>
                    {i18n.t('Restore it')}
                  </Button>
                  <Button look="plain" disabled={busy} onPress={() => setChosen(null)}>
                    {i18n.t('Go back')}
                  </Button>
                </>
              ) : (
                <>
                  <Button
                    look={isBest ? 'primary' : 'outlined'}
                    size={isBest ? 'large' : 'usual'}
                    disabled={busy}
                    onPress={() => setChosen(backup.name)}
                  >
                    {i18n.t('Restore the backup of {when}', { when })}
                  </Button>
                  <span className="text-ink-2">{verdict(backup.verified)}</span>
                  {isBest ? (
                    <p className="w-full text-17">
                      {i18n.t(
                        'It goes back to that time: visits, measurements and changes from after {when} will be missing here. The damaged data is kept aside.',
                        { when },
                      )}
                    </p>
                  ) : null}
                </>
              )}
            </li>
          );
        })}
      </ul>
      {backups.length === 0 ? (
        <p>{i18n.t('There is no backup on this station. Restore one from elsewhere by hand.')}</p>
      ) : null}
      <div className="flex flex-wrap items-center gap-5 pt-3">
        {backups.length > SHOWN && !all ? (
          <Button look="plain" onPress={() => setAll(true)}>
            {i18n.t('Show older backups')}
          </Button>
        ) : null}
        {retry === null ? null : (
          <Button look="plain" disabled={busy} onPress={retry}>
            {i18n.t('Try again without restoring')}
          </Button>
        )}
        <Button look="outlined" busy={busy && chosen === null} disabled={busy} onPress={() => void run({ do: 'copy' })}>
          {i18n.t('Save a copy of the damaged data')}
        </Button>
        {copiedTo === null ? null : (
          <p role="status">
            {i18n.t('The copy is in')} <span className="ident">{copiedTo}</span>
          </p>
        )}
      </div>
      {problem === null ? null : <InlineProblem problem={problem} />}
    </section>
  );

  function verdict(verified: (typeof backups)[number]['verified']): string {
    if (verified === null) return i18n.t('Not verified yet; it is before it is used');
    const when = `${formatDate(verified.at)}, ${formatTime(verified.at)}`;
    return verified.ok ? i18n.t('Verified {when}', { when }) : i18n.t('Found damaged {when}', { when });
  }
}
