/** Work under way: what is counted, how far, and the way to stop it. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { ProgressBar } from 'react-aria-components';
import { MAINTENANCE_STARTERS } from '../../electron/contract/maintenance.ts';
import type { MaintenanceJob, MaintenanceKind, StorageView } from '../../electron/contract/maintenance.ts';
import { Button } from '../kit/button.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { useMay } from '../shell/session.ts';
import { useCommand } from '../shell/staff.ts';
import { progressWords } from './storage-words.ts';

/** The job of this kind if it runs now. */
export function runningJob(view: StorageView, kind: MaintenanceKind): MaintenanceJob | null {
  return view.jobs.find((job) => job.kind === kind && job.state === 'running') ?? null;
}

export function JobLine({ job, label }: { readonly job: MaintenanceJob; readonly label: string }): ReactNode {
  const { i18n } = useLingui();
  const cancel = useCommand((client) => client.maintenance.cancel);
  const mayStop = useMay(...MAINTENANCE_STARTERS[job.kind]);
  const counted = progressWords(i18n, job);
  const share = job.total === null || job.total === 0 ? null : (job.done / job.total) * 100;
  return (
    <div className="job-line">
      <StatusMark shape="busy" />
      <ProgressBar
        className="min-w-0"
        aria-label={label}
        valueLabel={counted}
        {...(share === null ? { isIndeterminate: true } : { value: share })}
      >
        <span className="job-words">
          <b>{label}</b> <span className="text-ink-2">{counted}</span>
        </span>
        {share === null ? null : (
          <span className="job-bar">
            <i style={{ width: `${share}%` }} />
          </span>
        )}
      </ProgressBar>
      {mayStop ? (
        <Button look="outlined" onPress={() => void cancel.run({ kind: job.kind })} busy={cancel.busy}>
          {i18n.t('Cancel')}
        </Button>
      ) : null}
    </div>
  );
}
