/** Headers of what browsers are given. CSP Level 3; Trusted Types (W3C). */
import type { Web } from './web.ts';

const DIRECTIVES = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' blob: data:",
  'font-src': "'self'",
  'connect-src': "'self'",
  // The report's PDF is shown in a frame of our own origin.
  'frame-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
  'require-trusted-types-for': "'script'",
  // The one script that a page names by itself: what shows notices in the background.
  'trusted-types': 'vantage-notices',
} as const satisfies Record<string, string>;

const YEAR_SECONDS = 31_536_000;

/** Of a page and of everything that belongs to it. */
export function pageHeaders({ isSecure }: Pick<Web, 'isSecure'>): Readonly<Record<string, string>> {
  return {
    'content-security-policy': policy(DIRECTIVES),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), payment=()',
    ...(isSecure && { 'strict-transport-security': `max-age=${YEAR_SECONDS}` }),
  };
}

/** Media types that a page draws; anything else is given to be saved. */
const DRAWN: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'application/pdf']);

/** Of a file as our own pages show it. A browser's PDF viewer does not run in a sandbox. */
export function fileHeaders(mediaType: string): Readonly<Record<string, string>> {
  const headers = {
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'content-disposition': DRAWN.has(mediaType) ? 'inline' : 'attachment',
  };
  if (mediaType !== 'application/pdf') return headers;
  return {
    ...headers,
    'content-security-policy': policy({
      'default-src': "'none'",
      'object-src': "'self'",
      'style-src': "'unsafe-inline'",
      'frame-ancestors': "'self'",
    }),
  };
}

/** A Content-Security-Policy of these directives. */
export function policy(directives: Readonly<Record<string, string>>): string {
  return Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ');
}
