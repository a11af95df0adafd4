/** A server on a socket that gives tokens as the cloud does and answers everything else as a test says. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { CLOUD_PATHS } from '../../../contract/index.ts';

export type Handle = (request: IncomingMessage, response: ServerResponse, body: string) => void;

export interface ScriptedCloud {
  readonly address: string;
  /** `METHOD path` of each request, in order. */
  readonly requests: readonly string[];
  /** Connections that were ever made. */
  readonly connections: () => number;
  /** Answers a path instead of what it would; by default everything but signing in is `{}`. */
  on(path: string, handle: Handle): void;
  readonly close: () => Promise<void>;
}

export const TOKEN_SECONDS = 600;

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}

/** @param makeServer in place of plain HTTP; `scheme` goes with it */
export async function startScriptedCloud(
  makeServer: (answer: (request: IncomingMessage, response: ServerResponse) => void) => Server = createServer,
  scheme = 'http',
): Promise<ScriptedCloud> {
  const handles = new Map<string, Handle>();
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let tokens = 0;
  handles.set(CLOUD_PATHS.challenge, (_request, response) =>
    json(response, 200, { challenge: 'challenge', serverTime: new Date().toISOString() }),
  );
  handles.set(CLOUD_PATHS.token, (_request, response) => {
    tokens += 1;
    const place = { tenantId: TENANT_ID, locationId: LOCATION_ID };
    json(response, 200, { token: `token-${tokens}`, expiresInSeconds: TOKEN_SECONDS, ...place });
  });
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url ?? '';
    requests.push(`${request.method} ${path}`);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const handle = handles.get(path) ?? ((_request, answered) => json(answered, 200, {}));
      handle(request, response, Buffer.concat(chunks).toString('utf8'));
    });
  };
  const server = makeServer(answer);
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `${scheme}://127.0.0.1:${port}`,
    requests,
    connections: () => connections,
    on: (path, handle) => handles.set(path, handle),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const TENANT_ID = '0d5c7f1c-8f0a-4a7e-9a63-0b9ad2c4a001';
export const LOCATION_ID = '0d5c7f1c-8f0a-4a7e-9a63-0b9ad2c4a002';
