/** What went wrong, in words for patients: what they can do about it. The rest is the clinic's to repair. */
import type { I18n } from '@lingui/core';
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { Problem } from '../../electron/contract/problems.ts';
import { StatusMark } from '../kit/marks.tsx';
import { useNow } from '../shell/use-now.ts';

/** One or two sentences. `seconds` are left of a wait. */
export function troubleWords(i18n: I18n, problem: Problem, seconds: number, by: 'code' | 'name' | 'other'): string {
  switch (problem.code) {
    case 'CODE_UNKNOWN':
      return by === 'name'
        ? i18n.t('We could not find a visit today with this name and birthday. Ask at the desk, they will find you.')
        : i18n.t('We could not find this code. Ask at the desk, they will find you.');
    case 'PIN_WAIT':
      return seconds > 0
        ? i18n.t('That was tried often. Try again in {seconds} s, or ask at the desk.', { seconds })
        : i18n.t('You can try again now.');
    case 'CONNECTION_LOST':
    case 'CORE_RESTARTED':
      return i18n.t('This tablet has lost the clinic’s station. Tell the person at the desk.');
    case 'INPUT_INVALID':
      return by === 'other'
        ? i18n.t('Something is still missing. Look at the lines you touched and at the signature.')
        : i18n.t('Something in it cannot be right. Look at it once more.');
    default:
      return i18n.t('That did not work just now. Ask at the desk, they will help you.');
  }
}

export function Trouble({
  problem,
  by = 'other',
}: {
  readonly problem: Problem;
  readonly by?: 'code' | 'name' | 'other';
}): ReactNode {
  const { i18n } = useLingui();
  const seconds = useWait(problem);
  return (
    <p role="alert" className="trouble">
      <span className="mt-1">
        <StatusMark shape="care" size={22} />
      </span>
      <span>{troubleWords(i18n, problem, seconds, by)}</span>
    </p>
  );
}

/** Seconds left of the wait that a problem asks for; 0 when there is none. */
export function useWait(problem: Problem | null): number {
  const now = useNow(500);
  if (problem?.waitSeconds === undefined) return 0;
  // `at` is this screen's clock when a problem is made here, the station's otherwise; the two run together.
  return Math.max(0, Math.ceil((new Date(problem.at).getTime() - now) / 1000 + problem.waitSeconds));
}
