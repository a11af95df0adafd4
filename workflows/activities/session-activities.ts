/**
 * What a visit's workflow asks of the world. Definitions know these shapes only, so this file has no code of its own. Each activity may
 * run more than once and has its effect once, by `workflowId:activityId`.
 */
import type { CloudReview, SessionInput } from '../../electron/contract/workflows.ts';
import type { Timing } from '../definitions/timing.ts';

/** The visit that it is about. */
export type VisitRef = Pick<SessionInput, 'sessionId' | 'tenantId' | 'locationId'>;

export interface WaitForSync {
  readonly visit: VisitRef;
  /** When the captures were complete, as the clinic says: what the cloud has from before does not count. */
  readonly capturedAt: string;
}

export interface WaitForReport extends WaitForSync {
  /** The report that was sent back: another one is awaited. */
  readonly otherThan: string | null;
}

export interface ReportRef {
  readonly reportId: string;
  readonly sha256: string;
  readonly version: number;
}

/** A decision that stands in the report's document, wherever it was given. */
export interface DocumentedReview {
  readonly decision: 'approved' | 'sent-back';
  readonly reportSha256: string;
  readonly by: string;
  readonly at: string;
}

/** What changed at the gate: another report is current, or somebody decided about this one. */
export interface GateNews {
  readonly report: ReportRef;
  readonly review: DocumentedReview | null;
}

export interface WatchReport {
  readonly visit: VisitRef;
  readonly reportSha256: string;
  /** Whether only another report is news, and not what was decided about this one. */
  readonly otherOnly: boolean;
}

export interface FusionDone {
  readonly engine: string;
  readonly version: string;
}

export interface SessionActivities {
  /** The waits and timeouts of this worker's configuration. */
  readTiming(): Promise<Timing>;
  markCheckedIn(request: { readonly visit: VisitRef; readonly buildId: string; readonly at: string }): Promise<void>;
  markCaptured(request: { readonly visit: VisitRef; readonly round: number; readonly at: string }): Promise<void>;
  /** One look whether the cloud has all of the visit. @throws NOT_YET, to be tried again */
  checkSynced(request: WaitForSync): Promise<void>;
  startFusion(request: { readonly visit: VisitRef; readonly round: number }): Promise<void>;
  /** Puts together what was measured, and writes it to the visit. @throws FUSION_REJECTED, FUSION_UNAVAILABLE */
  fuse(request: { readonly visit: VisitRef; readonly round: number }): Promise<FusionDone>;
  /** Takes back that an analysis is under way. */
  discardFusion(request: { readonly visit: VisitRef }): Promise<void>;
  /** One look whether the clinic has made a report since, and the cloud has its file. @throws NOT_YET */
  findReport(request: WaitForReport): Promise<ReportRef>;
  /** One look whether anything has changed about this report. @throws NOT_YET */
  watchReport(request: WatchReport): Promise<GateNews>;
  openReview(request: { readonly visit: VisitRef; readonly report: ReportRef; readonly dueAt: string }): Promise<void>;
  /** What the gate made of a review; a refused one is told to people. */
  tellReview(request: { readonly visit: VisitRef; readonly review: CloudReview }): Promise<void>;
  /** Nobody decided in time: people are told. */
  routeToPeople(request: { readonly visit: VisitRef; readonly reportSha256: string }): Promise<void>;
  publish(request: { readonly visit: VisitRef; readonly report: ReportRef }): Promise<void>;
  /** Says that there is something to see, and nothing of what. */
  notifyPatient(request: { readonly visit: VisitRef; readonly userId: string }): Promise<void>;
  markEnded(request: {
    readonly visit: VisitRef;
    readonly status: 'CANCELLED' | 'FAILED' | 'REQUIRES_REVIEW';
    /** A code. */
    readonly reason: string;
  }): Promise<void>;
}
