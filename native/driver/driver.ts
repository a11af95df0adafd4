/**
 * What every driver answers, and how. A driver speaks one device's language over a transport; the supervisor above it owns
 * timeouts, restarts and states. Drivers never throw for what a device does: they return an {@link Outcome}.
 */
import type {
  CaptureSettings,
  DeviceIdentity,
  DeviceKind,
  ProblemCode,
  WeightReading,
  WeightSample,
} from '../../electron/contract/index.ts';
import type { CloseCause } from '../transport/transport.ts';

/**
 * The result of asking a device for something.
 * - `completed`: done, with its value.
 * - `refused`: the device said no; asking again without a change is pointless (overload, card full, not supported).
 * - `retryable`: nothing happened; asking again may work (busy, not settled in time).
 * - `ambiguous`: it may or may not have happened (a reply was lost). Never repeated automatically; `recover` finds out.
 * - `broken`: the connection or the dialogue is unusable; the supervisor must recover the device.
 */
export type Outcome<T> =
  | { readonly kind: 'completed'; readonly value: T }
  | {
      readonly kind: 'refused' | 'retryable' | 'ambiguous' | 'broken';
      /** Stable code; `electron/contract/problems.ts` holds what a person is told and the one action. */
      readonly code: ProblemCode;
      /** What happened, for the technician's log. No patient data. */
      readonly detail: string;
      /** Raw bytes that led to this, hex, at most 256 bytes; empty when there are none. */
      readonly evidence: string;
    };

/** Where a capture's bytes go. The devices service injects one that writes into the vault; native knows no vault. */
export interface CaptureSink {
  /** Appends bytes; resolves when the sink can take more (back-pressure). @throws when the disk refuses. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes all of it durable. Returns the SHA-256 (lower-case hex) and the length in bytes of what was written. */
  finish(): Promise<{ readonly sha256: string; readonly size: number }>;
  /** Throws everything away. Idempotent, safe after a failed write. */
  abort(): Promise<void>;
}

/** What every device can do. */
export interface Driver {
  readonly kind: DeviceKind;
  /** Asks the device who it is. The serial number reported here is the identity, never a port path. */
  identify(signal: AbortSignal): Promise<Outcome<DeviceIdentity>>;
  /** A cheap question whose answer proves that the dialogue still works (heartbeat). */
  health(signal: AbortSignal): Promise<Outcome<{ readonly detail: string }>>;
  /** Resolves once when the device can no longer be spoken to. */
  readonly closed: Promise<CloseCause>;
  close(): Promise<void>;
}

/** A scale: live samples, one stable reading, zero. */
export interface ScaleDriver extends Driver {
  readonly kind: 'scale';
  /** Samples while somebody listens, about ten a second. Ends on abort; throws nothing but ends when the device goes. */
  samples(signal: AbortSignal): AsyncIterable<WeightSample>;
  /** Waits for the scale's own "stable" and returns that reading. */
  weigh(signal: AbortSignal): Promise<Outcome<WeightReading>>;
  /** Sets zero (the scale must be stable and empty). */
  zero(signal: AbortSignal): Promise<Outcome<{ readonly at: string }>>;
}

/** An object on a camera that has been read completely. */
export interface CapturedObject {
  /** Opaque to everyone but the driver; given back to `release` and `recover`. */
  readonly token: string;
  readonly filename: string;
  readonly mediaType: string;
  readonly sha256: string;
  readonly size: number;
  /** When the device says it was taken (device clock, ISO 8601), or null. */
  readonly takenAt: string | null;
  /** What the device reports about how it was taken (exposure, lens ...), for provenance. */
  readonly settings: Readonly<Record<string, string>>;
}

export type CaptureProgress =
  | { readonly phase: 'triggered' }
  | { readonly phase: 'exposed'; readonly token: string }
  | { readonly phase: 'receiving'; readonly token: string; readonly received: number; readonly total: number };

/** A still camera. */
export interface CameraDriver extends Driver {
  readonly kind: 'body-camera' | 'fundus-camera';
  /** The token of the newest object on the camera now, or null. Remember it before a capture, to be able to recover. */
  lastToken(signal: AbortSignal): Promise<Outcome<{ readonly token: string | null }>>;
  /** Releases the shutter, waits for the object and streams it into `sink`. Never releases the shutter twice. */
  capture(
    settings: CaptureSettings,
    sink: CaptureSink,
    onProgress: (progress: CaptureProgress) => void,
    signal: AbortSignal,
  ): Promise<Outcome<CapturedObject>>;
  /**
   * After an ambiguous capture: looks for objects newer than `since` and, if there is one, streams the oldest such into
   * `sink`. `value: null` means that no picture was taken, so the shutter may be released again.
   */
  recover(
    since: string | null,
    sink: CaptureSink,
    onProgress: (progress: CaptureProgress) => void,
    signal: AbortSignal,
  ): Promise<Outcome<CapturedObject | null>>;
  /** Removes the object from the camera's card. Only called when our copy is durable and its row is written. */
  release(token: string, signal: AbortSignal): Promise<Outcome<{ readonly removed: boolean }>>;
}
