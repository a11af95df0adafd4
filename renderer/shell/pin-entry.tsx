/** The PIN as a signature: dots, a pad, and what the station says about the last try. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { Problem } from '../../electron/contract/problems.ts';
import { StatusMark } from '../kit/marks.tsx';
import { NumberPad, PinDots } from '../kit/number-pad.tsx';
import { useProblemWords } from '../kit/problem.tsx';
import { useNow } from './use-now.ts';

const LONGEST_PIN = 12;
export const SHORTEST_PIN = 4;

export function PinEntry({
  pin,
  onChange,
  problem,
  busy,
}: {
  readonly pin: string;
  readonly onChange: (pin: string) => void;
  readonly problem: Problem | null;
  readonly busy: boolean;
}): ReactNode {
  const { i18n } = useLingui();
  const waiting = usePinWait(problem) > 0;
  return (
    <section className="flex flex-col items-center gap-4" aria-label={i18n.t('Your PIN')}>
      <h3 className="pane-title">{i18n.t('Sign with your PIN')}</h3>
      <PinDots count={pin.length} places={SHORTEST_PIN} />
      <NumberPad value={pin} onChange={onChange} maxLength={LONGEST_PIN} disabled={waiting || busy} />
      <div className="min-h-11 max-w-[300px]" aria-live="assertive">
        {problem === null ? null : <PinProblem problem={problem} />}
      </div>
    </section>
  );
}

function PinProblem({ problem }: { problem: Problem }): ReactNode {
  const { i18n } = useLingui();
  const words = useProblemWords(problem.code);
  const seconds = usePinWait(problem);
  return (
    <p className="flex items-start gap-2 font-medium text-fault">
      <span className="mt-1">
        <StatusMark shape="stopped" />
      </span>
      <span>
        {words.happened}{' '}
        {problem.code === 'PIN_WAIT' && seconds > 0 ? i18n.t('Try again in {seconds} s', { seconds }) : words.todo}
      </span>
    </p>
  );
}

/** Seconds left before the PIN may be tried again. */
export function usePinWait(problem: Problem | null): number {
  const now = useNow(500);
  if (problem?.waitSeconds === undefined) return 0;
  return Math.max(0, Math.ceil((new Date(problem.at).getTime() - now) / 1000 + problem.waitSeconds));
}
