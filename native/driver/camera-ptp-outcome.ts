/** What went wrong at a camera, as the outcome a person and the supervisor can act on. */
import type { ProblemCode } from '../../electron/contract/index.ts';
import { VantageError } from '../../electron/contract/index.ts';
import { PTP_RESPONSE } from '../codec/ptp-codes.ts';
import type { PtpFailure } from './camera-ptp-device.ts';
import type { Failure } from './outcome.ts';

/** The problem a response code stands for (ISO 15740 11.3), and whether asking again may help. */
const RESPONSES: Readonly<Record<number, readonly [Failure['kind'], ProblemCode]>> = {
  [PTP_RESPONSE.DeviceBusy]: ['retryable', 'DEVICE_BUSY'],
  [PTP_RESPONSE.StoreFull]: ['refused', 'CAMERA_CARD_FULL'],
  [PTP_RESPONSE.StoreNotAvailable]: ['refused', 'CAMERA_CARD_UNUSABLE'],
  [PTP_RESPONSE.StoreReadOnly]: ['refused', 'CAMERA_CARD_UNUSABLE'],
  // The session is gone, e.g. the camera went to sleep and woke up: only a new connection helps.
  [PTP_RESPONSE.SessionNotOpen]: ['broken', 'DEVICE_LOST'],
};

/** A failure while nothing had been set off: nothing happened, or the dialogue is unusable. */
export function plainOutcome(failure: PtpFailure): Failure {
  const { detail, evidence } = failure;
  const of = (kind: Failure['kind'], code: ProblemCode): Failure => ({ kind, code, detail, evidence });
  switch (failure.failed) {
    case 'refused': {
      const [kind, code] = RESPONSES[failure.code ?? 0] ?? (['refused', 'DEVICE_REFUSED'] as const);
      return of(kind, code);
    }
    case 'silent':
      return of('broken', 'DEVICE_SILENT');
    case 'lost':
      return of('broken', 'DEVICE_LOST');
    case 'unreachable':
      return of('broken', 'DEVICE_ABSENT');
    case 'occupied':
      return of('retryable', 'DEVICE_BUSY');
    case 'rejected':
      return of('refused', 'DEVICE_REFUSED');
    case 'aborted':
      return of('retryable', 'CANCELLED');
    case 'sink':
      return of('broken', sinkCode(failure.error));
    default:
      return of('broken', 'DEVICE_GARBLED');
  }
}

/** A failure after the shutter was released: the picture may be on the card, `recover` finds out. */
export function afterShutterOutcome(failure: PtpFailure): Failure {
  return { ...plainOutcome(failure), kind: 'ambiguous' };
}

function sinkCode(error: unknown): ProblemCode {
  return error instanceof VantageError ? error.code : 'DISK_FAILED';
}
