/** Headers that go to and fro with Temporal's own page: lists of what passes, everything else stays behind. CSP Level 3. */
import { createHash } from 'node:crypto';
import { pageHeaders, policy } from '../web/headers.ts';
import type { Web } from '../web/web.ts';
import type { PagePart } from './page-paths.ts';
import { TEMPORAL_PAGE_PATH } from './page-paths.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Of requests. No cookie, no authorization, nothing of who asks. */
const ASKED = ['accept', 'accept-language'];
/** What is the same for everybody may be packed, and kept by the browser. */
const ASKED_OF_ASSETS = [...ASKED, 'accept-encoding', 'if-none-match', 'if-modified-since'];
const ANSWERED = ['content-type'];
const ANSWERED_OF_ASSETS = [...ANSWERED, 'content-encoding', 'content-length', 'etag', 'last-modified'];
const HOUR_SECONDS = 3600;

export function requestHeaders(headers: Headers, kind: PagePart['kind']): Record<string, string> {
  return among(headers, kind === 'asset' ? ASKED_OF_ASSETS : ASKED);
}

/** @param document whose scripts are let run, if it is one */
export function answerHeaders(
  web: Pick<Web, 'isSecure' | 'origin'>,
  headers: Headers,
  kind: PagePart['kind'],
  document = '',
): Record<string, string> {
  return {
    ...pageHeaders(web),
    ...among(headers, kind === 'asset' ? ANSWERED_OF_ASSETS : ANSWERED),
    'content-security-policy': policyOf(web, document),
    // Whoever opened it has no hold of it, and it none of them: they have the same origin.
    'cross-origin-opener-policy': 'noopener-allow-popups',
    ...(kind === 'asset' && { 'cache-control': `private, max-age=${HOUR_SECONDS}` }),
  };
}

/**
 * Its scripts run on our origin, where a browser would send the person's cookie along. So they may ask for nothing but this page's own
 * addresses, open no other page of ours (a window of the same origin could be made to ask in their stead), and work in no background.
 */
function policyOf({ origin }: Pick<Web, 'origin'>, document: string): string {
  const own = `${origin}${TEMPORAL_PAGE_PATH}/`;
  return policy({
    'default-src': "'none'",
    'script-src': [`${own}_app/`, ...inlineScripts(document)].join(' '),
    'style-src': `${own} 'unsafe-inline'`,
    'img-src': `${own} data:`,
    'font-src': `${own} data:`,
    'media-src': own,
    'connect-src': own,
    'manifest-src': own,
    'form-action': own,
    'worker-src': "'none'",
    'frame-src': "'none'",
    'object-src': "'none'",
    'base-uri': "'none'",
    'frame-ancestors': "'none'",
    sandbox: 'allow-scripts allow-same-origin allow-downloads allow-modals',
  });
}

/** By their hashes: a script that came in by what a page shows is none of them. */
function inlineScripts(document: string): readonly string[] {
  return [...document.matchAll(/<script(?![^>]*\ssrc\s*=)[^>]*>([\s\S]*?)<\/script>/gi)].map(([, script = '']) => {
    const read = script.replaceAll(/\r\n?/g, '\n');
    return `'sha256-${createHash('sha256').update(read).digest('base64')}'`;
  });
}

function among(headers: Headers, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value] as const] : [];
    }),
  );
}
