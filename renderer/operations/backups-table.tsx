/** Backups, newest first: when, how large, and whether each was read back. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { BackupInfo, StorageView } from '../../electron/contract/maintenance.ts';
import { Button } from '../kit/button.tsx';
import { formatBytes, formatNumber } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { sharesMinute } from '../kit/same-minute.ts';
import { useCommand } from '../shell/staff.ts';
import { JobLine, runningJob } from './job-line.tsx';
import { readBackWords, whenWords } from './storage-words.ts';

export function BackupsTable({ view, now }: { readonly view: StorageView; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const { list, unreadable, folder } = view.backups;
  const check = useCommand((client) => client.maintenance.checkBackup);
  const times = list.map(({ madeAt }) => madeAt);
  const checking = runningJob(view, 'backup-check');
  return (
    <section aria-labelledby="storage-backups">
      <header className="storage-head">
        <h2 id="storage-backups">{i18n.t('Backups')}</h2>
        <span className="storage-folder">
          {i18n.t('in')} <bdi className="ident">{folder}</bdi>
        </span>
      </header>
      {checking === null ? null : <JobLine job={checking} label={i18n.t('Reading a backup back')} />}
      {check.problem === null ? null : (
        <div className="px-7">
          <InlineProblem problem={check.problem} />
        </div>
      )}
      {unreadable.length === 0 ? null : (
        <p className="storage-said px-7 text-warn">
          <StatusMark shape="care" />
          {i18n.t('These can not be restored, since what they say of themselves is gone or damaged:')}{' '}
          <bdi className="ident">{unreadable.join(', ')}</bdi>
        </p>
      )}
      {list.length === 0 ? (
        <p className="px-7 py-6 text-ink-2">
          {i18n.t('No backup yet. The first one appears here as soon as it is made and checked.')}
        </p>
      ) : (
        <table className="table storage-table" aria-labelledby="storage-backups">
          <thead>
            <tr>
              <th>{i18n.t('Made')}</th>
              <th>{i18n.t('Records')}</th>
              <th>{i18n.t('Pictures and reports')}</th>
              <th>{i18n.t('Read back')}</th>
              <th>
                <span className="sr-only">{i18n.t('Action')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {list.map((backup) => (
              <Row
                key={backup.name}
                backup={backup}
                now={now}
                withSeconds={sharesMinute(times, backup.madeAt)}
                disabled={checking !== null || check.busy}
                onCheck={() => void check.run({ name: backup.name })}
              />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({
  backup,
  now,
  withSeconds,
  disabled,
  onCheck,
}: {
  readonly backup: BackupInfo;
  readonly now: number;
  readonly withSeconds: boolean;
  readonly disabled: boolean;
  readonly onCheck: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const said = readBackWords(i18n, backup, now);
  const made = whenWords(i18n, backup.madeAt, now, withSeconds);
  return (
    <tr>
      <th scope="row" id={`backup-${backup.name}`}>
        {made}
        {backup.key === 'former' ? (
          <span className="block text-13 text-ink-3">{i18n.t('under a former key; this station keeps it')}</span>
        ) : backup.key === 'other' ? (
          <span className="block text-13 text-warn">
            {i18n.t('under a key that this station has not; it can not be read here')}
          </span>
        ) : null}
      </th>
      <td>{formatBytes(backup.storeBytes)}</td>
      <td>
        {i18n.t('{count} files, {size}', { count: formatNumber(backup.files, 0), size: formatBytes(backup.fileBytes) })}
        {backup.missingFiles === 0 ? null : (
          <span className="block text-13 text-warn">
            {i18n.t('{missing, plural, one {# was missing already} other {# were missing already}}', {
              missing: backup.missingFiles,
            })}
          </span>
        )}
      </td>
      <td>
        <span className="storage-said">
          <StatusMark shape={said.shape} />
          {said.text}
        </span>
      </td>
      <td>
        <Button onPress={onCheck} disabled={disabled || backup.key === 'other'} describedBy={`backup-${backup.name}`}>
          {i18n.t('Read it back')}
        </Button>
      </td>
    </tr>
  );
}
