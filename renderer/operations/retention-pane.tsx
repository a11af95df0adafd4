/** The rule by which pictures are deleted here, in words, and what it would delete now. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { StorageView } from '../../electron/contract/maintenance.ts';
import type { RetentionPreview } from '../../electron/contract/storage.ts';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { formatBytes, formatNumber } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { useMay } from '../shell/session.ts';
import { useAsk, useCommand } from '../shell/staff.ts';
import { JobLine, runningJob } from './job-line.tsx';
import { PolicyDialog } from './policy-dialog.tsx';
import { policyWords } from './storage-words.ts';

export function RetentionPane({ view }: { readonly view: StorageView }): ReactNode {
  const { i18n } = useLingui();
  const mayDecide = useMay('operator', 'admin');
  const [open, setOpen] = useState<'policy' | 'delete' | null>(null);
  const preview = useAsk((client) => client.maintenance.previewRetention, undefined);
  const run = useCommand((client) => client.maintenance.runRetention);
  const running = runningJob(view, 'retention');
  const { refetch } = preview;
  const ended = view.jobs.find((job) => job.kind === 'retention')?.endedAt ?? null;
  const asked = `${view.retention.keepDays} ${view.retention.keepThumbnails} ${ended}`;
  const known = useRef(asked);
  useEffect(() => {
    // Asked at the start by itself; again when the rule or what lies here has changed.
    if (known.current === asked) return;
    known.current = asked;
    void refetch();
  }, [asked, refetch]);
  const due = dueOf(preview.data);
  const close = (): void => setOpen(null);
  return (
    <section aria-labelledby="storage-retention">
      <h2 id="storage-retention" className="storage-side-head">
        {i18n.t('Deleting pictures')}
      </h2>
      <p>{policyWords(i18n, view.retention)}</p>
      <p className="mt-2 text-ink-2">
        {i18n.t(
          'Only when the cloud has verified its copy of every picture of the visit. Reports and records always stay.',
        )}
      </p>
      {preview.error === null ? null : <InlineProblem problem={preview.error} />}
      {preview.data === undefined ? null : (
        <ul className="checks mt-3">
          <li>
            <StatusMark shape={due.visits === 0 ? 'nothing' : 'now'} />
            <span>{i18n.t('Due now')}</span>
            <span>
              {due.visits === 0
                ? i18n.t('nothing')
                : i18n.t('{visits, plural, one {# visit} other {# visits}}, {size}', {
                    visits: due.visits,
                    size: formatBytes(due.bytes),
                  })}
            </span>
          </li>
          <li>
            <StatusMark shape="todo" />
            <span>{i18n.t('Not due yet')}</span>
            <span>{visitCount(i18n, preview.data.kept.notDueYet)}</span>
          </li>
          <li>
            <StatusMark shape="todo" />
            <span>{i18n.t('Kept until the cloud has verified them')}</span>
            <span>{visitCount(i18n, preview.data.kept.notVerified)}</span>
          </li>
        </ul>
      )}
      {running === null ? null : <JobLine job={running} label={i18n.t('Deleting')} />}
      {run.problem === null ? null : <InlineProblem problem={run.problem} />}
      {mayDecide ? (
        <div className="storage-buttons">
          <Button look="outlined" onPress={() => setOpen('policy')}>
            {i18n.t('Change the rule')}
          </Button>
          {due.visits === 0 || running !== null ? null : (
            <Button look="danger" onPress={() => setOpen('delete')}>
              {i18n.t('Delete what is due')}
            </Button>
          )}
        </div>
      ) : (
        <p className="mt-3 text-13 text-ink-3">{i18n.t('Operators change the rule and delete.')}</p>
      )}
      {open === 'policy' ? <PolicyDialog policy={view.retention} onClose={close} /> : null}
      <Dialog
        title={i18n.t('Delete the pictures of {visits, plural, one {# visit} other {# visits}}', {
          visits: due.visits,
        })}
        open={open === 'delete'}
        onClose={close}
        actions={
          <>
            <Button onPress={close} hotkey="Escape">
              {i18n.t('Cancel')}
            </Button>
            <Button
              look="primary"
              onPress={() => {
                close();
                void run.run(undefined);
              }}
            >
              {i18n.t('Delete {pictures, plural, one {# picture} other {# pictures}}', { pictures: due.pictures })}
            </Button>
          </>
        }
      >
        <p>
          {i18n.t(
            '{size} become free on this disk. Nobody can read these pictures here any more; the cloud has verified its copies.',
            {
              size: formatBytes(due.bytes),
            },
          )}
        </p>
        <p className="mt-2 text-ink-2">
          {i18n.t('A visit that is no longer due when its turn comes is left as it is.')}
        </p>
      </Dialog>
    </section>
  );
}

function dueOf(preview: RetentionPreview | undefined) {
  const due = preview?.due ?? [];
  return {
    visits: due.length,
    pictures: due.reduce((sum, item) => sum + item.pictures, 0),
    bytes: due.reduce((sum, item) => sum + item.bytes, 0),
  };
}

function visitCount(i18n: ReturnType<typeof useLingui>['i18n'], count: number): string {
  return i18n.t('{count} visits', { count: formatNumber(count, 0) });
}
