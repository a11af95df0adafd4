/** The activities that a station polls for: each asks core, and gives signs of life while core works. */
import { ApplicationFailure, Context, activityInfo, heartbeat } from '@temporalio/activity';
import type { ProblemCode, StationActivities } from '../contract/index.ts';
import { codeOf } from '../core/problems.ts';
import type { StationWorkApi } from '../core/station-work/station-work-api.ts';

/** Of the heartbeat's timeout: often enough to be missed twice. */
const SIGNS_PER_TIMEOUT = 3;
const SIGN_MS = 3000;
/** Asked again it would be refused again. Everything else may pass: a process that restarts, a device that is away. */
const FINAL: ReadonlySet<ProblemCode> = new Set<ProblemCode>(['STATUS_CONFLICT', 'NOT_FOUND', 'INPUT_INVALID']);

export function createStationActivities(api: Omit<StationWorkApi, 'line'>): StationActivities {
  return {
    takeUpAcceptance: async (request) => alive(async (options) => api.takeUpAcceptance(request, options)),
    runCheck: async (request) => alive(async (options) => api.runCheck(request, options)),
    concludeAcceptance: async (request) => alive(async (options) => api.concludeAcceptance(request, options)),
    giveUpAcceptance: async (request) => alive(async (options) => api.giveUpAcceptance(request, options)),
    prepareCalibration: async (request) => alive(async (options) => api.prepareCalibration(request, options)),
    readCalibration: async (request) => alive(async (options) => api.readCalibration(request, options)),
    putBackCalibration: async (request) => alive(async (options) => api.putBackCalibration(request, options)),
  };
}

/** @throws ApplicationFailure whose type is core's code; never text of core, which might quote something */
async function alive<T>(work: (options: { readonly signal: AbortSignal }) => Promise<T>): Promise<T> {
  const signal = Context.current().cancellationSignal;
  const everyMs = (activityInfo().heartbeatTimeoutMs ?? SIGN_MS * SIGNS_PER_TIMEOUT) / SIGNS_PER_TIMEOUT;
  const signs = setInterval(() => heartbeat(), everyMs);
  try {
    return await work({ signal });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const code = codeOf(error);
    throw ApplicationFailure.create({
      message: 'the station could not do it',
      type: code,
      nonRetryable: FINAL.has(code),
    });
  } finally {
    clearInterval(signs);
  }
}
