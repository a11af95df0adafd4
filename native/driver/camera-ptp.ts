/**
 * Still cameras over PTP/IP (ISO 15740, CIPA DC-005), with InitiateCapture or the Canon EOS release, whichever the camera
 * offers. The shutter is released at most once per `capture`; whatever goes wrong after it is `ambiguous`, and `recover`
 * looks on the card. Connects at the first question; aborting the sink after a failure is the caller's part.
 */
import type { CaptureSettings, DeviceConfiguration, DeviceIdentity } from '../../electron/contract/index.ts';
import { PTP_OPERATION, PTP_RESPONSE } from '../codec/ptp-codes.ts';
import { type PtpObjectInfo, ptpDateToIso } from '../codec/ptp.ts';
import { createTcpTransport } from '../transport/tcp.ts';
import type { CloseCause, Transport } from '../transport/transport.ts';
import { isFailure, PtpDevice, type PtpFailure } from './camera-ptp-device.ts';
import { download } from './camera-ptp-download.ts';
import {
  type CameraObjectRef,
  compareObjects,
  isJpeg,
  listObjects,
  mediaTypeOf,
  parseToken,
  partsOf,
  tokenOf,
} from './camera-ptp-objects.ts';
import { afterShutterOutcome, plainOutcome } from './camera-ptp-outcome.ts';
import { ObjectWatch } from './camera-ptp-watch.ts';
import { completed, type Failure } from './outcome.ts';
import type { CameraDriver, CapturedObject, CaptureProgress, CaptureSink, Outcome } from './driver.ts';

export interface PtpCameraOptions {
  /** Makes one byte stream to the camera; default: TCP to the configured address. */
  readonly connect?: () => Transport;
  readonly openTimeoutMs?: number;
  /** Longest silence within one operation. */
  readonly silenceMs?: number;
  /** From the release of the shutter until its picture must be on the card. */
  readonly captureWaitMs?: number;
  /** How long `recover` looks before it says that there is no picture: cameras write late. */
  readonly settleMs?: number;
  readonly pieceBytes?: number;
  readonly maxObjectBytes?: number;
}

const DEFAULTS = {
  openTimeoutMs: 5_000,
  silenceMs: 8_000,
  captureWaitMs: 30_000,
  settleMs: 5_000,
  pieceBytes: 1024 * 1024,
  maxObjectBytes: 512 * 1024 * 1024,
} as const;
const RECOVER_POLL_MS = 500;

/**
 * A driver for one configured camera.
 * @throws RangeError when the configuration is no PTP/IP camera.
 */
export function createPtpCameraDriver(
  configuration: DeviceConfiguration,
  options: PtpCameraOptions = {},
): CameraDriver {
  const { address, kind } = configuration;
  if (address.type !== 'ptpip' || kind === 'scale') throw new RangeError('not a camera with a PTP/IP address');
  const { host, port } = address;
  const connect = options.connect ?? (() => createTcpTransport({ host, port }));
  return new PtpCamera(kind, { ...DEFAULTS, ...options, connect });
}

class PtpCamera implements CameraDriver {
  readonly kind: CameraDriver['kind'];
  readonly closed: Promise<CloseCause>;
  private readonly options: Required<PtpCameraOptions>;
  private readonly ended = Promise.withResolvers<CloseCause>();
  private readonly known = new Map<number, PtpObjectInfo>();
  private readonly stop = new AbortController();
  private device: PtpDevice | null = null;
  private opening: Promise<PtpDevice | PtpFailure> | null = null;
  private resuming = false;
  private over = false;

  constructor(kind: CameraDriver['kind'], options: Required<PtpCameraOptions>) {
    this.kind = kind;
    this.options = options;
    this.closed = this.ended.promise;
  }

  async identify(signal: AbortSignal): Promise<Outcome<DeviceIdentity>> {
    const device = await this.connected(signal);
    if (isFailure(device)) return plainOutcome(device);
    const { manufacturer, model, serialNumber, deviceVersion } = device.info;
    return completed({ manufacturer, model, serial: serialNumber, firmware: deviceVersion });
  }

  async health(signal: AbortSignal): Promise<Outcome<{ readonly detail: string }>> {
    const device = await this.connected(signal);
    if (isFailure(device)) return plainOutcome(device);
    const failure = await device.ask();
    if (failure !== null) return plainOutcome(failure);
    const { wrongTransaction, malformed } = device.connection.counters;
    return completed({ detail: `answers; ${wrongTransaction} frames with a wrong id, ${malformed} malformed` });
  }

