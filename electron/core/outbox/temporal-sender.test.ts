/** Over real sockets, against a server that answers as no good one would. A real Temporal server stands in `test/faults/outbox`. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VantageError, newId } from '../../contract/index.ts';
import { TENANT, openTestStore, temporaryFolder } from '../store/testing/documents.ts';
import { systemClock } from '../sync/clock.ts';
import { ManualClock } from '../sync/testing/manual-clock.ts';
import { Outbox } from './outbox.ts';
import { outboxCounts } from './outbox-rows.ts';
import type { DeliveryResult, OutboxRequest } from './sender.ts';
import { TemporalSender } from './temporal-sender.ts';
import type { TemporalSenderOptions } from './temporal-sender.ts';
import { startGrpcServer } from './testing/grpc-server.ts';
import type { Answer, GrpcServer } from './testing/grpc-server.ts';
import { visitIntent } from './testing/intents.ts';

const QUIET = { debug() {}, info() {}, warn() {}, error() {} };
const ALIVE = new AbortController().signal;
/** For what is answered, on a machine however busy. */
const LONG = { startMs: 20_000, messageMs: 20_000 };
/** For what is never answered. */
const SHORT = { startMs: 1000, messageMs: 1000 };
const STARTED: DeliveryResult = { kind: 'delivered', answer: 'started' };

let server: GrpcServer;
let senders: TemporalSender[] = [];
beforeEach(async () => {
  server = await startGrpcServer();
});
afterEach(async () => {
  for (const sender of senders) await sender.close();
  senders = [];
  await server.close();
});

function senderTo(address: string, changes: Partial<TemporalSenderOptions> = {}): TemporalSender {
  const sender = new TemporalSender({
    settings: { ...settingsWith(KEYS), address },
    clock: systemClock,
    identity: 'station',
    tenantId: () => TENANT,
    deadlines: LONG,
    ...changes,
  });
  senders.push(sender);
  return sender;
}

/** Nobody here opens what it seals. */
const KEYS = `1:${Buffer.alloc(32, 7).toString('base64')}`;

function settingsWith(payloadKeys: string | null): TemporalSenderOptions['settings'] {
  return {
    address: server.address,
    namespace: 'default',
    credentials: () => ({ tls: null, apiKey: null, payloadKeys }),
  };
}

function request(isMessage = false): OutboxRequest {
  return {
    workflow: { type: 'sessionWorkflow', id: `session-${newId()}`, queue: 'vantage-visits', argument: { a: 1 } },
    message: isMessage ? { name: 'captured', id: newId(), argument: {} } : null,
  };
}

