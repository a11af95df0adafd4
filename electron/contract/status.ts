/** The session's status machine and what follows from it. Pure. */
import { z } from 'zod';

export const sessionStatusSchema = z.enum([
  'SCHEDULED',
  'CHECKED_IN',
  'CAPTURING',
  'ANALYSING',
  'REVIEW',
  'COMPLETED',
  'REQUIRES_REVIEW',
  'FAILED',
  'CANCELLED',
]);
export type SessionStatus = z.infer<typeof sessionStatusSchema>;

/**
 * From each status, where a session may go.
 * REQUIRES_REVIEW = sent back by a clinician, or a review that nobody gave in time; it goes on by a new capture or report.
 */
const TRANSITIONS: Readonly<Record<SessionStatus, readonly SessionStatus[]>> = {
  SCHEDULED: ['CHECKED_IN', 'CANCELLED'],
  CHECKED_IN: ['CAPTURING', 'CANCELLED'],
  CAPTURING: ['ANALYSING', 'CANCELLED', 'FAILED'],
  ANALYSING: ['REVIEW', 'CAPTURING', 'FAILED', 'CANCELLED'],
  REVIEW: ['COMPLETED', 'REQUIRES_REVIEW', 'FAILED', 'CANCELLED'],
  REQUIRES_REVIEW: ['CAPTURING', 'ANALYSING', 'REVIEW', 'COMPLETED', 'CANCELLED'],
  COMPLETED: [],
  FAILED: ['CAPTURING', 'ANALYSING', 'CANCELLED'],
  CANCELLED: [],
};

export function canMove(from: SessionStatus, to: SessionStatus): boolean {
  return TRANSITIONS[from].includes(to);
}

export function isClosed(status: SessionStatus): boolean {
  return TRANSITIONS[status].length === 0;
}

/** The five values that workflows and lists know; SCHEDULED has none. */
export type SearchStatus = 'IN_PROGRESS' | 'REVIEW' | 'COMPLETED' | 'FAILED' | 'REQUIRES_REVIEW' | 'CANCELLED';

export function searchStatusOf(status: SessionStatus): SearchStatus | null {
  switch (status) {
    case 'SCHEDULED':
      return null;
    case 'CHECKED_IN':
    case 'CAPTURING':
    case 'ANALYSING':
      return 'IN_PROGRESS';
    default:
      return status;
  }
}

/** What `progressOf` looks at; a session document has all of it. */
export interface ProgressInput {
  readonly status: SessionStatus;
  /** Set when every step of the protocol is done or skipped. */
  readonly capturedAt?: string | null | undefined;
  readonly reportId?: string | null | undefined;
  /** Whether this visit ends in the clinic (no workflows configured). */
  readonly endsLocally: boolean;
  readonly cloud?:
    | {
        readonly syncedAt?: string | null | undefined;
        readonly fusionStartedAt?: string | null | undefined;
        readonly fusionDoneAt?: string | null | undefined;
        readonly publishedAt?: string | null | undefined;
      }
    | null
    | undefined;
}

/**
 * 0-100, computed, never stored: checked in 10, captured 30, synced 50, fusion started 60, fusion done 80, report 90,
 * published 100. A visit that ends in the clinic reaches 100 on approval and never claims to be synced on the way.
 */
export function progressOf(session: ProgressInput): number {
  if (session.status === 'SCHEDULED') return 0;
  if (session.cloud?.publishedAt) return 100;
  if (session.status === 'COMPLETED' && session.endsLocally) return 100;
  if (session.reportId) return 90;
  if (session.cloud?.fusionDoneAt) return 80;
  if (session.cloud?.fusionStartedAt) return 60;
  if (session.cloud?.syncedAt) return 50;
  if (session.capturedAt) return 30;
  return 10;
}
