/** Responders that do not keep to the protocol. Well-behaved and faulty cameras: `native/driver/camera-ptp.test.ts`. */
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { encodePtpIp, PTP_IP_VERSION } from '../codec/ptp-ip.ts';
import { createRandom } from '../simulator/scenes/random.ts';
import { openPtpIp } from './ptpip.ts';
import { createTcpTransport } from './tcp.ts';

const never = new AbortController().signal;
const servers: { server: Server; sockets: Set<Socket> }[] = [];

afterEach(async () => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
});

/** Listens; `speak` has each connection with its number from 0. Gives what `openPtpIp` needs. */
async function responder(speak: (socket: Socket, index: number) => void): Promise<Parameters<typeof openPtpIp>[0]> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    speak(socket, sockets.size);
    sockets.add(socket);
  });
  servers.push({ server, sockets });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  return { connect: () => createTcpTransport({ host: '127.0.0.1', port }), openTimeoutMs: 200 };
}

const ack = encodePtpIp({
  type: 'initCommandAck',
  connectionNumber: 1,
  guid: Buffer.alloc(16),
  name: 'Test',
  version: PTP_IP_VERSION,
});

/** Greets as it should, then `answer` has the command connection. */
function greeting(answer: (socket: Socket) => void): (socket: Socket, index: number) => void {
  return (socket, index) => {
    socket.once('data', () => {
      socket.write(index === 0 ? ack : encodePtpIp({ type: 'initEventAck' }));
      if (index === 0) answer(socket);
    });
  };
}

describe('connecting', () => {
  test('to one that says nothing is a timeout', async () => {
    await expect(openPtpIp(await responder(() => {}), never)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  test('to one that hangs up is a loss', async () => {
    const options = await responder((socket) => socket.end());
    await expect(openPtpIp(options, never)).rejects.toMatchObject({ code: 'LOST' });
  });

  test('to one that is taken is busy, to one that rejects us is refused', async () => {
    for (const [reason, code] of [
      [2, 'BUSY'],
      [1, 'PERMISSION'],
      [3, 'FAILED'],
    ] as const) {
      const options = await responder((socket) => socket.end(encodePtpIp({ type: 'initFail', reason })));
      await expect(openPtpIp(options, never)).rejects.toMatchObject({ code });
    }
  });

  test('can be given up', async () => {
    const options = await responder(() => {});
    await expect(openPtpIp(options, AbortSignal.timeout(20))).rejects.toMatchObject({
      code: expect.stringMatching(/ABORTED|TIMEOUT/) as string,
    });
  });
});

describe('a transaction', () => {
  const request = { code: 0x1001, silenceMs: 150, maxDataBytes: 1_000 } as const;

  test('that sends more than was asked for ends the connection', async () => {
    const options = await responder(
      greeting((socket) => {
        socket.on('data', () => {
          socket.write(encodePtpIp({ type: 'startData', transactionId: 0, totalLength: 10n }));
          socket.write(encodePtpIp({ type: 'data', transactionId: 0, payload: Buffer.alloc(5_000) }));
        });
      }),
    );
    const connection = await openPtpIp(options, never);
    expect(await connection.transact(request)).toEqual({ kind: 'oversized' });
    expect(await connection.closed).toMatchObject({ kind: 'failed' });
    expect(await connection.transact(request)).toMatchObject({ kind: 'lost', sent: false });
  });

  test('that trickles for ever is bounded by its size, not by its silence', async () => {
    let timer: NodeJS.Timeout | undefined;
    const options = await responder(
      greeting((socket) => {
        socket.once('data', () => {
          timer = setInterval(
            () => socket.write(encodePtpIp({ type: 'startData', transactionId: 0, totalLength: 10n })),
            20,
          );
        });
      }),
    );
    const connection = await openPtpIp(options, never);
    expect(await connection.transact(request)).toEqual({ kind: 'silent' });
    clearInterval(timer);
    await connection.close();
  });

  test('pings are answered, on both connections', async () => {
    const heard: string[] = [];
    const options = await responder((socket, index) => {
      socket.once('data', () => {
        socket.write(index === 0 ? ack : encodePtpIp({ type: 'initEventAck' }));
        socket.on('data', (bytes) => heard.push(`${index}:${bytes.toString('hex')}`));
        socket.write(encodePtpIp({ type: 'ping' }));
      });
    });
    const connection = await openPtpIp(options, never);
    await expect.poll(() => heard.toSorted()).toEqual(['0:080000000e000000', '1:080000000e000000']);
    await connection.close();
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('answered with noise (seed %i) ends within its time', async (seed) => {
    const random = createRandom(seed);
    const noise = Buffer.from(Array.from({ length: 2_000 }, () => Math.floor(random() * (seed % 2 === 0 ? 14 : 256))));
    const options = await responder(greeting((socket) => socket.on('data', () => socket.write(noise))));
    const connection = await openPtpIp(options, never);
    const result = await connection.transact(request);
    expect(['silent', 'lost', 'oversized', 'response']).toContain(result.kind);
    await connection.close();
    expect((await connection.closed).kind).toMatch(/closed|failed|lost/);
  });
});
