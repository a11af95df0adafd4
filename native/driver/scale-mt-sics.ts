/**
 * Driver of scales that speak MT-SICS levels 0 and 1 (Mettler-Toledo reference manual). Weights are streamed (`SIR`) while
 * somebody listens; a weighing is the scale's own "stable" taken from that stream, so that the live trace never stops for it.
 */
import type { DeviceIdentity, WeightReading, WeightSample } from '../../electron/contract/index.ts';
import { kilogramsOf, parseModelText, resolutionKgOf, type MtSicsReply } from '../codec/mt-sics.ts';
import { SilenceWatchdog } from '../transport/silence.ts';
import type { CloseCause, Transport } from '../transport/transport.ts';
import type { Outcome, ScaleDriver } from './driver.ts';
import { completed, type DeviceLog, type Failure, failure, SILENT_LOG } from './outcome.ts';
import { inServiceErrorKg, largestDivisionKg, largestIndicationKg, minimumCapacityKg } from './scale-error.ts';
import { type Answer, describeCause, type DialogueCounters, MtSicsDialogue } from './scale-mt-sics-dialogue.ts';
import { ScaleStream, type StreamEvent } from './scale-stream.ts';

/** Every wait, in ms. */
export interface MtSicsLimits {
  /** A reply that needs no weighing. */
  readonly replyMs: number;
  /** Z waits on the scale's own settling. */
  readonly zeroMs: number;
  /** From the wish to weigh to a stable reading. */
  readonly weighMs: number;
  /** The longest pause in a stream of about ten weights a second. */
  readonly silenceMs: number;
  /** After `S I`, before streaming is asked for again. */
  readonly retryStreamMs: number;
  /** How long streaming goes on after the last listener, so that a new one does not start the scale anew. */
  readonly lingerMs: number;
}

const MT_SICS_LIMITS: MtSicsLimits = {
  replyMs: 2000,
  zeroMs: 10_000,
  weighMs: 20_000,
  silenceMs: 2000,
  retryStreamMs: 500,
  lingerMs: 300,
};

export interface MtSicsScaleOptions {
  readonly deviceId: string;
  /** Open already. The driver owns it from here on. */
  readonly transport: Transport;
  readonly manufacturer: string;
  /** Verification interval e, kg; null where the registry does not know it. */
  readonly divisionKg: number | null;
  readonly limits?: Partial<MtSicsLimits>;
  readonly log?: DeviceLog;
  /** ms since 1970. */
  readonly now?: () => number;
}

export interface MtSicsScaleDriver extends ScaleDriver {
  readonly counters: DialogueCounters;
}

/** Consecutive frames of overload or underload before a weighing gives up: a step onto the plate peaks for a moment. */
const PERSISTENT_FRAMES = 3;
/** Where neither the registry nor the scale tells e: what class III scales for persons have at least. */
const COARSEST_DIVISION_KG = 0.1;

/** Speaks over an open transport. Never throws; everything is an outcome or the end of an iteration. */
export function createMtSicsScaleDriver(options: MtSicsScaleOptions): MtSicsScaleDriver {
  return new MtSicsScale(options);
}

class MtSicsScale implements MtSicsScaleDriver {
  readonly kind = 'scale';
  readonly closed: Promise<CloseCause>;
  private readonly options: MtSicsScaleOptions;
  private readonly limits: MtSicsLimits;
  private readonly log: DeviceLog;
  private readonly now: () => number;
  private readonly dialogue: MtSicsDialogue;
  private readonly stream: ScaleStream;
  private readonly watchdog: SilenceWatchdog;
  private readonly failed = Promise.withResolvers<CloseCause>();
  private divisionKg: number | null;
  private capacityKg: number | null = null;
  private serial: string | null = null;

