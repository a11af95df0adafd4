/**
 * A PTP/IP connection (CIPA DC-005 clause 2.2): two byte streams to one responder, one for commands and data, one for events.
 * Carries transactions one at a time; checks transaction ids; every wait is bounded. Knows no operation's meaning.
 */
import { randomBytes } from 'node:crypto';
import {
  encodePtpIp,
  PTP_IP_FAIL,
  PTP_IP_PHASE,
  PTP_IP_VERSION,
  PtpIpDecoder,
  type PtpIpFrame,
} from '../codec/ptp-ip.ts';
import { type CloseCause, type Transport, TransportError } from './transport.ts';

export interface PtpIpOptions {
  /** Makes an unopened byte stream to the device; called twice. */
  readonly connect: () => Transport;
  /** How this station calls itself to the device. */
  readonly initiatorName?: string;
  /** For connecting and each half of the initialisation. */
  readonly openTimeoutMs?: number;
}

export interface PtpEvent {
  readonly code: number;
  readonly transactionId: number;
  readonly parameters: readonly number[];
}

export interface PtpRequest {
  readonly code: number;
  readonly parameters?: readonly number[];
  /** Data to the device. */
  readonly dataOut?: Uint8Array;
  /** Longest silence, not longest duration: each frame of this transaction starts it anew. */
  readonly silenceMs: number;
  /**
   * Most data accepted from the device; more ends the transaction as `oversized` and the connection with it. Also bounds the
   * whole duration: a device must be faster than 32 kB/s on top of `silenceMs`.
   */
  readonly maxDataBytes: number;
  /** Takes data as it comes, with back-pressure; without it data is collected into `data`. */
  readonly onData?: (chunk: Uint8Array) => Promise<void>;
}

/**
 * How a transaction ended.
 * - `response`: with the device's response; `complete` is false when the data phase was shorter or longer than announced.
 * - `silent`: the request was sent, nothing came in time.
 * - `lost`: the connection ended; `sent` says whether the device may have seen the request.
 * - `oversized`: the device sent more than was allowed.
 * - `rejected`: `onData` threw; the rest of the data was read and dropped.
 */
type PtpResult =
  | {
      readonly kind: 'response';
      readonly code: number;
      readonly parameters: readonly number[];
      readonly data: Buffer;
      readonly dataLength: number;
      readonly complete: boolean;
    }
  | { readonly kind: 'silent' }
  | { readonly kind: 'lost'; readonly sent: boolean; readonly detail: string }
  | { readonly kind: 'oversized' }
  | { readonly kind: 'rejected'; readonly error: unknown };

/** Frames that were dropped, for the technician's log. */
interface PtpIpCounters {
  readonly wrongTransaction: number;
  readonly malformed: number;
}

export interface PtpIpConnection {
  readonly address: string;
  /** The name the responder gave itself. */
  readonly responderName: string;
  /** One transaction. Waits its turn; never rejects. */
  transact(request: PtpRequest): Promise<PtpResult>;
  /** Hears events until the returned function is called. */
  onEvent(listener: (event: PtpEvent) => void): () => void;
  readonly counters: PtpIpCounters;
  readonly closed: Promise<CloseCause>;
  close(): Promise<void>;
}

const DEFAULT_OPEN_TIMEOUT_MS = 5_000;
const DATA_OUT_PIECE = 64 * 1024;
const SLOWEST_BYTES_PER_MS = 32;

/**
 * Connects both streams and initialises them.
 * @throws TransportError NOT_FOUND, TIMEOUT, LOST, ABORTED from below; BUSY when the responder says it is; PERMISSION when it
 * rejects this initiator; FAILED when it answers with something else.
 */
export async function openPtpIp(options: PtpIpOptions, signal: AbortSignal): Promise<PtpIpConnection> {
  const timeoutMs = options.openTimeoutMs ?? DEFAULT_OPEN_TIMEOUT_MS;
  const command = new Channel(options.connect());
  const event = new Channel(options.connect());
  try {
    await command.open(timeoutMs, signal);
    await command.send({
      type: 'initCommandRequest',
      guid: randomBytes(16),
      name: options.initiatorName ?? 'Vantage Workstation',
      version: PTP_IP_VERSION,
    });
    const ack = await command.first(timeoutMs, signal);
    if (ack.type !== 'initCommandAck') throw refusal(ack);
    await event.open(timeoutMs, signal);
    await event.send({ type: 'initEventRequest', connectionNumber: ack.connectionNumber });
    const eventAck = await event.first(timeoutMs, signal);
    if (eventAck.type !== 'initEventAck') throw refusal(eventAck);
    return new Connection(command, event, ack.name);
  } catch (error) {
    await Promise.all([command.transport.close(), event.transport.close()]);
    throw error;
  }
}

