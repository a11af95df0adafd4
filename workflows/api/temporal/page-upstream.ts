/** The server of Temporal's own page, as this API asks it. Nobody else should reach it: it knows no people. */
import type { Dispatcher } from 'undici';
import { Pool } from 'undici';
import { VantageError } from '../../../electron/contract/index.ts';

export interface TemporalPageConfig {
  /** Origin of the page's server. */
  readonly url: string;
  /** Whose operators see the namespace: it shows the ids of all tenants. Null: nobody was named. */
  readonly tenantId: string | null;
}

const CONNECT_MS = 5000;
/** Looking at a history that goes on is answered after twenty seconds at the latest. */
const ANSWER_MS = 60_000;
const CONNECTIONS = 32;

export interface PageRequest {
  readonly address: string;
  readonly method: 'GET' | 'HEAD';
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
}

export class PageUpstream {
  #config: TemporalPageConfig | null = null;
  #pool: Pool | null = null;

  constructor(config: TemporalPageConfig | null) {
    if (config !== null) this.use(config);
  }

  /** Null: not configured. */
  get config(): TemporalPageConfig | null {
    return this.#config;
  }

  /** A server that was started after the API. */
  use(config: TemporalPageConfig): void {
    void this.close();
    this.#config = config;
    this.#pool = new Pool(config.url, {
      connections: CONNECTIONS,
      connectTimeout: CONNECT_MS,
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    });
  }

  /**
   * Asks; a redirection is not followed, and not passed on: where it leads nobody has looked at.
   *
   * @throws VantageError CLOUD_UNAVAILABLE when it does not answer, or sends elsewhere
   */
  async ask({ address, method, headers, signal }: PageRequest): Promise<Dispatcher.ResponseData> {
    if (this.#pool === null) throw new VantageError('NOT_FOUND');
    const answer = await this.#pool.request({ path: address, method, headers, signal }).catch((error: unknown) => {
      throw new VantageError('CLOUD_UNAVAILABLE', 'the server of Temporal’s page', { cause: error });
    });
    if (answer.statusCode >= 300 && answer.statusCode < 400 && answer.statusCode !== NOT_MODIFIED) {
      await answer.body.dump();
      throw new VantageError('CLOUD_UNAVAILABLE', 'Temporal’s page leads elsewhere');
    }
    return answer;
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    await pool?.destroy();
  }
}

const NOT_MODIFIED = 304;
