/** What browsers ask: our own pages, signing in, the pages' procedures and files. Nobody else has business here. */
import { ORPCError } from '@orpc/server';
import { RPCHandler } from '@orpc/server/fastify';
import { z } from 'zod';
import type { Problem } from '../../../electron/contract/index.ts';
import {
  CLOUD_APP_PATHS,
  PROBLEM_ERROR,
  VantageError,
  browserSessionSchema,
} from '../../../electron/contract/index.ts';
import { personOf } from '../people/routes.ts';
import type { RawCall } from '../route.ts';
import { rawRoute } from '../route.ts';
import { sendFile } from '../uploads/read-file.ts';
import { beginSession, browserCaller } from './browser-sessions.ts';
import { cookieOf, setCookie } from './cookies.ts';
import { fileHeaders, pageHeaders } from './headers.ts';
import { MEDIA_PATH } from './media.ts';
import { pageRouter } from './page-router.ts';
import type { ScreenFile } from './screens.ts';
import { onwardDocument, wantedPageSchema } from './sign-in-first.ts';
import { SIGNED_IN_PATH, SIGN_IN_PATH, SIGN_IN_SECONDS } from './sign-in.ts';

/** Somebody who signs in comes back here. */
const PAGE = '/';
const SIGN_INS_PER_MINUTE = 30;
/** Whoever is one of the staff comes as that, and not as the patient that they may be, too. */
const PEOPLE = ['clinician', 'facilitator', 'operator', 'technician', 'admin', 'patient'] as const;

const rpc = new RPCHandler(pageRouter);

export const WEB_ROUTES = [
  rawRoute({
    method: 'GET',
    path: PAGE,
    summary: 'The page for people elsewhere',
    who: ['anyone'],
    answers: { 200: 'The page', 503: 'The screens are not built here' },
    handle: async (call) => {
      const { screens } = call.parts.web;
      if (screens !== null) return send(call, screens.page);
      void call.reply
        .code(503)
        .headers({ ...pageHeaders(call.parts.web), 'content-type': 'text/plain; charset=utf-8' })
        .send('The screens are not built here: npm run build makes them.\n');
    },
  }),
  rawRoute({
    method: 'GET',
    path: '/notices.js',
    summary: 'What shows notices while no page is open',
    who: ['anyone'],
    answers: { 200: 'The script' },
    handle: async (call) => {
      const file = call.parts.web.screens?.notices;
      if (file === undefined) throw new VantageError('NOT_FOUND');
      send(call, file);
    },
  }),
  rawRoute({
    method: 'GET',
    path: '/assets/:name',
    summary: 'What belongs to the page',
    who: ['anyone'],
    params: z.object({ name: z.string().max(200) }),
    answers: { 200: 'The file' },
    handle: async (call) => {
      const file = call.parts.web.screens?.assets.get(call.params.name);
      if (file === undefined) throw new VantageError('NOT_FOUND');
      send(call, file);
    },
  }),
  rawRoute({
    method: 'GET',
    path: CLOUD_APP_PATHS.session,
    summary: 'Whether somebody is signed in with this browser',
    who: ['anyone'],
    answers: { 200: 'Whether' },
    handle: async (call) => {
      const as = await signedInAs(call);
      const answer = {
        signedIn: as !== null,
        as,
        canSignIn: call.parts.web.signIn !== null,
      };
      void call.reply
        .headers({ ...pageHeaders(call.parts.web), 'content-type': 'application/json' })
        .send(JSON.stringify(browserSessionSchema.parse(answer)));
    },
  }),
  rawRoute({
    method: 'GET',
    path: SIGN_IN_PATH,
    summary: 'To the identity provider',
    who: ['anyone'],
    perMinute: SIGN_INS_PER_MINUTE,
    answers: { 303: 'There' },
    handle: async (call) => {
      const { web, access } = call.parts;
      if (web.signIn === null) throw new VantageError('NOT_FOUND');
      const { again, next } = askedSchema.parse(call.reply.request.query);
      const { location, cookie } = await web.signIn.begin(access.keys, again !== undefined, next ?? null);
      // It comes back from another site: a stricter cookie would stay at home.
      const kept = setCookie(web, web.cookies.signIn, cookie, 'Lax', SIGN_IN_SECONDS);
      void call.reply
        .code(303)
        .headers({ ...pageHeaders(web), 'set-cookie': kept, location })
        .send();
    },
  }),
  rawRoute({
    method: 'GET',
    path: SIGNED_IN_PATH,
    summary: 'Back from the identity provider',
    who: ['anyone'],
    perMinute: SIGN_INS_PER_MINUTE,
    answers: { 200: 'A document that goes to where the person wanted to be', 303: 'To the page' },
    handle: async (call) => {
      const { web } = call.parts;
      const done = await finish(call).catch((error: unknown) => {
        const code = error instanceof VantageError ? error.code : null;
        if (code !== 'NOT_SIGNED_IN' && code !== 'NOT_ALLOWED') throw error;
        return { refused: code };
      });
      const ended = setCookie(web, web.cookies.signIn, '', 'Lax', 0);
      const cookies = 'refused' in done ? [ended] : [ended, done.cookie];
      if (!('refused' in done) && done.next !== null) {
        void call.reply
          .headers({ ...pageHeaders(web), 'content-type': 'text/html; charset=utf-8' })
          .header('set-cookie', cookies)
          .send(onwardDocument(done.next));
        return;
      }
      // Which of the two it was is said in the page's own part of the address, which no server sees.
      const location = 'refused' in done ? `${PAGE}#/refused/${done.refused.toLowerCase().replaceAll('_', '-')}` : PAGE;
      void call.reply
        .code(303)
        .headers({ ...pageHeaders(web), location })
        .header('set-cookie', cookies)
        .send();
    },
  }),
  rawRoute({
    method: 'POST',
    path: `${CLOUD_APP_PATHS.rpc}/*`,
    summary: 'Procedures of the page',
    who: PEOPLE,
    browser: true,
    answers: { 200: 'As the contract says' },
    handle: async (call) => {
      const { reply, parts, requestId } = call;
      void reply.headers(pageHeaders(parts.web));
      const { matched } = await rpc.handle(reply.request, reply, {
        prefix: CLOUD_APP_PATHS.rpc,
        context: { parts, caller: personOf(call), requestId },
      });
      if (!matched) answerOnlyAtStation(call);
    },
  }),
  rawRoute({
    method: 'GET',
    path: `${MEDIA_PATH}/:fileId`,
    summary:
      'A verified file as a page shows it, or the bytes of it that Range names; who read it is written down first',
    who: ['clinician', 'facilitator', 'admin', 'patient'],
    browser: true,
    params: z.object({ fileId: z.uuid() }),
    answers: { 200: 'The file', 206: 'The bytes asked for', 416: 'There are no such bytes' },
    handle: async (call) => sendFile(call, fileHeaders),
  }),
];

