import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CLOUD_PATHS, PROBLEMS, newId } from '../../contract/index.ts';
import type { LineResult, StationClient } from './cloud-client.ts';
import { createCloudClient } from './cloud-client.ts';
import type { StationKey } from './station-key.ts';
import { newKeyPem, stationKeyOf } from './station-key.ts';
import { ManualClock } from './testing/manual-clock.ts';
import type { ScriptedCloud } from './testing/scripted-cloud.ts';
import { TOKEN_SECONDS, json, startScriptedCloud } from './testing/scripted-cloud.ts';

const stationId = newId();
const anything = z.object({});
const nothing = (): void => undefined;
const PATH = '/v1/work';

let cloud: ScriptedCloud;
let clock: ManualClock;
let results: LineResult[];
const clients: StationClient[] = [];
let keys: { current: StationKey; next: StationKey | null; promoted: number };

function client(address = cloud.address): StationClient {
  const made = createCloudClient({
    address,
    stationId,
    clock,
    keys: {
      current: () => keys.current,
      next: () => keys.next,
      promote: () => {
        keys = { current: keys.next ?? keys.current, next: null, promoted: keys.promoted + 1 };
      },
    },
    observe: (result) => results.push(result),
  });
  clients.push(made);
  return made;
}

beforeEach(async () => {
  cloud = await startScriptedCloud();
  clock = new ManualClock();
  results = [];
  keys = { current: stationKeyOf(newKeyPem()), next: null, promoted: 0 };
});
afterEach(async () => {
  for (const made of clients.splice(0)) await made.close();
  await cloud.close();
});

const countOf = (path: string): number => cloud.requests.filter((line) => line.endsWith(` ${path}`)).length;
const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing failed',
    (error: unknown) => error,
  );

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

describe('the token', () => {
  it('is got once for many requests at a time, for a challenge that the station signed', async () => {
    let assertion = '';
    cloud.on(CLOUD_PATHS.token, (_request, response, body) => {
      ({ assertion } = JSON.parse(body) as { assertion: string });
      json(response, 200, { token: 't', expiresInSeconds: 600, tenantId: newId(), locationId: newId() });
    });
    const line = client();
    await Promise.all([1, 2, 3, 4].map(async () => line.post(PATH, {}, anything)));
    expect(countOf(CLOUD_PATHS.token)).toBe(1);
    expect(countOf(PATH)).toBe(4);
    expect(decodeJwt(assertion)).toEqual({ sub: stationId, challenge: 'challenge' });
    expect(decodeProtectedHeader(assertion)).toMatchObject({ alg: 'EdDSA', typ: 'vantage-station+jwt' });
  });

  it('is renewed before it runs out, by a clock that nobody can set', async () => {
    const line = client();
    await line.post(PATH, {}, anything);
    clock.offset += 3_600_000;
    await line.post(PATH, {}, anything);
    expect(countOf(CLOUD_PATHS.token)).toBe(1);
    await clock.advance(TOKEN_SECONDS * 900);
    await line.post(PATH, {}, anything);
    expect(countOf(CLOUD_PATHS.token)).toBe(2);
  });

  it('that is still good is used when a new one can’t be had just now', async () => {
    const line = client();
    await line.post(PATH, {}, anything);
    cloud.on(CLOUD_PATHS.challenge, (_request, response) => json(response, 503, problem('CLOUD_UNAVAILABLE')));
    await clock.advance(TOKEN_SECONDS * 900);
    await line.post(PATH, {}, anything);
    await clock.advance(TOKEN_SECONDS * 200);
    expect(await failureOf(line.post(PATH, {}, anything))).toMatchObject({ code: 'CLOUD_UNAVAILABLE' });
  });

  it('that is not taken is replaced once; a second refusal is the answer', async () => {
    const seen: (string | undefined)[] = [];
    cloud.on(PATH, (request, response) => {
      seen.push(request.headers.authorization);
      json(response, seen.length === 1 ? 401 : 200, seen.length === 1 ? problem('NOT_SIGNED_IN') : {});
    });
    const line = client();
    await line.post(PATH, {}, anything);
    expect(seen).toEqual(['Bearer token-1', 'Bearer token-2']);
    cloud.on(PATH, (_request, response) => json(response, 401, problem('NOT_SIGNED_IN')));
    expect(await failureOf(line.post(PATH, {}, anything))).toMatchObject({ code: 'NOT_SIGNED_IN' });
    expect(countOf(CLOUD_PATHS.token)).toBe(3);
  });

  it('is asked for with the key that is to come, and with the one before where that was never heard of', async () => {
    keys.next = stationKeyOf(newKeyPem());
    const { current, next } = keys;
    const line = client();
    await line.post(PATH, {}, anything);
    expect(keys).toEqual({ current: next, next: null, promoted: 1 });
    keys = { current, next, promoted: 0 };
    let refusals = 0;
    cloud.on(CLOUD_PATHS.token, (_request, response) => {
      refusals += 1;
      if (refusals === 1) json(response, 403, problem('STATION_REFUSED'));
      else json(response, 200, { token: 't', expiresInSeconds: 600, tenantId: newId(), locationId: newId() });
    });
    line.forgetToken();
    await line.post(PATH, {}, anything);
    expect([refusals, keys.promoted]).toEqual([2, 0]);
  });
});

