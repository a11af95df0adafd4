/**
 * Packets of PTP/IP (CIPA DC-005-2005, clause 2.3): bytes <-> packets. Pure and incremental. Memory is bounded: packets
 * other than data are at most 64 KiB, and data packets (which may hold a whole photograph) come out in pieces as they arrive.
 * Never throws: what cannot be read comes out as `malformed` or `garbage` with its raw bytes.
 */

/** Packet types (CIPA DC-005 2.3, table of packet types). */
const PTP_IP_TYPE = {
  InitCommandRequest: 1,
  InitCommandAck: 2,
  InitEventRequest: 3,
  InitEventAck: 4,
  InitFail: 5,
  OperationRequest: 6,
  OperationResponse: 7,
  Event: 8,
  StartData: 9,
  Data: 10,
  Cancel: 11,
  EndData: 12,
  Ping: 13,
  Pong: 14,
} as const;

/** Reasons of Init Fail (CIPA DC-005 2.3.5). */
export const PTP_IP_FAIL = { RejectedInitiator: 1, Busy: 2, Unspecified: 3 } as const;

/** DataPhaseInfo of an operation request (CIPA DC-005 2.3.6). */
export const PTP_IP_PHASE = { NoDataOrIn: 1, Out: 2, Unknown: 3 } as const;

/** Version 1.0 as the two last fields of the Init packets carry it. */
export const PTP_IP_VERSION = 0x0001_0000;

/** Packets that are sent and received whole. `guid` is 16 bytes. */
export type PtpIpPacket =
  | { readonly type: 'initCommandRequest'; readonly guid: Uint8Array; readonly name: string; readonly version: number }
  | {
      readonly type: 'initCommandAck';
      readonly connectionNumber: number;
      readonly guid: Uint8Array;
      readonly name: string;
      readonly version: number;
    }
  | { readonly type: 'initEventRequest'; readonly connectionNumber: number }
  | { readonly type: 'initEventAck' }
  | { readonly type: 'initFail'; readonly reason: number }
  | {
      readonly type: 'operationRequest';
      readonly dataPhase: number;
      readonly code: number;
      readonly transactionId: number;
      readonly parameters: readonly number[];
    }
  | {
      readonly type: 'operationResponse';
      readonly code: number;
      readonly transactionId: number;
      readonly parameters: readonly number[];
    }
  | {
      readonly type: 'event';
      readonly code: number;
      readonly transactionId: number;
      readonly parameters: readonly number[];
    }
  | { readonly type: 'startData'; readonly transactionId: number; readonly totalLength: bigint }
  | { readonly type: 'data'; readonly transactionId: number; readonly payload: Uint8Array }
  | { readonly type: 'endData'; readonly transactionId: number; readonly payload: Uint8Array }
  | { readonly type: 'cancel'; readonly transactionId: number }
  | { readonly type: 'ping' }
  | { readonly type: 'pong' };

/**
 * What a decoder gives. A long `data` or `endData` packet comes as several `data` frames; only the last piece of an End Data
 * packet is `endData`. `malformed`: a whole packet of a known or unknown type that makes no sense; reading goes on after it.
 * `garbage`: the stream has lost its framing, nothing after it is read any more. `raw` is at most 256 bytes.
 */
export type PtpIpFrame =
  | PtpIpPacket
  | { readonly type: 'malformed'; readonly packetType: number; readonly raw: Uint8Array }
  | { readonly type: 'garbage'; readonly raw: Uint8Array };

const HEADER = 8;
const MAX_CONTROL_PACKET = 64 * 1024;
const MAX_DATA_PACKET = 0xffff_ffff;
const MAX_PARAMETERS = 5;
const RAW_KEPT = 256;

