/**
 * What the devices process offers to core. Core sees only this interface; it is carried over a port by `electron/services`.
 * Bytes of a capture never cross that port: they are streamed into a file that core has granted.
 */
import type {
  CaptureSettings,
  DeviceConfiguration,
  DeviceStatus,
  WeightReading,
  WeightSample,
} from '../../electron/contract/index.ts';
import type { CaptureProgress, CapturedObject, CaptureSink, Outcome } from '../driver/driver.ts';

/** Permission to write exactly one blob: where, and with which fresh key. Opaque to native. */
export interface WriteGrant {
  readonly path: string;
  /** 256-bit key of this one blob, base64. */
  readonly key: string;
}

export type OpenSink = (grant: WriteGrant) => Promise<CaptureSink>;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Which camera is meant. With a `serial`, another one that answers at the same address is refused (DEVICE_WRONG): on its card lie
 * other people's pictures.
 */
export interface CameraCall {
  readonly deviceId: string;
  readonly serial?: string | undefined;
}

/** Progress of a capture, then exactly one `outcome`, then the end. */
export type CaptureEvent =
  | ({ readonly type: 'progress' } & CaptureProgress)
  | { readonly type: 'outcome'; readonly outcome: Outcome<CapturedObject | null> };

export interface DevicesApi {
  /** Sets which devices this station has. Replaces the former list; unchanged devices stay connected. */
  configure(input: { readonly devices: readonly DeviceConfiguration[] }, options?: CallOptions): Promise<void>;
  /** The state of all configured devices: at once, then after every change. */
  watch(options?: CallOptions): Promise<AsyncIterable<readonly DeviceStatus[]>>;
  /** Live samples of a scale. Ends when the device goes. Several listeners share one dialogue. */
  watchReadings(input: { readonly deviceId: string }, options?: CallOptions): Promise<AsyncIterable<WeightSample>>;
  weigh(input: { readonly deviceId: string }, options?: CallOptions): Promise<Outcome<WeightReading>>;
  zero(input: { readonly deviceId: string }, options?: CallOptions): Promise<Outcome<{ readonly at: string }>>;
  /** The newest object on a camera, to be stored before `capture` so that a lost reply can be cleared up. */
  lastToken(input: CameraCall, options?: CallOptions): Promise<Outcome<{ readonly token: string | null }>>;
  capture(
    input: CameraCall & { readonly settings: CaptureSettings; readonly grant: WriteGrant },
    options?: CallOptions,
  ): Promise<AsyncIterable<CaptureEvent>>;
  recover(
    input: CameraCall & { readonly since: string | null; readonly grant: WriteGrant },
    options?: CallOptions,
  ): Promise<AsyncIterable<CaptureEvent>>;
  release(
    input: CameraCall & { readonly token: string },
    options?: CallOptions,
  ): Promise<Outcome<{ readonly removed: boolean }>>;
  /** A quarantined device is tried again, with its count of stops forgotten. */
  reinstate(input: { readonly deviceId: string }, options?: CallOptions): Promise<void>;
}
