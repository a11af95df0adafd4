import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openPtyPair, PTY_UNAVAILABLE } from '../../test/fixtures/pty.ts';
import { createSerialTransport } from './serial.ts';
import { SilenceWatchdog } from './silence.ts';
import { createTcpTransport, transportOfSocket } from './tcp.ts';
import type { Transport } from './transport.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const soon = (): AbortSignal => AbortSignal.timeout(5000);

async function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function read(transport: Transport, count: number): Promise<string> {
  let text = '';
  for await (const chunk of transport.chunks) {
    text += Buffer.from(chunk).toString('latin1');
    if (text.length >= count) break;
  }
  return text;
}

describe('tcp transport', () => {
  it('carries bytes both ways and ends as closed', async () => {
    const port = await listen((socket) => socket.pipe(socket));
    const transport = createTcpTransport({ host: '127.0.0.1', port });
    await transport.open(soon());
    await transport.write(Buffer.from('S\r\n'));
    expect(await read(transport, 3)).toBe('S\r\n');
    await transport.close();
    await transport.close();
    expect(await transport.closed).toEqual({ kind: 'closed' });
    await expect(transport.write(Buffer.from('S'))).rejects.toMatchObject({ code: 'LOST' });
  });

  it('says NOT_FOUND where nobody listens', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const transport = createTcpTransport({ host: '127.0.0.1', port });
    await expect(transport.open(soon())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await transport.closed).kind).toBe('failed');
  });

  it('gives up opening when the signal says so, and tells a time-out from a cancellation', async () => {
    // 192.0.2.0/24 is reserved for documentation (RFC 5737): nobody answers there.
    const timedOut = createTcpTransport({ host: '192.0.2.1', port: 9 });
    const error = await timedOut.open(AbortSignal.timeout(50)).catch((reason: unknown) => reason);
    expect(['TIMEOUT', 'NOT_FOUND', 'PERMISSION']).toContain((error as { code: string }).code);
    const cancelled = createTcpTransport({ host: '127.0.0.1', port: 9 });
    await expect(cancelled.open(AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('delivers what came before the peer went away, then ends as lost', async () => {
    const port = await listen((socket) => socket.end('S S  1'));
    const transport = createTcpTransport({ host: '127.0.0.1', port });
    await transport.open(soon());
    expect((await transport.closed).kind).toBe('lost');
    expect(await read(transport, 100)).toBe('S S  1');
  });

  it('holds back a flood that nobody reads, and loses none of it', async () => {
    const total = 4 * 1024 * 1024;
    let socketThere: Socket | undefined;
    const port = await listen((socket) => {
      socketThere = socket;
      socket.end(Buffer.alloc(total, 65));
    });
    const transport = createTcpTransport({ host: '127.0.0.1', port });
    await transport.open(soon());
    let received = 0;
    for await (const chunk of transport.chunks) {
      received += chunk.length;
      if (received === chunk.length) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(received).toBe(total);
    expect(socketThere?.bytesWritten).toBe(total);
  });

  it('closes at once although the other side neither reads nor closes', async () => {
    const port = await listen((socket) => socket.pause());
    const transport = createTcpTransport({ host: '127.0.0.1', port });
    await transport.open(soon());
    const writes = Array.from({ length: 8 }, () => transport.write(Buffer.alloc(128 * 1024)).catch(() => 'refused'));
    const closing = transport.close();
    await expect(Promise.race([closing, timeout(1500)])).resolves.toBeUndefined();
    await Promise.all(writes);
  });

  it('wraps an accepted socket', async () => {
    const accepted = Promise.withResolvers<Transport>();
    const port = await listen((socket) => accepted.resolve(transportOfSocket(socket)));
    const client = createTcpTransport({ host: '127.0.0.1', port });
    await client.open(soon());
    cleanups.push(() => client.close());
    await client.write(Buffer.from('I4\r\n'));
    expect(await read(await accepted.promise, 4)).toBe('I4\r\n');
  });
});

describe.skipIf(PTY_UNAVAILABLE !== null)('serial transport over a pseudo-terminal (Linux only)', () => {
  it('carries bytes both ways', async () => {
    const pair = await openPtyPair();
    cleanups.push(() => pair.unplug());
    const a = createSerialTransport({ path: pair.a, baudRate: 9600 });
    const b = createSerialTransport({ path: pair.b, baudRate: 9600 });
    await Promise.all([a.open(soon()), b.open(soon())]);
    cleanups.push(
      () => a.close(),
      () => b.close(),
    );
    await a.write(Buffer.from('SIR\r\n'));
    expect(await read(b, 5)).toBe('SIR\r\n');
    await b.write(Buffer.from('S S      72.45 kg\r\n'));
    expect(await read(a, 19)).toBe('S S      72.45 kg\r\n');
  });

  it('ends as lost when the cable is pulled, and writes end too', async () => {
    const pair = await openPtyPair();
    const a = createSerialTransport({ path: pair.a, baudRate: 9600 });
    await a.open(soon());
    await pair.unplug();
    await a.write(Buffer.from('S\r\n')).catch(() => {});
    expect((await a.closed).kind).toBe('lost');
    await expect(a.write(Buffer.from('S\r\n'))).rejects.toMatchObject({ code: 'LOST' });
    await a.close();
  });

  it('notices a cable pulled in the very moment after a byte arrived', async () => {
    for (let round = 0; round < 5; round += 1) {
      const pair = await openPtyPair();
      const a = createSerialTransport({ path: pair.a, baudRate: 9600 });
      const b = createSerialTransport({ path: pair.b, baudRate: 9600 });
      await Promise.all([a.open(soon()), b.open(soon())]);
      await b.write(Buffer.from('S'));
      await read(a, 1);
      await pair.unplug();
      expect((await a.closed).kind).toBe('lost');
      expect((await b.closed).kind).toBe('lost');
    }
  });

  it('says NOT_FOUND for a path that is not there', async () => {
    const transport = createSerialTransport({ path: '/dev/vantage-none', baudRate: 9600 });
    await expect(transport.open(soon())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('says BUSY for a port that another one holds', async () => {
    const pair = await openPtyPair();
    cleanups.push(() => pair.unplug());
    const first = createSerialTransport({ path: pair.a, baudRate: 9600 });
    await first.open(soon());
    cleanups.push(() => first.close());
    const second = createSerialTransport({ path: pair.a, baudRate: 9600 });
    await expect(second.open(soon())).rejects.toMatchObject({ code: 'BUSY' });
  });
});

describe('silence watchdog', () => {
  it('speaks once after the silence, with a type', async () => {
    const error = await new Promise((resolve) => {
      new SilenceWatchdog(20, resolve).start();
    });
    expect(error).toMatchObject({ name: 'TransportError', code: 'TIMEOUT' });
  });

  it('keeps quiet after a stop', async () => {
    let spoke = false;
    const watchdog = new SilenceWatchdog(10, () => {
      spoke = true;
    });
    watchdog.start();
    watchdog.stop();
    watchdog.feed();
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(spoke).toBe(false);
  });
});

function timeout(milliseconds: number): Promise<'too late'> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds, 'too late' as const);
  });
}
