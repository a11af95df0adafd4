/** What a screen's calls took, as its own code measures and hands it over: over a real socket, to a real collector. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { newId, VantageError } from '../electron/contract/index.ts';
import type { TracedScreen } from './fixtures/traced-screen.ts';
import { openTracedScreen } from './fixtures/traced-screen.ts';
import type { GuardOptions } from '../electron/core/api/guard.ts';
import { ScreenSpans } from '../electron/core/telemetry/screen-spans.ts';
import { currentTraceparent, startTraces } from '../electron/core/telemetry/traces.ts';

const requestSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(z.object({ key: z.string(), value: z.looseObject({}) })) }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().default(''),
              name: z.string(),
              status: z.looseObject({ code: z.number().optional() }).optional(),
            }),
          ),
        }),
      ),
    }),
  ),
});
type Span = z.output<typeof requestSchema>['resourceSpans'][0]['scopeSpans'][0]['spans'][0] & { service: string };

const APPOINTMENT = newId();
const QUIET = { debug() {}, info() {}, warn() {}, error() {} };
const collected: Span[] = [];
let bodies = '';
let collector: Server | null = null;
let screen: TracedScreen | null = null;
afterEach(async () => {
  await screen?.close();
  collector?.close();
});

async function startCollector(): Promise<string> {
  collector = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      bodies += body;
      for (const { resource, scopeSpans } of requestSchema.parse(JSON.parse(body)).resourceSpans) {
        const service = String(resource.attributes.find(({ key }) => key === 'service.name')?.value['stringValue']);
        collected.push(...scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, service }))));
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  return `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
}

function guardOf(more: Partial<GuardOptions> = {}): GuardOptions {
  return { now: () => new Date(), log: QUIET, refused() {}, seen() {}, ...more };
}

describe('without a collector', () => {
  it('a screen is told so at its first handing over, and then sends nothing more', async () => {
    screen = await openTracedScreen(guardOf(), async () => undefined);
    await screen.client.today.checkIn({ appointmentId: APPOINTMENT });
    // The call, and the handing over, which is no span itself.
    await expect.poll(() => screen?.heard.length, { timeout: 20_000 }).toBe(2);
    await expect
      .poll(
        async () => {
          await screen?.client.today.checkIn({ appointmentId: APPOINTMENT });
          return screen?.heard.at(-1);
        },
        { timeout: 20_000 },
      )
      .toBeNull();
  });
});

describe('with a collector', () => {
  it('a visit begins with the screen’s span, later ones are in its trace, and nobody can add others', async () => {
    const stop = await startTraces(await startCollector());
    let visit: string | null = null;
    const screenSpans = new ScreenSpans(() => new Date());
    screen = await openTracedScreen(guardOf({ screenSpans, traceOf: async () => visit }), async (path) => {
      visit ??= currentTraceparent();
      if (path === 'visits.finish') throw new VantageError('STATUS_CONFLICT', 'Kanarienvogel');
    });
    const { client, heard } = screen;
    await client.today.checkIn({ appointmentId: APPOINTMENT });
    await expect(client.visits.finish({ sessionId: APPOINTMENT })).rejects.toMatchObject({ code: 'PROBLEM' });
    await expect.poll(() => heard.includes(null), { timeout: 20_000 }).toBe(true);
    const first = heard[0] ?? '';
    // Made up; told a second time.
    const forged = { startMs: Date.now(), durationMs: 1, outcome: 'done' } as const;
    const spans = ['00f067aa0ba902b7', first.slice(36, 52)].map((spanId) => ({ ...forged, spanId }));
    expect(await client.telemetry.finished({ spans })).toEqual({ wanted: true });
    await stop();

    const named = (name: string): Span | undefined => collected.find((span) => span.name === name);
    const root = named('screen today.checkIn');
    expect(root).toMatchObject({ service: 'vantage-screen', parentSpanId: '', traceId: first.slice(3, 35) });
    expect(named('call today.checkIn')).toMatchObject({ service: 'vantage-station', parentSpanId: root?.spanId });
    const finish = named('screen visits.finish');
    expect(finish).toMatchObject({ service: 'vantage-screen', parentSpanId: named('call today.checkIn')?.spanId });
    expect(finish?.status?.code).toBe(2);
    expect(named('call visits.finish')?.parentSpanId).toBe(finish?.spanId);
    const visitSpans = collected.filter(({ traceId }) => traceId === root?.traceId);
    expect(visitSpans.map(({ name }) => name).toSorted()).toEqual([
      'call today.checkIn',
      'call visits.finish',
      'screen today.checkIn',
      'screen visits.finish',
    ]);
    expect(collected.filter(({ service }) => service === 'vantage-screen').map(({ name }) => name)).toHaveLength(2);
    for (const word of ['Kanarienvogel', APPOINTMENT, '00f067aa0ba902b7']) expect(bodies).not.toContain(word);
  });
});