  constructor(options: MtSicsScaleOptions) {
    this.options = options;
    this.limits = { ...MT_SICS_LIMITS, ...options.limits };
    this.log = options.log ?? SILENT_LOG;
    this.now = options.now ?? Date.now;
    this.divisionKg = options.divisionKg;
    this.watchdog = new SilenceWatchdog(this.limits.silenceMs, () => void this.probe());
    this.dialogue = new MtSicsDialogue(options.transport, {
      onWeight: (reply, atMs) => this.onWeight(reply, atMs),
      log: this.log,
      now: this.now,
    });
    this.stream = new ScaleStream({
      start: () => this.startStreaming(),
      stop: () => this.stopStreaming(),
      retryMs: this.limits.retryStreamMs,
      lingerMs: this.limits.lingerMs,
    });
    this.closed = Promise.race([this.dialogue.ended, this.failed.promise]);
    void this.endStreamWhenClosed();
  }

  get counters(): DialogueCounters {
    return this.dialogue.counters;
  }

  async identify(signal: AbortSignal): Promise<Outcome<DeviceIdentity>> {
    // `@` also ends a stream that an earlier session left running, and answers with the serial number (MT-SICS level 0).
    // Its first try may meet half a command in the scale's buffer, or a scale that knows only I4.
    let answer = await this.text('@', signal);
    if (answer.kind === 'reply' && answer.reply.type !== 'text') answer = await this.text('I4', signal);
    const serial = textOf(answer);
    if (answer.kind !== 'reply') return queryFailure(answer, 'its serial number');
    if (serial === null || serial.join('').trim() === '') {
      return failure('broken', 'DEVICE_GARBLED', 'the scale tells no serial number', answer.reply.raw);
    }
    const model = await this.text('I2', signal);
    if (model.kind !== 'reply') return queryFailure(model, 'its model');
    const firmware = await this.text('I3', signal);
    if (firmware.kind !== 'reply') return queryFailure(firmware, 'its software');
    this.serial = serial.join(' ').trim();
    const { model: name, capacity } = parseModelText(textOf(model) ?? []);
    this.capacityKg = capacity === null ? null : kilogramsOf(capacity);
    this.divisionKg ??= capacity === null ? COARSEST_DIVISION_KG : largestDivisionKg(resolutionKgOf(capacity));
    return completed({
      manufacturer: this.options.manufacturer,
      model: name,
      serial: this.serial,
      firmware: (textOf(firmware) ?? []).join(' ').trim(),
      ...(capacity === null ? {} : { capacityKg: kilogramsOf(capacity) }),
      divisionKg: this.divisionKg,
    });
  }

  async health(signal: AbortSignal): Promise<Outcome<{ readonly detail: string }>> {
    if (this.stream.streaming && this.watchdog.running) return completed({ detail: 'weights are coming' });
    const answer = await this.text('I4', signal);
    const serial = textOf(answer)?.join(' ').trim();
    if (serial === undefined) return queryFailure(answer, 'its serial number');
    if (this.serial !== null && serial !== this.serial) {
      return failure('broken', 'DEVICE_WRONG', 'another scale answers on this line', raw(answer));
    }
    return completed({ detail: 'answers' });
  }

  async *samples(signal: AbortSignal): AsyncGenerator<WeightSample, void, undefined> {
    const { deviceId } = this.options;
    for await (const { sample } of this.stream.listen(signal)) {
      if (sample !== null) yield { deviceId, ...sample };
    }
  }

