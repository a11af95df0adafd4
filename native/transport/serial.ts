/**
 * Bytes over a serial port (RS-232, USB-serial adapter, pseudo-terminal). The one wrapper of `serialport` 13, whose traps are:
 * an unplug is the event `close` with `disconnected === true`; write callbacks may never come after it; `close()` on a port that
 * is not open is an error; opening cannot be cancelled.
 */
import { SerialPort } from 'serialport';
import { abortedError, ByteStream, withinCloseLimit } from './byte-stream.ts';
import { readUntilHangUp } from './read-until-hang-up.ts';
import { type CloseCause, type Transport, TransportError } from './transport.ts';

export interface SerialOptions {
  readonly path: string;
  readonly baudRate: number;
}

/** A serial port that is not open yet: 8 data bits, no parity, 1 stop bit, exclusive. */
export function createSerialTransport(options: SerialOptions): Transport {
  return new SerialTransport(options);
}

/** What reads and writes on a pulled cable end with. */
const GONE: ReadonlySet<string> = new Set(['EIO', 'ENXIO', 'ENODEV', 'EBADF']);

class SerialTransport implements Transport {
  readonly address: string;
  private readonly stream: ByteStream;
  private readonly port: SerialPort;

  constructor(options: SerialOptions) {
    this.address = `serial:${options.path}`;
    this.stream = new ByteStream(this.address);
    this.port = new SerialPort({ path: options.path, baudRate: options.baudRate, autoOpen: false, lock: true });
    this.stream.attach(this.port);
    // Before the first read, which the library starts at this same event.
    this.port.on('open', () => {
      const binding = this.port.port;
      if (binding !== undefined && 'poller' in binding) readUntilHangUp(binding);
    });
    this.port.on('data', (bytes: Buffer) => this.stream.push(bytes));
    this.port.on('error', (error: Error) => {
      const errorCode = errnoOf(error);
      this.stream.end(
        errorCode !== null && GONE.has(errorCode)
          ? { kind: 'lost', detail: `the port went away (${errorCode})` }
          : { kind: 'failed', detail: error.message, errorCode },
      );
    });
    this.port.on('close', (error: unknown) => {
      const unplugged = typeof error === 'object' && error !== null && 'disconnected' in error;
      this.stream.end({ kind: 'lost', detail: unplugged ? 'the port went away' : 'the port was closed' });
    });
    void this.stream.closed.then(() => this.closePort());
  }

  get chunks(): AsyncIterable<Uint8Array> {
    return this.stream.chunks;
  }

  get closed(): Promise<CloseCause> {
    return this.stream.closed;
  }

  async open(signal: AbortSignal): Promise<void> {
    if (signal.aborted) {
      this.stream.end({ kind: 'closed' });
      throw abortedError(this.address, signal);
    }
    try {
      await Promise.race([this.openPort(signal), this.stream.endedWhileOpening()]);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.stream.end({
        kind: 'failed',
        detail: message,
        errorCode: error instanceof TransportError ? error.code : null,
      });
      throw error;
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    // The library would keep a write to a port that is not open, and do it whenever it opens.
    if (this.stream.ended === null && !this.port.isOpen) {
      return Promise.reject(new TransportError('FAILED', `${this.address} is not open`));
    }
    return this.stream.write(bytes, (done) => {
      this.port.write(Buffer.from(bytes), (error) => done(error));
    });
  }

  async close(): Promise<void> {
    this.stream.end({ kind: 'closed' });
    await withinCloseLimit(this.closePort());
  }

  private openPort(signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const abort = (): void => reject(abortedError(this.address, signal));
      signal.addEventListener('abort', abort, { once: true });
      this.port.open((error) => {
        signal.removeEventListener('abort', abort);
        if (error) reject(openError(this.address, error));
        else if (this.stream.ended === null) resolve();
        // It was given up meanwhile; the library could not be told.
        else void this.closePort();
      });
    });
  }

  private async closePort(): Promise<void> {
    if (!this.port.isOpen) return;
    await new Promise<void>((resolve) => {
      this.port.close(() => resolve());
    });
  }
}

/** The library's errors differ in their text only; this is where the text is read. */
function openError(address: string, error: Error): TransportError {
  const { message } = error;
  const code: TransportError['code'] = /no such file|cannot open|file not found|no such device/i.test(message)
    ? 'NOT_FOUND'
    : /cannot lock|resource busy|temporarily unavailable|access denied/i.test(message)
      ? 'BUSY'
      : /permission denied/i.test(message)
        ? 'PERMISSION'
        : 'FAILED';
  return new TransportError(code, `${address}: ${message}`, { cause: error });
}

function errnoOf(error: Error): string | null {
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}