function refusal(frame: PtpIpFrame): TransportError {
  if (frame.type === 'initFail' && frame.reason === PTP_IP_FAIL.Busy) {
    return new TransportError('BUSY', 'the device is connected to somebody else');
  }
  if (frame.type === 'initFail' && frame.reason === PTP_IP_FAIL.RejectedInitiator) {
    return new TransportError('PERMISSION', 'the device rejects this station');
  }
  return new TransportError('FAILED', `unexpected ${frame.type} while connecting`);
}

/** One of the two streams with its decoder. Frames are pulled, so a slow reader slows the device, not the memory. */
class Channel {
  readonly transport: Transport;
  private readonly decoder = new PtpIpDecoder();
  private readonly ready: PtpIpFrame[] = [];
  private chunks: AsyncIterator<Uint8Array> | null = null;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  async open(timeoutMs: number, signal: AbortSignal): Promise<void> {
    await this.transport.open(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
    this.chunks = this.transport.chunks[Symbol.asyncIterator]();
  }

  send(packet: Parameters<typeof encodePtpIp>[0]): Promise<void> {
    return this.transport.write(encodePtpIp(packet));
  }

  /** The next frame, or null when the stream has ended. */
  async next(): Promise<PtpIpFrame | null> {
    for (;;) {
      const frame = this.ready.shift();
      if (frame !== undefined) return frame;
      const chunk = await this.chunks?.next();
      if (chunk === undefined || chunk.done === true) return null;
      this.ready.push(...this.decoder.push(chunk.value));
    }
  }

  /** The first frame, within the time. */
  async first(timeoutMs: number, signal: AbortSignal): Promise<PtpIpFrame> {
    const timer = Promise.withResolvers<never>();
    const timeout = setTimeout(
      () => timer.reject(new TransportError('TIMEOUT', 'no answer while connecting')),
      timeoutMs,
    );
    const abort = (): void => timer.reject(new TransportError('ABORTED', 'stopped while connecting'));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      const frame = await Promise.race([this.next(), timer.promise]);
      if (frame === null) throw new TransportError('LOST', 'the device hung up while connecting');
      return frame;
    } finally {
      clearTimeout(timeout);
      signal.removeEventListener('abort', abort);
    }
  }
}

/** The transaction that is under way. */
interface Pending {
  readonly transactionId: number;
  readonly request: PtpRequest;
  readonly settle: (result: PtpResult) => void;
  readonly parts: Buffer[];
  announced: bigint | null;
  received: number;
  ended: boolean;
  failure: { readonly error: unknown } | null;
  readonly deadlineMs: number;
  timer: NodeJS.Timeout | undefined;
}

class Connection implements PtpIpConnection {
  readonly address: string;
  readonly responderName: string;
  readonly counters = { wrongTransaction: 0, malformed: 0 };
  readonly closed: Promise<CloseCause>;
  private readonly command: Channel;
  private readonly event: Channel;
  private readonly listeners = new Set<(event: PtpEvent) => void>();
  private readonly ended = Promise.withResolvers<CloseCause>();
  private pending: Pending | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  private nextId = 0;
  private over: CloseCause | null = null;

  constructor(command: Channel, event: Channel, responderName: string) {
    this.command = command;
    this.event = event;
    this.address = command.transport.address.replace(/^\w+:/, 'ptpip:');
    this.responderName = responderName;
    this.closed = this.ended.promise;
    void this.read(this.command, (frame) => this.onCommandFrame(frame));
    void this.read(this.event, (frame) => this.onEventFrame(frame));
  }

  transact(request: PtpRequest): Promise<PtpResult> {
    const result = this.turn.then(() => this.run(request));
    this.turn = result;
    return result;
  }