  async lastToken(signal: AbortSignal): Promise<Outcome<{ readonly token: string | null }>> {
    const device = await this.connected(signal);
    if (isFailure(device)) return plainOutcome(device);
    const objects = await listObjects(device, this.known);
    if (isFailure(objects)) return plainOutcome(objects);
    const newest = objects.at(-1);
    return completed({ token: newest === undefined ? null : tokenOf(newest) });
  }

  async capture(
    settings: CaptureSettings,
    sink: CaptureSink,
    onProgress: (progress: CaptureProgress) => void,
    signal: AbortSignal,
  ): Promise<Outcome<CapturedObject>> {
    const device = await this.connected(signal);
    if (isFailure(device)) return plainOutcome(device);
    if (!device.eos && !device.can(PTP_OPERATION.InitiateCapture)) {
      return plainOutcome({ failed: 'refused', detail: 'the camera cannot be released from here', evidence: '' });
    }
    const before = await device.handles();
    if (isFailure(before)) return plainOutcome(before);
    const unready = (await device.choose(settings.subject)) ?? (await device.prepare());
    if (unready !== null) return plainOutcome(unready);
    if (signal.aborted) return plainOutcome({ failed: 'aborted', detail: 'stopped before the shutter', evidence: '' });
    const watch = new ObjectWatch(device, new Set(before));
    try {
      const failure = await device.release();
      if (failure !== null) return releaseOutcome(failure);
      onProgress({ phase: 'triggered' });
      const object = await watch.wait(this.options.captureWaitMs, signal);
      if (object === 'none') {
        return { kind: 'refused', code: 'CAMERA_NO_PICTURE', detail: 'finished without a picture', evidence: '' };
      }
      if (isFailure(object)) return releaseOutcome(object);
      return await this.fetch(device, object, sink, onProgress, signal);
    } finally {
      watch.stop();
    }
  }

  async recover(
    since: string | null,
    sink: CaptureSink,
    onProgress: (progress: CaptureProgress) => void,
    signal: AbortSignal,
  ): Promise<Outcome<CapturedObject | null>> {
    const from = since === null ? null : parseToken(since);
    if (since !== null && from === null) {
      return plainOutcome({ failed: 'refused', detail: 'this token is none of a PTP camera', evidence: '' });
    }
    // A picture set off a moment ago may still be on its way to the card; saying "none" too early would take it twice.
    const untilMs = performance.now() + this.options.settleMs;
    for (;;) {
      const device = await this.connected(signal);
      if (isFailure(device)) return plainOutcome(device);
      const objects = await listObjects(device, this.known);
      const late = performance.now() >= untilMs;
      if (isFailure(objects)) {
        if (late || objects.code !== PTP_RESPONSE.DeviceBusy) return plainOutcome(objects);
      } else {
        const newer = objects.filter((object) => from === null || compareObjects(partsOf(object), from) > 0);
        const object = newer.find((candidate) => isJpeg(candidate.info)) ?? (late ? newer[0] : undefined);
        if (object !== undefined) return this.fetch(device, object, sink, onProgress, signal);
        if (late) return completed(null);
      }
      if (!(await pause(RECOVER_POLL_MS, signal))) {
        return plainOutcome({ failed: 'aborted', detail: 'stopped while looking', evidence: '' });
      }
    }
  }

  async release(token: string, signal: AbortSignal): Promise<Outcome<{ readonly removed: boolean }>> {
    const parts = parseToken(token);
    if (parts === null) {
      return plainOutcome({ failed: 'refused', detail: 'this token is none of a PTP camera', evidence: '' });
    }
    const device = await this.connected(signal);
    if (isFailure(device)) return plainOutcome(device);
    const info = await device.objectInfo(parts.handle);
    if (isFailure(info)) return info.code === PTP_RESPONSE.InvalidObjectHandle ? GONE : plainOutcome(info);
    // The handle may have been given to another picture since: that one is not ours to remove.
    if (info.captureDate !== parts.captureDate || info.storageId !== parts.storageId) return GONE;
    const failure = await device.remove(parts.handle);
    if (failure !== null && failure.code !== PTP_RESPONSE.InvalidObjectHandle) return plainOutcome(failure);
    this.known.delete(parts.handle);
    return failure === null ? completed({ removed: true }) : GONE;
  }

