/**
 * All waits and timeouts of the workflows, in milliseconds. A worker's configuration may set others (`WORKFLOW_TIMING`); a workflow reads
 * them once, by an activity, so that they stand in its history and a change never reaches one that is running.
 */
import { z } from 'zod';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const ms = z.number().int().min(1);

export const timingSchema = z.object({
  /** Until the captures are complete. Clinics may be without a line for days. */
  captureWait: ms.default(14 * DAY),
  /** Until the cloud has all of them. */
  syncWait: ms.default(30 * DAY),
  /** Until the clinic has made the report. */
  reportWait: ms.default(7 * DAY),
  /** Between two looks at something that is waited for: the first, and the longest. */
  look: ms.default(5 * SECOND),
  lookAtMost: ms.default(MINUTE),
  /** The review gate: after it, people are told. */
  gate: ms.default(24 * HOUR),
  /** For a visit that was sent back, or a review that nobody gave in time. */
  followUp: ms.default(60 * DAY),
  /** One call of the internal API, and all tries of it. */
  call: ms.default(30 * SECOND),
  callTries: ms.default(7 * DAY),
  /** One try of an analysis, its sign of life, and the wait before the next. */
  fusion: ms.default(5 * MINUTE),
  fusionAlive: ms.default(30 * SECOND),
  fusionAgain: ms.default(SECOND),
  /** All tries to tell somebody. It is not worth more. */
  notifyTries: ms.default(HOUR),
  /** Until a station has taken a piece of work; after it, it is said to be away. */
  stationStart: ms.default(30 * SECOND),
  /** A station's sign of life while it works. */
  stationAlive: ms.default(10 * SECOND),
  /** One piece of work there. */
  stationWork: ms.default(15 * MINUTE),
  /** Until one that is away is asked again: the first time, and the longest. */
  stationAgain: ms.default(10 * SECOND),
  stationAgainAtMost: ms.default(15 * MINUTE),
  /** All of that. */
  stationWait: ms.default(7 * DAY),
  /** For a technician with weights in hand. */
  measureWait: ms.default(14 * DAY),
});
export type Timing = z.output<typeof timingSchema>;

/** Tries of an analysis. */
export const FUSION_ATTEMPTS = 10;
/** Reading the configuration needs nothing of the world. */
export const CONFIGURATION_MS = 10 * SECOND;

/** A night's archive: until the next one begins, a sign of life after each history, and the wait before it is tried again. */
export const ARCHIVE_WAITS = {
  startToCloseTimeout: 20 * HOUR,
  scheduleToCloseTimeout: 22 * HOUR,
  heartbeatTimeout: 2 * MINUTE,
  retry: { initialInterval: 10 * SECOND, backoffCoefficient: 2, maximumInterval: 10 * MINUTE },
} as const;
/** Counting the visits that somebody has to look at. */
export const REPORT_WAITS = {
  startToCloseTimeout: 30 * MINUTE,
  scheduleToCloseTimeout: 6 * HOUR,
  heartbeatTimeout: 2 * MINUTE,
  retry: { initialInterval: 10 * SECOND, backoffCoefficient: 2, maximumInterval: 10 * MINUTE },
} as const;
