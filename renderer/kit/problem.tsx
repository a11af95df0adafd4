/** Problems in their three sizes: three lines, one button, the code small. Texts are the contract's, translated by their English. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { Problem } from '../../electron/contract/problems.ts';
import { PROBLEMS } from '../../electron/contract/problems.ts';
import { Button } from './button.tsx';
import { formatTime } from './format.ts';
import { StatusMark } from './marks.tsx';

export interface ProblemWords {
  readonly happened: string;
  readonly safe: string;
  readonly todo: string;
  readonly action: string;
}

/** The words of a problem in the language of the screen. */
export function useProblemWords(code: Problem['code']): ProblemWords {
  const { i18n } = useLingui();
  const text = PROBLEMS[code];
  return {
    happened: i18n._(text.happened),
    safe: i18n._(text.safe),
    todo: i18n._(text.todo),
    action: i18n._(text.action),
  };
}

export interface ProblemViewProps {
  readonly problem: Problem;
  /** The one action. Without it the button is left out (where nothing can be done here). */
  readonly onAction?: (() => void) | undefined;
  readonly busy?: boolean;
  /** Replaces the problem's own word for the action. */
  readonly action?: string;
  /** How long the action takes and what follows. */
  readonly follows?: string;
}

/** In the place where it happened: a gate failed, an entry is wrong. */
export function InlineProblem({ problem, onAction, busy = false, action }: ProblemViewProps): ReactNode {
  const words = useProblemWords(problem.code);
  return (
    <div role="alert" className="flex items-start gap-3 border-t border-line py-3">
      <span className="mt-1">
        <StatusMark shape="care" />
      </span>
      <div className="grow-1">
        <p className="font-semibold">{words.happened}</p>
        <p className="text-ink-2">
          {words.safe} {words.todo}
        </p>
        <p className="ident pt-1 text-12 text-ink-3">{problem.code}</p>
      </div>
      {onAction === undefined ? null : (
        <Button look="outlined" onPress={onAction} busy={busy}>
          {action ?? words.action}
        </Button>
      )}
    </div>
  );
}

/** Fills a pane: a device is gone, the rest goes on. */
export function PaneProblem({
  problem,
  onAction,
  busy = false,
  action,
  follows,
  other,
}: ProblemViewProps & {
  /** Another way on, beside the one action. */
  readonly other?: { readonly label: string; readonly run: () => void };
}): ReactNode {
  const { i18n } = useLingui();
  const words = useProblemWords(problem.code);
  return (
    <div role="alert" className="grid h-full place-items-center p-10">
      <div className="w-full max-w-[640px]">
        <div className="flex items-center gap-3">
          <StatusMark shape="care" size={28} />
          <h2 className="text-26">{words.happened}</h2>
        </div>
        <dl className="mt-6">
          <Line term={i18n.t('What is safe')} text={words.safe} />
          <Line term={i18n.t('What to do')} text={words.todo} />
        </dl>
        {onAction === undefined ? null : (
          <div className="mt-4 flex items-center gap-6">
            <Button look="primary" size="large" onPress={onAction} busy={busy} hotkey="Enter">
              {action ?? words.action}
            </Button>
            {other === undefined ? null : (
              <Button look="outlined" size="large" onPress={other.run}>
                {other.label}
              </Button>
            )}
            {follows === undefined ? null : <p className="text-ink-2">{follows}</p>}
          </div>
        )}
        <p className="ident mt-6 text-12 text-ink-3">
          {i18n.t('Code {code}', { code: problem.code })} <span className="ps-4">{formatTime(problem.at, true)}</span>
        </p>
      </div>
    </div>
  );
}

function Line({ term, text }: { term: string; text: string }): ReactNode {
  return (
    <div className="grid grid-cols-[150px_1fr] border-t border-line py-3">
      <dt className="font-semibold">{term}</dt>
      <dd className="m-0 text-17">{text}</dd>
    </div>
  );
}

/** Work must stop: over everything but the station line. `picture` stands at the right where one helps (a disk to scale). */
export function ScreenProblem({
  problem,
  onAction,
  busy = false,
  action,
  follows,
  heading,
  picture,
  more,
}: ProblemViewProps & {
  readonly heading?: string;
  readonly picture?: ReactNode;
  /** Other ways on, under the one action. */
  readonly more?: ReactNode;
}): ReactNode {
  const { i18n } = useLingui();
  const words = useProblemWords(problem.code);
  return (
    <section
      role="alert"
      className="grid h-full grid-cols-[minmax(0,760px)_1fr] items-center gap-[100px] px-[140px] py-16 max-[1365px]:grid-cols-1 max-[1365px]:gap-10 max-[1365px]:px-16 max-[1365px]:py-8"
    >
      <div>
        <p className="flex items-center gap-4 text-17 font-semibold text-fault">
          <StatusMark shape="stopped" size={30} />
          {heading ?? i18n.t('Work is stopped on this screen')}
        </p>
        <h1 className="display mt-4 text-56 font-semibold tracking-[-0.032em] max-[1365px]:text-36">
          {words.happened}
        </h1>
        <dl className="mt-9 text-20">
          <div className="grid grid-cols-[176px_1fr] border-t border-line py-5">
            <dt className="text-17 font-semibold">{i18n.t('What is safe')}</dt>
            <dd className="m-0">{words.safe}</dd>
          </div>
          <div className="grid grid-cols-[176px_1fr] border-t border-line py-5">
            <dt className="text-17 font-semibold">{i18n.t('What to do')}</dt>
            <dd className="m-0">{words.todo}</dd>
          </div>
        </dl>
        <div className="mt-6 flex items-center gap-7">
          {onAction === undefined ? null : (
            <Button look="primary" size="tall" onPress={onAction} busy={busy} hotkey="Enter">
              {action ?? words.action}
            </Button>
          )}
          {follows === undefined ? null : <p className="max-w-[22em] text-ink-2">{follows}</p>}
        </div>
        {more ?? null}
        <p className="ident mt-16 text-13 text-ink-3 max-[1365px]:mt-8">
          {i18n.t('Code {code}', { code: problem.code })} <span className="ps-4">{formatTime(problem.at, true)}</span>
        </p>
      </div>
      {picture ?? null}
    </section>
  );
}