  async close(): Promise<void> {
    this.over = true;
    this.stop.abort();
    await this.device?.close();
    this.ended.resolve({ kind: 'closed' });
  }

  private async fetch(
    device: PtpDevice,
    object: CameraObjectRef,
    sink: CaptureSink,
    onProgress: (progress: CaptureProgress) => void,
    signal: AbortSignal,
  ): Promise<Outcome<CapturedObject>> {
    const token = tokenOf(object);
    const total = object.info.objectCompressedSize;
    onProgress({ phase: 'exposed', token });
    const exposure = await device.exposureSettings();
    this.resuming = true;
    const failure = await download(device, object, sink, {
      pieceBytes: this.options.pieceBytes,
      maxObjectBytes: this.options.maxObjectBytes,
      reconnect: () => this.reconnect(device.info.serialNumber, signal),
      onReceived: (received) => onProgress({ phase: 'receiving', token, received, total }),
      signal,
    });
    this.resuming = false;
    if (failure !== null) {
      if (this.device === null) this.end({ kind: 'lost', detail: failure.detail });
      return afterShutterOutcome(failure);
    }
    let stored: Awaited<ReturnType<CaptureSink['finish']>>;
    try {
      stored = await sink.finish();
    } catch (error) {
      return afterShutterOutcome({ failed: 'sink', detail: 'could not be stored', evidence: '', error });
    }
    if (stored.size !== total) {
      const detail = `stored ${stored.size} bytes of ${total}`;
      return afterShutterOutcome({ failed: 'garbled', detail, evidence: '' });
    }
    const { filename, captureDate, imagePixWidth, imagePixHeight } = object.info;
    return completed({
      token,
      filename,
      mediaType: mediaTypeOf(object.info),
      ...stored,
      takenAt: ptpDateToIso(captureDate),
      settings: { ...exposure, pixels: `${imagePixWidth}x${imagePixHeight}` },
    });
  }

  private async connected(signal: AbortSignal): Promise<PtpDevice | PtpFailure> {
    if (this.over) return { failed: 'lost', detail: 'the camera was closed', evidence: '' };
    if (this.device !== null) return this.device;
    this.opening ??= this.open(signal).finally(() => {
      this.opening = null;
    });
    return this.opening;
  }

  private async open(signal: AbortSignal): Promise<PtpDevice | PtpFailure> {
    const { connect, openTimeoutMs: openMs, silenceMs } = this.options;
    const device = await PtpDevice.open(connect, { openMs, silenceMs }, AbortSignal.any([signal, this.stop.signal]));
    if (isFailure(device)) return device;
    this.device = device;
    // Handles are only sure within a session (ISO 15740 5.3.4).
    this.known.clear();
    void this.follow(device);
    if (this.over) await device.close();
    return device;
  }

  private async follow(device: PtpDevice): Promise<void> {
    const cause = await device.connection.closed;
    if (this.device === device) this.device = null;
    if (!this.resuming) this.end(cause);
  }

  /** A new session during a download; only with the very same camera. */
  private async reconnect(serial: string, signal: AbortSignal): Promise<PtpDevice | PtpFailure> {
    await this.device?.connection.close();
    this.device = null;
    if (!(await pause(RECOVER_POLL_MS, signal))) return { failed: 'aborted', detail: 'stopped', evidence: '' };
    const device = await this.connected(signal);
    if (isFailure(device) || device.info.serialNumber === serial) return device;
    return { failed: 'garbled', detail: 'another camera answers at this address', evidence: '' };
  }

  private end(cause: CloseCause): void {
    this.over = true;
    this.ended.resolve(cause);
  }
}

const GONE: Outcome<{ readonly removed: boolean }> = { kind: 'completed', value: { removed: false } };

/** A refusal of the release means no picture; anything unclear means that there may be one. */
function releaseOutcome(failure: PtpFailure): Failure {
  if (failure.failed !== 'refused') {
    const aborted = failure.failed === 'aborted';
    return { ...afterShutterOutcome(failure), code: aborted ? 'CANCELLED' : 'CAMERA_REPLY_LOST' };
  }
  if (failure.code === PTP_RESPONSE.GeneralError) return { ...plainOutcome(failure), code: 'CAMERA_NO_PICTURE' };
  return plainOutcome(failure);
}

/** False when aborted. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve(!signal.aborted);
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
