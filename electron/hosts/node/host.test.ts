import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import type { RouterClient } from '@orpc/server';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Problem, Surface } from '../../contract/index.ts';
import { createBlobWriter } from '../../core/vault/blob-file.ts';
import type { fixtureRouter } from '../../services/fixtures/core.ts';
import { fixtureOptions } from '../../services/fixtures/options.ts';
import type { NodeHost, NodeHostOptions } from './host.ts';
import { startNodeHost } from './host.ts';

type Client = RouterClient<typeof fixtureRouter>;

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const hosts: NodeHost[] = [];
const directories: string[] = [];

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'vantage-host-'));
  directories.push(directory);
  return directory;
}

async function startHost(changes: Partial<NodeHostOptions> = {}): Promise<NodeHost> {
  const rendererDirectory = newDirectory();
  writeFileSync(join(rendererDirectory, 'index.html'), '<!doctype html><title>staff</title>');
  writeFileSync(join(rendererDirectory, 'checkin.html'), '<!doctype html><title>check-in</title>');
  writeFileSync(join(rendererDirectory, 'main.js'), 'export {};');
  const host = await startNodeHost({
    ...fixtureOptions(),
    clinic: { directory: newDirectory(), mode: 'demonstration' },
    environment: process.env,
    rendererDirectory,
    port: 0,
    log: quiet,
    ...changes,
  });
  hosts.push(host);
  return host;
}

