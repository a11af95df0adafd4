/** What the installation does by itself, and when: data, put into the namespace by `npm run workflow -- schedules` (`reconcile.ts`). */
import { VISITS_QUEUE } from '../../electron/contract/workflows.ts';

/** Ids of our schedules begin so. */
export const OWN_PREFIX = 'vantage-';

/** UTC. */
interface Time {
  readonly hour: number;
  readonly minute: number;
}

export interface OwnSchedule {
  /** Without the prefix. */
  readonly name: string;
  readonly summary: string;
  readonly at: Time;
  /** 0: Sunday; left out: every day. */
  readonly dayOfWeek?: number;
  readonly workflowType: string;
  readonly taskQueue: string;
}

export const SCHEDULES: readonly OwnSchedule[] = [
  {
    name: 'archive-histories',
    summary: 'Histories of workflows that have ended go into the archive; what was there for seven years is removed',
    at: { hour: 1, minute: 30 },
    workflowType: 'archiveHistoriesWorkflow',
    taskQueue: VISITS_QUEUE,
  },
  {
    name: 'report-visits',
    summary: 'Visits that are stuck, orphaned, overdue or failed are counted per clinic, and recorded there',
    at: { hour: 5, minute: 0 },
    workflowType: 'reportVisitsWorkflow',
    taskQueue: VISITS_QUEUE,
  },
];