  async weigh(signal: AbortSignal): Promise<Outcome<WeightReading>> {
    const limit = AbortSignal.timeout(this.limits.weighMs);
    const divisionKg = this.divisionKg ?? COARSEST_DIVISION_KG;
    let beyond = 0;
    let last: StreamEvent | null = null;
    for await (const event of this.stream.listen(AbortSignal.any([signal, limit]))) {
      if (event.failure !== null) return event.failure;
      const { sample } = event;
      last = event;
      if (sample.state === 'overload' || sample.state === 'underload') {
        beyond += 1;
        if (beyond < PERSISTENT_FRAMES) continue;
        return sample.state === 'overload'
          ? failure('refused', 'SCALE_OVERLOAD', 'the scale says overload', event.raw)
          : failure('refused', 'SCALE_UNDERLOAD', 'the scale says underload', event.raw);
      }
      beyond = 0;
      const { kg } = sample;
      if (kg === null || sample.state !== 'stable') continue;
      if (kg <= -divisionKg) return failure('refused', 'SCALE_UNDERLOAD', 'stable below zero', event.raw);
      if (kg < minimumCapacityKg(divisionKg)) continue;
      if (kg > largestIndicationKg(this.capacityKg, divisionKg)) {
        return failure('refused', 'DEVICE_GARBLED', 'more than this scale can show', event.raw);
      }
      return completed({
        deviceId: this.options.deviceId,
        kg,
        errorKg: inServiceErrorKg(kg, divisionKg),
        divisionKg,
        at: new Date(sample.atMs).toISOString(),
        raw: event.raw,
      });
    }
    if (signal.aborted) return failure('retryable', 'CANCELLED', 'the weighing was given up');
    if (!limit.aborted) return this.stream.ended ?? failure('broken', 'DEVICE_LOST', 'the stream of weights ended');
    const empty = last?.sample !== null && last?.sample.state === 'stable';
    return empty
      ? failure('retryable', 'SCALE_EMPTY', `nothing on the plate for ${this.limits.weighMs} ms`, last?.raw)
      : failure('retryable', 'SCALE_NOT_STABLE', `not stable within ${this.limits.weighMs} ms`, last?.raw);
  }

  async zero(signal: AbortSignal): Promise<Outcome<{ readonly at: string }>> {
    // A scale may hold its stream back while it settles for Z.
    this.watchdog.stop();
    const answer = await this.dialogue.ask('Z', (reply) => isReplyTo(reply, 'Z'), this.limits.zeroMs, signal);
    this.stream.restart();
    switch (answer.kind) {
      case 'silent':
        return failure('ambiguous', 'DEVICE_SILENT', 'no reply to the zero command; zero may be set');
      case 'lost':
        return answer.sent
          ? failure('ambiguous', 'DEVICE_LOST', `lost after the zero command: ${answer.detail}`)
          : failure('broken', 'DEVICE_LOST', answer.detail);
      case 'aborted':
        return answer.sent
          ? failure('ambiguous', 'CANCELLED', 'given up after the zero command; zero may be set')
          : failure('retryable', 'CANCELLED', 'given up before the zero command');
      default:
        return zeroOutcome(answer.reply, new Date(this.now()).toISOString());
    }
  }

  async close(): Promise<void> {
    this.watchdog.stop();
    this.stream.end(failure('broken', 'DEVICE_LOST', 'closed by this station'));
    await this.options.transport.close();
  }

  private async endStreamWhenClosed(): Promise<void> {
    const cause = await this.closed;
    this.watchdog.stop();
    this.stream.end(failure('broken', 'DEVICE_LOST', describeCause(cause)));
  }

  private text(command: '@' | 'I2' | 'I3' | 'I4', signal?: AbortSignal): Promise<Answer> {
    const answers = command === '@' ? ['I4', '@'] : [command];
    return this.dialogue.ask(
      command,
      (reply) => 'command' in reply && answers.includes(reply.command) && (reply.type !== 'text' || reply.last),
      this.limits.replyMs,
      signal,
    );
  }

  private onWeight(reply: MtSicsReply, atMs: number): void {
    this.watchdog.feed();
    switch (reply.type) {
      case 'weight':
        this.stream.push(
          { atMs, kg: kilogramsOf(reply.weight), state: reply.stable ? 'stable' : 'dynamic' },
          reply.raw,
        );
        break;
      case 'overload':
      case 'underload':
        this.stream.push({ atMs, kg: null, state: reply.type }, reply.raw);
        break;
      default:
        break;
    }
  }