/** The rest of the staff's contract, answered in the form in which its procedures fail. */
function answerOnlyAtStation(call: RawCall<unknown>): void {
  const problem: Problem = { code: 'ONLY_AT_STATION', detail: '', at: call.parts.now().toISOString() };
  const error = new ORPCError(PROBLEM_ERROR, { status: 422, defined: true, data: problem });
  void call.reply
    .code(error.status)
    .type('application/json')
    .send(JSON.stringify({ json: error.toJSON() }));
}

function send(call: RawCall<unknown>, file: ScreenFile): void {
  void call.reply.headers({ ...pageHeaders(call.parts.web), 'content-type': file.mediaType }).send(file.bytes);
}

const askedSchema = z.object({ again: z.string().max(1).optional(), next: wantedPageSchema.optional() });
/** OpenID Connect Core 1.0, 3.1.2.5 and 3.1.2.6; `iss` of RFC 9207. */
const broughtSchema = z.object({
  code: z.string().max(4096).optional(),
  state: z.string().max(200).optional(),
  iss: z.string().max(500).optional(),
  error: z.string().max(200).optional(),
});

async function signedInAs(call: RawCall<unknown>): Promise<'staff' | 'patient' | null> {
  try {
    const { role } = await browserCaller(call.parts, call.reply.request, PEOPLE);
    return role === 'patient' ? 'patient' : 'staff';
  } catch (error) {
    if (error instanceof VantageError && (error.code === 'NOT_SIGNED_IN' || error.code === 'NOT_ALLOWED')) return null;
    throw error;
  }
}

/** @throws VantageError NOT_SIGNED_IN, NOT_ALLOWED for somebody without a role here */
async function finish(call: RawCall<unknown>): Promise<{ readonly cookie: string; readonly next: string | null }> {
  const { web, access } = call.parts;
  if (web.signIn === null) throw new VantageError('NOT_FOUND');
  const kept = cookieOf(call.headers.cookie, web.cookies.signIn);
  const brought = broughtSchema.parse(call.reply.request.query);
  const { identity, name, signedInAt, next } = await web.signIn.finish(access.keys, kept, brought);
  const { tenantId, personId } = await access.people.callerOf(identity, PEOPLE);
  const begun = await beginSession(call.parts, { identity, tenantId, personId, name, signedInAt });
  return { cookie: setCookie(web, web.cookies.session, begun.secret, 'Strict', begun.maxAgeSeconds), next };
}
