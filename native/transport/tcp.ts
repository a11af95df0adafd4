/** Bytes over TCP: network devices, and serial devices behind a serial-to-Ethernet converter. Wraps `node:net`. */
import { connect, type Socket } from 'node:net';
import { abortedError, ByteStream, withinCloseLimit } from './byte-stream.ts';
import { type CloseCause, type Transport, TransportError } from './transport.ts';

export interface TcpOptions {
  readonly host: string;
  readonly port: number;
}

/** A TCP connection that is not open yet. Nagle's algorithm is off: commands are tiny and waited for. */
export function createTcpTransport(options: TcpOptions): Transport {
  return new TcpTransport(`tcp://${options.host}:${options.port}`, () => connect({ ...options, noDelay: true }));
}

/** The accepting side: a transport over a socket that is connected already. `open` does nothing on it. */
export function transportOfSocket(socket: Socket): Transport {
  const transport = new TcpTransport(`tcp-peer:${socket.remotePort ?? 0}`, () => socket);
  transport.adopt(socket);
  return transport;
}

class TcpTransport implements Transport {
  readonly address: string;
  private readonly stream: ByteStream;
  private readonly dial: () => Socket;
  private socket: Socket | null = null;

  constructor(address: string, dial: () => Socket) {
    this.address = address;
    this.stream = new ByteStream(address);
    this.dial = dial;
  }

  get chunks(): AsyncIterable<Uint8Array> {
    return this.stream.chunks;
  }

  get closed(): Promise<CloseCause> {
    return this.stream.closed;
  }

  /** Takes a connected socket. */
  adopt(socket: Socket): void {
    this.socket = socket;
    socket.setNoDelay(true);
    // Finds a peer whose machine went away without a word; the protocol's heartbeat finds it sooner.
    socket.setKeepAlive(true, 5000);
    this.stream.attach(socket);
    socket.on('data', (bytes: Buffer) => this.stream.push(bytes));
    socket.on('end', () => this.stream.end({ kind: 'lost', detail: 'the other side closed the connection' }));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.stream.end({ kind: 'lost', detail: error.code ?? error.name }),
    );
    socket.on('close', () => this.stream.end({ kind: 'lost', detail: 'the connection ended' }));
    // The socket is useless once the stream has ended, for whatever reason.
    void this.stream.closed.then((cause) => (cause.kind === 'closed' ? socket.destroySoon() : socket.destroy()));
  }

  async open(signal: AbortSignal): Promise<void> {
    if (this.socket !== null) return;
    if (signal.aborted) {
      this.stream.end({ kind: 'closed' });
      throw abortedError(this.address, signal);
    }
    const socket = this.dial();
    try {
      await Promise.race([connected(socket, this.address, signal), this.stream.endedWhileOpening()]);
    } catch (error) {
      socket.destroy();
      const message = error instanceof Error ? error.message : String(error);
      const code = error instanceof TransportError ? error.code : null;
      this.stream.end({ kind: 'failed', detail: message, errorCode: code });
      throw error;
    }
    this.adopt(socket);
  }

  write(bytes: Uint8Array): Promise<void> {
    const { socket } = this;
    if (socket === null) return Promise.reject(new TransportError('FAILED', `${this.address} is not open`));
    return this.stream.write(bytes, (done) => socket.write(bytes, done));
  }

  async close(): Promise<void> {
    const { socket } = this;
    this.stream.end({ kind: 'closed' });
    if (socket === null || socket.destroyed) return;
    const gone = new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
    });
    await withinCloseLimit(gone);
    socket.destroy();
  }
}

function connected(socket: Socket, address: string, signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const abort = (): void => reject(abortedError(address, signal));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', abort);
      reject(connectError(address, error));
    });
  });
}

function connectError(address: string, error: NodeJS.ErrnoException): TransportError {
  const codes: Readonly<Record<string, TransportError['code']>> = {
    ECONNREFUSED: 'NOT_FOUND',
    ENOTFOUND: 'NOT_FOUND',
    EAI_AGAIN: 'NOT_FOUND',
    EHOSTUNREACH: 'NOT_FOUND',
    ENETUNREACH: 'NOT_FOUND',
    EHOSTDOWN: 'NOT_FOUND',
    ETIMEDOUT: 'TIMEOUT',
    EACCES: 'PERMISSION',
    EPERM: 'PERMISSION',
    ECONNRESET: 'LOST',
  };
  const code = codes[error.code ?? ''] ?? 'FAILED';
  return new TransportError(code, `${address}: ${error.code ?? error.message}`, { cause: error });
}