describe('what becomes of a request', () => {
  it.each<[string, Answer, DeliveryResult]>([
    ['a start', { kind: 'started' }, STARTED],
    ['cancelled', { kind: 'status', code: 1 }, { kind: 'away', code: 'CANCELLED', timedOut: false }],
    ['unknown', { kind: 'status', code: 2 }, { kind: 'failed', code: 'UNKNOWN' }],
    ['an invalid argument', { kind: 'status', code: 3 }, { kind: 'invalid', code: 'INVALID_ARGUMENT' }],
    ['its own deadline', { kind: 'status', code: 4 }, { kind: 'away', code: 'DEADLINE_EXCEEDED', timedOut: true }],
    ['a workflow that has ended', { kind: 'status', code: 6 }, STARTED],
    ['no permission', { kind: 'status', code: 7 }, { kind: 'denied', code: 'PERMISSION_DENIED' }],
    ['too much', { kind: 'status', code: 8 }, { kind: 'away', code: 'RESOURCE_EXHAUSTED', timedOut: false }],
    ['a workflow whose workers die', { kind: 'status', code: 9 }, { kind: 'unattended' }],
    ['an old server', { kind: 'status', code: 12 }, { kind: 'denied', code: 'UNIMPLEMENTED' }],
    ['an internal error', { kind: 'status', code: 13 }, { kind: 'failed', code: 'INTERNAL' }],
    ['not available', { kind: 'status', code: 14 }, { kind: 'away', code: 'UNAVAILABLE', timedOut: false }],
    ['not authenticated', { kind: 'status', code: 16 }, { kind: 'denied', code: 'UNAUTHENTICATED' }],
    ['no answer', { kind: 'nothing' }, { kind: 'away', code: 'DEADLINE_EXCEEDED', timedOut: true }],
    ['a page of the network', { kind: 'page', status: 503 }, { kind: 'away', code: 'UNAVAILABLE', timedOut: false }],
  ])('%s', async (_what, answer, result) => {
    server.answer = answer;
    const deadlines = answer.kind === 'nothing' ? SHORT : LONG;
    expect(await senderTo(server.address, { deadlines }).deliver(request(), ALIVE)).toEqual(result);
    // The outbox alone tries again.
    expect(server.calls).toEqual(['StartWorkflowExecution']);
  });

  it.each([1, 2, 4, 7, 8, 9, 13, 14, 16])('status %i means the same for a message', async (code) => {
    server.answer = { kind: 'status', code };
    const sender = senderTo(server.address);
    const start = await sender.deliver(request(), ALIVE);
    expect(await sender.deliver(request(true), ALIVE)).toEqual(start);
    expect(server.calls).toEqual(['StartWorkflowExecution', 'ExecuteMultiOperation']);
  });

  it('never says what the server said: it might quote what was sent', async () => {
    for (const code of [1, 2, 3, 7, 13, 14]) {
      server.answer = { kind: 'status', code };
      expect(JSON.stringify(await senderTo(server.address).deliver(request(), ALIVE))).not.toContain('Amara');
    }
  });

  it('is a start that took place where the server died before it said so', async () => {
    const sender = senderTo(server.address);
    const wanted = request();
    server.answer = { kind: 'die' };
    expect((await sender.deliver(wanted, ALIVE)).kind).toBe('away');
    server.answer = { kind: 'status', code: 6 };
    expect(await sender.deliver(wanted, ALIVE)).toEqual(STARTED);
  });

  it('may pass where a stream was reset', async () => {
    const sender = senderTo(server.address);
    server.answer = { kind: 'reset' };
    expect((await sender.deliver(request(), ALIVE)).kind).toBe('away');
    server.answer = { kind: 'started' };
    expect(await sender.deliver(request(), ALIVE)).toEqual(STARTED);
  });

  it('is over with the station, at once', async () => {
    server.answer = { kind: 'nothing' };
    const sender = senderTo(server.address, { deadlines: { startMs: 60_000, messageMs: 60_000 } });
    const closing = new AbortController();
    const sent = sender.deliver(request(), closing.signal);
    await expect.poll(() => server.calls.length).toBe(1);
    closing.abort(new Error('closing'));
    expect(await sent).toMatchObject({ kind: 'away', code: 'CANCELLED' });
  });

  it('is over after a while by the clock of the station, even where gRPC itself is stuck', async () => {
    server.answer = { kind: 'nothing' };
    const clock = new ManualClock();
    const sender = senderTo(server.address, { clock, deadlines: { startMs: 60_000, messageMs: 60_000 } });
    const sent = sender.deliver(request(), ALIVE);
    await expect.poll(() => server.calls.length).toBe(1);
    await clock.advance(65_000);
    expect(await sent).toEqual({ kind: 'away', code: 'DEADLINE_EXCEEDED', timedOut: true });
  });

  it('is refused here where what the station is set up with is not there, and nothing goes out', async () => {
    const sender = senderTo(server.address, {
      settings: {
        address: server.address,
        namespace: 'default',
        credentials: () => {
          throw new VantageError('WORKFLOWS_REFUSED', 'the file of TEMPORAL_CLIENT_KEY can not be read');
        },
      },
    });
    const code = 'the file of TEMPORAL_CLIENT_KEY can not be read';
    expect(await sender.deliver(request(), ALIVE)).toEqual({ kind: 'denied', code });
    expect(server.connections).toBe(0);
  });
});

