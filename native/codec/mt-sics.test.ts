import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeMtSicsCommand,
  encodeMtSicsReply,
  formatMtSicsReply,
  kilogramsOf,
  MAX_LINE_BYTES,
  MT_SICS_COMMANDS,
  MT_SICS_UNITS,
  MtSicsLineDecoder,
  parseModelText,
  parseMtSicsCommand,
  parseMtSicsReply,
  resolutionKgOf,
  type MtSicsReplyContent,
} from './mt-sics.ts';

const digits = fc
  .tuple(fc.boolean(), fc.integer({ min: 0, max: 99_999 }), fc.integer({ min: 0, max: 3 }))
  .map(([negative, value, decimals]) => `${negative ? '-' : ''}${(value / 10 ** decimals).toFixed(decimals)}`);
const weight = fc.record({ digits, unit: fc.constantFrom(...MT_SICS_UNITS) });
const text = fc.stringMatching(/^[ !#-~]{0,20}$/);

const reply: fc.Arbitrary<MtSicsReplyContent> = fc.oneof(
  fc.record({
    type: fc.constant('weight' as const),
    command: fc.constant('S' as const),
    stable: fc.boolean(),
    weight,
  }),
  fc.record({
    type: fc.constant('weight' as const),
    command: fc.constantFrom('T' as const, 'TA' as const),
    stable: fc.constant(true),
    weight,
  }),
  fc.record({
    type: fc.constantFrom(
      'overload' as const,
      'underload' as const,
      'notExecutable' as const,
      'wrongParameter' as const,
    ),
    command: fc.constantFrom('S', 'Z', 'ZI', 'T'),
  }),
  fc.record({ type: fc.constant('done' as const), command: fc.constantFrom('Z', 'TAC') }),
  fc.record({ type: fc.constant('zeroed' as const), stable: fc.boolean() }),
  fc.record({
    type: fc.constant('text' as const),
    command: fc.constantFrom('I0' as const, 'I1' as const, 'I2' as const, 'I3' as const, 'I4' as const),
    last: fc.boolean(),
    texts: fc.array(text, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    type: fc.constant('error' as const),
    code: fc.constantFrom('ES' as const, 'ET' as const, 'EL' as const),
  }),
);

/** Pushes `bytes` in pieces cut at `cuts`. */
function decodeInPieces(bytes: Uint8Array, cuts: readonly number[]): { type: string; text: string }[] {
  const decoder = new MtSicsLineDecoder();
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return edges.slice(1).flatMap((edge, index) => decoder.push(bytes.subarray(edges[index], edge)));
}

describe('MT-SICS replies', () => {
  it('come back as they were meant, however the bytes are split', () => {
    fc.assert(
      fc.property(
        fc.array(reply, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (replies, cuts) => {
          const bytes = Buffer.concat(replies.map((each) => encodeMtSicsReply(each)));
          const lines = decodeInPieces(bytes, cuts);
          expect(lines.map((line) => line.type)).toEqual(replies.map(() => 'line'));
          expect(lines.map((line) => parseMtSicsReply(line.text))).toEqual(
            replies.map((each) => ({ ...each, raw: formatMtSicsReply(each) })),
          );
        },
      ),
    );
  });

  it('never make the decoder throw, grow, or disagree with itself at another split', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.array(fc.nat(), { maxLength: 30 }), (bytes, cuts) => {
        const whole = new MtSicsLineDecoder().push(bytes);
        expect(decodeInPieces(bytes, cuts)).toEqual(whole);
        for (const line of whole) {
          expect(line.text.length).toBeLessThanOrEqual(MAX_LINE_BYTES);
          expect(parseMtSicsReply(line.text).raw).toBe(line.text);
        }
      }),
    );
  });

  it('are found again after garbage of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1000 }), reply, (noise, good) => {
        const decoder = new MtSicsLineDecoder();
        decoder.push(noise);
        decoder.push(Buffer.from('\r\n'));
        expect(decoder.push(encodeMtSicsReply(good)).map((line) => parseMtSicsReply(line.text))).toEqual([
          { ...good, raw: formatMtSicsReply(good) },
        ]);
      }),
    );
  });

  it('read the examples of the manual', () => {
    expect(parseMtSicsReply('S S     100.00 g')).toMatchObject({
      type: 'weight',
      stable: true,
      weight: { digits: '100.00' },
    });
    expect(parseMtSicsReply('S D     129.07 g')).toMatchObject({ type: 'weight', stable: false });
    expect(parseMtSicsReply('S +')).toMatchObject({ type: 'overload', command: 'S' });
    expect(parseMtSicsReply('S -')).toMatchObject({ type: 'underload', command: 'S' });
    expect(parseMtSicsReply('S I')).toMatchObject({ type: 'notExecutable', command: 'S' });
    expect(parseMtSicsReply('Z A')).toMatchObject({ type: 'done', command: 'Z' });
    expect(parseMtSicsReply('I4 A "0123456789"')).toMatchObject({ type: 'text', last: true, texts: ['0123456789'] });
    expect(parseMtSicsReply('I0 B 0 "I4"')).toMatchObject({ type: 'text', last: false, texts: ['0', 'I4'] });
    expect(parseMtSicsReply('TA A     100.00 g')).toMatchObject({ type: 'weight', command: 'TA' });
  });

  it('that are nearly right are unknown, with their raw text', () => {
    for (const raw of [
      'S S',
      'S S     kg',
      'S X 1 kg',
      'S S 1e9 kg',
      'S S 72.45 st',
      'Z S',
      'I4',
      'I9 A "x"',
      's s 1 kg',
      'S S 1.2.3 kg',
    ]) {
      expect(parseMtSicsReply(raw)).toEqual({ type: 'unknown', raw });
    }
  });
});

describe('MT-SICS commands', () => {
  it('come back as they were sent', () => {
    for (const command of MT_SICS_COMMANDS) {
      const lines = new MtSicsLineDecoder().push(encodeMtSicsCommand(command));
      expect(lines.map((line) => parseMtSicsCommand(line.text))).toEqual([command]);
    }
    expect(parseMtSicsCommand('QQ')).toBeNull();
  });
});

describe('an over-long line', () => {
  it('is told once, and the next line is read', () => {
    const lines = new MtSicsLineDecoder().push(Buffer.from(`${'x'.repeat(5000)}\r\nS I\r\n`));
    expect(lines.map((line) => line.type)).toEqual(['garbage', 'line']);
  });
});

describe('weights', () => {
  it('become kilograms', () => {
    expect(kilogramsOf({ digits: '72.45', unit: 'kg' })).toBe(72.45);
    expect(kilogramsOf({ digits: '72450', unit: 'g' })).toBe(72.45);
    expect(kilogramsOf({ digits: '159.7', unit: 'lb' })).toBe(72.438701);
    expect(Object.is(kilogramsOf({ digits: '-0.00', unit: 'kg' }), 0)).toBe(true);
    expect(resolutionKgOf({ digits: '72.45', unit: 'kg' })).toBeCloseTo(0.01);
  });

  it('are found in the free text of I2', () => {
    expect(parseModelText(['ICS449 150.00 kg'])).toEqual({
      model: 'ICS449',
      capacity: { digits: '150.00', unit: 'kg' },
    });
    expect(parseModelText(['WMS404C-L/10 WMS-Bridge 410.0090 g']).model).toBe('WMS404C-L/10 WMS-Bridge');
    expect(parseModelText(['IND560'])).toEqual({ model: 'IND560', capacity: null });
  });
});
