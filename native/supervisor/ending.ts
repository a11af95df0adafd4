/** How a device's stay, or a try to reach it, ends; and what follows from that for the device. */
import { type ProblemCode, VantageError } from '../../electron/contract/index.ts';
import type { Failure } from '../driver/outcome.ts';
import { TransportError } from '../transport/transport.ts';

/**
 * Why a stay or an attempt ended. `detached`: nothing is there. `faulted`: something is, and does not do. `hopeless`: trying
 * again changes nothing. `strike` is whether it is held against the device: what it did while it was in use is, being switched
 * off, busy, the wrong one or in front of a full disk of ours is not.
 */
export type Ending =
  | {
      readonly kind: 'detached' | 'faulted' | 'hopeless';
      readonly code: ProblemCode;
      readonly detail: string;
      readonly strike: boolean;
    }
  | { readonly kind: 'stopped' };

export const STOPPED: Ending = { kind: 'stopped' };

/** Faults in use that are the device's own. */
const OWN_FAULTS: ReadonlySet<ProblemCode> = new Set(['DEVICE_SILENT', 'DEVICE_GARBLED']);
/** Codes that mean that nothing is there. */
const ABSENCE: ReadonlySet<ProblemCode> = new Set(['DEVICE_ABSENT', 'DEVICE_LOST']);

/** A broken dialogue ends the stay. A lost line is a detachment, everything else a fault. */
export function endingAfter({ code, detail }: Failure): Ending {
  return ABSENCE.has(code)
    ? { kind: 'detached', code: 'DEVICE_ABSENT', detail, strike: false }
    : { kind: 'faulted', code, detail, strike: OWN_FAULTS.has(code) };
}

/** What an attempt that threw ended with. */
export function endingOf(error: unknown): Ending {
  const detail = error instanceof Error ? error.message : String(error);
  const faulted = (code: ProblemCode): Ending => ({ kind: 'faulted', code, detail, strike: false });
  if (error instanceof VantageError) {
    const { code } = error;
    return code === 'DEVICE_UNSUPPORTED'
      ? { kind: 'hopeless', code, detail: error.detail, strike: false }
      : faulted(code);
  }
  if (!(error instanceof TransportError)) return faulted('INTERNAL');
  switch (error.code) {
    case 'BUSY':
      return faulted('DEVICE_BUSY');
    case 'PERMISSION':
    case 'FAILED':
      return faulted('DEVICE_REFUSED');
    default:
      return { kind: 'detached', code: 'DEVICE_ABSENT', detail, strike: false };
  }
}
