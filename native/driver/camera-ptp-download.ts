/**
 * Brings one object from the camera into the sink: in pieces of 1 MiB, each checked before it is written, so that a torn piece
 * is asked for again and a broken connection is taken up where it broke. Memory: one piece.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PTP_RESPONSE } from '../codec/ptp-codes.ts';
import { isFailure, type PtpDevice, type PtpFailure } from './camera-ptp-device.ts';
import type { CameraObjectRef } from './camera-ptp-objects.ts';
import type { CaptureSink } from './driver.ts';

export interface DownloadOptions {
  readonly pieceBytes: number;
  readonly maxObjectBytes: number;
  /** A new session with the same camera, or why not. */
  readonly reconnect: () => Promise<PtpDevice | PtpFailure>;
  readonly onReceived: (received: number) => void;
  readonly signal: AbortSignal;
}

/** Tries of one piece before the camera counts as broken; connections tried anew for one object. */
const MAX_STRIKES = 3;
const MAX_RECONNECTS = 2;
const BUSY_WAIT_MS = 300;
const MAX_BUSY = 30;

/** Writes all bytes of `object` into `sink`; null when they are all there, else why not. Never calls `finish` or `abort`. */
export async function download(
  first: PtpDevice,
  object: CameraObjectRef,
  sink: CaptureSink,
  options: DownloadOptions,
): Promise<PtpFailure | null> {
  const size = object.info.objectCompressedSize;
  if (size === 0 || size > options.maxObjectBytes) {
    return { failed: 'garbled', detail: `an object of ${size} bytes cannot be read`, evidence: '' };
  }
  const writer = new CheckedWriter(sink, size, options.onReceived);
  let device = first;
  let strikes = 0;
  let reconnects = 0;
  let busy = 0;
  while (writer.written < size) {
    if (options.signal.aborted) return { failed: 'aborted', detail: 'stopped while receiving', evidence: '' };
    const before = writer.written;
    const failure = await step(device, object, writer, options.pieceBytes);
    if (writer.written > before) strikes = 0;
    if (failure === null) continue;
    switch (failure.failed) {
      case 'lost': {
        if (++reconnects > MAX_RECONNECTS) return failure;
        const again = await resume(object, options.reconnect);
        if (isFailure(again)) return failure;
        device = again;
        break;
      }
      case 'refused':
        if (failure.code !== PTP_RESPONSE.DeviceBusy || ++busy > MAX_BUSY) return failure;
        await sleep(BUSY_WAIT_MS);
        break;
      case 'garbled':
      case 'silent':
        if (++strikes >= MAX_STRIKES) return failure;
        break;
      default:
        return failure;
    }
  }
  return null;
}

async function step(
  device: PtpDevice,
  object: CameraObjectRef,
  writer: CheckedWriter,
  pieceBytes: number,
): Promise<PtpFailure | null> {
  const operation = device.partialRead;
  if (operation === null) {
    let skip = writer.written;
    return device.whole(object.handle, writer.size, async (chunk) => {
      const fresh = chunk.subarray(Math.min(skip, chunk.byteLength));
      skip -= chunk.byteLength - fresh.byteLength;
      await writer.write(fresh);
    });
  }
  const length = Math.min(pieceBytes, writer.size - writer.written);
  const piece = await device.piece(operation, object.handle, writer.written, length);
  if (isFailure(piece)) return piece;
  try {
    await writer.write(piece);
    return null;
  } catch (error) {
    return { failed: 'sink', detail: 'could not be stored', evidence: '', error };
  }
}

/** The same object on a new connection: same handle, name, date and size, or nothing. */
async function resume(
  object: CameraObjectRef,
  reconnect: DownloadOptions['reconnect'],
): Promise<PtpDevice | PtpFailure> {
  const device = await reconnect();
  if (isFailure(device)) return device;
  const info = await device.objectInfo(object.handle);
  if (isFailure(info)) return info;
  const { filename, captureDate, objectCompressedSize } = object.info;
  const same =
    info.filename === filename &&
    info.captureDate === captureDate &&
    info.objectCompressedSize === objectCompressedSize;
  return same ? device : { failed: 'garbled', detail: 'another object has this handle now', evidence: '' };
}

class CheckedWriter {
  written = 0;
  readonly size: number;
  private readonly sink: CaptureSink;
  private readonly onReceived: (received: number) => void;

  constructor(sink: CaptureSink, size: number, onReceived: (received: number) => void) {
    this.sink = sink;
    this.size = size;
    this.onReceived = onReceived;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength === 0) return;
    await this.sink.write(bytes);
    this.written += bytes.byteLength;
    this.onReceived(this.written);
  }
}
