/**
 * The HTTP side of the Node host, on the loopback address only: pages, sessions, media, and the way of WebSockets into core.
 * Every request must name this very host (DNS rebinding), everything but the static pages needs a session.
 */
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import type { Log, Screen } from '../../core/clinic-api.ts';
import type { ProblemCode, Surface } from '../../contract/index.ts';
import { recoveryRequestSchema, surfaceSchema } from '../../contract/index.ts';
import { codeOf } from '../../core/problems.ts';
import type { ServiceLauncher, ServicePort } from '../../services/service-process.ts';
import type { Supervisor } from '../../services/supervisor.ts';
import { answerEmpty, answerJson, answerProblem, bodyOf, cookieOf, pageHeaders, problemNow } from './answers.ts';
import { serveMedia } from './media.ts';
import { Screens } from './screens.ts';
import type { Sessions } from './sessions.ts';
import { readStaticFiles } from './static-files.ts';
import type { StaticFile } from './static-files.ts';

export interface ServerOptions {
  /** 0 = any free one. */
  readonly port: number;
  readonly rendererDirectory: string;
  readonly buildId: string;
  readonly sessions: Sessions;
  readonly supervisor: Supervisor<ServicePort>;
  readonly launcher: ServiceLauncher<ServicePort>;
  readonly log: Log;
  readonly mostBufferedBytes?: number;
}

