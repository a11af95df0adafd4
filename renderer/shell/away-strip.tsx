/** A calm strip over the station line while a part is away, and a moment after it is back: what happened and what is safe. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { ProcessStatus } from '../../electron/contract/views.ts';
import { StatusMark } from '../kit/marks.tsx';
import { useProblemWords } from '../kit/problem.tsx';
import type { ConnectionState } from './connection.ts';

/** How long "it was started again" stays. */
const AFTER_MS = 9000;

export function AwayStrip({
  connection,
  processes,
  opened,
}: {
  readonly connection: ConnectionState;
  readonly processes: readonly ProcessStatus[];
  /** The station has been open to this screen: what is away before then is starting, not starting again. */
  readonly opened: boolean;
}): ReactNode {
  const { i18n } = useLingui();
  const restarted = useRestartNotice(connection, processes, opened);
  if (connection.phase === 'stopped') return null;
  // The screen itself says it then.
  if (connection.phase !== 'open' && connection.work !== null) return null;
  if (connection.phase === 'away' && (opened || connection.problem.code !== 'CORE_RESTARTED'))
    return <Away code={connection.problem.code} />;
  if (processes.some((each) => each.state === 'restarting')) return <Away code="CORE_RESTARTED" />;
  if (!restarted) return null;
  return (
    <div className="away-strip" role="status">
      <StatusMark shape="done" />
      {i18n.t('A part of the program was started again. Everything acknowledged is on this disk.')}
    </div>
  );
}

function Away({ code }: { code: Parameters<typeof useProblemWords>[0] }): ReactNode {
  const { i18n } = useLingui();
  const words = useProblemWords(code);
  return (
    <div className="away-strip" role="status">
      <StatusMark shape="busy" />
      <span>
        <b>{code === 'CORE_RESTARTED' ? i18n.t('A part of the program is being started again.') : words.happened}</b>{' '}
        <span className="text-ink-2">
          {words.safe}
          {code === 'CONNECTION_LOST'
            ? ` ${i18n.t('It connects again by itself. If it does not, start the station again on its computer.')}`
            : ''}
        </span>
      </span>
    </div>
  );
}

/** True for some seconds after the line came back, or after a process was started again. */
function useRestartNotice(connection: ConnectionState, processes: readonly ProcessStatus[], opened: boolean): boolean {
  const [shown, setShown] = useState(false);
  // Closed for work that the screen itself tells of: nothing has stopped.
  const isWorked = connection.phase === 'away' && connection.work !== null;
  const restarts = processes.reduce((sum, each) => sum + each.restarts, 0);
  const before = useRef<number | null>(null);
  const wasAway = useRef(false);
  useEffect(() => {
    const cameBack = connection.phase === 'open' && wasAway.current;
    wasAway.current = connection.phase === 'away' && opened && !isWorked;
    const startedAgain = before.current !== null && processes.length > 0 && restarts > before.current;
    if (processes.length > 0) before.current = restarts;
    if (!cameBack && !startedAgain) return undefined;
    setShown(true);
    const timer = setTimeout(() => setShown(false), AFTER_MS);
    return () => clearTimeout(timer);
  }, [connection.phase, isWorked, restarts, processes.length, opened]);
  return shown;
}
