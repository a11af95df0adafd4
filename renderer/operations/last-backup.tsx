/** How old the newest backup is and where it lies, over the screen's one action. */
import { useLingui } from '@lingui/react';
import { Save } from 'lucide-react';
import type { ReactNode } from 'react';
import type { StorageView } from '../../electron/contract/maintenance.ts';
import { Button } from '../kit/button.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { useCommand } from '../shell/staff.ts';
import { JobLine, runningJob } from './job-line.tsx';
import { readBackWords, whenWords } from './storage-words.ts';

export function LastBackup({ view, now }: { readonly view: StorageView; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const [last] = view.backups.list;
  const said = last === undefined ? null : readBackWords(i18n, last, now);
  return (
    <section aria-labelledby="storage-last">
      <h2 id="storage-last" className="storage-side-head">
        {i18n.t('Last backup')}
      </h2>
      <p className="text-26 font-semibold">
        {last === undefined ? i18n.t('none yet') : whenWords(i18n, last.madeAt, now)}
      </p>
      {said === null ? null : (
        <p className="storage-said mt-1">
          <StatusMark shape={said.shape} />
          {said.text}
        </p>
      )}
      {view.restored === null ? null : (
        <p className="storage-said mt-1">
          <StatusMark shape="aside" />
          {i18n.t(
            'Put back {at} from the backup of {made}. What lay here before is in the folder “aside” of the clinic.',
            {
              at: whenWords(i18n, view.restored.at, now),
              made: whenWords(i18n, view.restored.backupMadeAt, now, true),
            },
          )}
        </p>
      )}
      {view.backups.onSameDisk ? (
        <p className="storage-said mt-1 text-warn">
          <StatusMark shape="care" />
          {i18n.t('Backups lie on the same disk: they are gone when it is. Copy their folder to another.')}
        </p>
      ) : null}
    </section>
  );
}

/** Always in the same place: the foot of the side pane. */
export function BackUpNow({ view }: { readonly view: StorageView }): ReactNode {
  const { i18n } = useLingui();
  const backUp = useCommand((client) => client.maintenance.backUp);
  const running = runningJob(view, 'backup');
  return (
    <footer className="storage-foot">
      {backUp.problem === null ? null : <InlineProblem problem={backUp.problem} />}
      {running === null ? (
        <Button
          look="primary"
          size="large"
          className="w-full"
          icon={<Save size={20} strokeWidth={1.75} aria-hidden />}
          onPress={() => void backUp.run(undefined)}
          busy={backUp.busy}
          hotkey="Enter"
        >
          {i18n.t('Back up now')}
        </Button>
      ) : (
        <JobLine job={running} label={i18n.t('Backing up')} />
      )}
    </footer>
  );
}
