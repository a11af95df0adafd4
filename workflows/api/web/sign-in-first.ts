/**
 * Pages that people open by their address, without being signed in: they are led to sign in, and back to where they wanted to go.
 *
 * They come back from another site, and a redirect from there brings no cookie that is `SameSite=Strict` (RFC 6265bis, 5.2). So they are
 * given a document of ours that leads on by itself.
 */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { VantageError } from '../../../electron/contract/index.ts';
import { Refusal } from '../problems.ts';
import { TEMPORAL_PAGE_PATH } from '../temporal/page-paths.ts';
import { SIGN_IN_PATH } from './sign-in.ts';
import type { Web } from './web.ts';

/** Where somebody may want to go: an address of this server, below the one page of that kind, in printable ASCII. */
export const wantedPageSchema = z
  .string()
  .max(1000)
  .regex(new RegExp(`^${TEMPORAL_PAGE_PATH}(?:[/?][!-~]*)?$`));

/** @returns what to answer instead of the error: a redirect, where a browser asks for a page and nobody is signed in; else the error */
export function ledToSignIn(
  { signIn }: Pick<Web, 'signIn'>,
  { url, headers: { accept = '' } }: Pick<FastifyRequest, 'url' | 'headers'>,
  error: unknown,
): unknown {
  if (!(error instanceof VantageError) || error.code !== 'NOT_SIGNED_IN') return error;
  const wanted = wantedPageSchema.safeParse(url);
  if (signIn === null || !/\btext\/html\b/i.test(accept) || !wanted.success) return error;
  const location = `${SIGN_IN_PATH}?${new URLSearchParams({ next: wanted.data }).toString()}`;
  return new Refusal(303, error, { location, vary: 'accept, cookie', 'cache-control': 'no-store' });
}

/** @param address as `wantedPageSchema` takes it @returns an HTML document that goes there */
export function onwardDocument(address: string): string {
  const text = address.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return `<!doctype html><meta charset="utf-8"><title>Vantage</title><link rel="icon" href="data:,"><meta http-equiv="refresh" content="0;url=${text}"><a href="${text}">Go on</a>`;
}
