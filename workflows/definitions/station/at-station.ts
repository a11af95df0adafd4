/**
 * Work at a station, which polls for it. One that does not take it soon, or falls silent while at it, is said to be away and asked again:
 * each try is an activity of its own, so that histories show what became of it.
 */
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  TimeoutFailure,
  isCancellation,
  proxyActivities,
  sleep,
} from '@temporalio/workflow';
import type { StationActivities } from '../../../electron/contract/station-work.ts';
import type { Timing } from '../timing.ts';

export interface AtStationOptions {
  readonly timing: Timing;
  /** Asked before each try: a run is one station's once that has taken it up. */
  readonly queue: () => string;
  /** At the first try that nobody took, and (null) once somebody answered again. @param since ISO 8601 */
  readonly away: (since: string | null) => Promise<void>;
}

/** The type of the application failure that says that nobody was there for as long as is waited. */
export const STATION_AWAY = 'STATION_AWAY';

const BACKOFF = 2;

export class AtStation {
  readonly #options: AtStationOptions;
  #awaySince: string | null = null;

  constructor(options: AtStationOptions) {
    this.#options = options;
  }

  /**
   * @throws ApplicationFailure STATION_AWAY; ActivityFailure for what the station refuses for good; CancelledFailure
   */
  async ask<T>(work: (station: StationActivities) => Promise<T>): Promise<T> {
    const { timing, queue } = this.#options;
    const deadline = Date.now() + timing.stationWait;
    let waitMs = timing.stationAgain;
    for (;;) {
      try {
        const answer = await work(activitiesOn(queue(), timing));
        await this.#told(null);
        return answer;
      } catch (error) {
        if (isCancellation(error) || !mayPass(error)) throw error;
        await this.#told(new Date().toISOString());
      }
      if (Date.now() + waitMs > deadline) {
        throw ApplicationFailure.nonRetryable('no station answered for as long as is waited', STATION_AWAY);
      }
      await sleep(waitMs);
      waitMs = Math.min(waitMs * BACKOFF, Math.max(timing.stationAgainAtMost, timing.stationAgain));
    }
  }

  async #told(at: string | null): Promise<void> {
    const was = this.#awaySince;
    if ((was === null) === (at === null)) return;
    this.#awaySince = at;
    await this.#options.away(at);
  }
}

function activitiesOn(taskQueue: string, timing: Timing): StationActivities {
  return proxyActivities<StationActivities>({
    taskQueue,
    scheduleToStartTimeout: timing.stationStart,
    startToCloseTimeout: timing.stationWork,
    heartbeatTimeout: timing.stationAlive,
    retry: { maximumAttempts: 1 },
    // What is taken back there must not meet what is still being done.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
}

/** Nobody took it, it fell silent, or it said that it can't now. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof ActivityFailure)) return false;
  const { cause } = error;
  return cause instanceof TimeoutFailure || (cause instanceof ApplicationFailure && cause.nonRetryable !== true);
}
