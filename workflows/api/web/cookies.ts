/** Cookies as they come and go (RFC 6265bis). */
import type { Web } from './web.ts';

/** The value of one cookie; undefined where there is none. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

/**
 * A `Set-Cookie` that no script can read.
 *
 * @param sameSite `Lax` only where the browser comes back from the identity provider
 * @param maxAgeSeconds 0 removes it
 */
export function setCookie(
  { isSecure }: Pick<Web, 'isSecure'>,
  name: string,
  value: string,
  sameSite: 'Strict' | 'Lax',
  maxAgeSeconds: number,
): string {
  const secure = isSecure ? '; Secure' : '';
  return `${name}=${value}; Path=/; HttpOnly; SameSite=${sameSite}; Max-Age=${maxAgeSeconds}${secure}`;
}
