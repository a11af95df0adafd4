/** What is read again to know that it is what was written: pictures, records and the audit trail. */
import { useLingui } from '@lingui/react';
import { Database, Images, ListChecks } from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { useId } from 'react';
import type { MaintenanceJob, StorageView } from '../../electron/contract/maintenance.ts';
import { Button } from '../kit/button.tsx';
import { formatBytes, formatHash, formatNumber } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { useCommand } from '../shell/staff.ts';
import { JobLine, runningJob } from './job-line.tsx';
import type { Said } from './storage-words.ts';
import { pictureWords, recordWords, trailWords, fileWords, whenWords } from './storage-words.ts';

export function ChecksSection({ view, now }: { readonly view: StorageView; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const pictures = useCommand((client) => client.maintenance.checkPictures);
  const records = useCommand((client) => client.maintenance.checkRecords);
  const trail = useCommand((client) => client.maintenance.checkAudit);
  const { scrub, audit } = view;
  return (
    <section aria-labelledby="storage-checks">
      <header className="storage-head">
        <h2 id="storage-checks">{i18n.t('Read again and compared')}</h2>
      </header>
      <Check
        icon={Images}
        title={i18n.t('Stored pictures and reports')}
        said={pictureWords(i18n, scrub, now)}
        detail={
          view.vault.files === 0
            ? i18n.t('Nothing is stored yet.')
            : i18n.t('{count} files, {size}. Read again by itself every week.', {
                count: formatNumber(view.vault.files, 0),
                size: formatBytes(view.vault.bytes),
              })
        }
        work={{
          action: i18n.t('Check all now'),
          job: runningJob(view, 'scrub'),
          under: i18n.t('Reading every file'),
          busy: pictures.busy,
          run: () => void pictures.run(undefined),
        }}
      />
      {scrub.damaged.length === 0 ? null : (
        <ul className="storage-damaged" aria-label={i18n.t('Damaged files')}>
          {scrub.damaged.map((blob) => (
            <li key={blob.blobId}>
              <StatusMark shape="stopped" />
              <span>
                <b>
                  {blob.uses.map((use) => fileWords(i18n, use)).join('; ') ||
                    i18n.t('A file that nothing names any more')}
                </b>
                <small>
                  {whenWords(i18n, blob.foundAt, now)}, {formatBytes(blob.size)},{' '}
                  <bdi className="ident">{blob.detail}</bdi>
                </small>
              </span>
            </li>
          ))}
        </ul>
      )}
      <Check
        icon={Database}
        title={i18n.t('Records')}
        said={recordWords(i18n, view.store, now)}
        detail={
          view.store.problem === null
            ? i18n.t('{size}. Every page is read again by itself after each start, and every day.', {
                size: formatBytes(view.store.bytes),
              })
            : view.store.checkedAt === null
              ? i18n.t('{size}. Damaged: {detail}. See “Needs you”.', {
                  size: formatBytes(view.store.bytes),
                  detail: view.store.problem.detail,
                })
              : i18n.t('{size}. Damaged: {detail}; all pages were last read {at}. See “Needs you”.', {
                  size: formatBytes(view.store.bytes),
                  at: whenWords(i18n, view.store.checkedAt, now),
                  detail: view.store.problem.detail,
                })
        }
        work={{
          action: i18n.t('Check all now'),
          job: runningJob(view, 'page-check'),
          under: i18n.t('Reading every page'),
          busy: records.busy,
          run: () => void records.run(undefined),
        }}
      />
      <Check
        icon={ListChecks}
        title={i18n.t('Audit trail')}
        said={trailWords(i18n, audit, now)}
        detail={
          audit.checkpoint === null
            ? i18n.t('{count} entries, none signed yet.', { count: formatNumber(audit.sequence, 0) })
            : i18n.t('{count} entries, signed up to {sealed}. Key {key}', {
                count: formatNumber(audit.sequence, 0),
                sealed: formatNumber(audit.checkpoint.sequence, 0),
                key: formatHash(audit.keyId),
              })
        }
        work={{
          action: i18n.t('Verify now'),
          job: runningJob(view, 'audit-check'),
          under: i18n.t('Verifying every entry'),
          busy: trail.busy,
          run: () => void trail.run(undefined),
        }}
      />
    </section>
  );
}

/** What a person may begin by hand, and how it goes. */
interface CheckWork {
  readonly action: string;
  readonly job: MaintenanceJob | null;
  readonly under: string;
  readonly busy: boolean;
  readonly run: () => void;
}

function Check({
  icon: Icon,
  title,
  said,
  detail,
  work,
}: {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly said: Said;
  readonly detail: string;
  readonly work: CheckWork;
}): ReactNode {
  const id = useId();
  return (
    <>
      <div className="storage-check">
        <Icon size={20} strokeWidth={1.75} className="text-ink-2" aria-hidden />
        <span className="min-w-0">
          <b id={id}>{title}</b>
          <small>{detail}</small>
        </span>
        <span className="storage-said">
          <StatusMark shape={said.shape} />
          {said.text}
        </span>
        {work.job !== null ? null : (
          <Button look="outlined" onPress={work.run} busy={work.busy} describedBy={id}>
            {work.action}
          </Button>
        )}
      </div>
      {work.job === null ? null : <JobLine job={work.job} label={work.under} />}
    </>
  );
}
