/** While a backup takes the place of damaged data: how far it has come, and the way back as long as nothing of it counts. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { ProgressBar } from 'react-aria-components';
import type { Problem } from '../../electron/contract/problems.ts';
import { RESTORE_STEPS } from '../../electron/contract/recovery.ts';
import type { RestoreWork } from '../../electron/contract/recovery.ts';
import { Button } from '../kit/button.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { restoreCount, restoreShare } from './restore-words.ts';

export function RestoreProgress({
  work,
  onCancel,
}: {
  readonly work: RestoreWork;
  /** @returns why it was not stopped. */
  readonly onCancel: () => Promise<Problem | null>;
}): ReactNode {
  const { i18n } = useLingui();
  const [isAsked, setIsAsked] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const words: Readonly<Record<RestoreWork['step'], string>> = {
    copying: i18n.t('The backup is copied and verified'),
    bringing: i18n.t('Pictures that are missing here are brought from it'),
    comparing: i18n.t('Its pictures are compared with those on this disk'),
    replacing: i18n.t('It takes the place of the damaged data, which is kept aside'),
    opening: i18n.t('The clinic is opened'),
  };
  const place = RESTORE_STEPS.indexOf(work.step);
  const counted = restoreCount(i18n, work);
  const share = restoreShare(work);
  const cancel = async (): Promise<void> => {
    setIsAsked(true);
    setProblem(await onCancel());
  };
  return (
    <main className="whole place-items-center">
      <section className="w-full max-w-[640px] p-10" aria-labelledby="restoring">
        <h1 id="restoring" className="text-26">
          {i18n.t('The backup is being restored')}
        </h1>
        <p className="mt-3 text-17 text-ink-2">
          {i18n.t(
            'This screen goes on by itself; a large clinic takes minutes. Leave the computer switched on. Should it stop all the same, nothing is lost.',
          )}
        </p>
        <div role="status">
          <ol className="checks mt-6">
            {RESTORE_STEPS.map((step, index) => (
              <li key={step} aria-current={index === place ? 'step' : undefined}>
                <StatusMark shape={index < place ? 'done' : index === place ? 'busy' : 'todo'} />
                <span>{words[step]}</span>
                <span className="num text-ink-2">{index === place ? counted : ''}</span>
              </li>
            ))}
          </ol>
        </div>
        {share === null ? null : (
          <ProgressBar className="job-bar mt-4 block" aria-label={words[work.step]} value={share} valueLabel={counted}>
            <i style={{ width: `${share}%` }} />
          </ProgressBar>
        )}
        <div className="mt-6 flex min-h-14 flex-wrap items-center gap-5">
          {work.mayCancel ? (
            <>
              <Button look="outlined" busy={isAsked && problem === null} onPress={() => void cancel()}>
                {i18n.t('Cancel')}
              </Button>
              <p className="grow-1 text-ink-2">
                {i18n.t('Nothing here has been replaced yet: cancelled now, all is as it was.')}
              </p>
            </>
          ) : isAsked && problem === null ? (
            <p className="flex items-center gap-3" role="status">
              <StatusMark shape="busy" />
              {i18n.t('It is being stopped. Nothing here was replaced.')}
            </p>
          ) : null}
        </div>
        {problem === null ? null : <InlineProblem problem={problem} />}
      </section>
    </main>
  );
}
