/** A person with a browser, as the API meets them: cookies that are kept, the origin that is sent, redirects followed by hand. */
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/fetch';
import type { ContractRouterClient } from '@orpc/contract';
import type { CloudContract } from '../../../electron/contract/index.ts';
import { CLOUD_APP_PATHS } from '../../../electron/contract/index.ts';

export type CloudPageClient = ContractRouterClient<CloudContract>;

export class TestBrowser {
  readonly cookies = new Map<string, string>();
  /** `Set-Cookie` of the last answer. */
  lastCookies: readonly string[] = [];
  readonly #base: string;
  readonly #origin: string;

  /** @param publicUrl what the API calls itself */
  constructor(base: string, publicUrl: string) {
    this.#base = base;
    this.#origin = new URL(publicUrl).origin;
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.request(path, { headers });
  }

  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('cookie', [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    if (!headers.has('x-forwarded-for')) headers.set('x-forwarded-for', '192.0.2.7');
    const response = await fetch(`${this.#base}${path}`, { ...init, headers, redirect: 'manual' });
    this.lastCookies = response.headers.getSetCookie();
    for (const line of this.lastCookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  /** The whole way by the identity provider and back. @returns where the page is then */
  async signIn(subject: string, again = false): Promise<string> {
    return this.comeBack(await this.askForCode(subject, again));
  }

  /** As far as the address at which the provider lets the browser go. */
  async askForCode(subject: string, again = false): Promise<URL> {
    const there = await this.get(`${CLOUD_APP_PATHS.signIn}${again ? '?again=1' : ''}`);
    const provider = new URL(there.headers.get('location') ?? '');
    provider.searchParams.set('subject', subject);
    const granted = await fetch(provider, { redirect: 'manual' });
    return new URL(granted.headers.get('location') ?? '');
  }

  async comeBack(address: URL): Promise<string> {
    const back = await this.get(`${address.pathname}${address.search}`);
    await back.body?.cancel();
    return back.headers.get('location') ?? String(back.status);
  }

  /** The page's own calls. */
  client(headers: Readonly<Record<string, string>> = {}): CloudPageClient {
    return createORPCClient(
      new RPCLink({
        url: `${this.#base}${CLOUD_APP_PATHS.rpc}`,
        headers: { origin: this.#origin, 'x-vantage-page': '1', ...headers },
        fetch: async (request) => {
          const all = new Headers(request.headers);
          all.set('cookie', [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '));
          return fetch(new Request(request, { headers: all }));
        },
      }),
    );
  }
}

/** The first value of a stream that is as wanted; the stream is let go of then. */
export async function firstOf<T>(stream: AsyncIterable<T>, wanted: (value: T) => boolean = () => true): Promise<T> {
  for await (const value of stream) if (wanted(value)) return value;
  throw new Error('the stream ended');
}
