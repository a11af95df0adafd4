/** Answers of the HTTP server: security headers on all of them, problems as JSON. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Problem, ProblemCode } from '../../contract/index.ts';
import { securityHeaders } from '../desktop/policies/content-security-policy.ts';

/** A page is in nobody's frame; only a report's PDF is in ours. */
const PAGE_HEADERS: OutgoingHttpHeaders = withFraming("'none'", 'DENY');
const MEDIA_HEADERS: OutgoingHttpHeaders = withFraming("'self'", 'SAMEORIGIN');

function withFraming(ancestors: string, older: string): OutgoingHttpHeaders {
  const headers = securityHeaders();
  const policy = (headers['content-security-policy'] ?? '').replace(
    /frame-ancestors [^;]*/,
    `frame-ancestors ${ancestors}`,
  );
  return { ...headers, 'content-security-policy': policy, 'x-frame-options': older };
}

/** Headers of a page or of JSON. */
export function pageHeaders(): OutgoingHttpHeaders {
  return PAGE_HEADERS;
}

/** Headers of bytes from the vault. */
export function mediaHeaders(): OutgoingHttpHeaders {
  return MEDIA_HEADERS;
}

export function problemNow(code: ProblemCode, detail = ''): Problem {
  return { code, detail, at: new Date().toISOString() };
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, { ...PAGE_HEADERS, 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

export function answerProblem(
  response: ServerResponse,
  status: number,
  code: ProblemCode,
  headers: OutgoingHttpHeaders = {},
): void {
  answerJson(response, status, problemNow(code), headers);
}

export function answerEmpty(response: ServerResponse, status: number, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, { ...PAGE_HEADERS, ...headers });
  response.end();
}

/** The value of one cookie (RFC 6265, 4.2.1). */
export function cookieOf(request: IncomingMessage, name: string): string | undefined {
  for (const pair of request.headers.cookie?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

/** The body as text. Null when it is longer than `limitBytes` or does not come within `limitMs`. */
export async function bodyOf(request: IncomingMessage, limitBytes: number, limitMs: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  const limit = setTimeout(() => request.destroy(), limitMs);
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limitBytes) return null;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch {
    return null;
  } finally {
    clearTimeout(limit);
  }
}
