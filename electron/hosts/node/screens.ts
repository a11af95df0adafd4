/** WebSockets of screens, each relayed frame by frame to a port into core. The frames are oRPC's own and not looked into. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import type { Log, Screen } from '../../core/clinic-api.ts';
import type { ServiceLauncher, ServicePort } from '../../services/service-process.ts';
import type { Supervisor } from '../../services/supervisor.ts';

/** Why the station closes a socket. The page knows them too (application range of RFC 6455, 7.4.2). */
const CLOSE_CODES = {
  /** Core is gone or not there yet; connect again. */
  coreRestarted: 4001,
  /** The page reads too slowly; what it missed it gets by connecting again. */
  tooSlow: 4008,
  stopping: 4010,
} as const;

const MOST_SCREENS = 64;
/** A signature or a long note, not a picture. */
const LARGEST_FRAME_BYTES = 1024 * 1024;
const PING_MS = 30_000;

export interface ScreensOptions {
  readonly supervisor: Pick<Supervisor<ServicePort>, 'attachScreen'>;
  readonly launcher: Pick<ServiceLauncher<ServicePort>, 'makeChannel' | 'open'>;
  readonly log: Log;
  /** Unsent bytes at which a screen counts as too slow. */
  readonly mostBufferedBytes?: number;
}

export class Screens {
  readonly #options: ScreensOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: LARGEST_FRAME_BYTES,
    perMessageDeflate: false,
    clientTracking: true,
  });
  #isStopping = false;

  constructor(options: ScreensOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#server.clients.size >= MOST_SCREENS;
  }

  /** Takes over an upgrade request that has been found to be in order. `onAlive` is called while the page answers. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, screen: Screen, onAlive: () => void): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#relay(webSocket, screen, onAlive));
  }

  /** Says good-bye to all; those who do not answer are cut off by the server's end. */
  stop(): void {
    this.#isStopping = true;
    for (const client of this.#server.clients) client.close(CLOSE_CODES.stopping);
    setTimeout(() => {
      for (const client of this.#server.clients) client.terminate();
    }, 500).unref();
  }

  #relay(webSocket: WebSocket, screen: Screen, onAlive: () => void): void {
    const { launcher, supervisor, log, mostBufferedBytes = 8 * 1024 * 1024 } = this.#options;
    const [ours, cores] = launcher.makeChannel();
    const port = launcher.open(ours);
    const stopPings = keepAlive(webSocket, onAlive);

    webSocket.on('message', (data, isBinary) => port.postMessage(isBinary ? bytesOf(data) : textOf(data)));
    webSocket.on('close', () => {
      stopPings();
      port.close();
    });
    webSocket.on('error', (error) => {
      log.warn({ surface: screen.surface, error: error.name }, 'screen connection failed');
      webSocket.terminate();
    });
    port.addEventListener('message', ({ data }) => {
      if (webSocket.readyState !== webSocket.OPEN) return;
      webSocket.send(data as string | Uint8Array);
      if (webSocket.bufferedAmount <= mostBufferedBytes) return;
      log.warn({ surface: screen.surface, bufferedBytes: webSocket.bufferedAmount }, 'screen reads too slowly');
      webSocket.close(CLOSE_CODES.tooSlow);
      port.close();
      // What is buffered will not be read; the close frame stands behind it.
      setTimeout(() => webSocket.terminate(), 2000).unref();
    });
    port.addEventListener('close', () =>
      webSocket.close(this.#isStopping ? CLOSE_CODES.stopping : CLOSE_CODES.coreRestarted),
    );
    supervisor.attachScreen(cores, screen);
  }
}

/** Notices a page that is gone without a word. */
function keepAlive(webSocket: WebSocket, onAlive: () => void): () => void {
  let answered = true;
  webSocket.on('pong', () => {
    answered = true;
    onAlive();
  });
  const timer = setInterval(() => {
    if (!answered) {
      webSocket.terminate();
      return;
    }
    answered = false;
    webSocket.ping();
  }, PING_MS);
  return () => clearInterval(timer);
}

function bytesOf(data: RawData): Uint8Array {
  const buffer = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
  return new Uint8Array(buffer);
}

function textOf(data: RawData): string {
  return Buffer.from(bytesOf(data)).toString('utf8');
}
