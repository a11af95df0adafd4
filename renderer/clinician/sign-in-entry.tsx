/** What signs a decision in the cloud: that the person has just signed in. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { Problem } from '../../electron/contract/problems.ts';
import { Button } from '../kit/button.tsx';
import { InlineProblem, useProblemWords } from '../kit/problem.tsx';
import { useSession } from '../shell/session.ts';

export function SignInEntry({ problem }: { readonly problem: Problem | null }): ReactNode {
  const { i18n } = useLingui();
  const { person, signInAgain } = useSession();
  const words = useProblemWords('SIGN_IN_AGAIN');
  return (
    <section className="w-[300px]" aria-label={i18n.t('Your signature')}>
      <h3 className="pane-title pb-2">{i18n.t('Signed by')}</h3>
      <p className="text-17 font-semibold">{person.name}</p>
      <p className="pt-1 text-13 text-ink-2">
        {i18n.t('You sign with your sign-in. Where that was a while ago, you are asked for it once more.')}
      </p>
      <div className="mt-4" aria-live="assertive">
        {problem === null ? null : <InlineProblem problem={problem} />}
        {problem?.code === 'SIGN_IN_AGAIN' && signInAgain !== undefined ? (
          <Button look="outlined" onPress={signInAgain}>
            {words.action}
          </Button>
        ) : null}
      </div>
    </section>
  );
}