export interface RunningServer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  stop(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
const BODY_LIMIT_BYTES = 4096;
const BODY_LIMIT_MS = 5000;
const tokenSchema = z.object({ token: z.string().min(1).max(200) });

/** Starts listening. @throws the socket's error (EADDRINUSE) or the directory's. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const files = await readStaticFiles(options.rendererDirectory);
  const screens = new Screens(options);
  const http = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16 * 1024 });
  http.maxConnections = 512;
  http.listen(options.port, LOOPBACK);
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const site = new Site(options, files, screens, port);
  http.on('request', (request, response) => site.serve(request, response));
  http.on('upgrade', (request, socket, head) => site.upgrade(request, socket, head));
  return {
    origin: site.origin,
    stop: async () => {
      screens.stop();
      await closeServer(http);
    },
  };
}

async function closeServer(http: Server): Promise<void> {
  const closed = once(http, 'close');
  http.close();
  http.closeIdleConnections();
  const cut = setTimeout(() => http.closeAllConnections(), 1000);
  await closed;
  clearTimeout(cut);
}

class Site {
  readonly origin: string;
  readonly #host: string;
  readonly #port: number;
  readonly #options: ServerOptions;
  readonly #files: ReadonlyMap<string, StaticFile>;
  readonly #screens: Screens;

  constructor(options: ServerOptions, files: ReadonlyMap<string, StaticFile>, screens: Screens, port: number) {
    this.#options = options;
    this.#files = files;
    this.#screens = screens;
    this.#port = port;
    this.#host = `${LOOPBACK}:${port}`;
    this.origin = `http://${this.#host}`;
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    this.#route(request, response).catch((error: unknown) => {
      this.#options.log.error({ error: error instanceof Error ? error.name : typeof error }, 'request failed');
      if (response.headersSent) response.destroy();
      else answerProblem(response, 500, 'INTERNAL');
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const surface = surfaceOf(pathOf(request), '/rpc/');
    if (request.headers.host !== this.#host) return refuse(socket, 421, 'NOT_ALLOWED');
    // A page of another site can open a WebSocket to here with our cookie: only the browser's Origin tells them apart.
    if (request.headers.origin !== this.origin) return refuse(socket, 403, 'NOT_ALLOWED');
    if (surface === null) return refuse(socket, 404, 'NOT_FOUND');
    const screen = this.#screenOf(request, surface);
    if (screen === null) return refuse(socket, 401, 'TOKEN_MISSING');
    if (this.#screens.isFull) return refuse(socket, 503, 'INTERNAL');
    // A screen that stays open for days is in use, though it sends no request.
    this.#screens.accept(request, socket, head, screen, () => this.#screenOf(request, surface));
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request);
    if (request.headers.host !== this.#host) return answerProblem(response, 421, 'NOT_ALLOWED');
    const surface = surfaceOf(path, '/session/');
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (surface !== null && request.method === 'POST') return this.#openSession(request, response, surface);
    if (surface !== null && isRead) return await this.#tellSession(request, response, surface);
    if (path === '/retry' && request.method === 'POST') return this.#retry(request, response);
    if (path === '/recover' && request.method === 'POST') return this.#recover(request, response);
    if (!isRead) return answerProblem(response, 405, 'NOT_ALLOWED', { allow: 'GET, HEAD' });
    if (path.startsWith('/media/')) return this.#media(request, response, path);
    const file = this.#files.get(path);
    if (file === undefined) return answerProblem(response, 404, 'NOT_FOUND');
    response.writeHead(200, {
      ...pageHeaders(),
      'content-type': file.mediaType,
      'content-length': file.bytes.length,
    });
    response.end(request.method === 'HEAD' ? undefined : file.bytes);
  }

  async #openSession(request: IncomingMessage, response: ServerResponse, surface: Surface): Promise<void> {
    const { sessions } = this.#options;
    if (!this.#isOurPage(request)) return answerProblem(response, 403, 'NOT_ALLOWED');
    const waitSeconds = sessions.waitSeconds();
    if (waitSeconds > 0) return answerProblem(response, 429, 'TOKEN_MISSING', { 'retry-after': String(waitSeconds) });
    const input = tokenSchema.safeParse(parsed(await bodyOf(request, BODY_LIMIT_BYTES, BODY_LIMIT_MS)));
    const session = input.success ? sessions.exchange(surface, input.data.token) : null;
    if (session === null) return answerProblem(response, 401, 'TOKEN_MISSING');
    answerJson(
      response,
      200,
      { surface },
      { 'set-cookie': `${this.#cookieName(surface)}=${session.secret}; Path=/; HttpOnly; SameSite=Strict` },
    );
  }

  async #tellSession(request: IncomingMessage, response: ServerResponse, surface: Surface): Promise<void> {
    if (this.#screenOf(request, surface) === null) return answerProblem(response, 401, 'TOKEN_MISSING');
    const { supervisor, buildId } = this.#options;
    const { phase, problem, work } = supervisor.state;
    // A check-in screen says that work has stopped; what is to be done is for staff.
    const recovery = surface === 'staff' ? await supervisor.recovery() : null;
    answerJson(response, 200, { surface, phase, problem, work, recovery, buildId });
  }

  #retry(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#isOurPage(request)) return answerProblem(response, 403, 'NOT_ALLOWED');
    if (this.#screenOf(request, 'staff') === null) return answerProblem(response, 401, 'TOKEN_MISSING');
    this.#options.supervisor.retry();
    answerEmpty(response, 202);
  }

  async #recover(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#isOurPage(request)) return answerProblem(response, 403, 'NOT_ALLOWED');
    if (this.#screenOf(request, 'staff') === null) return answerProblem(response, 401, 'TOKEN_MISSING');
    const wish = recoveryRequestSchema.safeParse(parsed(await bodyOf(request, BODY_LIMIT_BYTES, BODY_LIMIT_MS)));
    if (!wish.success) return answerProblem(response, 400, 'INPUT_INVALID');
    try {
      answerJson(response, 200, await this.#options.supervisor.recover(wish.data));
    } catch (error) {
      answerProblem(response, 409, codeOf(error));
    }
  }

  async #media(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const site = request.headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      return answerProblem(response, 403, 'NOT_ALLOWED');
    }
    // Media are for staff; the check-in surface has none.
    const screen = this.#screenOf(request, 'staff');
    if (screen === null) return answerProblem(response, 401, 'TOKEN_MISSING');
    const grant = await this.#options.supervisor.openMedia(path, screen.screenSessionId);
    if (grant === null) return answerProblem(response, 404, 'NOT_FOUND');
    await serveMedia(request, response, grant, this.#options.log);
  }

  #screenOf(request: IncomingMessage, surface: Surface): Screen | null {
    return this.#options.sessions.screenOf(surface, cookieOf(request, this.#cookieName(surface)));
  }

  /** Cookies know no ports: the name keeps two stations on one computer apart, and the two surfaces of one. */
  #cookieName(surface: Surface): string {
    return `vantage-${surface}-${this.#port}`;
  }

  /** A request that only a script of our own pages can make: exact origin, and a type that no form can send. */
  #isOurPage(request: IncomingMessage): boolean {
    return (
      request.headers.origin === this.origin && request.headers['content-type']?.split(';')[0] === 'application/json'
    );
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

function surfaceOf(path: string, prefix: string): Surface | null {
  if (!path.startsWith(prefix)) return null;
  return surfaceSchema.safeParse(path.slice(prefix.length)).data ?? null;
}

function parsed(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** An upgrade that is refused is answered by hand: there is no response object yet. */
function refuse(socket: Duplex, status: number, code: ProblemCode): void {
  const body = JSON.stringify(problemNow(code));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `cache-control: no-store\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
