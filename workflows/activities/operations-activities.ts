/** What the installation's own workflows ask of the world. Definitions know these shapes only, so this file has no code of its own. */

/** The argument of the workflows that schedules start, and of their activities: it names the tenant under whose key their payloads lie. */
export interface ScheduledInput {
  readonly schedule: string;
}

export interface ArchiveReport {
  readonly archived: number;
  /** There already, and whole. */
  readonly there: number;
  /** Whole, with a payload under a key that is not known any more. */
  readonly unopened: number;
  /** Everything that had ended by then is archived. */
  readonly until: string;
  /** Days that were removed after their seven years. */
  readonly expired: readonly string[];
}

/** How many visits of one clinic wait for somebody. */
export interface VisitCounts {
  readonly stuck: number;
  /** Stuck ones of which the cloud has no record at all. */
  readonly orphaned: number;
  readonly overdue: number;
  readonly failed: number;
}

export interface VisitsReport extends VisitCounts {
  readonly tenants: number;
}

export interface OperationsActivities {
  /** Archives what has ended since, and removes what was kept long enough. @throws ARCHIVE_NOT_CONFIGURED */
  archiveHistories(input: ScheduledInput): Promise<ArchiveReport>;
  /** Counts, per clinic, the visits that somebody has to look at, and records it there. */
  reportVisits(input: ScheduledInput): Promise<VisitsReport>;
}
