/** What somebody has to see to, in the three lines of every problem: what happened, what is safe, what to do. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { MaintenanceKind, StorageView } from '../../electron/contract/maintenance.ts';
import type { Problem } from '../../electron/contract/problems.ts';
import { Button } from '../kit/button.tsx';
import { formatNumber } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { useProblemWords } from '../kit/problem.tsx';
import { useMay } from '../shell/session.ts';
import { useCommand } from '../shell/staff.ts';

const SAYS_ITSELF: ReadonlySet<Problem['code']> = new Set(['KEY_CHANGE_UNDONE', 'KEY_CHANGE_FINISHED_LATE']);

export function NeedsYou({ view }: { readonly view: StorageView }): ReactNode {
  const { i18n } = useLingui();
  const mayDecide = useMay('operator', 'admin');
  const confirm = useCommand((client) => client.maintenance.confirmStore);
  const failed = view.jobs.filter((job) => job.state === 'failed' && job.problem !== null);
  const { verified } = view.audit;
  const trailIsBroken = verified !== null && !verified.ok;
  const count =
    (view.store.problem === null ? 0 : 1) + view.anchorProblems.length + failed.length + (trailIsBroken ? 1 : 0);
  if (count === 0) return null;
  const titles: Readonly<Record<MaintenanceKind, string>> = {
    backup: i18n.t('The last backup was not made'),
    'backup-check': i18n.t('A backup could not be read back'),
    scrub: i18n.t('The pictures could not all be read'),
    'page-check': i18n.t('The records could not all be read'),
    'audit-check': i18n.t('The audit trail could not be verified'),
    'audit-copy': i18n.t('The copy of the trail was not made'),
    retention: i18n.t('Deleting pictures was stopped'),
    'key-change': i18n.t('The key was not changed; the old one is still the station’s'),
  };
  return (
    <section aria-labelledby="storage-needs">
      <h2 id="storage-needs" className="storage-side-head">
        {i18n.t('Needs you')}
        <span>{count}</span>
      </h2>
      {view.store.problem === null ? null : <ProblemBox problem={view.store.problem} />}
      {view.anchorProblems.map((problem) => (
        <ProblemBox key={`${problem.code} ${problem.at}`} problem={problem}>
          {mayDecide ? (
            <Button
              look="outlined"
              className="mt-3 w-full"
              onPress={() => void confirm.run(undefined)}
              busy={confirm.busy}
            >
              {i18n.t('Confirm')}
            </Button>
          ) : null}
        </ProblemBox>
      ))}
      {trailIsBroken ? (
        <Box title={i18n.t('The audit trail is not whole')}>
          <p>
            {i18n.t('From entry {entry} on it is not what was written.', {
              entry: formatNumber(verified.firstBad ?? 0, 0),
            })}
          </p>
          <p>
            <b>{i18n.t('What is safe')}:</b>{' '}
            {i18n.t('Entries up to {sealed} are as the station signed them.', {
              sealed: formatNumber(verified.sealedThrough, 0),
            })}
          </p>
          <p>
            <b>{i18n.t('What to do')}:</b>{' '}
            {i18n.t('Copy the period, keep the backups, and tell who is in charge of records.')}
          </p>
        </Box>
      ) : null}
      {failed.map(({ kind, problem }) =>
        problem === null ? null : (
          // What happened to a change that was stopped says itself which key stands.
          <ProblemBox
            key={kind}
            problem={problem}
            {...(SAYS_ITSELF.has(problem.code) ? {} : { title: titles[kind] })}
          />
        ),
      )}
    </section>
  );
}

function ProblemBox({
  problem,
  title,
  children,
}: {
  readonly problem: Problem;
  readonly title?: string;
  readonly children?: ReactNode;
}): ReactNode {
  const { i18n } = useLingui();
  const words = useProblemWords(problem.code);
  return (
    <Box title={title ?? words.happened}>
      {title === undefined ? null : <p>{words.happened}</p>}
      <p>
        <b>{i18n.t('What is safe')}:</b> {words.safe}
      </p>
      <p>
        <b>{i18n.t('What to do')}:</b> {words.todo}
      </p>
      <p className="ident text-12 text-ink-3">
        {problem.code} <bdi>{problem.detail}</bdi>
      </p>
      {children}
    </Box>
  );
}

function Box({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  return (
    <div role="alert" className="storage-alert">
      <h3>
        <StatusMark shape="stopped" size={18} />
        {title}
      </h3>
      {children}
    </div>
  );
}
