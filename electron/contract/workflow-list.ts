/** Visits as an operator sees them among the cloud's workflows: ids, states, times and progress. Nothing here knows a patient. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import type { RoledContract } from './procedure.ts';
import { procedure } from './procedure.ts';
import { SEARCH_STATUSES } from './workflows.ts';

const instant = z.iso.datetime();

/** Saved queries of the list, in their order on the screen. */
export const WORKFLOW_TABS = ['active', 'pending-review', 'stuck', 'failed'] as const;
export type WorkflowTab = (typeof WORKFLOW_TABS)[number];

export const listedVisitSchema = z.object({
  workflowId: z.string(),
  runId: z.string(),
  locationName: z.string(),
  /** How the workflow itself stands, as Temporal says it. */
  execution: z.enum(['running', 'completed', 'failed', 'cancelled', 'terminated', 'timed-out', 'other']),
  /** How the visit stands; null: the workflow has not said it yet. */
  status: z.enum(SEARCH_STATUSES).nullable(),
  /** 0-100. */
  progress: z.number().int().min(0).max(100).nullable(),
  startedAt: instant,
  closedAt: instant.nullable(),
  /** Of the workflow in Temporal's own page; null where that is not configured. */
  link: z.string().nullable(),
});
export type ListedVisit = z.infer<typeof listedVisitSchema>;

export const workflowListSchema = z.object({
  /** `not-configured`: no Temporal is named; `away`: it does not answer, or refuses this cloud. What was known before is not shown as if it were now. */
  state: z.enum(['here', 'away', 'not-configured']),
  /** How many each tab has; empty unless `here`. */
  counts: z.partialRecord(z.enum(WORKFLOW_TABS), z.number().int().nonnegative()),
  /** Of the tab that was asked for. */
  visits: z.array(listedVisitSchema),
  /** There are more than these. */
  more: z.boolean(),
  /** Temporal's own page; null where it is not configured. */
  console: z.string().nullable(),
});
export type WorkflowList = z.infer<typeof workflowListSchema>;

export const workflowListContract = {
  /** Visits at the locations of the person, live. */
  watch: procedure('operator', 'admin')
    .input(z.object({ tab: z.enum(WORKFLOW_TABS) }))
    .output(eventIterator(workflowListSchema)),
} as const satisfies RoledContract;
