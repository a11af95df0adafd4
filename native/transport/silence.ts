/**
 * Silence as an event with a type: a device that should be talking and is not. One timer, moved on by each sign of life
 * without being made anew.
 */
import { TransportError } from './transport.ts';

export class SilenceWatchdog {
  private readonly limitMs: number;
  private readonly onSilence: (error: TransportError) => void;
  private timer: NodeJS.Timeout | null = null;

  /** @param onSilence called once per `start` with a TransportError `TIMEOUT` when nothing was fed for `limitMs`. */
  constructor(limitMs: number, onSilence: (error: TransportError) => void) {
    this.limitMs = limitMs;
    this.onSilence = onSilence;
  }

  get running(): boolean {
    return this.timer !== null;
  }

  start(): void {
    this.stop();
    this.timer = setTimeout(() => {
      this.timer = null;
      this.onSilence(new TransportError('TIMEOUT', `nothing was heard for ${this.limitMs} ms`));
    }, this.limitMs);
  }

  /** A sign of life. Nothing happens when the watchdog is not running. */
  feed(): void {
    this.timer?.refresh();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
