/** What the installation does by itself, started by schedules (`workflows/schedules`): one activity each, which goes on where it stopped. */
import { proxyActivities } from '@temporalio/workflow';
import type {
  ArchiveReport,
  OperationsActivities,
  ScheduledInput,
  VisitsReport,
} from '../../activities/operations-activities.ts';
import { ARCHIVE_WAITS, REPORT_WAITS } from '../timing.ts';

const { archiveHistories } = proxyActivities<Pick<OperationsActivities, 'archiveHistories'>>(ARCHIVE_WAITS);
const { reportVisits } = proxyActivities<Pick<OperationsActivities, 'reportVisits'>>(REPORT_WAITS);

/** @throws ActivityFailure ARCHIVE_NOT_CONFIGURED, or when a night was not enough */
export async function archiveHistoriesWorkflow(input: ScheduledInput): Promise<ArchiveReport> {
  return archiveHistories(input);
}

/** @throws ActivityFailure */
export async function reportVisitsWorkflow(input: ScheduledInput): Promise<VisitsReport> {
  return reportVisits(input);
}
