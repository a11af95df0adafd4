/**
 * Weights for any number of listeners out of one dialogue: streaming runs while somebody listens, a slow listener loses the
 * oldest samples and nobody else's.
 */
import type { WeightSample } from '../../electron/contract/index.ts';
import type { Failure } from './outcome.ts';

export type StreamSample = Omit<WeightSample, 'deviceId'>;

/** One sample with its frame, or why there are none at the moment. */
export type StreamEvent =
  | { readonly sample: StreamSample; readonly raw: string; readonly failure: null }
  | { readonly sample: null; readonly raw: string; readonly failure: Failure };

export interface StreamSource {
  /** Makes the device send. @returns null when it does, else why not. */
  start(): Promise<Failure | null>;
  stop(): Promise<void>;
  /** Between tries after a retryable failure to start. */
  readonly retryMs: number;
  /** How long streaming goes on without listeners. */
  readonly lingerMs: number;
}

/** Samples a listener may be behind: a little over three seconds. */
const MAX_BEHIND = 32;

interface Listener {
  readonly queue: StreamEvent[];
  wake: (() => void) | null;
}

export class ScaleStream {
  private readonly source: StreamSource;
  private readonly listeners = new Set<Listener>();
  private sequence = 0;
  private active = false;
  private settling = false;
  private generation = 0;
  private pause: { readonly timer: NodeJS.Timeout; readonly resume: () => void } | null = null;
  private failure: Failure | null = null;

  constructor(source: StreamSource) {
    this.source = source;
  }

  /** The device has been asked to send, and not to stop. */
  get streaming(): boolean {
    return this.active;
  }

  /** Why it ended for good, or null. */
  get ended(): Failure | null {
    return this.failure;
  }

  /** Hands a sample to every listener; it is theirs in this very turn of the event loop. */
  push(sample: Omit<StreamSample, 'sequence'>, raw: string): void {
    this.sequence += 1;
    this.publish({ sample: { ...sample, sequence: this.sequence }, raw, failure: null });
  }

  /** Events from now on, until `signal` aborts or the device goes. */
  async *listen(signal: AbortSignal): AsyncGenerator<StreamEvent, void, undefined> {
    const listener: Listener = { queue: [], wake: null };
    const leave = (): void => {
      this.listeners.delete(listener);
      listener.wake?.();
      void this.settle();
    };
    // A consumer that does not come back for more must not keep the device streaming.
    signal.addEventListener('abort', leave);
    if (!signal.aborted) this.listeners.add(listener);
    this.interruptPause();
    void this.settle();
    try {
      while (!signal.aborted) {
        const event = listener.queue.shift();
        if (event !== undefined) {
          yield event;
        } else if (this.failure !== null) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            listener.wake = resolve;
          });
          listener.wake = null;
        }
      }
    } finally {
      signal.removeEventListener('abort', leave);
      leave();
    }
  }

  /** The device may have stopped sending by itself: it is asked again if anybody listens. */
  restart(): void {
    this.active = false;
    this.generation += 1;
    void this.settle();
  }

  /** Ends every iteration, with `reason` as their last event. */
  end(reason: Failure): void {
    if (this.failure !== null) return;
    this.failure = reason;
    this.publish({ sample: null, raw: '', failure: reason });
    for (const listener of this.listeners) listener.wake?.();
    this.interruptPause();
  }

  private publish(event: StreamEvent): void {
    for (const listener of this.listeners) {
      listener.queue.push(event);
      if (listener.queue.length > MAX_BEHIND) listener.queue.shift();
      listener.wake?.();
    }
  }

  /** Brings the device to what is wanted: one pass at a time, until wish and state agree. */
  private async settle(): Promise<void> {
    if (this.settling) return;
    this.settling = true;
    while (this.failure === null && this.active !== this.listeners.size > 0) {
      if (this.active) {
        await this.wait(this.source.lingerMs);
        if (this.listeners.size > 0 || this.ended !== null) continue;
        this.active = false;
        await this.source.stop();
        continue;
      }
      const { generation } = this;
      const reason = await this.source.start();
      if (reason === null) {
        this.active = generation === this.generation;
        continue;
      }
      this.publish({ sample: null, raw: '', failure: reason });
      if (reason.kind !== 'retryable') break;
      await this.wait(this.source.retryMs);
    }
    this.settling = false;
  }

  private wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const resume = (): void => {
        this.pause = null;
        resolve();
      };
      this.pause = { timer: setTimeout(resume, milliseconds), resume };
    });
  }

  private interruptPause(): void {
    if (this.pause === null) return;
    clearTimeout(this.pause.timer);
    this.pause.resume();
  }
}