const problem = (code: string, more: object = {}) => ({ code, detail: '', requestId: 'r-1', ...more });

describe('an answer', () => {
  it.each<[string, number, unknown, Record<string, string>, object]>([
    ['a refusal of the station', 403, problem('STATION_REFUSED'), {}, { code: 'STATION_REFUSED' }],
    ['a cloud that is too new', 426, problem('UPDATE_NEEDED'), {}, { code: 'UPDATE_NEEDED' }],
    ['a limit', 429, problem('TOO_MANY_REQUESTS', { waitSeconds: 7 }), {}, { extra: { waitSeconds: 7 } }],
    ['a busy cloud', 503, problem('CLOUD_UNAVAILABLE'), { 'retry-after': '9' }, { extra: { waitSeconds: 9 } }],
    ['a code of a newer cloud', 409, problem('SOMETHING_NEW'), {}, { code: 'STATUS_CONFLICT' }],
    ['JSON of somebody else', 200, { hello: 1 }, {}, { code: 'CLOUD_CAPTIVE' }],
    ['JSON of somebody else that says no', 403, { error: 'blocked' }, {}, { code: 'CLOUD_CAPTIVE' }],
  ])('%s has a name', async (_what, status, body, headers, expected) => {
    cloud.on(PATH, (_request, response) => json(response, status, body, headers));
    const failure = await failureOf(client().post(PATH, {}, z.object({ good: z.boolean() })));
    expect(failure).toMatchObject(expected);
    expect(Object.keys(PROBLEMS)).toContain((failure as { code: string }).code);
  });

  it.each<[string, number, Record<string, string>, string, string]>([
    ['a sign-in page', 200, { 'content-type': 'text/html' }, '<html>Welcome to our network</html>', 'CLOUD_CAPTIVE'],
    ['a page in place of a file', 404, { 'content-type': 'text/html' }, '<html></html>', 'CLOUD_CAPTIVE'],
    ['a network that asks for a sign-in (RFC 6585)', 511, {}, '', 'CLOUD_CAPTIVE'],
    [
      'a proxy whose cloud is away',
      502,
      { 'content-type': 'text/html' },
      '<html>Bad gateway</html>',
      'CLOUD_UNAVAILABLE',
    ],
    ['a proxy with a limit of its own', 429, { 'retry-after': '3' }, '', 'TOO_MANY_REQUESTS'],
  ])('%s is told from the cloud’s', async (_what, status, headers, text, code) => {
    cloud.on(PATH, (_request, response) => response.writeHead(status, headers).end(text));
    expect(await failureOf(client().post(PATH, {}, anything))).toMatchObject({ code });
  });

  it('that sends us elsewhere is not followed, and nobody else gets the token', async () => {
    const other = await startScriptedCloud();
    try {
      cloud.on(PATH, (_request, response) => response.writeHead(307, { location: `${other.address}${PATH}` }).end());
      expect(await failureOf(client().post(PATH, {}, anything))).toMatchObject({ code: 'CLOUD_CAPTIVE' });
      expect(other.requests).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it('to a raw request is returned where it is the request’s own matter, and thrown where it is the line’s', async () => {
    const line = client();
    cloud.on(PATH, (_request, response) => response.writeHead(409).end());
    expect(await line.raw({ method: 'PATCH', path: PATH })).toMatchObject({ status: 409 });
    cloud.on(PATH, (_request, response) => json(response, 404, problem('NOT_FOUND')));
    expect(await line.raw({ method: 'HEAD', path: PATH })).toMatchObject({ status: 404 });
    cloud.on(PATH, (_request, response) => response.writeHead(204, { 'upload-offset': '5' }).end());
    const moved = await line.raw({ method: 'PATCH', path: PATH, body: new Uint8Array([1, 2, 3]) });
    expect([moved.status, moved.headers.get('upload-offset')]).toEqual([204, '5']);
    cloud.on(PATH, (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));
    expect(await failureOf(line.raw({ method: 'PATCH', path: PATH }))).toMatchObject({ code: 'CLOUD_CAPTIVE' });
    cloud.on(PATH, (_request, response) => json(response, 403, problem('STATION_REFUSED')));
    expect(await failureOf(line.raw({ method: 'PATCH', path: PATH }))).toMatchObject({ code: 'STATION_REFUSED' });
    cloud.on(PATH, (_request, response) => json(response, 403, problem('NOT_ALLOWED')));
    expect(await line.raw({ method: 'PATCH', path: PATH })).toMatchObject({ status: 403 });
  });
});

/** Between station and cloud: passes everything on, or swallows it on the connections that are there and those that come. */
async function startMiddle(port: number) {
  const pairs = new Map<Socket, Socket>();
  let connections = 0;
  let swallowed = 0;
  let swallowing = false;
  const swallow = (socket: Socket, onward: Socket): void => {
    socket.unpipe();
    onward.unpipe();
    socket.on('data', () => (swallowed += 1)).resume();
  };
  const middle = createServer((socket) => {
    connections += 1;
    const onward = connect(port, '127.0.0.1');
    for (const each of [socket, onward]) each.on('error', () => undefined);
    pairs.set(socket, onward);
    if (swallowing) swallow(socket, onward);
    else socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => middle.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(middle.address() as AddressInfo).port}`,
    connections: () => connections,
    /** Writes that went nowhere. */
    swallowed: () => swallowed,
    /** Until told otherwise. What was swallowed once never passes anything again. */
    swallow: (on: boolean) => {
      swallowing = on;
      if (on) for (const [socket, onward] of pairs) swallow(socket, onward);
    },
    close: async () => {
      for (const [socket, onward] of pairs) {
        socket.destroy();
        onward.destroy();
      }
      await new Promise((resolve) => middle.close(resolve));
    },
  };
}

describe('a line that is bad', () => {
  it('is unreachable where nobody listens, where it is cut, and where nothing comes back in time', async () => {
    const gone = await startScriptedCloud();
    await gone.close();
    expect(await failureOf(client(gone.address).post(PATH, {}, anything))).toMatchObject({ code: 'CLOUD_UNREACHABLE' });
    cloud.on(PATH, (request) => request.socket.destroy());
    const line = client();
    expect(await failureOf(line.post(PATH, {}, anything))).toMatchObject({ code: 'CLOUD_UNREACHABLE' });
    cloud.on(PATH, () => undefined);
    const failure = failureOf(line.post(PATH, {}, anything, { timeoutMs: 5000 }));
    await until(() => countOf(PATH) === 2);
    await clock.advance(5000);
    expect(await failure).toMatchObject({ code: 'CLOUD_UNREACHABLE' });
    expect(results.filter(({ kind }) => kind === 'failed')).toMatchObject([
      { timedOut: false },
      { timedOut: false },
      { timedOut: true },
    ]);
  });

  it('counts the time of the whole answer: one that trickles is given up', async () => {
    cloud.on(PATH, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"a":');
    });
    const line = client();
    const failure = failureOf(line.post(PATH, {}, anything, { timeoutMs: 5000 }));
    await until(() => countOf(PATH) === 1);
    await clock.advance(5000);
    expect(await failure).toMatchObject({ code: 'CLOUD_UNREACHABLE' });
  });

  it('that went half open is left after two timeouts, with all the connections that it swallowed', async () => {
    const middle = await startMiddle(Number(new URL(cloud.address).port));
    try {
      const line = client(middle.address);
      await line.post(PATH, {}, anything);
      middle.swallow(true);
      for (const swallowed of [1, 2]) {
        const failure = failureOf(line.post(PATH, {}, anything));
        await until(() => middle.swallowed() >= swallowed);
        const before = middle.connections();
        await clock.advance(60_000);
        expect(await failure).toMatchObject({ code: 'CLOUD_UNREACHABLE' });
        // In place of the one that was given up the library opens another at once, which is swallowed as well.
        await until(() => middle.connections() > before);
      }
      middle.swallow(false);
      await line.post(PATH, {}, anything);
    } finally {
      await middle.close();
    }
  });

  it('lets go of whoever gives up, with their reason, and of everybody when it is closed', async () => {
    cloud.on(PATH, () => undefined);
    const line = client();
    const reason = new Error('gave up');
    const giving = new AbortController();
    const one = failureOf(line.post(PATH, {}, anything, { signal: giving.signal }));
    const other = failureOf(line.post(PATH, {}, anything));
    await until(() => countOf(PATH) === 2);
    giving.abort(reason);
    expect(await one).toBe(reason);
    await line.close();
    expect(await other).toMatchObject({ code: 'CANCELLED' });
    expect(await failureOf(line.post(PATH, {}, anything))).toMatchObject({ code: 'CANCELLED' });
  });
});

describe('the poke stream', () => {
  it('yields for what is said, not for heartbeats, and ends when the cloud ends it', async () => {
    let say: (text: string) => void = nothing;
    let end: () => void = nothing;
    cloud.on(CLOUD_PATHS.stream, (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: RESYNC\n\n');
      say = (text) => response.write(text);
      end = () => response.end();
    });
    const pokes = client().pokes(new AbortController().signal)[Symbol.asyncIterator]();
    expect(await pokes.next()).toMatchObject({ done: false });
    const second = pokes.next();
    say(':\n\n');
    say('data: RES');
    say('YNC\n\n');
    expect(await second).toEqual({ done: false, value: [] });
    const third = pokes.next();
    say('id: captures 12\ndata: RES');
    say('YNC\n\nid: reports 13\ndata: RESYNC\n\n');
    expect(await third).toEqual({ done: false, value: ['captures', 'reports'] });
    const fourth = pokes.next();
    say('id: of-another-version 14\ndata: RESYNC\n\n');
    expect(await fourth).toEqual({ done: false, value: [] });
    const last = pokes.next();
    end();
    expect(await last).toMatchObject({ done: true });
  });

  it('that falls silent is given up after a minute, and a heartbeat begins the minute anew', async () => {
    let say: (text: string) => void = nothing;
    cloud.on(CLOUD_PATHS.stream, (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: RESYNC\n\n');
      say = (text) => response.write(text);
    });
    const pokes = client().pokes(new AbortController().signal)[Symbol.asyncIterator]();
    await pokes.next();
    const answers = (): number => results.filter(({ kind }) => kind === 'answered').length;
    const failure = failureOf(pokes.next());
    await clock.advance(50_000);
    const heard = answers();
    say(':\n\n');
    await until(() => answers() > heard);
    await clock.advance(50_000);
    expect(results.filter(({ kind }) => kind === 'failed')).toEqual([]);
    await clock.advance(10_000);
    expect(await failure).toMatchObject({ code: 'CLOUD_UNREACHABLE' });
    expect(results.at(-1)).toMatchObject({ kind: 'failed', timedOut: true });
  });

  it('is not somebody else’s page, and hangs up when it is no longer read', async () => {
    const closed: boolean[] = [];
    cloud.on(CLOUD_PATHS.stream, (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>');
    });
    const line = client();
    const page = line.pokes(new AbortController().signal)[Symbol.asyncIterator]();
    expect(await failureOf(page.next())).toMatchObject({ code: 'CLOUD_CAPTIVE' });
    cloud.on(CLOUD_PATHS.stream, (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: RESYNC\n\n');
      response.on('close', () => closed.push(true));
    });
    const read = line.pokes(new AbortController().signal)[Symbol.asyncIterator]();
    await read.next();
    await read.return?.();
    await until(() => closed.length === 1);
    const giving = new AbortController();
    const pokes = line.pokes(giving.signal)[Symbol.asyncIterator]();
    await pokes.next();
    const reason = new Error('closing');
    const failure = failureOf(pokes.next());
    giving.abort(reason);
    expect(await failure).toBe(reason);
  });
});
