/** What is said of a visit's workflow. Pure. */
import type { I18n } from '@lingui/core';
import type { ListedVisit, WorkflowTab } from '../../electron/contract/workflow-list.ts';
import type { MarkShape } from '../kit/marks.tsx';

export interface WorkflowWords {
  readonly shape: MarkShape;
  readonly text: string;
}

export function tabWord(i18n: I18n, tab: WorkflowTab): string {
  switch (tab) {
    case 'active':
      return i18n.t('Open');
    case 'pending-review':
      return i18n.t('Waiting for review');
    case 'stuck':
      return i18n.t('Stuck over 30 min');
    default:
      return i18n.t('Failed, last 24 h');
  }
}

/** Where the visit stands; what ended its workflow comes first. */
export function stateWords(i18n: I18n, { execution, status, progress }: ListedVisit): WorkflowWords {
  switch (execution) {
    case 'failed':
      return { shape: 'stopped', text: i18n.t('failed') };
    case 'timed-out':
      return { shape: 'stopped', text: i18n.t('ran out of time') };
    case 'terminated':
      return { shape: 'stopped', text: i18n.t('terminated by somebody') };
    case 'cancelled':
      return { shape: 'aside', text: i18n.t('cancelled') };
    case 'completed':
      return { shape: 'done', text: i18n.t('finished') };
    case 'other':
      return { shape: 'nothing', text: i18n.t('goes on as another run') };
    default:
      break;
  }
  switch (status) {
    case 'REVIEW':
      return { shape: 'todo', text: i18n.t('waits for review') };
    case 'REQUIRES_REVIEW':
      return { shape: 'care', text: i18n.t('sent back, or waits too long for its review') };
    case 'FAILED':
      return { shape: 'stopped', text: i18n.t('failed') };
    case 'CANCELLED':
      return { shape: 'aside', text: i18n.t('cancelled') };
    case 'COMPLETED':
      return { shape: 'busy', text: i18n.t('telling the patient') };
    case null:
      return { shape: 'busy', text: i18n.t('has just begun') };
    default:
      return { shape: 'busy', text: progressWords(i18n, progress ?? 0) };
  }
}

function progressWords(i18n: I18n, progress: number): string {
  if (progress >= 90) return i18n.t('report made');
  if (progress >= 80) return i18n.t('waits for the report');
  if (progress >= 50) return i18n.t('putting results together');
  if (progress >= 30) return i18n.t('storing');
  return i18n.t('in the clinic');
}

const MS_PER_MINUTE = 60_000;
const MINUTES_PER_HOUR = 60;
const HOURS_PER_DAY = 24;

/** How long it has been open, or was. @param now ms since 1970 */
export function openForWords(i18n: I18n, { startedAt, closedAt }: ListedVisit, now: number): string {
  const until = closedAt === null ? now : Date.parse(closedAt);
  const minutes = Math.max(0, Math.floor((until - Date.parse(startedAt)) / MS_PER_MINUTE));
  const hours = Math.floor(minutes / MINUTES_PER_HOUR);
  if (hours >= 2 * HOURS_PER_DAY) return i18n.t('{days} days', { days: Math.floor(hours / HOURS_PER_DAY) });
  if (hours === 0) return i18n.t('{minutes} min', { minutes });
  return i18n.t('{hours} h {minutes} min', {
    hours,
    minutes: String(minutes % MINUTES_PER_HOUR).padStart(2, '0'),
  });
}

/** Enough of an opaque id to find it again: `session-7f3a91`. */
export function shortId(workflowId: string): string {
  const [kind = '', first = ''] = workflowId.split('-');
  return `${kind}-${first.slice(0, 6)}`;
}
