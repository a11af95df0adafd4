/**
 * The answering side of MT-SICS levels 0 and 1 on one line: its own state machine, sharing nothing with the driver but the
 * codec. Faults happen here, on the wire. Selectors: the command (`I4`, `Z`, `SIR` ...) for its replies, `weight` for the
 * frames of a running stream.
 */
import {
  encodeMtSicsReply,
  MT_SICS_COMMANDS,
  MtSicsLineDecoder,
  parseMtSicsCommand,
  type MtSicsCommand,
  type MtSicsReplyContent,
} from '../codec/mt-sics.ts';
import type { Transport } from '../transport/transport.ts';
import type { Fault, FaultScript } from './faults.ts';
import { type ScalePlate, TICK_MS } from './scale-plate.ts';

interface ScaleIdentity {
  readonly serial: string;
  readonly model: string;
  readonly firmware: string;
  readonly capacityKg: number;
  readonly decimals: number;
}

export interface ScaleResponderParts {
  readonly transport: Transport;
  readonly plate: ScalePlate;
  /** Read anew for each reply. */
  readonly identity: () => ScaleIdentity;
  readonly faults: FaultScript;
  readonly now: () => number;
  /** Streaming on this line began or ended. */
  readonly onStreaming: (streaming: boolean) => void;
  /** A fault pulls the cable. */
  readonly onUnplug: () => void;
}

/** How long S, Z and T wait for rest before they answer `I`. */
const STABILITY_LIMIT_MS = 5000;

/** Serves one line until its transport ends. */
export class ScaleResponder {
  private readonly parts: ScaleResponderParts;
  private readonly decoder = new MtSicsLineDecoder();
  private timer: NodeJS.Timeout | null = null;
  private streaming = false;
  /** What waits for rest, at most one. */
  private pending: { readonly command: 'S' | 'Z' | 'T'; readonly untilMs: number } | null = null;
  private muted = false;
  private sending: Promise<void> = Promise.resolve();

  constructor(parts: ScaleResponderParts) {
    this.parts = parts;
  }

  async serve(): Promise<void> {
    for await (const chunk of this.parts.transport.chunks) {
      for (const line of this.decoder.push(chunk)) {
        const command = line.type === 'line' ? parseMtSicsCommand(line.text) : null;
        if (command === null) this.send('*', { type: 'error', code: line.type === 'line' ? 'ES' : 'ET' });
        else this.handle(command);
      }
    }
    this.pending = null;
    this.setStreaming(false);
  }

  private handle(command: MtSicsCommand): void {
    const { plate, now } = this.parts;
    // S, SI, SIR and @ end a running stream (MT-SICS level 0, SIR).
    if (command === '@' || command === 'S' || command === 'SI') this.setStreaming(false);
    if (command === '@' || command === 'S' || command === 'SI' || command === 'SIR') this.pending = null;
    switch (command) {
      case '@':
      case 'I0':
      case 'I1':
      case 'I2':
      case 'I3':
      case 'I4':
        for (const reply of this.describe(command)) this.send(command, reply);
        break;
      case 'SI':
        this.send(command, this.weight());
        break;
      case 'SIR':
        this.send(command, this.weight());
        this.setStreaming(true);
        break;
      case 'ZI': {
        const range = plate.zeroRange(now());
        const { state } = plate.read(now());
        if (range === 'within') plate.setZero(now());
        this.send(
          command,
          range === 'within'
            ? { type: 'zeroed', stable: state === 'stable' }
            : { type: range === 'above' ? 'overload' : 'underload', command },
        );
        break;
      }
      case 'TA':
        this.send(command, { type: 'weight', command, stable: true, weight: this.written(plate.tare) });
        break;
      case 'TAC':
        plate.clearTare();
        this.send(command, { type: 'done', command });
        break;
      case 'S':
      case 'Z':
      case 'T':
        this.pending = { command, untilMs: now() + STABILITY_LIMIT_MS };
        this.settle();
        break;
    }
    this.keepTicking();
  }

  /** One conversion of the cell. */
  private tick(): void {
    this.settle();
    if (this.streaming) this.send('weight', this.weight());
    this.keepTicking();
  }