afterEach(async () => {
  await Promise.all(hosts.splice(0).map(async (host) => host.stop()));
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const originOf = (host: NodeHost): string => new URL(host.staffUrl).origin;
const tokenOf = (url: string): string => new URL(url).searchParams.get('t') ?? '';

async function postToken(host: NodeHost, surface: Surface, token: string, headers = {}): Promise<Response> {
  return fetch(`${originOf(host)}/session/${surface}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: originOf(host), ...headers },
    body: JSON.stringify({ token }),
  });
}

async function cookieFor(host: NodeHost, surface: Surface): Promise<string> {
  const response = await postToken(host, surface, tokenOf(surface === 'staff' ? host.staffUrl : host.checkinUrl));
  expect(response.status).toBe(200);
  return response.headers.get('set-cookie')?.split(';')[0] ?? '';
}

function openSocket(host: NodeHost, surface: Surface, headers: Record<string, string>): WebSocket {
  return new WebSocket(`${originOf(host).replace('http', 'ws')}/rpc/${surface}`, {
    headers: { origin: originOf(host), ...headers },
  });
}

/** The status and the problem with which an upgrade was refused. */
async function refusal(socket: WebSocket): Promise<[number | undefined, string]> {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return [response.statusCode, (JSON.parse(Buffer.concat(chunks).toString()) as Problem).code];
}

async function connectClient(
  host: NodeHost,
  surface: Surface,
  cookie: string,
): Promise<{ client: Client; socket: WebSocket; closed: Promise<number> }> {
  const socket = openSocket(host, surface, { cookie });
  const closed = once(socket, 'close').then(([code]) => code as number);
  await once(socket, 'open');
  const link = new RPCLink({ websocket: socket as unknown as globalThis.WebSocket });
  return { client: createORPCClient<Client>(link), socket, closed };
}

describe('node host: pages and sessions', () => {
  it('serves the static pages to anybody, with a policy, without a cookie, without using up the token', async () => {
    const host = await startHost();
    for (const [url, title] of [
      [host.staffUrl, 'staff'],
      [host.staffUrl, 'staff'],
      [host.checkinUrl, 'check-in'],
      [`${originOf(host)}/`, 'staff'],
    ] as const) {
      const response = await fetch(url);
      expect(response.status).toBe(200);
      expect(await response.text()).toContain(title);
      expect(response.headers.get('set-cookie')).toBeNull();
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      const policy = response.headers.get('content-security-policy') ?? '';
      for (const part of ["default-src 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"]) {
        expect(policy).toContain(part);
      }
    }
    expect((await postToken(host, 'staff', tokenOf(host.staffUrl))).status).toBe(200);
  });

  it('serves the listed files and nothing else', async () => {
    const host = await startHost();
    expect((await fetch(`${originOf(host)}/main.js`)).headers.get('content-type')).toContain('text/javascript');
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/nothing.js', '/media']) {
      expect((await fetch(`${originOf(host)}${path}`)).status).toBe(404);
    }
    expect((await fetch(`${originOf(host)}/`, { method: 'PUT' })).status).toBe(405);
  });

  it('goes on serving its own build after a newer one has taken its place on the disk', async () => {
    const rendererDirectory = newDirectory();
    mkdirSync(join(rendererDirectory, 'assets'));
    writeFileSync(join(rendererDirectory, 'index.html'), '<!doctype html><script src="./assets/help-old.js"></script>');
    writeFileSync(join(rendererDirectory, 'assets', 'help-old.js'), 'export const build = "old";');
    const host = await startHost({ rendererDirectory });
    rmSync(join(rendererDirectory, 'assets'), { recursive: true });
    writeFileSync(join(rendererDirectory, 'index.html'), '<!doctype html><script src="./assets/help-new.js"></script>');

    const lazy = await fetch(`${originOf(host)}/assets/help-old.js`);
    expect([lazy.status, await lazy.text()]).toEqual([200, 'export const build = "old";']);
    expect(await (await fetch(`${originOf(host)}/`)).text()).toContain('help-old.js');
    const head = await fetch(`${originOf(host)}/assets/help-old.js`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '27']);
  });

  it('exchanges a token for a cookie that scripts and other sites cannot use', async () => {
    const host = await startHost();
    const response = await postToken(host, 'staff', tokenOf(host.staffUrl));
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(await response.text()).not.toContain(cookie.split('=')[1]?.split(';')[0]);
  });

  it('refuses wrong tokens, those of the other surface and other origins', async () => {
    const host = await startHost();
    const wrong = await postToken(host, 'staff', 'wrong');
    expect([wrong.status, ((await wrong.json()) as Problem).code]).toEqual([401, 'TOKEN_MISSING']);
    expect((await postToken(host, 'staff', tokenOf(host.checkinUrl))).status).toBe(401);
    const good = tokenOf(host.staffUrl);
    expect((await postToken(host, 'staff', good, { origin: 'http://127.0.0.1:1' })).status).toBe(403);
    expect((await postToken(host, 'staff', good, { 'content-type': 'text/plain' })).status).toBe(403);
  });

  it('makes everybody wait after ten wrong tokens', async () => {
    const host = await startHost();
    for (let attempt = 0; attempt < 10; attempt += 1) await postToken(host, 'staff', 'wrong');
    const response = await postToken(host, 'staff', tokenOf(host.staffUrl));
    expect(response.status).toBe(429);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('takes the browser window’s own token once', async () => {
    const host = await startHost();
    const token = tokenOf(host.oneTimeUrl('staff'));
    expect((await postToken(host, 'staff', token)).status).toBe(200);
    expect((await postToken(host, 'staff', token)).status).toBe(401);
  });

  it('does not answer to another host name', async () => {
    const host = await startHost();
    const { port } = new URL(host.staffUrl);
    const request = httpRequest({ host: '127.0.0.1', port, headers: { host: `evil.example:${port}` } });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(421);
  });

  it('tells a page why the station cannot open, and tries again when asked', async () => {
    const directory = join(newDirectory(), 'wrong-key');
    const host = await startHost({ clinic: { directory, mode: 'clinic' } });
    await host.startStation();
    expect((await fetch(`${originOf(host)}/session/staff`)).status).toBe(401);
    const cookie = await cookieFor(host, 'staff');
    const state = await fetch(`${originOf(host)}/session/staff`, { headers: { cookie } });
    expect(await state.json()).toMatchObject({ surface: 'staff', phase: 'failed', problem: { code: 'KEY_WRONG' } });
    const retry = await fetch(`${originOf(host)}/retry`, {
      method: 'POST',
      headers: { cookie, origin: originOf(host), 'content-type': 'application/json' },
      body: '{}',
    });
    expect(retry.status).toBe(202);
  });
});

describe('node host: screens', () => {
  it('refuses a socket without session, of the other surface, of another origin or host', async () => {
    const host = await startHost();
    const staff = await cookieFor(host, 'staff');
    expect(await refusal(openSocket(host, 'staff', {}))).toEqual([401, 'TOKEN_MISSING']);
    expect(await refusal(openSocket(host, 'checkin', { cookie: staff }))).toEqual([401, 'TOKEN_MISSING']);
    expect(await refusal(openSocket(host, 'staff', { cookie: staff, origin: 'http://127.0.0.1:1' }))).toEqual([
      403,
      'NOT_ALLOWED',
    ]);
    expect(await refusal(openSocket(host, 'staff', { cookie: staff, host: 'evil.example' }))).toEqual([
      421,
      'NOT_ALLOWED',
    ]);
  });

  it('lets a staff and a check-in screen live in one browser, each with its own surface', async () => {
    const host = await startHost();
    await host.startStation();
    const cookie = `${await cookieFor(host, 'staff')}; ${await cookieFor(host, 'checkin')}`;
    const staff = await (await connectClient(host, 'staff', cookie)).client.hello();
    const checkin = await (await connectClient(host, 'checkin', cookie)).client.hello();
    expect([staff.surface, checkin.surface]).toEqual(['staff', 'checkin']);
    expect(staff.screenSessionId).not.toBe(checkin.screenSessionId);
  });

  it('carries calls, streams and cancellation as any other transport does', async () => {
    const host = await startHost();
    await host.startStation();
    const { client } = await connectClient(host, 'staff', await cookieFor(host, 'staff'));
    expect(await client.echo('Ärztin, مرحبا, 😀')).toBe('Ärztin, مرحبا, 😀');
    const received: string[] = [];
    for await (const state of await client.samples('scale')) {
      received.push(state);
      if (received.length === 3) break;
    }
    expect(received).toEqual(['stable', 'stable', 'stable']);
    const abort = new AbortController();
    const hanging = client.weigh('never', { signal: abort.signal });
    abort.abort();
    await expect(hanging).rejects.toMatchObject({ name: 'AbortError' });
    expect(await client.weigh('any')).toMatchObject({ kind: 'refused' });
  });

  it('closes with 4001 when core is killed; the page connects again as the same screen', async () => {
    const host = await startHost();
    await host.startStation();
    const cookie = await cookieFor(host, 'staff');
    const first = await connectClient(host, 'staff', cookie);
    const before = await first.client.hello();
    process.kill(before.pid, 'SIGKILL');
    expect(await first.closed).toBe(4001);
    await expect.poll(() => host.supervisor.state.phase, { timeout: 15_000 }).toBe('ready');
    const after = await (await connectClient(host, 'staff', cookie)).client.hello();
    expect(after.pid).not.toBe(before.pid);
    expect(after.screenSessionId).toBe(before.screenSessionId);
  });

  it('answers a screen that comes before core with the same code, not with silence', async () => {
    const host = await startHost();
    expect(await (await connectClient(host, 'staff', await cookieFor(host, 'staff'))).closed).toBe(4001);
  });

  it('lets go of a screen that does not read', async () => {
    const warnings: string[] = [];
    const log = { ...quiet, warn: (_fields: object, message: string) => void warnings.push(message) };
    const host = await startHost({ mostBufferedBytes: 512 * 1024, log });
    await host.startStation();
    const { client, socket, closed } = await connectClient(host, 'staff', await cookieFor(host, 'staff'));
    const stream = await client.bulk(400);
    socket.pause();
    await expect.poll(() => warnings, { timeout: 10_000 }).toContain('screen reads too slowly');
    socket.resume();
    // Cut off, or told so where it still reads in time.
    expect([1006, 4008]).toContain(await closed);
    await stream.return(undefined);
  });

  it('says 4010 when the station stops', async () => {
    const host = await startHost();
    await host.startStation();
    const { closed } = await connectClient(host, 'staff', await cookieFor(host, 'staff'));
    await host.stop();
    expect(await closed).toBe(4010);
  });
});

async function hostWithPicture(): Promise<{ host: NodeHost; bytes: Buffer; headers: Record<string, string> }> {
  const directory = newDirectory();
  const bytes = randomBytes(3 * 1024 * 1024 + 17);
  const grant = { path: join(directory, 'blob'), key: randomBytes(32).toString('base64') };
  const writer = await createBlobWriter(grant);
  await writer.write(bytes);
  await writer.finish();
  writeFileSync(
    join(directory, 'grant.json'),
    JSON.stringify({ ...grant, mediaType: 'image/jpeg', size: bytes.length, filename: 'bild ä.jpg' }),
  );
  const host = await startHost({ clinic: { directory, mode: 'demonstration' } });
  await host.startStation();
  return { host, bytes, headers: { cookie: await cookieFor(host, 'staff') } };
}

describe('node host: media', () => {
  it('streams decrypted bytes, whole and by range, and keeps them out of the cache', async () => {
    const { host, bytes, headers } = await hostWithPicture();
    const url = `${originOf(host)}/media/known`;
    const whole = await fetch(url, { headers });
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    expect(whole.headers.get('cache-control')).toBe('no-store');
    expect(whole.headers.get('content-type')).toBe('image/jpeg');
    const part = await fetch(url, { headers: { ...headers, range: 'bytes=1000000-2000000' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 1000000-2000000/${bytes.length}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(1_000_000, 2_000_001))).toBe(true);
    expect((await fetch(url, { headers: { ...headers, range: `bytes=${bytes.length}-` } })).status).toBe(416);
  });

  it('shows nothing without a session, to a check-in screen, to another site, or under an unknown path', async () => {
    const { host, headers } = await hostWithPicture();
    const url = `${originOf(host)}/media/known`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: { cookie: await cookieFor(host, 'checkin') } })).status).toBe(401);
    expect((await fetch(`${originOf(host)}/media/unknown`, { headers })).status).toBe(404);
    const request = httpRequest(url, { headers: { ...headers, 'sec-fetch-site': 'same-site' } });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(403);
  });
});

describe('node host: one station per directory', () => {
  it('refuses a second one and tells the first', async () => {
    const directory = newDirectory();
    let told = 0;
    await startHost({
      clinic: { directory, mode: 'demonstration' },
      onSecondStart: () => {
        told += 1;
      },
    });
    await expect(startHost({ clinic: { directory, mode: 'demonstration' } })).rejects.toMatchObject({
      code: 'SECOND_INSTANCE',
    });
    await expect.poll(() => told, { timeout: 10_000 }).toBe(1);
  });

  it('is free again after a stop and after a kill', async () => {
    const directory = newDirectory();
    const first = await startHost({ clinic: { directory, mode: 'demonstration' } });
    await first.stop();
    const holder = spawn(process.execPath, [
      fileURLToPath(new URL('fixtures/hold-lock.ts', import.meta.url)),
      directory,
    ]);
    const [line] = (await once(createInterface({ input: holder.stdout }), 'line')) as [string];
    expect(line).toBe('held');
    await expect(startHost({ clinic: { directory, mode: 'demonstration' } })).rejects.toMatchObject({
      code: 'SECOND_INSTANCE',
    });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await startHost({ clinic: { directory, mode: 'demonstration' } });
  });
});
