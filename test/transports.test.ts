import { ORPCError, os } from '@orpc/server';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Line, Transport } from './fixtures/transports.ts';
import { connectOver, TRANSPORTS } from './fixtures/transports.ts';

let ended = 0;
const base = os.$context<{ readonly caller: string }>();
const router = {
  who: base.handler(({ context }) => context.caller),
  twice: base.input(z.number()).handler(({ input }) => input * 2),
  fail: base.handler(() => {
    throw new ORPCError('PROBLEM', { status: 422, data: { code: 'NOT_FOUND' } });
  }),
  count: base.handler(async function* ({ signal }) {
    try {
      for (let count = 0; ; count += 1) {
        if (signal?.aborted === true) return;
        yield count;
        await new Promise((resolve) => {
          setTimeout(resolve, 5);
        });
      }
    } finally {
      ended += 1;
    }
  }),
  date: base.handler(() => ({ at: new Date(0), nothing: undefined, big: 12n })),
};

const lines: Line<unknown>[] = [];
async function connect(transport: Transport) {
  const line = await connectOver(transport, router, { caller: 'screen-1' });
  lines.push(line);
  return line.client;
}
afterEach(async () => {
  await Promise.all(lines.splice(0).map(async (line) => line.close()));
});

describe.each(TRANSPORTS)('a router over %s', (transport) => {
  it('is called with the context of its line and answers with what it returned', async () => {
    const client = await connect(transport);
    expect(await client.who()).toBe('screen-1');
    expect(await client.twice(21)).toBe(42);
    expect(await client.date()).toEqual({ at: new Date(0), nothing: undefined, big: 12n });
  });

  it('refuses with the same error', async () => {
    const client = await connect(transport);
    await expect(client.fail()).rejects.toMatchObject({ code: 'PROBLEM', data: { code: 'NOT_FOUND' } });
    await expect(client.twice('two' as never)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('streams, and ends the source when nobody listens any more', async () => {
    const client = await connect(transport);
    const before = ended;
    const received: number[] = [];
    for await (const count of await client.count()) {
      received.push(count);
      if (received.length === 3) break;
    }
    expect(received).toEqual([0, 1, 2]);
    await expect.poll(() => ended).toBe(before + 1);
  });
});

describe.each(['message-port', 'websocket'] as const)('a line over %s that goes away', (transport) => {
  it('ends the streams it carried', async () => {
    const before = ended;
    const line = await connectOver(transport, router, { caller: 'screen-1' });
    const stream = await line.client.count();
    await stream.next();
    await line.close();
    await expect.poll(() => ended).toBe(before + 1);
  });
});
