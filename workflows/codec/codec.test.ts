import { randomBytes } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import { defaultPayloadConverter } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { newId } from '../../electron/contract/index.ts';
import { EncryptionCodec } from './encryption-codec.ts';
import type { NamedKey } from './keys.ts';
import { derivedKeys, ownKeys, readKeys, tenantKey } from './keys.ts';

const NORTH = newId();
const SOUTH = newId();
const MASTER: NamedKey = { id: '2026', key: randomBytes(32) };
const CONTEXT = { type: 'workflow', namespace: 'default', workflowId: `session-${newId()}` } as const;

function payloadOf(value: unknown): Payload {
  return defaultPayloadConverter.toPayload(value);
}
function valuesOf(payloads: readonly Payload[]): unknown[] {
  return payloads.map((payload) => defaultPayloadConverter.fromPayload(payload));
}
function stationOf(tenantId: string, master = MASTER): EncryptionCodec {
  return new EncryptionCodec(ownKeys(tenantId, [tenantKey(master, tenantId)]), tenantId);
}

describe('a payload', () => {
  it('crosses the wire unreadable, and a worker answers under the key of whoever asked', async () => {
    const [station, worker] = [stationOf(NORTH), new EncryptionCodec(derivedKeys([MASTER]), null)];
    const sent = await station.encode([payloadOf({ notes: 'the left eye' })], CONTEXT);
    expect(Buffer.from(sent[0]?.data ?? []).toString('latin1')).not.toContain('left eye');
    expect(valuesOf(await worker.decode(sent, CONTEXT))).toEqual([{ notes: 'the left eye' }]);
    const answer = await worker.encode([payloadOf('accepted')], CONTEXT);
    expect(valuesOf(await station.decode(answer, CONTEXT))).toEqual(['accepted']);
    await expect(stationOf(SOUTH).decode(answer, CONTEXT)).rejects.toThrow('not known here');
  });

  it('is rather not sent than sent in plain text', async () => {
    const worker = new EncryptionCodec(derivedKeys([MASTER]), null);
    await expect(worker.encode([payloadOf('x')], CONTEXT)).rejects.toThrow('tenant is not known');
    await expect(worker.encode([payloadOf('x')])).rejects.toThrow('tenant is not known');
  });

  it('that was changed, cut or moved to another tenant does not open', async () => {
    const worker = new EncryptionCodec(derivedKeys([MASTER]), null);
    const [sealed] = await stationOf(NORTH).encode([payloadOf('x')], CONTEXT);
    const data = Buffer.from(sealed?.data ?? []);
    const flipped = Buffer.from(data);
    flipped.writeUInt8(flipped.readUInt8(20) ^ 1, 20);
    for (const changed of [flipped, data.subarray(0, -1)]) {
      await expect(worker.decode([{ ...sealed!, data: changed }])).rejects.toThrow('changed');
    }
    await expect(worker.decode([{ ...sealed!, data: data.subarray(0, 8) }])).rejects.toThrow('cut short');
    const moved = { ...sealed!.metadata, 'encryption-key-id': Buffer.from(`${SOUTH}/2026`) };
    await expect(worker.decode([{ ...sealed!, metadata: moved }])).rejects.toThrow('changed');
  });

  it('of one clinic is not taken in a workflow of another', async () => {
    const worker = new EncryptionCodec(derivedKeys([MASTER]), null);
    await worker.decode(await stationOf(NORTH).encode([payloadOf('a')]), CONTEXT);
    const other = await stationOf(SOUTH).encode([payloadOf('b')]);
    await expect(worker.decode(other, CONTEXT)).rejects.toThrow('two tenants');
  });

  it('written under an old key still opens beside a new one', async () => {
    const next: NamedKey = { id: '2027', key: randomBytes(32) };
    const old = await stationOf(NORTH).encode([payloadOf('then')], CONTEXT);
    const worker = new EncryptionCodec(derivedKeys([next, MASTER]), null);
    expect(valuesOf(await worker.decode(old, CONTEXT))).toEqual(['then']);
    const answer = await worker.encode([payloadOf('now')], CONTEXT);
    expect(Buffer.from(answer[0]?.metadata?.['encryption-key-id'] ?? []).toString()).toBe(`${NORTH}/2027`);
    await expect(stationOf(NORTH).decode(answer, CONTEXT)).rejects.toThrow('not known here');
  });
});

describe('keys', () => {
  it('are read with their ids, and refused without telling what they are', () => {
    const key = randomBytes(32).toString('base64');
    expect(readKeys(`b:${key}, a:${key}`).map(({ id }) => id)).toEqual(['b', 'a']);
    for (const wrong of ['', `a:${key.slice(4)}`, `:${key}`, `a:${key},a:${key}`]) {
      expect(() => readKeys(wrong)).toThrow(/^(?!.*[A-Za-z0-9+/]{20})/);
    }
  });
});
