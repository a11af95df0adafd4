/** What is here for this person, and what is not. */
import { useLingui } from '@lingui/react';
import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';
import { StatusMark } from '../kit/marks.tsx';
import { useMay, useSession } from '../shell/session.ts';
import { useLive } from '../shell/staff.ts';
import { Topbar } from '../shell/topbar.tsx';
import { useFleet, useWorkflows } from './cloud-client.ts';
import './cloud.css';
import { isInTrouble } from './fleet-words.ts';
import { FLEET_ROLES, REVIEW_ROLES, WORKFLOW_ROLES } from './sections.ts';

export function HomePage(): ReactNode {
  const { i18n } = useLingui();
  const { hello } = useSession();
  const mayReview = useMay(...REVIEW_ROLES);
  const mayLookAfter = useMay(...FLEET_ROLES);
  const mayOperate = useMay(...WORKFLOW_ROLES);
  return (
    <>
      <Topbar>
        <h1>{hello.clinicName}</h1>
        <span className="grow-1" />
      </Topbar>
      <div className="min-h-0 overflow-auto bg-surface">
        <div className="cloud-home">
          <h2 className="text-26 tracking-[-0.018em]">{i18n.t('What is here')}</h2>
          <ul className="mt-6 border-t border-line">
            {mayReview ? <ReviewLine /> : null}
            {mayLookAfter ? <FleetLine /> : null}
            {mayOperate ? <WorkflowsLine /> : null}
          </ul>
          <p className="mt-6 flex items-start gap-3 text-ink-2">
            <span className="mt-1">
              <StatusMark shape="nothing" />
            </span>
            {i18n.t(
              'Today’s visits, devices and check-in are at the clinic’s stations. What a station has not sent yet is not here.',
            )}
          </p>
        </div>
      </div>
    </>
  );
}

function ReviewLine(): ReactNode {
  const { i18n } = useLingui();
  const queue = useLive((client) => client.review.queue, undefined);
  const count = queue.data?.length ?? 0;
  return (
    <HomeLine to="/review" title={i18n.t('Reports to review')}>
      {queue.data === undefined
        ? ''
        : i18n.t('{count, plural, =0 {nothing waits} one {# report waits} other {# reports wait}}', { count })}
    </HomeLine>
  );
}

function FleetLine(): ReactNode {
  const { i18n } = useLingui();
  const fleet = useFleet();
  const stations = fleet.data?.stations ?? [];
  const count = stations.filter((station) => isInTrouble(station)).length;
  return (
    <HomeLine to="/stations" title={i18n.t('Stations')}>
      {fleet.data === undefined
        ? ''
        : i18n.t(
            '{stations, plural, one {# station} other {# stations}}, {count, plural, =0 {none needs anybody} one {# needs somebody} other {# need somebody}}',
            {
              stations: stations.length,
              count,
            },
          )}
    </HomeLine>
  );
}

function WorkflowsLine(): ReactNode {
  const { i18n } = useLingui();
  const list = useWorkflows('active').data;
  return (
    <HomeLine to="/workflows" title={i18n.t('Workflows')}>
      {list === undefined
        ? ''
        : list.state === 'away'
          ? i18n.t('Temporal does not answer.')
          : list.state === 'not-configured'
            ? i18n.t('not configured')
            : i18n.t('{active, plural, one {# visit open} other {# visits open}}, {stuck} stuck, {failed} failed', {
                active: list.counts.active ?? 0,
                stuck: list.counts.stuck ?? 0,
                failed: list.counts.failed ?? 0,
              })}
    </HomeLine>
  );
}

function HomeLine({
  to,
  title,
  children,
}: {
  readonly to: string;
  readonly title: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <li>
      <a href={`#${to}`} className="cloud-home-line">
        <b className="text-20">{title}</b>
        <span className="grow-1 text-ink-2">{children}</span>
        <ChevronRight className="text-ink-3" size={20} strokeWidth={1.75} aria-hidden />
      </a>
    </li>
  );
}
