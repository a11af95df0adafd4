import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodePtpIp, PtpIpDecoder, type PtpIpFrame, type PtpIpPacket } from './ptp-ip.ts';

const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const guid = fc.uint8Array({ minLength: 16, maxLength: 16 });
const name = fc.string({ maxLength: 40 }).map((value) => value.replaceAll('\0', ''));
const operation = { code: u16, transactionId: u32, parameters: fc.array(u32, { maxLength: 5 }) };

const control: fc.Arbitrary<PtpIpPacket> = fc.oneof(
  fc.record({ type: fc.constant('initCommandRequest' as const), guid, name, version: u32 }),
  fc.record({ type: fc.constant('initCommandAck' as const), connectionNumber: u32, guid, name, version: u32 }),
  fc.record({ type: fc.constant('initEventRequest' as const), connectionNumber: u32 }),
  fc.constant({ type: 'initEventAck' as const }),
  fc.record({ type: fc.constant('initFail' as const), reason: u32 }),
  fc.record({ type: fc.constant('operationRequest' as const), dataPhase: u32, ...operation }),
  fc.record({ type: fc.constant('operationResponse' as const), ...operation }),
  fc.record({ type: fc.constant('event' as const), ...operation }),
  fc.record({
    type: fc.constant('startData' as const),
    transactionId: u32,
    totalLength: fc.bigInt(0n, 2n ** 64n - 1n),
  }),
  fc.record({ type: fc.constant('cancel' as const), transactionId: u32 }),
  fc.constant({ type: 'ping' as const }),
  fc.constant({ type: 'pong' as const }),
);
const data: fc.Arbitrary<PtpIpPacket> = fc.record({
  type: fc.constantFrom('data' as const, 'endData' as const),
  transactionId: u32,
  payload: fc.uint8Array({ maxLength: 300 }),
});

/** Feeds `bytes` cut at pseudo-random places; joins the pieces of data packets again. */
function decodeSplit(bytes: Uint8Array, cuts: readonly number[]): PtpIpFrame[] {
  const decoder = new PtpIpDecoder();
  const frames: PtpIpFrame[] = [];
  let offset = 0;
  for (let turn = 0; offset < bytes.byteLength; turn++) {
    const length = cuts[turn % cuts.length] ?? 1;
    frames.push(...decoder.push(bytes.slice(offset, offset + length)).map((frame) => structuredClone(frame)));
    offset += length;
  }
  return frames;
}

function joined(frames: readonly PtpIpFrame[], ends: boolean): string {
  const parts: string[] = [];
  let text = '';
  for (const frame of frames) {
    if (frame.type !== 'data' && frame.type !== 'endData') continue;
    text += Buffer.from(frame.payload).toString('hex');
    if (ends && frame.type === 'endData') {
      parts.push(`${frame.transactionId}:${text}`);
      text = '';
    }
  }
  parts.push(text);
  return parts.join('|');
}

describe('PTP/IP packets', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 });

  test('come back as they were written, split anywhere', () => {
    fc.assert(
      fc.property(fc.array(control, { minLength: 1, maxLength: 6 }), cuts, (packets, at) => {
        const frames = decodeSplit(Buffer.concat(packets.map(encodePtpIp)), at);
        expect(plain(frames)).toEqual(plain(packets));
      }),
    );
  });

  test('data comes in pieces that join to what was sent', () => {
    fc.assert(
      fc.property(fc.array(data, { minLength: 1, maxLength: 6 }), cuts, (packets, at) => {
        const frames = decodeSplit(Buffer.concat(packets.map(encodePtpIp)), at);
        expect(joined(frames, true)).toBe(joined(packets, true));
      }),
    );
  });

  test('garbage, split anywhere, never throws and loses framing at most once', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 500 }), cuts, (bytes, at) => {
        const frames = decodeSplit(bytes, at);
        expect(frames.filter((frame) => frame.type === 'garbage').length).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('garbage after a packet does not take the packet away', () => {
    fc.assert(
      fc.property(control, fc.uint8Array({ minLength: 1, maxLength: 100 }), cuts, (packet, tail, at) => {
        const frames = decodeSplit(Buffer.concat([encodePtpIp(packet), tail]), at);
        expect(frames[0]?.type).toBe(packet.type);
      }),
    );
  });

  test('a length that cannot be ends the reading, with evidence', () => {
    const decoder = new PtpIpDecoder();
    const frames = decoder.push(Buffer.from('0400000007000000ffff', 'hex'));
    expect(frames).toMatchObject([{ type: 'garbage', raw: Buffer.from('0400000007000000ffff', 'hex') }]);
    expect(decoder.framingLost).toBe(true);
    expect(decoder.push(encodePtpIp({ type: 'ping' }))).toEqual([]);
  });

  test('an unknown packet type is skipped and kept raw', () => {
    const frames = new PtpIpDecoder().push(
      Buffer.concat([Buffer.from('0c0000006300000001020304', 'hex'), encodePtpIp({ type: 'pong' })]),
    );
    expect(frames.map((frame) => frame.type)).toEqual(['malformed', 'pong']);
  });

  test('reads the 32-bit data length of libgphoto2', () => {
    const frames = new PtpIpDecoder().push(Buffer.from('10000000090000000500000080000000', 'hex'));
    expect(frames).toEqual([{ type: 'startData', transactionId: 5, totalLength: 128n }]);
  });
});

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, field: unknown) => plainField(key, field)));
}

function plainField(key: string, field: unknown): unknown {
  if (typeof field === 'bigint') return field.toString();
  if (key === 'guid' && field !== null && typeof field === 'object') {
    const bytes = 'data' in field ? (field as { data: number[] }).data : Object.values(field as Record<string, number>);
    return Buffer.from(bytes).toString('hex');
  }
  return field;
}
