/**
 * Waits for the picture of one exposure: by events where the camera sends them, by EOS event records, and by looking at the
 * card when neither comes. Events may come twice, late or never.
 */
import { PTP_EVENT } from '../codec/ptp-codes.ts';
import type { PtpEvent } from '../transport/ptpip.ts';
import { isFailure, type PtpDevice, type PtpFailure } from './camera-ptp-device.ts';
import { type CameraObjectRef, isFolder, isJpeg } from './camera-ptp-objects.ts';

const EOS_POLL_MS = 150;
/** Silence of events before the card is looked at, and how often then. */
const CARD_POLL_MS = 1_000;
/** After "capture complete", or after the raw half of a picture, how long its JPEG may still be on its way. */
const GRACE_MS = 2_000;

export class ObjectWatch {
  private readonly device: PtpDevice;
  /** Handles that were there before, and those already looked at. */
  private readonly seen: Set<number>;
  private readonly arrived: number[] = [];
  private other: CameraObjectRef | null = null;
  private quietSinceMs: number | null = null;
  private storeFull = false;
  private wake: (() => void) | null = null;
  readonly stop: () => void;

  /** Starts listening at once, so that no event between the release and the waiting is missed. */
  constructor(device: PtpDevice, before: Set<number>) {
    this.device = device;
    this.seen = before;
    this.stop = device.connection.onEvent((event) => this.onEvent(event));
  }

  /**
   * The picture: its JPEG, or, when there is none, the other file the camera made. `none`: the camera said it had finished and
   * the card has nothing new.
   */
  async wait(limitMs: number, signal: AbortSignal): Promise<CameraObjectRef | 'none' | PtpFailure> {
    const endMs = performance.now() + limitMs;
    let nextLookMs = performance.now() + CARD_POLL_MS;
    const abort = (): void => this.wake?.();
    signal.addEventListener('abort', abort);
    void this.device.connection.closed.then(abort);
    try {
      for (;;) {
        if (signal.aborted)
          return { failed: 'aborted', detail: 'stopped after the shutter was released', evidence: '' };
        const looking = this.device.eos || performance.now() >= nextLookMs || this.quietSinceMs !== null;
        const asked = looking ? await this.ask(performance.now() >= nextLookMs) : null;
        if (performance.now() >= nextLookMs) nextLookMs = performance.now() + CARD_POLL_MS;
        if (isFailure(asked) && asked.failed !== 'refused') return asked;
        const found = await this.inspect();
        if (found !== null) return found;
        const now = performance.now();
        const quiet = this.quietSinceMs !== null && now - this.quietSinceMs > GRACE_MS;
        if (quiet || now > endMs) return this.conclude(quiet);
        await this.rest(this.device.eos ? EOS_POLL_MS : CARD_POLL_MS / 4);
      }
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  private conclude(quiet: boolean): CameraObjectRef | 'none' | PtpFailure {
    if (this.other !== null) return this.other;
    if (this.storeFull) return { failed: 'refused', code: 0x200c, detail: 'the card is full', evidence: '' };
    return quiet
      ? 'none'
      : { failed: 'silent', detail: 'no picture came after the shutter was released', evidence: '' };
  }

  private onEvent(event: PtpEvent): void {
    if (event.code === PTP_EVENT.ObjectAdded && event.parameters[0] !== undefined)
      this.arrived.push(event.parameters[0]);
    if (event.code === PTP_EVENT.CaptureComplete) this.quietSinceMs ??= performance.now();
    if (event.code === PTP_EVENT.StoreFull) {
      this.storeFull = true;
      this.quietSinceMs ??= performance.now();
    }
    this.wake?.();
  }

  /** Asks the camera what is new: EOS records each time, the card only now and then. */
  private async ask(card: boolean): Promise<PtpFailure | null> {
    if (this.device.eos) {
      const events = await this.device.eosEvents();
      if (isFailure(events)) return events;
      for (const event of events) if (event.type === 'objectAdded') this.arrived.push(event.handle);
    }
    if (!card) return null;
    const handles = await this.device.handles();
    if (isFailure(handles)) return handles;
    this.arrived.push(...handles.filter((handle) => !this.seen.has(handle)));
    return null;
  }

  private async inspect(): Promise<CameraObjectRef | PtpFailure | null> {
    for (let handle = this.arrived.shift(); handle !== undefined; handle = this.arrived.shift()) {
      if (this.seen.has(handle)) continue;
      const info = await this.device.objectInfo(handle);
      if (isFailure(info)) {
        // Announced before it can be read, or a lie: the card shows it later if it is there.
        if (info.failed === 'refused') continue;
        return info;
      }
      this.seen.add(handle);
      if (isFolder(info)) continue;
      if (isJpeg(info)) return { handle, info };
      this.other ??= { handle, info };
      this.quietSinceMs ??= performance.now();
    }
    return null;
  }

  private async rest(ms: number): Promise<void> {
    if (this.arrived.length > 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = null;
  }
}
