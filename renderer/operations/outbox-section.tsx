/** Requests to the cloud's workflows: what waits, in which order, and what a person decides. Left out where there is nothing to say. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { OutboxRow, OutboxView } from '../../electron/contract/outbox.ts';
import type { Problem } from '../../electron/contract/problems.ts';
import { Button } from '../kit/button.tsx';
import { formatNumber } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { InlineProblem, useProblemWords } from '../kit/problem.tsx';
import { useMay } from '../shell/session.ts';
import { useCommand } from '../shell/staff.ts';
import { DiscardedRequests } from './discarded-requests.tsx';
import { OutboxDecision } from './outbox-decision.tsx';
import type { DecisionKind } from './outbox-decision.tsx';
import { outboxLineWords, refusalWords, requestStateWords, requestVisitWords, requestWords } from './outbox-words.ts';
import { receiptTime } from './sync-words.ts';

export function OutboxSection({
  view,
  problem,
  now,
}: {
  /** Undefined: not known yet. */
  readonly view: OutboxView | undefined;
  readonly problem: Problem | null;
  readonly now: number;
}): ReactNode {
  const { i18n } = useLingui();
  if (problem !== null) return <InlineProblem problem={problem} />;
  if (
    view === undefined ||
    (view.line.state === 'not-configured' && view.rows.length === 0 && view.discarded.count === 0)
  )
    return null;
  const { waiting, returned, dead } = view.counts;
  const allDone = view.discarded.count === 0 ? i18n.t('all delivered') : i18n.t('none waiting');
  return (
    <section aria-labelledby="outbox">
      <h2 id="outbox" className="sync-side-head">
        {i18n.t('Requests to workflows')}
        <span>
          {waiting + returned + dead === 0
            ? allDone
            : i18n.t('{count, plural, one {# request, kept here} other {{shown} requests, kept in order}}', {
                count: waiting + returned + dead,
                shown: formatNumber(waiting + returned + dead, 0),
              })}
        </span>
      </h2>
      <Line view={view} />
      <ul className="sync-list mt-3">
        {view.rows.map((row) => (
          <Request key={row.id} row={row} now={now} />
        ))}
      </ul>
      <DiscardedRequests discarded={view.discarded} now={now} />
    </section>
  );
}

function Line({ view }: { readonly view: OutboxView }): ReactNode {
  const { i18n } = useLingui();
  const again = useCommand((client) => client.outbox.tryNow);
  const { line, counts } = view;
  const said = outboxLineWords(i18n, line);
  const waits = counts.waiting > 0 && line.state !== 'not-configured';
  return (
    <>
      <p className="sync-said">
        <StatusMark shape={said.shape} />
        <span>
          {said.text} {line.host === null ? null : <bdi className="ident text-ink-3">{line.host}</bdi>}
        </span>
      </p>
      {line.state === 'refused' && line.problem !== null ? <Refused problem={line.problem} /> : null}
      {waits ? (
        <div className="sync-buttons">
          <Button look="outlined" onPress={() => void again.run(undefined)} busy={again.busy}>
            {i18n.t('Send them now')}
          </Button>
        </div>
      ) : null}
      {again.problem === null ? null : <InlineProblem problem={again.problem} />}
    </>
  );
}

function Refused({ problem }: { readonly problem: Problem }): ReactNode {
  const words = useProblemWords(problem.code);
  return (
    <>
      <p className="mt-1 text-ink-2">
        {words.safe} {words.todo}
      </p>
      <p className="ident mt-1 text-12 text-ink-3">
        {problem.code} <bdi>{problem.detail}</bdi>
      </p>
    </>
  );
}

function Request({ row, now }: { readonly row: OutboxRow; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const mayDecide = useMay('operator', 'admin');
  const [decision, setDecision] = useState<DecisionKind | null>(null);
  const said = requestStateWords(i18n, row, now);
  const why = refusalWords(i18n, row);
  const isOpen = row.state === 'returned' || row.state === 'dead';
  return (
    <li>
      <StatusMark shape={said.shape} />
      <div>
        {requestWords(i18n, row.kind)}
        <small>
          {requestVisitWords(i18n, row, now)}, {said.text}
        </small>
        {why === null ? null : <small>{why}</small>}
        {isOpen ? (
          <small className="ident">
            {row.problem?.code} <bdi>{row.problem?.detail}</bdi>
          </small>
        ) : null}
        {isOpen && mayDecide ? (
          <div className="sync-buttons">
            <Button look="outlined" onPress={() => setDecision('retry')}>
              {i18n.t('Send it again')}
            </Button>
            <Button look="outlined" onPress={() => setDecision('discard')}>
              {i18n.t('Give it up')}
            </Button>
          </div>
        ) : null}
        {decision === null ? null : <OutboxDecision row={row} kind={decision} onClose={() => setDecision(null)} />}
      </div>
      <time dateTime={row.createdAt}>{receiptTime(i18n, row.createdAt, now)}</time>
    </li>
  );
}
