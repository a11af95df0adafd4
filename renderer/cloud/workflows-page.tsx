/** The visits at the person's locations among the cloud's workflows: what is open, waits, is stuck, or failed. No patient on it. */
import { useLingui } from '@lingui/react';
import { ExternalLink } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { ListedVisit, WorkflowList, WorkflowTab } from '../../electron/contract/workflow-list.ts';
import { WORKFLOW_TABS } from '../../electron/contract/workflow-list.ts';
import { formatDate, formatNumber, formatPercent, formatTime } from '../kit/format.ts';
import type { MarkShape } from '../kit/marks.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { PaneProblem } from '../kit/problem.tsx';
import { Topbar } from '../shell/topbar.tsx';
import { useNow } from '../shell/use-now.ts';
import { useWorkflows } from './cloud-client.ts';
import './cloud.css';
import { openForWords, shortId, stateWords, tabWord } from './workflow-words.ts';

export function WorkflowsPage(): ReactNode {
  const { i18n } = useLingui();
  const [tab, setTab] = useState<WorkflowTab>('active');
  const workflows = useWorkflows(tab);
  const list = workflows.data;
  return (
    <>
      <Topbar>
        <h1>{i18n.t('Workflows')}</h1>
        <span className="grow-1" />
        {list === undefined || list.console === null ? null : (
          <a href={list.console} target="_blank" rel="noopener" className="workflow-console">
            <ExternalLink size={18} strokeWidth={1.75} aria-hidden />
            {i18n.t('Workflow console')}
          </a>
        )}
      </Topbar>
      <div className="min-h-0 overflow-auto bg-surface">
        {workflows.problem !== null ? (
          <PaneProblem problem={workflows.problem} />
        ) : list !== undefined && list.state !== 'here' ? (
          <NotHere state={list.state} />
        ) : (
          <>
            <div className="workflow-tabs" role="group" aria-label={i18n.t('Which visits')}>
              {WORKFLOW_TABS.map((each) => (
                <button
                  key={each}
                  type="button"
                  className="workflow-tab"
                  aria-pressed={each === tab}
                  onClick={() => setTab(each)}
                >
                  {tabWord(i18n, each)}
                  <span className="num">
                    {list?.counts[each] === undefined ? '' : formatNumber(list.counts[each], 0)}
                  </span>
                </button>
              ))}
            </div>
            {list === undefined ? null : <Visits list={list} tab={tab} />}
          </>
        )}
      </div>
    </>
  );
}

function NotHere({ state }: { readonly state: 'away' | 'not-configured' }): ReactNode {
  const { i18n } = useLingui();
  const [shape, title, text]: readonly [MarkShape, string, string] =
    state === 'away'
      ? [
          'care',
          i18n.t('Temporal does not answer.'),
          i18n.t(
            'Visits go on in the clinic, and what they send is kept. This list comes back by itself as soon as Temporal does.',
          ),
        ]
      : [
          'nothing',
          i18n.t('Workflows are not configured.'),
          i18n.t(
            'This cloud was not told where Temporal is: visits end in the clinic, with the report that is made there. Whoever runs it sets TEMPORAL_ADDRESS.',
          ),
        ];
  return (
    <div className="grid h-full place-items-center p-10">
      <div className="max-w-[34em] text-center" role="status">
        <span className="mx-auto block w-fit">
          <StatusMark shape={shape} size={32} />
        </span>
        <h2 className="mt-4 text-26">{title}</h2>
        <p className="mt-2 text-17 text-ink-2">{text}</p>
      </div>
    </div>
  );
}

function Visits({ list, tab }: { readonly list: WorkflowList; readonly tab: WorkflowTab }): ReactNode {
  const { i18n } = useLingui();
  const now = useNow(20_000);
  if (list.visits.length === 0) {
    return (
      <p className="flex items-center gap-3 px-7 py-8 text-17 text-ink-2">
        <StatusMark shape={tab === 'active' || tab === 'pending-review' ? 'nothing' : 'done'} />
        {i18n.t('There is none now.')}
      </p>
    );
  }
  return (
    <>
      <table className="fleet">
        <caption className="sr-only">{tabWord(i18n, tab)}</caption>
        <thead>
          <tr>
            <th scope="col">{i18n.t('Visit')}</th>
            <th scope="col">{i18n.t('Location')}</th>
            <th scope="col">{i18n.t('State')}</th>
            <th scope="col">{i18n.t('Begun')}</th>
            <th scope="col">{i18n.t('Open for')}</th>
            <th scope="col">{i18n.t('Progress')}</th>
            <th scope="col">
              <span className="sr-only">{i18n.t('In Temporal')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.visits.map((visit) => (
            <VisitRow key={`${visit.workflowId} ${visit.runId}`} visit={visit} now={now} />
          ))}
        </tbody>
      </table>
      {list.more ? <p className="px-7 py-5 text-ink-2">{i18n.t('There are more; these are the newest.')}</p> : null}
    </>
  );
}

function VisitRow({ visit, now }: { readonly visit: ListedVisit; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const state = stateWords(i18n, visit);
  const { progress, link } = visit;
  return (
    <tr>
      <th scope="row">
        <span className="ident" title={visit.workflowId}>
          {shortId(visit.workflowId)}
        </span>
      </th>
      <td>{visit.locationName}</td>
      <td>
        <span className="flex items-start gap-2.5">
          <span className="mt-0.5">
            <StatusMark shape={state.shape} />
          </span>
          {state.text}
        </span>
      </td>
      <td>
        {formatTime(visit.startedAt)}
        <span className="block text-13 text-ink-2">{formatDate(visit.startedAt)}</span>
      </td>
      <td>{openForWords(i18n, visit, now)}</td>
      <td>
        {progress === null ? (
          <span className="text-ink-2">{i18n.t('not said yet')}</span>
        ) : (
          <span className="flex items-center gap-3">
            <progress className="workflow-progress" value={progress} max={100} aria-label={i18n.t('Progress')} />
            <span className="num">{formatPercent(progress)}</span>
          </span>
        )}
      </td>
      <td>
        {link === null ? null : (
          <a href={link} target="_blank" rel="noopener" className="workflow-link">
            {i18n.t('History')}
            <ExternalLink size={16} strokeWidth={1.75} aria-hidden />
          </a>
        )}
      </td>
    </tr>
  );
}