  /** Answers what waits for rest, if rest or the end of patience has come. */
  private settle(): void {
    const { pending } = this;
    if (pending === null) return;
    const { plate, now } = this.parts;
    const { command } = pending;
    const reading = plate.read(now());
    const range = command === 'Z' ? plate.zeroRange(now()) : 'within';
    if (range !== 'within') {
      this.send(command, { type: range === 'above' ? 'overload' : 'underload', command });
    } else if (reading.state === 'overload' || reading.state === 'underload') {
      this.send(command, { type: reading.state, command });
    } else if (reading.state === 'stable') {
      if (command === 'Z') plate.setZero(now());
      if (command === 'T') plate.setTare(now());
      const kg = command === 'T' ? plate.tare : reading.kg;
      this.send(
        command,
        command === 'Z'
          ? { type: 'done', command }
          : { type: 'weight', command, stable: true, weight: this.written(kg) },
      );
    } else if (now() >= pending.untilMs) {
      this.send(command, { type: 'notExecutable', command });
    } else {
      return;
    }
    this.pending = null;
  }

  private weight(): MtSicsReplyContent {
    const { kg, state } = this.parts.plate.read(this.parts.now());
    if (state === 'overload' || state === 'underload') return { type: state, command: 'S' };
    return { type: 'weight', command: 'S', stable: state === 'stable', weight: this.written(kg) };
  }

  private written(kg: number): { readonly digits: string; readonly unit: 'kg' } {
    return { digits: kg.toFixed(this.parts.identity().decimals), unit: 'kg' };
  }

  private describe(command: '@' | 'I0' | 'I1' | 'I2' | 'I3' | 'I4'): readonly MtSicsReplyContent[] {
    const { serial, model, firmware, capacityKg, decimals } = this.parts.identity();
    switch (command) {
      case 'I0':
        return MT_SICS_COMMANDS.map((name, index) => ({
          type: 'text',
          command: 'I0',
          last: index === MT_SICS_COMMANDS.length - 1,
          texts: [name.startsWith('T') ? '1' : '0', name],
        }));
      case 'I1':
        return oneText('I1', '01', '2.30', '2.22', '', '');
      case 'I2':
        return oneText('I2', `${model} ${capacityKg.toFixed(decimals)} kg`);
      case 'I3':
        return oneText('I3', firmware);
      default:
        return oneText('I4', serial);
    }
  }

  private setStreaming(streaming: boolean): void {
    if (this.streaming === streaming) return;
    this.streaming = streaming;
    this.parts.onStreaming(streaming);
    this.keepTicking();
  }

  private keepTicking(): void {
    const needed = this.streaming || this.pending !== null;
    if (needed) this.timer ??= setInterval(() => this.tick(), TICK_MS);
    else if (this.timer !== null) {
      clearInterval(this.timer);
      this.timer = null;
    }
  }

  private send(selector: string, reply: MtSicsReplyContent): void {
    if (this.muted) return;
    const fault = this.parts.faults.take(selector);
    const bytes = encodeMtSicsReply(fault === null ? reply : twisted(reply, fault));
    if (fault?.action === 'stall') {
      this.muted = true;
      return;
    }
    this.sending = this.deliver(bytes, fault);
  }

  private async deliver(bytes: Buffer, fault: Fault | null): Promise<void> {
    await this.sending;
    if (fault?.action === 'drop') return;
    if (fault?.action === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.delayMs ?? 1000));
    for (const piece of pieces(bytes, fault)) {
      // A peer that has gone is told by the end of `chunks`.
      await this.parts.transport.write(piece).catch(() => {});
    }
    if (fault?.action === 'unplug') {
      this.muted = true;
      this.parts.onUnplug();
    }
  }
}

function oneText(command: 'I1' | 'I2' | 'I3' | 'I4', ...texts: string[]): readonly MtSicsReplyContent[] {
  return [{ type: 'text', command, last: true, texts }];
}

/** Faults that change the meaning of a reply. */
function twisted(reply: MtSicsReplyContent, fault: Fault): MtSicsReplyContent {
  const command = 'command' in reply ? reply.command : 'S';
  if (fault.action === 'busy') return { type: 'notExecutable', command };
  if (fault.action !== 'wrongId') return reply;
  if (reply.type === 'text') return { ...reply, texts: reply.texts.map(() => 'SOMEBODY-ELSE') };
  return { type: 'done', command: command === 'Z' ? 'TAC' : 'Z' };
}

/** Faults that change the bytes of a reply. */
function pieces(bytes: Buffer, fault: Fault | null): readonly Buffer[] {
  const at = Math.min(fault?.atByte ?? Math.floor(bytes.length / 2), bytes.length);
  switch (fault?.action) {
    case 'truncate':
    case 'unplug':
      return at === 0 ? [] : [bytes.subarray(0, at)];
    case 'duplicate':
      return [bytes, bytes];
    case 'corrupt': {
      const copy = Buffer.from(bytes);
      const index = Math.min(at, bytes.length - 1);
      copy[index] = (copy[index] ?? 0) ^ 0x80;
      return [copy];
    }
    default:
      return [bytes];
  }
}
