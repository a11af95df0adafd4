/** The real API over the real database, without a socket; it can be away for a while, and starts again as a new one. */
import type { Api } from '../../../workflows/api/server.ts';
import { createApi } from '../../../workflows/api/server.ts';
import type { ApiConfig } from '../../../workflows/api/config.ts';
import type { WireAnswer, WireRequest } from './network.ts';

export class SimulatedCloud {
  readonly #config: ApiConfig;
  readonly #now: () => Date;
  #api: Api | null = null;

  /** @param now the true time */
  constructor(config: ApiConfig, now: () => Date) {
    this.#config = config;
    this.#now = now;
  }

  async start(): Promise<void> {
    this.#api = await createApi(this.#config, { now: this.#now });
  }

  async stop(): Promise<void> {
    const api = this.#api;
    this.#api = null;
    await api?.close();
  }

  /** null: there is nobody. */
  async handle(request: WireRequest): Promise<WireAnswer | null> {
    if (this.#api === null) return null;
    const answer = await this.#api.app.inject({
      method: request.method as 'GET' | 'POST',
      url: request.path,
      headers: request.headers,
      remoteAddress: request.from,
      ...(request.body !== null && { payload: request.body }),
    });
    const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
      value === undefined || HOP_BY_HOP.has(name) ? [] : [[name, String(value)] as const],
    );
    return { status: answer.statusCode, headers: Object.fromEntries(headers), body: answer.payload };
  }
}

const HOP_BY_HOP: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'content-length', 'transfer-encoding']);
