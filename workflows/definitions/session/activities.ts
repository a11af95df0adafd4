/** The activities of a visit, with the timeouts and tries that each kind of work gets. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { SessionActivities } from '../../activities/session-activities.ts';
import type { Timing } from '../timing.ts';
import { CONFIGURATION_MS, FUSION_ATTEMPTS } from '../timing.ts';

const BACKOFF = 1.5;

export const { readTiming } = proxyLocalActivities<Pick<SessionActivities, 'readTiming'>>({
  startToCloseTimeout: CONFIGURATION_MS,
});

/** Short writes: tried for as long as the cloud may be out of order. */
type Marks = Pick<
  SessionActivities,
  | 'markCheckedIn'
  | 'markCaptured'
  | 'startFusion'
  | 'discardFusion'
  | 'openReview'
  | 'tellReview'
  | 'routeToPeople'
  | 'publish'
  | 'markEnded'
>;
export interface Activities {
  readonly marks: Marks;
  readonly sync: Pick<SessionActivities, 'checkSynced'>;
  readonly report: Pick<SessionActivities, 'findReport'>;
  readonly gate: Pick<SessionActivities, 'watchReport'>;
  readonly fusion: Pick<SessionActivities, 'fuse'>;
  readonly notice: Pick<SessionActivities, 'notifyPatient'>;
}

export function activitiesWith(timing: Timing): Activities {
  const call = { startToCloseTimeout: timing.call } as const;
  const tries = { initialInterval: timing.fusionAgain, backoffCoefficient: 2, maximumInterval: timing.lookAtMost };
  /** The world is looked at again and again by one activity that is tried again: that leaves nothing in the history. */
  const look = {
    initialInterval: timing.look,
    backoffCoefficient: BACKOFF,
    maximumInterval: Math.max(timing.look, timing.lookAtMost),
  };
  return {
    marks: proxyActivities<Marks>({ ...call, scheduleToCloseTimeout: timing.callTries, retry: tries }),
    sync: proxyActivities<Pick<SessionActivities, 'checkSynced'>>({
      ...call,
      scheduleToCloseTimeout: timing.syncWait,
      retry: look,
    }),
    report: proxyActivities<Pick<SessionActivities, 'findReport'>>({
      ...call,
      scheduleToCloseTimeout: timing.reportWait,
      retry: look,
    }),
    gate: proxyActivities<Pick<SessionActivities, 'watchReport'>>({
      ...call,
      scheduleToCloseTimeout: timing.gate + timing.followUp,
      retry: look,
    }),
    fusion: proxyActivities<Pick<SessionActivities, 'fuse'>>({
      startToCloseTimeout: timing.fusion,
      heartbeatTimeout: timing.fusionAlive,
      retry: { initialInterval: timing.fusionAgain, backoffCoefficient: 2, maximumAttempts: FUSION_ATTEMPTS },
    }),
    notice: proxyActivities<Pick<SessionActivities, 'notifyPatient'>>({
      ...call,
      scheduleToCloseTimeout: timing.notifyTries,
      retry: tries,
    }),
  };
}
