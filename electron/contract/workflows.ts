/**
 * What stations and the cloud's durable workflows agree on: names, queues, inputs, messages and answers. Names only: who starts a
 * workflow or sends it a message needs none of its definitions. Workflow ids and search attributes are not encrypted: opaque ids.
 */
import { z } from 'zod';
import type { IntentInput } from './documents.ts';
import type { Role } from './roles.ts';
import { roleSchema } from './roles.ts';
import type { AcceptanceMessageName, CalibrationMessageName } from './site-workflows.ts';
import type { SearchStatus } from './status.ts';

const instant = z.iso.datetime();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** By what a workflow is about. */
export const WORKFLOW_TYPES = {
  session: 'sessionWorkflow',
  calibration: 'deviceCalibrationWorkflow',
  acceptance: 'siteAcceptanceWorkflow',
} as const;

/** Workers of the cloud poll it. */
export const VISITS_QUEUE = 'vantage-visits';

/** Polled by a location's own stations: the cloud never calls in. */
export function workstationQueueOf(locationId: string): string {
  return `workstation-${z.uuid().parse(locationId)}`;
}

/** Subjects that happen once, so that one workflow is about one of them. */
export type WorkflowSubject = 'session' | 'scan' | 'calibration' | 'acceptance';

/**
 * Start with `REJECT_DUPLICATE` and `USE_EXISTING`: a running one is used, and one that has ended is never started again.
 *
 * @param subjectId UUID of the session, scan, calibration record or acceptance run
 */
export function workflowIdOf(subject: WorkflowSubject, subjectId: string): string {
  return `${subject}-${z.uuid().parse(subjectId)}`;
}

/**
 * Typed search attributes of every namespace, as they are registered: name -> type. `SessionStatus` is a `SearchStatus`, `Progress` one
 * of `PROGRESS_MILESTONES` (or less than 50 as the clinic tells it), `BuildId` the station's version, `SiteStatus` a `SiteStatus`.
 */
export const SEARCH_ATTRIBUTES = {
  SessionId: 'KEYWORD',
  TenantId: 'KEYWORD',
  LocationId: 'KEYWORD',
  SessionStatus: 'KEYWORD',
  Progress: 'INT',
  BuildId: 'KEYWORD',
  SiteStatus: 'KEYWORD',
} as const;
export type SearchAttributeName = keyof typeof SEARCH_ATTRIBUTES;

export const SEARCH_STATUSES = [
  'IN_PROGRESS',
  'REVIEW',
  'COMPLETED',
  'FAILED',
  'REQUIRES_REVIEW',
  'CANCELLED',
] as const satisfies readonly SearchStatus[];

/** Checked in, captured, synced, fusion started, fusion done, report there, published. */
export const PROGRESS_MILESTONES = [10, 30, 50, 60, 80, 90, 100] as const;
export type ProgressMilestone = (typeof PROGRESS_MILESTONES)[number];

/** The argument of `sessionWorkflow`. */
export const sessionInputSchema = z.object({
  sessionId: z.uuid(),
  /** The patient's id. */
  userId: z.uuid(),
  tenantId: z.uuid(),
  locationId: z.uuid(),
  /** Version of the station that checked the patient in. */
  buildId: z.string().regex(/^[\w.+-]{1,64}$/),
  /** When the patient was checked in. */
  startedAt: instant,
});
export type SessionInput = z.infer<typeof sessionInputSchema>;

/** All steps are done or skipped. Another one after a report was sent back: the visit was taken up again. */
export const capturedMessageSchema = z.object({ at: instant });
export type CapturedMessage = z.infer<typeof capturedMessageSchema>;

/** Roles whose decision about a report counts. */
export const REVIEWER_ROLES = ['clinician', 'admin'] as const satisfies readonly Role[];

/** What somebody decided about the report that has this hash. */
export const reviewMessageSchema = z.object({
  decision: z.enum(['approved', 'sent-back']),
  reportSha256: sha256,
  /** Staff id, or the id of a person who works from elsewhere. */
  reviewerId: z.uuid(),
  /** In which role they decided. */
  role: roleSchema,
  at: instant,
  reason: z.enum(['retake-images', 'measure-again', 'wrong-patient', 'report-incomplete', 'other']).nullable(),
  /** May be about the patient: travels encrypted, and is in no log. */
  notes: z.string().max(4000).nullable().default(null),
});
export type ReviewMessage = z.infer<typeof reviewMessageSchema>;

/** The visit was cancelled in the clinic. */
export const cancelledMessageSchema = z.object({ at: instant });
export type CancelledMessage = z.infer<typeof cancelledMessageSchema>;

/** How far the visit is in the clinic: less than synced, which only the cloud can say. */
export const progressMessageSchema = z.object({ progress: z.number().int().min(0).max(49) });
export type ProgressMessage = z.infer<typeof progressMessageSchema>;

