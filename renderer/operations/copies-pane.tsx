/** Copies of periods of the audit trail: made here, verified anywhere. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { AuditCopy, StorageView } from '../../electron/contract/maintenance.ts';
import { Button } from '../kit/button.tsx';
import { formatDate, formatNumber } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { useMay } from '../shell/session.ts';
import { CopyDialog } from './copy-dialog.tsx';
import { JobLine, runningJob } from './job-line.tsx';
import { whenWords } from './storage-words.ts';

export function CopiesPane({ view, now }: { readonly view: StorageView; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const mayCopy = useMay('operator', 'admin');
  const [isOpen, setIsOpen] = useState(false);
  const running = runningJob(view, 'audit-copy');
  const { copies } = view.audit;
  return (
    <section aria-labelledby="storage-copies">
      <h2 id="storage-copies" className="storage-side-head">
        {i18n.t('Copies of the audit trail')}
      </h2>
      <p className="text-ink-2">
        {i18n.t(
          'Who did or read what, by ids and codes, without names. Signed by this station, and verified without it.',
        )}
      </p>
      {copies.length === 0 ? null : (
        <ul className="storage-copies">
          {copies.map((copy) => (
            <Copy key={copy.fileName} copy={copy} now={now} />
          ))}
        </ul>
      )}
      {running === null ? null : <JobLine job={running} label={i18n.t('Copying')} />}
      {mayCopy ? (
        <div className="storage-buttons">
          <Button look="outlined" onPress={() => setIsOpen(true)} disabled={running !== null}>
            {i18n.t('Copy a period')}
          </Button>
        </div>
      ) : (
        <p className="mt-3 text-13 text-ink-3">{i18n.t('Operators give out copies.')}</p>
      )}
      {isOpen ? <CopyDialog now={now} onClose={() => setIsOpen(false)} /> : null}
    </section>
  );
}

function Copy({ copy, now }: { readonly copy: AuditCopy; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  // The period ends before its last instant.
  const lastDay = new Date(Date.parse(copy.to) - 1).toISOString();
  return (
    <li>
      <StatusMark shape="done" />
      <span>
        <b>{i18n.t('{from} to {to}', { from: formatDate(copy.from), to: formatDate(lastDay) })}</b>
        <small>
          {i18n.t('{entries} entries, made {at}', {
            entries: formatNumber(copy.entries, 0),
            at: whenWords(i18n, copy.at, now),
          })}
        </small>
        <small>
          <bdi className="ident storage-path">
            {copy.folder}/{copy.fileName}
          </bdi>
        </small>
      </span>
    </li>
  );
}
