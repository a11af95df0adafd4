/** The network of one station, as real TCP: a proxy that forwards, delays, swallows in one way or both, cuts and refuses. */
import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** `silent`: bytes are taken and go nowhere, connections stay open. */
export interface Weather {
  readonly toCloud: 'open' | 'silent';
  readonly fromCloud: 'open' | 'silent';
  /** New connections are closed at once. */
  readonly refuses: boolean;
  /** ms added to whatever passes. */
  readonly delayMs: number;
}

export const FINE: Weather = { toCloud: 'open', fromCloud: 'open', refuses: false, delayMs: 0 };

export class TcpProxy {
  weather: Weather = FINE;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(targetPort: () => number) {
    this.#server = createServer((station) => this.#join(station, targetPort()));
  }

  static async start(targetPort: () => number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return address.port;
  }

  /** Breaks every connection, in the midst of whatever passes. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(station: Socket, port: number): void {
    if (this.weather.refuses) {
      station.resetAndDestroy();
      return;
    }
    const cloud = connect(port, '127.0.0.1');
    this.#forward(station, cloud, 'toCloud');
    this.#forward(cloud, station, 'fromCloud');
  }

  #forward(from: Socket, to: Socket, direction: 'toCloud' | 'fromCloud'): void {
    this.#sockets.add(from);
    // What breaks on one side breaks on the other; the reason does not matter.
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    // A connection that has lost bytes is whole never again: what comes after them is swallowed, too.
    let hasLost = false;
    const pass = async (bytes: Buffer, before: Promise<void>): Promise<void> => {
      const { delayMs } = this.weather;
      await before;
      if (delayMs > 0) await sleep(delayMs);
      hasLost ||= this.weather[direction] === 'silent';
      if (!hasLost && !to.destroyed) to.write(bytes);
    };
    let passing = Promise.resolve();
    from.on('data', (bytes) => {
      passing = pass(bytes, passing);
    });
  }
}
