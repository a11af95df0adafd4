/** What does not go on by itself, in the three lines of every problem and with one action. */
import { useLingui } from '@lingui/react';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Problem } from '../../electron/contract/problems.ts';
import type { ArtefactRef, SyncView } from '../../electron/contract/sync-status.ts';
import { Button } from '../kit/button.tsx';
import { formatNumber } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { InlineProblem, useProblemWords } from '../kit/problem.tsx';
import { useMay } from '../shell/session.ts';
import { useCommand } from '../shell/staff.ts';
import { KeptBack, keptBackBy } from './kept-back.tsx';
import { EnterCode } from './enter-code.tsx';
import { clockWords } from './sync-words.ts';

type Need = SyncView['needs'][number];

/** What the cloud has against this station as a whole may stand in the line, in the clock, or among the needs. */
function needsOf(view: SyncView): readonly Need[] {
  const needs = [...view.needs];
  const add = (problem: Problem): void => {
    if (!needs.some((each) => each.problem.code === problem.code)) needs.unshift({ problem, artefact: null });
  };
  if (view.clock.state === 'off') add({ code: 'CLOCK_OFF', detail: '', at: view.clock.measuredAt ?? view.at });
  if (view.line.state === 'captive') add({ code: 'CLOUD_CAPTIVE', detail: '', at: view.line.since ?? view.at });
  if (view.line.problem !== null) add(view.line.problem);
  return needs;
}

export function SyncNeeds({
  view,
  requests,
  now,
}: {
  readonly view: SyncView;
  /** How many requests to workflows need somebody; they stand below. */
  readonly requests: number;
  readonly now: number;
}): ReactNode {
  const { i18n } = useLingui();
  const needs = needsOf(view);
  const keptBack = keptBackBy(view);
  return (
    <section aria-labelledby="sync-needs">
      <h2 id="sync-needs" className="sync-side-head">
        {i18n.t('Needs you')}
        <span>{formatNumber(needs.length + (keptBack > 0 ? 1 : 0) + requests, 0)}</span>
      </h2>
      {needs.length === 0 && keptBack === 0 && requests === 0 ? (
        <p className="text-ink-2">{i18n.t('Nothing. Everything here goes on by itself.')}</p>
      ) : null}
      {needs.map((need, place) => (
        <NeedBox
          key={`${need.problem.code} ${need.artefact?.id ?? ''} ${need.artefact?.part ?? ''}`}
          need={need}
          view={view}
          isFirst={place === 0}
        />
      ))}
      {keptBack === 0 ? null : <KeptBack view={view} total={keptBack} now={now} />}
      {requests === 0 ? null : (
        <p className="sync-said mt-2">
          <StatusMark shape="care" />
          <span>{i18n.t('Requests to workflows need a decision: they stand below.')}</span>
        </p>
      )}
    </section>
  );
}

/** The first of them has the screen's one filled button. */
function NeedBox({
  need,
  view,
  isFirst,
}: {
  readonly need: Need;
  readonly view: SyncView;
  readonly isFirst: boolean;
}): ReactNode {
  const { i18n } = useLingui();
  const { problem, artefact } = need;
  const words = useProblemWords(problem.code);
  return (
    <div role="alert" className="sync-need">
      <h3>
        <StatusMark shape={STOPS.has(problem.code) ? 'stopped' : 'care'} size={18} />
        <span>{words.happened}</span>
      </h3>
      {problem.code === 'CLOCK_OFF' && view.clock.offsetMs !== null ? (
        <p>
          <b>{i18n.t('What happened')}:</b>{' '}
          {i18n.t('This computer is {offset}.', { offset: clockWords(i18n, view.clock).text })}
        </p>
      ) : null}
      <p>
        <b>{i18n.t('What is safe')}:</b> {words.safe}
      </p>
      <p>
        <b>{i18n.t('What to do')}:</b> {words.todo}
      </p>
      <NeedAction problem={problem} artefact={artefact} isFirst={isFirst} />
      <p className="ident sync-need-code">
        {problem.code} <bdi>{problem.detail}</bdi>
      </p>
    </div>
  );
}

/** Nothing is sent until somebody has seen to it. */
const STOPS: ReadonlySet<Problem['code']> = new Set([
  'STATION_REFUSED',
  'UPDATE_NEEDED',
  'TRAIL_BROKEN',
  'TRAIL_BEHIND',
]);

const ASK_AGAIN: ReadonlySet<Problem['code']> = new Set([
  'STATION_REFUSED',
  'UPDATE_NEEDED',
  'CLOUD_OLDER',
  'CLOUD_CAPTIVE',
  'CLOUD_UNREACHABLE',
  'CLOUD_FULL',
  'CLOCK_OFF',
]);

function NeedAction({
  problem,
  artefact,
  isFirst,
}: {
  readonly problem: Problem;
  readonly artefact: ArtefactRef | null;
  readonly isFirst: boolean;
}): ReactNode {
  const { i18n } = useLingui();
  const navigate = useNavigate();
  const resend = useCommand((client) => client.sync.resend);
  const again = useCommand((client) => client.sync.tryNow);
  const mayEnrol = useMay('operator', 'admin');
  const command = artefact === null ? again : resend;
  if (problem.code === 'TRAIL_BROKEN' || problem.code === 'TRAIL_BEHIND') {
    return (
      <Button
        look={isFirst ? 'primary' : 'outlined'}
        className="mt-3 w-full"
        onPress={() => void navigate({ to: '/storage' })}
      >
        {i18n.t('Show storage and records')}
      </Button>
    );
  }
  if (problem.code === 'STATION_REFUSED' && mayEnrol) return <EnterCode isFirst={isFirst} />;
  if (artefact === null && !ASK_AGAIN.has(problem.code)) return null;
  const press = (): void => void (artefact === null ? again.run(undefined) : resend.run(artefact));
  return (
    <>
      <Button
        look={isFirst ? 'primary' : 'outlined'}
        className="mt-3 w-full"
        onPress={press}
        busy={command.busy}
        {...(isFirst ? { hotkey: 'Enter' } : {})}
      >
        {artefact === null ? i18n.t('Ask the cloud again') : i18n.t('Send it again')}
      </Button>
      {command.problem === null ? null : <InlineProblem problem={command.problem} />}
    </>
  );
}
