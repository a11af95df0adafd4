/** Storage and records: what is on this disk, whether it is what was written, and what is kept for how long. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { StorageView } from '../../electron/contract/maintenance.ts';
import { PaneProblem } from '../kit/problem.tsx';
import { useSession } from '../shell/session.ts';
import { useLive } from '../shell/staff.ts';
import { Topbar } from '../shell/topbar.tsx';
import { useNow } from '../shell/use-now.ts';
import { BackupsTable } from './backups-table.tsx';
import { ChecksSection } from './checks-section.tsx';
import { CopiesPane } from './copies-pane.tsx';
import { DiskStrip } from './disk-strip.tsx';
import { KeyPane } from './key-pane.tsx';
import { keyAdvice } from './key-words.ts';
import { BackUpNow, LastBackup } from './last-backup.tsx';
import { NeedsYou } from './needs-you.tsx';
import { RetentionPane } from './retention-pane.tsx';
import './storage.css';

export function StoragePage(): ReactNode {
  const { i18n } = useLingui();
  const { hello } = useSession();
  const view = useLive((client) => client.maintenance.watch, undefined);
  return (
    <>
      <Topbar>
        <h1>{i18n.t('Storage and records')}</h1>
        <span className="min-w-0 truncate text-ink-2">
          {hello.locationName}, {hello.stationName}
        </span>
        <span className="grow-1" />
      </Topbar>
      {view.problem !== null ? (
        <PaneProblem problem={view.problem} />
      ) : view.data === undefined ? (
        <div className="bg-surface" />
      ) : (
        <Storage view={view.data} />
      )}
    </>
  );
}

function Storage({ view }: { readonly view: StorageView }): ReactNode {
  const now = useNow(30_000);
  const key = <KeyPane view={view} now={now} />;
  // What is to be done stands where it is seen without scrolling.
  const isKeyFirst = keyAdvice({ key: view.key, jobs: [] }).length > 0;
  return (
    <div className="storage">
      <div className="storage-main">
        <DiskStrip view={view} />
        <ChecksSection view={view} now={now} />
        <BackupsTable view={view} now={now} />
      </div>
      <aside className="storage-side">
        <div className="storage-side-body">
          <NeedsYou view={view} />
          {isKeyFirst ? key : null}
          <LastBackup view={view} now={now} />
          {isKeyFirst ? null : key}
          <RetentionPane view={view} />
          <CopiesPane view={view} now={now} />
        </div>
        <BackUpNow view={view} />
      </aside>
    </div>
  );
}
