/** What of the API serves people with a browser, put together (`server.ts`). */
import type { ApiConfig } from '../config.ts';
import { SignIn } from './sign-in.ts';
import type { ScreenFiles } from './screens.ts';
import { readScreens } from './screens.ts';

export interface Web {
  /** null: not built, or not to be served. */
  readonly screens: ScreenFiles | null;
  /** null: this API is no client of the identity provider. */
  readonly signIn: SignIn | null;
  /** Scheme, host and port of our own pages. */
  readonly origin: string;
  readonly isSecure: boolean;
  readonly cookies: { readonly session: string; readonly signIn: string };
}

export async function openWeb(config: ApiConfig): Promise<Web> {
  const { origin, protocol } = new URL(config.publicUrl);
  const isSecure = protocol === 'https:';
  // RFC 6265bis, 4.1.3.2: a browser takes such a cookie from this very host over TLS only. Development has no TLS.
  const prefix = isSecure ? '__Host-' : '';
  const client = config.web?.client ?? null;
  return {
    screens: config.web === undefined ? null : await readScreens(config.web.folder),
    signIn: client === null ? null : new SignIn(config.oidc, client, config.publicUrl),
    origin,
    isSecure,
    cookies: { session: `${prefix}vantage-session`, signIn: `${prefix}vantage-sign-in` },
  };
}