/** Bytes of one packet. @throws RangeError for a guid that is not 16 bytes or more than five parameters. */
export function encodePtpIp(packet: PtpIpPacket): Buffer {
  switch (packet.type) {
    case 'initCommandRequest':
      return frame(PTP_IP_TYPE.InitCommandRequest, guid16(packet.guid), utf16(packet.name), u32(packet.version));
    case 'initCommandAck':
      return frame(
        PTP_IP_TYPE.InitCommandAck,
        u32(packet.connectionNumber),
        guid16(packet.guid),
        utf16(packet.name),
        u32(packet.version),
      );
    case 'initEventRequest':
      return frame(PTP_IP_TYPE.InitEventRequest, u32(packet.connectionNumber));
    case 'initEventAck':
      return frame(PTP_IP_TYPE.InitEventAck);
    case 'initFail':
      return frame(PTP_IP_TYPE.InitFail, u32(packet.reason));
    case 'operationRequest':
      return frame(PTP_IP_TYPE.OperationRequest, u32(packet.dataPhase), operation(packet));
    case 'operationResponse':
      return frame(PTP_IP_TYPE.OperationResponse, operation(packet));
    case 'event':
      return frame(PTP_IP_TYPE.Event, operation(packet));
    case 'startData': {
      const total = Buffer.alloc(8);
      total.writeBigUInt64LE(packet.totalLength);
      return frame(PTP_IP_TYPE.StartData, u32(packet.transactionId), total);
    }
    case 'data':
      return frame(PTP_IP_TYPE.Data, u32(packet.transactionId), packet.payload);
    case 'endData':
      return frame(PTP_IP_TYPE.EndData, u32(packet.transactionId), packet.payload);
    case 'cancel':
      return frame(PTP_IP_TYPE.Cancel, u32(packet.transactionId));
    default:
      return frame(packet.type === 'ping' ? PTP_IP_TYPE.Ping : PTP_IP_TYPE.Pong);
  }
}

/** Incremental decoder of one direction of one connection. */
export class PtpIpDecoder {
  private pending: Buffer = Buffer.alloc(0);
  /** The data packet whose payload is still arriving. */
  private open: { readonly end: boolean; readonly transactionId: number; left: number } | null = null;
  private lost = false;

  /** Takes bytes as they arrive, split anywhere; gives the frames that are complete. Payloads are views, valid until kept. */
  push(bytes: Uint8Array): PtpIpFrame[] {
    if (this.lost || bytes.byteLength === 0) return [];
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.pending = this.pending.byteLength === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const frames: PtpIpFrame[] = [];
    while (!this.lost && this.step(frames));
    // A copy, so that a large chunk is not kept alive by its tail.
    if (this.pending.byteLength > 0) this.pending = Buffer.from(this.pending);
    return frames;
  }

  /** True after `garbage`: nothing more will be decoded. */
  get framingLost(): boolean {
    return this.lost;
  }

  private step(frames: PtpIpFrame[]): boolean {
    if (this.open !== null) return this.payload(this.open, frames);
    if (this.pending.byteLength < HEADER) return false;
    const length = this.pending.readUInt32LE(0);
    const type = this.pending.readUInt32LE(4);
    const isData = type === PTP_IP_TYPE.Data || type === PTP_IP_TYPE.EndData;
    if (length < HEADER || length > (isData ? MAX_DATA_PACKET : MAX_CONTROL_PACKET)) {
      frames.push({ type: 'garbage', raw: keep(this.pending) });
      this.lost = true;
      this.pending = Buffer.alloc(0);
      return false;
    }
    if (isData && length >= HEADER + 4) {
      if (this.pending.byteLength < HEADER + 4) return false;
      const transactionId = this.pending.readUInt32LE(HEADER);
      this.pending = this.pending.subarray(HEADER + 4);
      this.open = { end: type === PTP_IP_TYPE.EndData, transactionId, left: length - HEADER - 4 };
      return true;
    }
    if (this.pending.byteLength < length) return false;
    const raw = this.pending.subarray(0, length);
    this.pending = this.pending.subarray(length);
    frames.push(decodeControl(type, raw.subarray(HEADER)) ?? { type: 'malformed', packetType: type, raw: keep(raw) });
    return true;
  }

  private payload(open: NonNullable<PtpIpDecoder['open']>, frames: PtpIpFrame[]): boolean {
    const take = Math.min(open.left, this.pending.byteLength);
    if (take === 0 && open.left > 0) return false;
    const payload = this.pending.subarray(0, take);
    this.pending = this.pending.subarray(take);
    open.left -= take;
    const last = open.left === 0;
    frames.push({ type: last && open.end ? 'endData' : 'data', transactionId: open.transactionId, payload });
    if (last) this.open = null;
    return true;
  }
}

