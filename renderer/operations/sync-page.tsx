/** Operations: the truth about every artefact on its way to the cloud, and the one thing that needs a person. */
import { useLingui } from '@lingui/react';
import { CloudOff } from 'lucide-react';
import type { ReactNode } from 'react';
import type { OutboxView } from '../../electron/contract/outbox.ts';
import type { Problem } from '../../electron/contract/problems.ts';
import type { SyncView } from '../../electron/contract/sync-status.ts';
import { StatusMark } from '../kit/marks.tsx';
import { PaneProblem } from '../kit/problem.tsx';
import { useSession } from '../shell/session.ts';
import { useLive } from '../shell/staff.ts';
import { Topbar } from '../shell/topbar.tsx';
import { useNow } from '../shell/use-now.ts';
import { ArtefactTable } from './artefact-table.tsx';
import { KeyAdviceSection } from './key-advice.tsx';
import { LineSection } from './line-section.tsx';
import { OutboxSection } from './outbox-section.tsx';
import { outboxNeeds } from './outbox-words.ts';
import { StepLadder } from './step-ladder.tsx';
import { SyncNeeds } from './sync-needs.tsx';
import { lineWords } from './sync-words.ts';
import { UnpushedSection } from './unpushed-section.tsx';
import { WaitingLines } from './waiting-lines.tsx';
import './sync.css';

export function SyncPage(): ReactNode {
  const { i18n } = useLingui();
  const { hello } = useSession();
  const view = useLive((client) => client.sync.watch, undefined);
  const outbox = useLive((client) => client.outbox.watch, undefined);
  const now = useNow(30_000);
  return (
    <>
      <Topbar>
        <h1>{i18n.t('Operations')}</h1>
        <span className="min-w-0 truncate text-ink-2">
          {hello.locationName}, {hello.stationName}
        </span>
        <span className="grow-1" />
        {view.data === undefined ? null : <LineState view={view.data} now={now} />}
      </Topbar>
      {view.problem !== null ? (
        <PaneProblem problem={view.problem} />
      ) : view.data === undefined ? (
        <div className="bg-surface">
          <WaitingLines />
        </div>
      ) : (
        <Sync view={view.data} outbox={outbox} now={now} />
      )}
    </>
  );
}

function LineState({ view, now }: { readonly view: SyncView; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const said = lineWords(i18n, view, now);
  return (
    <span className="sync-state" role="status">
      {said.shape === 'absent' ? (
        <CloudOff size={18} strokeWidth={1.75} aria-hidden />
      ) : (
        <StatusMark shape={said.shape} />
      )}
      <span>{view.line.state === 'degraded' ? `${said.text} ${said.more}` : said.text}</span>
    </span>
  );
}

interface LiveOutbox {
  readonly data: OutboxView | undefined;
  readonly problem: Problem | null;
}

function Sync({
  view,
  outbox,
  now,
}: {
  readonly view: SyncView;
  readonly outbox: LiveOutbox;
  readonly now: number;
}): ReactNode {
  const requests = <OutboxSection view={outbox.data} problem={outbox.problem} now={now} />;
  return (
    <div className="sync">
      <div className="sync-main">
        <StepLadder view={view} />
        <ArtefactTable view={view} now={now} />
      </div>
      {view.line.state === 'not-configured' ? (
        <aside className="sync-side">
          <KeyAdviceSection />
          <LineSection view={view} now={now} />
          {requests}
        </aside>
      ) : (
        <aside className="sync-side">
          <KeyAdviceSection />
          <SyncNeeds view={view} requests={outboxNeeds(outbox.data)} now={now} />
          {requests}
          <LineSection view={view} now={now} />
          <UnpushedSection view={view} now={now} />
        </aside>
      )}
    </div>
  );
}
