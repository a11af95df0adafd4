/**
 * The dialogue with an MT-SICS scale: one command in flight, streamed weights beside it, everything else counted and kept as
 * evidence. Knows frames and time, not what they are for.
 */
import {
  encodeMtSicsCommand,
  MtSicsLineDecoder,
  parseMtSicsReply,
  type MtSicsCommand,
  type MtSicsReply,
} from '../codec/mt-sics.ts';
import { type CloseCause, type Transport, TransportError } from '../transport/transport.ts';
import type { DeviceLog } from './outcome.ts';

/**
 * How a command ended. `sent` tells whether the scale may have seen it. Errors of the scale (`ES`, `ET`, `EL`) are replies.
 */
export type Answer =
  | { readonly kind: 'reply'; readonly reply: MtSicsReply }
  | { readonly kind: 'silent' }
  | { readonly kind: 'lost'; readonly sent: boolean; readonly detail: string }
  | { readonly kind: 'aborted'; readonly sent: boolean };

/** What came and was not understood, for the technician. */
export interface DialogueCounters {
  /** Lines that are not MT-SICS. */
  readonly unknown: number;
  /** Runs of bytes longer than any line. */
  readonly garbage: number;
  /** Proper replies to nothing that was asked. */
  readonly unexpected: number;
  /** The last of these, as received. */
  readonly lastRaw: string;
}

interface InFlight {
  readonly command: MtSicsCommand;
  readonly accepts: (reply: MtSicsReply) => boolean;
  readonly settle: (answer: Answer) => void;
}

/** Commands that may wait for their turn; a caller that asks more than that gets `aborted`. */
const MAX_WAITING = 16;

export class MtSicsDialogue {
  /** Ends when the transport does. Never rejects. */
  readonly ended: Promise<CloseCause>;
  private readonly transport: Transport;
  private readonly onWeight: (reply: MtSicsReply, atMs: number) => void;
  private readonly log: DeviceLog;
  private readonly now: () => number;
  private readonly decoder = new MtSicsLineDecoder();
  private inFlight: InFlight | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private over = false;
  private tally = { unknown: 0, garbage: 0, unexpected: 0, lastRaw: '' };

  /** @param onWeight every reply to S, SI or SIR, whether a command waits for it or not. */
  constructor(
    transport: Transport,
    parts: {
      readonly onWeight: (reply: MtSicsReply, atMs: number) => void;
      readonly log: DeviceLog;
      readonly now: () => number;
    },
  ) {
    this.transport = transport;
    this.onWeight = parts.onWeight;
    this.log = parts.log;
    this.now = parts.now;
    this.ended = this.read();
  }

  get counters(): DialogueCounters {
    return { ...this.tally };
  }

  /**
   * Sends a command and waits for the reply that `accepts` takes. Commands wait for each other. When `signal` aborts, the
   * caller is answered at once, but the line stays taken until the scale has replied or is late: its reply must not be taken
   * for that of the next command.
   */
  async ask(
    command: MtSicsCommand,
    accepts: (reply: MtSicsReply) => boolean,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Answer> {
    if (signal?.aborted === true || this.waiting >= MAX_WAITING) return { kind: 'aborted', sent: false };
    const aborted = Promise.withResolvers<void>();
    const onAbort = (): void => aborted.resolve();
    signal?.addEventListener('abort', onAbort, { once: true });
    let sent = false;
    this.waiting += 1;
    const work = this.turn.then(async (): Promise<Answer> => {
      this.waiting -= 1;
      if (signal?.aborted === true) return { kind: 'aborted', sent: false };
      sent = true;
      return this.exchange(command, accepts, timeoutMs);
    });
    this.turn = work;
    const answer = await Promise.race([work, aborted.promise]);
    signal?.removeEventListener('abort', onAbort);
    return answer ?? { kind: 'aborted', sent };
  }

  private async exchange(
    command: MtSicsCommand,
    accepts: (reply: MtSicsReply) => boolean,
    timeoutMs: number,
  ): Promise<Answer> {
    const answered = Promise.withResolvers<Answer>();
    this.inFlight = { command, accepts, settle: answered.resolve };
    const timer = setTimeout(() => answered.resolve({ kind: 'silent' }), timeoutMs);
    // After an unplug the write's callback may never come, though the bytes went out: given to a live line counts as sent.
    const sent = !this.over;
    const lost = this.ended.then((cause): Answer => ({ kind: 'lost', sent, detail: describeCause(cause) }));
    const write = this.transport.write(encodeMtSicsCommand(command)).then(
      () => answered.promise,
      (error: unknown): Answer => ({
        kind: 'lost',
        sent: sent && error instanceof TransportError && error.code === 'LOST',
        detail: error instanceof Error ? error.message : String(error),
      }),
    );
    // A write that the operating system does not take (flow control) is bounded by the same time.
    const answer = await Promise.race([write, answered.promise, lost]);
    clearTimeout(timer);
    this.inFlight = null;
    return answer;
  }

  private async read(): Promise<CloseCause> {
    for await (const chunk of this.transport.chunks) {
      const atMs = this.now();
      for (const line of this.decoder.push(chunk)) {
        if (line.type === 'garbage') this.count('garbage', line.text);
        else this.take(parseMtSicsReply(line.text), atMs);
      }
    }
    this.over = true;
    return this.transport.closed;
  }

  private take(reply: MtSicsReply, atMs: number): void {
    if (reply.type === 'unknown') {
      this.count('unknown', reply.raw);
      return;
    }
    const isWeight = 'command' in reply && reply.command === 'S';
    if (isWeight) this.onWeight(reply, atMs);
    const { inFlight } = this;
    if (inFlight !== null && (reply.type === 'error' || inFlight.accepts(reply))) {
      inFlight.settle({ kind: 'reply', reply });
    } else if (!isWeight) {
      this.count('unexpected', reply.raw);
    }
  }

  private count(what: 'unknown' | 'garbage' | 'unexpected', raw: string): void {
    this.tally[what] += 1;
    this.tally.lastRaw = raw;
    // A device that floods is told of at 1, 10, 100 ... so that the log stays readable.
    if (/^10*$/.test(String(this.tally[what]))) {
      this.log.warn(
        { what, count: this.tally[what], raw: Buffer.from(raw, 'latin1').toString('hex') },
        'the scale said something unasked',
      );
    }
  }
}

/** A cause in a few words. */
export function describeCause(cause: CloseCause): string {
  return cause.kind === 'closed' ? 'closed by this station' : cause.detail;
}