  onEvent(listener: (event: PtpEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.end({ kind: 'closed' });
    await Promise.all([this.command.transport.close(), this.event.transport.close()]);
  }

  private async run(request: PtpRequest): Promise<PtpResult> {
    if (this.over !== null) return { kind: 'lost', sent: false, detail: describe(this.over) };
    const transactionId = this.nextId;
    this.nextId = this.nextId >= 0xffff_fffe ? 1 : this.nextId + 1;
    const outcome = Promise.withResolvers<PtpResult>();
    const pending: Pending = {
      transactionId,
      request,
      settle: outcome.resolve,
      parts: [],
      announced: null,
      received: 0,
      ended: false,
      failure: null,
      deadlineMs: performance.now() + request.silenceMs + request.maxDataBytes / SLOWEST_BYTES_PER_MS,
      timer: undefined,
    };
    this.pending = pending;
    this.watch(pending);
    try {
      await this.sendRequest(transactionId, request);
    } catch (error) {
      // Part of it may have left already.
      this.settle(pending, { kind: 'lost', sent: true, detail: message(error) });
    }
    return outcome.promise;
  }

  private async sendRequest(transactionId: number, request: PtpRequest): Promise<void> {
    const { dataOut } = request;
    await this.command.send({
      type: 'operationRequest',
      dataPhase: dataOut === undefined ? PTP_IP_PHASE.NoDataOrIn : PTP_IP_PHASE.Out,
      code: request.code,
      transactionId,
      parameters: request.parameters ?? [],
    });
    if (dataOut === undefined) return;
    await this.command.send({ type: 'startData', transactionId, totalLength: BigInt(dataOut.byteLength) });
    let offset = 0;
    do {
      const payload = dataOut.subarray(offset, offset + DATA_OUT_PIECE);
      offset += payload.byteLength;
      await this.command.send({ type: offset >= dataOut.byteLength ? 'endData' : 'data', transactionId, payload });
    } while (offset < dataOut.byteLength);
  }

  private async read(channel: Channel, handle: (frame: PtpIpFrame) => Promise<void>): Promise<void> {
    try {
      for (let frame = await channel.next(); frame !== null; frame = await channel.next()) await handle(frame);
      this.end(await channel.transport.closed);
    } catch (error) {
      this.end({ kind: 'failed', detail: message(error), errorCode: null });
    }
    await Promise.all([this.command.transport.close(), this.event.transport.close()]);
  }

  private async onCommandFrame(frame: PtpIpFrame): Promise<void> {
    if (frame.type === 'garbage') {
      this.end({ kind: 'failed', detail: `framing lost at ${hex(frame.raw)}`, errorCode: 'GARBLED' });
      await this.command.transport.close();
      return;
    }
    if (frame.type === 'malformed') {
      this.counters.malformed++;
      return;
    }
    if (frame.type === 'ping') return this.command.send({ type: 'pong' });
    if (!('transactionId' in frame)) return;
    const pending = this.pending;
    if (pending === null || frame.transactionId !== pending.transactionId) {
      this.counters.wrongTransaction++;
      return;
    }
    clearTimeout(pending.timer);
    if (frame.type === 'startData') pending.announced = frame.totalLength;
    if (frame.type === 'data' || frame.type === 'endData') {
      await this.takeData(pending, frame.payload);
      pending.ended ||= frame.type === 'endData';
    }
    if (frame.type === 'operationResponse') {
      this.settle(pending, conclude(pending, frame.code, frame.parameters));
    } else {
      this.watch(pending);
    }
  }

  private async takeData(pending: Pending, payload: Uint8Array): Promise<void> {
    pending.received += payload.byteLength;
    if (pending.failure !== null) return;
    if (pending.received > pending.request.maxDataBytes) {
      this.settle(pending, { kind: 'oversized' });
      this.end({ kind: 'failed', detail: 'more data than was asked for', errorCode: 'GARBLED' });
      await this.command.transport.close();
      return;
    }
    if (pending.request.onData === undefined) {
      pending.parts.push(Buffer.from(payload));
      return;
    }
    try {
      await pending.request.onData(payload);
    } catch (error) {
      pending.failure = { error };
    }
  }

  private async onEventFrame(frame: PtpIpFrame): Promise<void> {
    if (frame.type === 'ping') return this.event.send({ type: 'pong' });
    if (frame.type === 'malformed' || frame.type === 'garbage') {
      // A torn event stream costs events, which every wait survives by asking; the commands go on.
      this.counters.malformed++;
      return;
    }
    if (frame.type !== 'event') return;
    for (const listener of this.listeners) listener(frame);
  }

  private watch(pending: Pending): void {
    if (this.pending !== pending) return;
    clearTimeout(pending.timer);
    const waitMs = Math.min(pending.request.silenceMs, Math.max(0, pending.deadlineMs - performance.now()));
    pending.timer = setTimeout(() => this.settle(pending, { kind: 'silent' }), waitMs);
  }

  private settle(pending: Pending, result: PtpResult): void {
    clearTimeout(pending.timer);
    if (this.pending === pending) this.pending = null;
    pending.settle(result);
  }

  private end(cause: CloseCause): void {
    if (this.over !== null) return;
    this.over = cause;
    if (this.pending !== null) this.settle(this.pending, { kind: 'lost', sent: true, detail: describe(cause) });
    this.ended.resolve(cause);
  }
}

function conclude(pending: Pending, code: number, parameters: readonly number[]): PtpResult {
  if (pending.failure !== null) return { kind: 'rejected', error: pending.failure.error };
  const announced = pending.announced;
  // 0xFFFFFFFF(FFFFFFFF) announces an unknown length (CIPA DC-005 2.3.9).
  const unknown = announced === 0xffff_ffff_ffff_ffffn || announced === 0xffff_ffffn;
  const complete = announced === null || (pending.ended && (unknown || announced === BigInt(pending.received)));
  return {
    kind: 'response',
    code,
    parameters,
    data: Buffer.concat(pending.parts),
    dataLength: pending.received,
    complete,
  };
}

function describe(cause: CloseCause): string {
  return cause.kind === 'closed' ? 'closed by this station' : cause.detail;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').slice(0, 64);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