function decodeControl(type: number, body: Buffer): PtpIpPacket | null {
  switch (type) {
    case PTP_IP_TYPE.InitCommandRequest: {
      const tail = decodeNameAndVersion(body, 16);
      return tail && { type: 'initCommandRequest', guid: Buffer.from(body.subarray(0, 16)), ...tail };
    }
    case PTP_IP_TYPE.InitCommandAck: {
      const tail = decodeNameAndVersion(body, 20);
      if (tail === null) return null;
      const guid = Buffer.from(body.subarray(4, 20));
      return { type: 'initCommandAck', connectionNumber: body.readUInt32LE(0), guid, ...tail };
    }
    case PTP_IP_TYPE.InitEventRequest:
      return body.byteLength < 4 ? null : { type: 'initEventRequest', connectionNumber: body.readUInt32LE(0) };
    case PTP_IP_TYPE.InitEventAck:
      return { type: 'initEventAck' };
    case PTP_IP_TYPE.InitFail:
      return body.byteLength < 4 ? null : { type: 'initFail', reason: body.readUInt32LE(0) };
    case PTP_IP_TYPE.OperationRequest: {
      const rest = body.byteLength < 4 ? null : decodeOperation(body.subarray(4));
      return rest && { type: 'operationRequest', dataPhase: body.readUInt32LE(0), ...rest };
    }
    case PTP_IP_TYPE.OperationResponse: {
      const rest = decodeOperation(body);
      return rest && { type: 'operationResponse', ...rest };
    }
    case PTP_IP_TYPE.Event: {
      const rest = decodeOperation(body);
      return rest && { type: 'event', ...rest };
    }
    case PTP_IP_TYPE.StartData: {
      // libgphoto2 sends (and reads) a total length of 32 bits where the standard has 64.
      if (body.byteLength < 8) return null;
      const totalLength = body.byteLength >= 12 ? body.readBigUInt64LE(4) : BigInt(body.readUInt32LE(4));
      return { type: 'startData', transactionId: body.readUInt32LE(0), totalLength };
    }
    case PTP_IP_TYPE.Cancel:
      return body.byteLength < 4 ? null : { type: 'cancel', transactionId: body.readUInt32LE(0) };
    case PTP_IP_TYPE.Ping:
      return { type: 'ping' };
    case PTP_IP_TYPE.Pong:
      return { type: 'pong' };
    default:
      return null;
  }
}

function decodeOperation(body: Buffer): { code: number; transactionId: number; parameters: number[] } | null {
  const count = (body.byteLength - 6) / 4;
  if (!Number.isInteger(count) || count < 0 || count > MAX_PARAMETERS) return null;
  return {
    code: body.readUInt16LE(0),
    transactionId: body.readUInt32LE(2),
    parameters: Array.from({ length: count }, (_, index) => body.readUInt32LE(6 + index * 4)),
  };
}

/** A null-terminated UTF-16LE name at `offset`, then the version; cameras exist that leave the version out. */
function decodeNameAndVersion(body: Buffer, offset: number): { name: string; version: number } | null {
  for (let at = offset; at + 2 <= body.byteLength; at += 2) {
    if (body.readUInt16LE(at) !== 0) continue;
    const version = at + 6 <= body.byteLength ? body.readUInt32LE(at + 2) : PTP_IP_VERSION;
    return { name: body.toString('utf16le', offset, at), version };
  }
  return null;
}

function operation(packet: { code: number; transactionId: number; parameters: readonly number[] }): Buffer {
  if (packet.parameters.length > MAX_PARAMETERS) throw new RangeError('PTP operations have at most five parameters');
  const bytes = Buffer.alloc(6 + packet.parameters.length * 4);
  bytes.writeUInt16LE(packet.code, 0);
  bytes.writeUInt32LE(packet.transactionId >>> 0, 2);
  for (const [index, value] of packet.parameters.entries()) bytes.writeUInt32LE(value >>> 0, 6 + index * 4);
  return bytes;
}

function frame(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.byteLength, HEADER);
  return Buffer.concat([u32(length), u32(type), ...parts], length);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

function utf16(text: string): Buffer {
  return Buffer.from(`${text.replaceAll('\0', '').slice(0, 255)}\0`, 'utf16le');
}

function guid16(guid: Uint8Array): Uint8Array {
  if (guid.byteLength !== 16) throw new RangeError('a PTP/IP GUID has 16 bytes');
  return guid;
}

function keep(bytes: Buffer): Uint8Array {
  return Buffer.from(bytes.subarray(0, RAW_KEPT));
}