/**
 * Updates of `sessionWorkflow`: name -> schema of the one argument. Each is answered by a `MessageAnswer`, at once: none waits for a step
 * of the workflow.
 */
export const SESSION_MESSAGES = {
  captured: capturedMessageSchema,
  review: reviewMessageSchema,
  cancelled: cancelledMessageSchema,
  setProgress: progressMessageSchema,
} as const;
export type SessionMessageName = keyof typeof SESSION_MESSAGES;

/** Queries of `sessionWorkflow`: a number, and a `SessionState`. */
export const SESSION_QUERIES = { getProgress: 'getProgress', getState: 'getState' } as const;

/**
 * Which message an intent of a station becomes: update-with-start with the intent's id as `updateId`, in order per subject. Null: the
 * start alone.
 */
export const MESSAGE_OF_INTENT = {
  'session-start': null,
  'session-captured': 'captured',
  'session-review': 'review',
  'session-cancelled': 'cancelled',
  'calibration-start': null,
  'calibration-measured': 'measured',
  'calibration-cancelled': 'cancelled',
  'acceptance-start': null,
  'acceptance-cancelled': 'cancelled',
} as const satisfies Readonly<
  Record<IntentInput['kind'], SessionMessageName | CalibrationMessageName | AcceptanceMessageName | null>
>;

export const REFUSALS = [
  /** The shape is wrong: an error of whoever sent it. */
  'INVALID',
  /** The role may not decide. */
  'REVIEWER_NOT_PERMITTED',
  /** Another report is current than the one that was read. */
  'REPORT_CHANGED',
  /** Somebody else decided before. */
  'ALREADY_DECIDED',
  /** The workflow is past the point at which this could change anything. */
  'TOO_LATE',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/**
 * The answer of an update. `held`: a review waits for the gate, which decides once the cloud has the report; what became of it then stands
 * in the session's `cloud.review` (`cloudReviewSchema`). `refused`: nothing was changed, and the reason goes to a person.
 * A message that the validator turns down (`INVALID`, `REVIEWER_NOT_PERMITTED`) fails instead, with an application failure of that type,
 * and leaves no trace in the history. The answer to an update of a workflow that has ended since is asked for by its id.
 */
export const messageAnswerSchema = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('accepted') }),
  z.object({ outcome: z.literal('held') }),
  z.object({ outcome: z.literal('refused'), reason: z.enum(REFUSALS) }),
]);
export type MessageAnswer = z.infer<typeof messageAnswerSchema>;

/** What the gate made of the last review that it saw: `cloud.review` of the session. */
export const cloudReviewSchema = z.object({
  outcome: z.enum(['accepted', 'refused']),
  reason: z.enum(REFUSALS).nullable(),
  reportSha256: sha256,
  at: instant,
});
export type CloudReview = z.infer<typeof cloudReviewSchema>;

/** Where the workflow stands, in its own terms. */
export type SessionStep =
  | 'checking-in'
  | 'waiting-for-captures'
  | 'waiting-for-sync'
  | 'fusing'
  | 'waiting-for-report'
  | 'in-review'
  | 'sent-back'
  | 'publishing'
  | 'notifying'
  | 'ended';

/** The answer of `getState`: ids, codes and numbers only. */
export interface SessionState {
  readonly sessionId: string;
  readonly status: SearchStatus;
  readonly progress: number;
  readonly step: SessionStep;
  /** Counts the times that captures were complete. */
  readonly round: number;
  /** The report that the gate is about. */
  readonly reportSha256: string | null;
  /** When the gate's time runs out. */
  readonly reviewDueAt: string | null;
  readonly reviewsHeld: number;
  /** What the gate made of the last review. */
  readonly review: CloudReview | null;
  /** Why it ended, or waits for a person: a code. */
  readonly reason: string | null;
}

/** What `sessionWorkflow` ends with. A visit that failed ends it with an application failure of type `SessionFailure` instead. */
export interface SessionResult {
  readonly sessionId: string;
  readonly status: Extract<SearchStatus, 'COMPLETED' | 'REQUIRES_REVIEW' | 'CANCELLED'>;
  readonly progress: number;
  readonly reportSha256: string | null;
  readonly reason: string | null;
  /** ISO 8601. */
  readonly endedAt: string;
}

/** Types of the application failures that a session's workflow ends with. */
export const SESSION_FAILURES = [
  'CAPTURE_TIMEOUT',
  'SYNC_TIMEOUT',
  'FUSION_FAILED',
  'REPORT_TIMEOUT',
  'PUBLISH_FAILED',
  /** The cloud could not write what happened. */
  'STEP_FAILED',
] as const;
export type SessionFailure = (typeof SESSION_FAILURES)[number];
