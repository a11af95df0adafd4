/**
 * What stands where Temporal should be, down to HTTP/2: it answers each call as the test says. gRPC over HTTP/2 (`grpc/doc/PROTOCOL-HTTP2.md`):
 * a message is a byte for compression, four of length and protobuf; the status is a trailer. What a real server does is tested with
 * a real one.
 */
import { createServer as createHttp2Server } from 'node:http2';
import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

export type Answer =
  /** A new run was started. */
  | { readonly kind: 'started' }
  /** A status of gRPC, with text that nobody should see. */
  | { readonly kind: 'status'; readonly code: number }
  /** No answer at all. */
  | { readonly kind: 'nothing' }
  /** The stream is reset. */
  | { readonly kind: 'reset' }
  /** It takes the call and dies before it says so. */
  | { readonly kind: 'die' }
  /** Somebody else's page. */
  | { readonly kind: 'page'; readonly status: number };

export interface GrpcServer {
  /** `host:port` */
  readonly address: string;
  /** Names of the methods that were called. */
  readonly calls: string[];
  /** What they carried, as text of one byte a character. */
  readonly bodies: string[];
  /** Connections so far. */
  readonly connections: number;
  answer: Answer;
  /** From now on connections are taken and nothing is read or written on them, also on those that are there. */
  isHalfOpen: boolean;
  close(): Promise<void>;
}

const HEADERS = { ':status': 200, 'content-type': 'application/grpc' } as const;
/** `StartWorkflowExecutionResponse { run_id: "run" }`. */
const STARTED = Buffer.from([0, 0, 0, 0, 5, 0x0a, 3, ...Buffer.from('run')]);

export async function startGrpcServer(): Promise<GrpcServer> {
  const sessions = new Set<Http2Session>();
  const sockets = new Set<Socket>();
  const http2 = createHttp2Server();
  http2.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.once('close', () => sessions.delete(session));
  });
  http2.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const received: Buffer[] = [];
    stream.on('data', (bytes: Buffer) => received.push(bytes));
    stream.once('end', () => {
      server.bodies.push(Buffer.concat(received).toString('latin1'));
      server.calls.push(String(headers[':path']).split('/').at(-1) ?? '');
      respond(stream, server.answer, sessions);
    });
  });
  await listening(http2);
  const { port: inner } = http2.address() as AddressInfo;
  // In front of it, so that a connection can be there and dead.
  const front = createServer((socket) => {
    server.connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    if (server.isHalfOpen) return;
    const through = connect(inner, '127.0.0.1');
    sockets.add(through);
    through.on('error', () => undefined);
    through.once('close', () => socket.destroy());
    socket.once('close', () => through.destroy());
    socket.on('data', (bytes) => server.isHalfOpen || through.write(bytes));
    through.on('data', (bytes) => server.isHalfOpen || socket.write(bytes));
  });
  await listening(front);
  const server = {
    address: `127.0.0.1:${(front.address() as AddressInfo).port}`,
    calls: [] as string[],
    bodies: [] as string[],
    connections: 0,
    answer: { kind: 'started' } as Answer,
    isHalfOpen: false,
    close: async (): Promise<void> => {
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
      await Promise.all([front, http2].map((each) => new Promise((resolve) => each.close(resolve))));
    },
  };
  return server;
}

function respond(stream: ServerHttp2Stream, answer: Answer, sessions: ReadonlySet<Http2Session>): void {
  switch (answer.kind) {
    case 'started':
      stream.respond(HEADERS, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(STARTED);
      return;
    case 'status':
      stream.respond(
        { ...HEADERS, 'grpc-status': String(answer.code), 'grpc-message': 'Amara Exampleton' },
        { endStream: true },
      );
      return;
    case 'nothing':
      return;
    case 'reset':
      stream.close(2);
      return;
    case 'die':
      for (const session of sessions) session.destroy();
      return;
    case 'page':
      stream.respond({ ':status': answer.status, 'content-type': 'text/html' });
      stream.end('<h1>Sign in</h1>');
      return;
    default:
      answer satisfies never;
  }
}

async function listening(server: { listen(port: number, host: string, done: () => void): unknown }): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}