describe('what goes over the wire', () => {
  const secret: OutboxRequest = {
    workflow: { ...request().workflow, argument: { userId: 'the patient' } },
    message: { name: 'review', id: newId(), argument: { notes: 'ask Amara Exampleton again' } },
  };

  it('can not be read without the tenant’s key', async () => {
    server.answer = { kind: 'status', code: 14 };
    await senderTo(server.address).deliver(secret, ALIVE);
    const [sealed = ''] = server.bodies;
    // The ids that Temporal itself works with are there.
    expect(sealed).toContain(secret.workflow.id);
    for (const word of ['Amara', 'the patient']) {
      expect(JSON.stringify(secret)).toContain(word);
      expect(sealed).not.toContain(word);
    }
  });

  it('is nothing where there are no keys yet, on this machine either', async () => {
    const sender = senderTo(server.address, { settings: settingsWith(null) });
    expect(await sender.deliver(secret, ALIVE)).toEqual({ kind: 'keyless' });
    expect(server.connections).toBe(0);
  });

  it('is under the keys of now, over a connection of their own', async () => {
    server.answer = { kind: 'started' };
    let given = KEYS;
    const sender = senderTo(server.address, {
      settings: {
        ...settingsWith(null),
        credentials: () => ({ tls: null, apiKey: null, payloadKeys: given }),
      },
      payloadKeys: () => given,
    });
    for (const keys of [KEYS, KEYS, `2:${Buffer.alloc(32, 8).toString('base64')},${KEYS}`]) {
      given = keys;
      expect(await sender.deliver(request(), ALIVE)).toEqual(STARTED);
    }
    const names = server.bodies.map((body) => /[0-9a-f-]{36}\/(\d)/.exec(body)?.[1]);
    expect(names).toEqual(['1', '1', '2']);
    expect(server.connections).toBe(2);
  });

  it('is nothing where the keys are no keys', async () => {
    const sender = senderTo(server.address, { settings: settingsWith('1:short') });
    expect(await sender.deliver(secret, ALIVE)).toEqual({
      kind: 'denied',
      code: 'the keys of payloads can not be read',
    });
    expect(server.connections).toBe(0);
  });
});

describe('a connection that is half open', () => {
  it('holds every call up, and none of those over a new connection', async () => {
    const sender = senderTo(server.address, { deadlines: SHORT });
    await expect.poll(async () => sender.deliver(request(), ALIVE), { timeout: 20_000 }).toEqual(STARTED);
    server.isHalfOpen = true;
    expect((await sender.deliver(request(), ALIVE)).kind).toBe('away');
    server.isHalfOpen = false;
    // What was lost on the way is lost: the sender can't know that the line is good again.
    expect((await sender.deliver(request(), ALIVE)).kind).toBe('away');
    sender.renew();
    await expect.poll(async () => sender.deliver(request(), ALIVE), { timeout: 20_000 }).toEqual(STARTED);
  });

  it('is given up by the outbox after two deadlines, and everything is delivered', async () => {
    const folder = temporaryFolder();
    const store = await openTestStore(folder.path);
    const outbox = new Outbox({
      store,
      sender: senderTo(server.address, { deadlines: SHORT }),
      // Waits between tries are left out; deadlines are real.
      clock: { ...systemClock, sleep: async (_ms, signal) => systemClock.sleep(20, signal) },
      random: () => -0.5,
      log: QUIET,
      changed: () => undefined,
    });
    server.isHalfOpen = true;
    await store.transaction((tx) => {
      for (const seed of ['a', 'b', 'c']) tx.intent(visitIntent(seed, 1));
    });
    outbox.start();
    await expect.poll(() => server.connections, { timeout: 20_000 }).toBeGreaterThan(1);
    server.isHalfOpen = false;
    await expect.poll(() => outboxCounts(store.sqlite).waiting, { timeout: 20_000 }).toBe(0);
    await outbox.close();
    await store.close();
    folder.remove();
  });
});