  /** Asks for the stream. @returns null when weights are coming, else why not. */
  private async startStreaming(): Promise<Failure | null> {
    const answer = await this.dialogue.ask('SIR', (reply) => isReplyTo(reply, 'S'), this.limits.replyMs);
    if (answer.kind !== 'reply') {
      const outcome = queryFailure(answer, 'its weight');
      if (answer.kind === 'silent') this.fail('no weights came');
      return outcome;
    }
    const { reply } = answer;
    if (reply.type === 'notExecutable')
      return failure('retryable', 'DEVICE_BUSY', 'the scale cannot weigh now', reply.raw);
    if (reply.type === 'error' || reply.type === 'wrongParameter') {
      return failure('refused', 'DEVICE_REFUSED', 'the scale does not stream weights', reply.raw);
    }
    this.watchdog.start();
    return null;
  }

  /** SI answers once and thereby ends SIR (MT-SICS level 0, SIR). */
  private async stopStreaming(): Promise<void> {
    this.watchdog.stop();
    await this.dialogue.ask('SI', (reply) => isReplyTo(reply, 'S'), this.limits.replyMs);
  }

  /** After silence in the stream: a scale that still answers is asked to stream again, any other is given up. */
  private async probe(): Promise<void> {
    const answer = await this.text('I4');
    if (answer.kind === 'silent') this.fail('silent while weights were to come');
    else if (answer.kind === 'reply') this.stream.restart();
  }

  private fail(detail: string): void {
    this.log.warn({ deviceId: this.options.deviceId, detail, ...this.counters }, 'the scale is given up');
    this.stream.end(failure('broken', 'DEVICE_SILENT', detail, this.counters.lastRaw));
    this.failed.resolve({ kind: 'failed', detail, errorCode: 'DEVICE_SILENT' });
    void this.options.transport.close();
  }
}

function isReplyTo(reply: MtSicsReply, command: 'S' | 'Z'): boolean {
  return 'command' in reply && reply.command === command;
}

function textOf(answer: Answer): readonly string[] | null {
  return answer.kind === 'reply' && answer.reply.type === 'text' ? answer.reply.texts : null;
}

function raw(answer: Answer): string {
  return answer.kind === 'reply' ? answer.reply.raw : '';
}

function zeroOutcome(reply: MtSicsReply, at: string): Outcome<{ readonly at: string }> {
  switch (reply.type) {
    case 'done':
      return completed({ at });
    case 'notExecutable':
      return failure('retryable', 'SCALE_NOT_STABLE', 'the scale could not set zero now', reply.raw);
    case 'overload':
      return failure('refused', 'SCALE_NOT_EMPTY', 'too much on the plate to set zero', reply.raw);
    case 'underload':
      return failure('refused', 'SCALE_UNDERLOAD', 'below the range in which zero can be set', reply.raw);
    case 'error':
      return reply.code === 'ET'
        ? failure('retryable', 'DEVICE_GARBLED', 'the command arrived damaged', reply.raw)
        : failure('refused', 'DEVICE_REFUSED', `the scale answered ${reply.code}`, reply.raw);
    default:
      return failure('refused', 'DEVICE_REFUSED', 'the scale refused to set zero', reply.raw);
  }
}

/** Asking changes nothing on the scale, so a lost answer is never ambiguous. */
function queryFailure(answer: Answer, what: string): Failure {
  switch (answer.kind) {
    case 'silent':
      return failure('broken', 'DEVICE_SILENT', `asked for ${what}, no reply`);
    case 'lost':
      return failure('broken', 'DEVICE_LOST', `asked for ${what}: ${answer.detail}`);
    case 'aborted':
      return failure('retryable', 'CANCELLED', `given up while asking for ${what}`);
    default:
      return answer.reply.type === 'notExecutable'
        ? failure('retryable', 'DEVICE_BUSY', `the scale cannot tell ${what} now`, answer.reply.raw)
        : failure('broken', 'DEVICE_GARBLED', `asked for ${what}, got something else`, answer.reply.raw);
  }
}
