/** This tablet can't go on by itself: not paired, or the station has stopped. Nothing about any patient on it. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { Problem } from '../../electron/contract/problems.ts';
import { Button } from '../kit/button.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { useProblemWords } from '../kit/problem.tsx';
import { Page, PageTitle } from './frame.tsx';

export function StoppedPage({
  problem,
  onRetry,
}: {
  readonly problem: Problem;
  readonly onRetry: (() => void) | null;
}): ReactNode {
  const { i18n } = useLingui();
  const words = useProblemWords(problem.code);
  const unpaired = problem.code === 'TOKEN_MISSING';
  return (
    <Page title={i18n.t('Check-in')}>
      <section className="grid content-center px-12 pb-24" role="alert">
        <StatusMark shape={unpaired ? 'absent' : 'stopped'} size={36} />
        <PageTitle large>
          {unpaired
            ? i18n.t('This tablet is not connected to the clinic yet.')
            : i18n.t('This tablet can’t go on by itself.')}
        </PageTitle>
        <p className="mt-5 max-w-[34em] text-p-21 text-ink-2">
          {i18n.t('Go to the desk to check in. Nothing was lost.')}
        </p>
        <p className="mt-10 max-w-[40em] border-t border-paper-line pt-5 text-p-18 text-ink-2">
          <b className="text-ink">{i18n.t('For the clinic’s team')}</b> {words.happened} {words.todo}
          <span className="ident block pt-1 text-15 text-ink-3">{problem.code}</span>
        </p>
        {onRetry === null ? null : (
          <p className="mt-6">
            <Button look="outlined" onPress={onRetry}>
              {words.action}
            </Button>
          </p>
        )}
      </section>
    </Page>
  );
}
