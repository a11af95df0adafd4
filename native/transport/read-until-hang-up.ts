/**
 * Reading of an open serial port on Linux and macOS, in place of the library's. `@serialport/bindings-cpp` 13 asks again at once
 * when a read returns no bytes, which is what every read does after the terminal was hung up (tty_hangup: adapter pulled, other
 * side of a pseudo-terminal gone): it then spins on the processor and never tells. The port is opened non-blocking with VMIN 1,
 * so no bytes can only mean that. Waiting for readiness before reading, and reading directly, also saves two trips through the
 * thread pool for each frame.
 */
import { readSync } from 'node:fs';

/** What is needed of the library's port: its descriptor and its readiness events. */
export interface PollablePort {
  readonly isOpen: boolean;
  readonly fd: number | null;
  readonly poller: { once(event: 'readable', callback: (error: Error | null) => void): unknown };
  read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }>;
}

/** Replaces the port's `read`. A hang-up rejects it, which the library above takes for an unplug. */
export function readUntilHangUp(port: PollablePort): void {
  port.read = async (buffer, offset, length) => {
    while (true) {
      await readable(port);
      if (!port.isOpen || port.fd === null) throw canceled();
      const bytesRead = readNow(port.fd, buffer, offset, length);
      if (bytesRead === 0) throw new Error('the other side hung up');
      if (bytesRead !== null) return { buffer, bytesRead };
    }
  };
}

function readable(port: PollablePort): Promise<void> {
  if (!port.isOpen) return Promise.reject(canceled());
  return new Promise((resolve, reject) => {
    port.poller.once('readable', (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** @returns null when there was nothing to read after all. */
function readNow(descriptor: number, buffer: Buffer, offset: number, length: number): number | null {
  try {
    return readSync(descriptor, buffer, offset, length, null);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EINTR') return null;
    throw error;
  }
}

/** How the library marks a read that ended because we closed the port. */
function canceled(): Error {
  return Object.assign(new Error('the port was closed'), { canceled: true });
}
