/**
 * One initiator's two connections to a simulated camera (CIPA DC-005): packets, transactions one after another, and the
 * faults of the script, which happen here, on the wire.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ptpOperationName, PTP_OPERATION, PTP_RESPONSE } from '../codec/ptp-codes.ts';
import { encodePtpIp, type PtpIpFrame, type PtpIpPacket } from '../codec/ptp-ip.ts';
import { type Answer, type CameraResponder, DATA_OUT_OPERATIONS, type EventToSend } from './camera-responder.ts';
import type { Fault, FaultScript } from './faults.ts';

const PIECE = 256 * 1024;
const MAX_DATA_OUT = 64 * 1024;
const DEFAULT_DELAY_MS = 1_000;
const OTHER_TRANSACTION = 7_000;

interface Request {
  readonly code: number;
  readonly transactionId: number;
  readonly parameters: readonly number[];
}

export class CameraWire {
  readonly command: Socket;
  event: Socket | null = null;
  private readonly script: FaultScript;
  private readonly unplug: () => void;
  private responder: CameraResponder | null = null;
  private waiting: { readonly request: Request; readonly parts: Buffer[]; size: number } | null = null;
  private turn: Promise<void> = Promise.resolve();
  private cancelled = -1;
  private stalled = false;

  constructor(command: Socket, script: FaultScript, unplug: () => void) {
    this.command = command;
    this.script = script;
    this.unplug = unplug;
  }

  attach(responder: CameraResponder): void {
    this.responder = responder;
  }

  get alive(): boolean {
    return !this.command.destroyed;
  }

  destroy(): void {
    this.command.destroy();
    this.event?.destroy();
  }

  /** A frame on the command connection. */
  onCommandFrame(frame: PtpIpFrame): void {
    switch (frame.type) {
      case 'garbage':
        this.destroy();
        return;
      case 'ping':
        void this.send(this.command, { type: 'pong' });
        return;
      case 'cancel':
        this.cancelled = frame.transactionId;
        return;
      case 'operationRequest': {
        const request = { code: frame.code, transactionId: frame.transactionId, parameters: frame.parameters };
        if (DATA_OUT_OPERATIONS.has(frame.code)) this.waiting = { request, parts: [], size: 0 };
        else this.queue(request, Buffer.alloc(0));
        return;
      }
      case 'data':
      case 'endData':
        this.takeData(frame.payload, frame.type === 'endData');
        return;
      default:
    }
  }

  /** A frame on the event connection. */
  onEventFrame(frame: PtpIpFrame): void {
    if (frame.type === 'ping' && this.event !== null) void this.send(this.event, { type: 'pong' });
    if (frame.type === 'cancel') this.cancelled = frame.transactionId;
  }

  async sendEvent(event: EventToSend, transactionId: number): Promise<void> {
    const fault = this.script.take(`event:${event.name}`);
    if (this.event === null || fault?.action === 'drop') return;
    if (fault?.action === 'unplug') {
      this.unplug();
      return;
    }
    if (fault?.action === 'stall') this.stalled = true;
    if (fault?.action === 'delay') await sleep(fault.delayMs ?? DEFAULT_DELAY_MS);
    const { code, parameters } = event;
    const id = fault?.action === 'wrongId' ? transactionId + OTHER_TRANSACTION : transactionId;
    const packet: PtpIpPacket = { type: 'event', code, transactionId: id, parameters };
    if (fault?.action === 'truncate' || fault?.action === 'corrupt') {
      await this.sendRaw(this.event, damage(encodePtpIp(packet), fault));
      return;
    }
    for (let times = fault?.action === 'duplicate' ? 2 : 1; times > 0; times--) await this.send(this.event, packet);
  }

  private takeData(payload: Uint8Array, end: boolean): void {
    const { waiting } = this;
    if (waiting === null) return;
    waiting.size += payload.byteLength;
    if (waiting.size > MAX_DATA_OUT) {
      this.destroy();
      return;
    }
    waiting.parts.push(Buffer.from(payload));
    if (!end) return;
    this.waiting = null;
    this.queue(waiting.request, Buffer.concat(waiting.parts));
  }

  private queue(request: Request, received: Buffer): void {
    this.turn = this.turn.then(() => this.answer(request, received)).catch(() => this.destroy());
  }

  private async answer(request: Request, received: Buffer): Promise<void> {
    const { code, parameters, transactionId } = request;
    const fault = this.script.take(ptpOperationName(code).split(' ', 1)[0] ?? '', (candidate) =>
      holdsByte(candidate, code, parameters),
    );
    if (fault?.action === 'busy') {
      await this.respond({ code: PTP_RESPONSE.DeviceBusy }, transactionId, null, 0);
      return;
    }
    const answer = (await this.responder?.execute(code, parameters, transactionId, received)) ?? {
      code: PTP_RESPONSE.GeneralError,
    };
    if (fault?.action === 'drop') return;
    if (fault?.action === 'delay') await sleep(fault.delayMs ?? DEFAULT_DELAY_MS);
    if (fault?.action === 'stall') this.stalled = true;
    const id = fault?.action === 'wrongId' ? transactionId + OTHER_TRANSACTION : transactionId;
    await this.respond(answer, id, fault, startOf(code, parameters));
  }

  private async respond(answer: Answer, transactionId: number, fault: Fault | null, start: number): Promise<void> {
    const at = Math.max(0, (fault?.atByte ?? start) - start);
    if (answer.data !== undefined) {
      const sent = await this.sendData(answer.data, transactionId, fault, at);
      if (!sent) return;
    } else if (fault?.action === 'unplug') {
      this.unplug();
      return;
    }
    const code = this.cancelled === transactionId ? PTP_RESPONSE.TransactionCancelled : answer.code;
    const packet: PtpIpPacket = {
      type: 'operationResponse',
      code,
      transactionId,
      parameters: answer.parameters ?? [],
    };
    if (answer.data === undefined && (fault?.action === 'corrupt' || fault?.action === 'truncate')) {
      await this.sendRaw(this.command, damage(encodePtpIp(packet), fault));
      return;
    }
    for (let times = fault?.action === 'duplicate' ? 2 : 1; times > 0; times--) await this.send(this.command, packet);
  }

  /** Sends a data phase; false when the camera went away in it. */
  private async sendData(
    data: NonNullable<Answer['data']>,
    transactionId: number,
    fault: Fault | null,
    at: number,
  ): Promise<boolean> {
    await this.send(this.command, { type: 'startData', transactionId, totalLength: BigInt(data.length) });
    const cut = fault?.action === 'truncate' || fault?.action === 'unplug';
    const end = cut ? Math.min(at, data.length) : data.length;
    let offset = 0;
    let last = false;
    while (!last) {
      const payload = Buffer.from(await data.read(offset, Math.min(PIECE, end - offset)));
      if (fault?.action === 'corrupt' && at >= offset && at < offset + payload.byteLength) {
        payload[at - offset] = (payload[at - offset] ?? 0) ^ 0xff;
      }
      offset += payload.byteLength;
      last = offset >= end || payload.byteLength === 0 || this.cancelled === transactionId;
      const closing = last && fault?.action !== 'unplug';
      await this.send(this.command, { type: closing ? 'endData' : 'data', transactionId, payload });
    }
    if (fault?.action !== 'unplug') return true;
    this.unplug();
    return false;
  }

  private send(socket: Socket, packet: PtpIpPacket): Promise<void> {
    return this.sendRaw(socket, encodePtpIp(packet));
  }

  private async sendRaw(socket: Socket, bytes: Buffer): Promise<void> {
    if (this.stalled || socket.destroyed) return;
    if (!socket.write(bytes)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
  }
}

/** For reads of an object `atByte` counts from the object's start, so that a byte of a picture can be named. */
function holdsByte(fault: Fault, code: number, parameters: readonly number[]): boolean {
  if (fault.atByte === undefined || !isPartialRead(code)) return true;
  const [, offset = 0, length = 0] = parameters;
  return fault.atByte >= offset && fault.atByte < offset + length;
}

function startOf(code: number, parameters: readonly number[]): number {
  return isPartialRead(code) ? (parameters[1] ?? 0) : 0;
}

function isPartialRead(code: number): boolean {
  return code === PTP_OPERATION.GetPartialObject || code === PTP_OPERATION.EosGetPartialObject;
}

/** A packet without its end, or with a length that cannot be. */
function damage(packet: Buffer, fault: Fault): Buffer {
  if (fault.action === 'truncate') return packet.subarray(0, fault.atByte ?? packet.byteLength - 1);
  const at = fault.atByte ?? 3;
  packet[at] = (packet[at] ?? 0) ^ 0xff;
  return packet;
}
