/** What stands before each procedure of a page: the roles that the contract names, and one shape for everything that goes wrong. */
import { ORPCError } from '@orpc/server';
import type { Problem, ProcedureMeta, Role } from '../../../electron/contract/index.ts';
import { PROBLEM_ERROR, VantageError, roleSchema } from '../../../electron/contract/index.ts';
import { withScope } from '../../database/scope.ts';
import type { Scoped } from '../../database/scope.ts';
import type { PersonCaller } from '../access/callers.ts';
import { scopeOf } from '../access/callers.ts';
import type { ApiParts } from '../parts.ts';
import { problemOf } from '../problems.ts';
import { sessionCaller } from './browser-sessions.ts';

/** What each call knows of who calls: made by the server from the request, never from what the page sent. */
export interface PageContext {
  readonly parts: ApiParts;
  /** In some role or other; which one a procedure lets them in with, the guard finds out. */
  readonly caller: PersonCaller;
  readonly requestId: string;
}

/** What a handler gets. */
export interface PageCall extends PageContext {
  /** With the locations where they have a role that the procedure names. */
  readonly person: PersonCaller;
  readonly transaction: <T>(work: (tx: Scoped) => Promise<T>) => Promise<T>;
  /** Whether the session goes on and the person still has the role. @throws VantageError NOT_SIGNED_IN, NOT_ALLOWED */
  readonly stillMay: () => Promise<void>;
}

/** Whoever has signed in; somebody who works here comes as that. */
const ANYONE: readonly Role[] = [...roleSchema.exclude(['patient']).options, 'patient'];

export async function guardPage<T>(
  context: PageContext,
  meta: ProcedureMeta,
  next: (call: PageCall) => Promise<T>,
): Promise<T> {
  try {
    const { parts, caller } = context;
    const who = meta.roles.includes('anyone') ? ANYONE : meta.roles.filter((role) => role !== 'anyone');
    const { browser } = caller;
    const person = await personOf(context, who);
    return await next({
      ...context,
      person,
      transaction: async (work) => withScope(parts.database, scopeOf(person), work),
      stillMay: async () => {
        if (browser === undefined) await parts.access.people.callerOf(caller.identity, who);
        else await sessionCaller(parts, browser.secretSha256, who);
      },
    });
  } catch (error) {
    throw asProblem(error, context);
  }
}

async function personOf({ parts, caller }: PageContext, who: readonly Role[]): Promise<PersonCaller> {
  const person = await parts.access.people.callerOf(caller.identity, who);
  return caller.browser === undefined ? person : { ...person, browser: caller.browser };
}

/** A stream whose failures reach the page as problems. */
export async function* guardStream<T>(stream: AsyncIterable<T>, context: PageContext): AsyncGenerator<T, void, void> {
  try {
    yield* stream;
  } catch (error) {
    throw asProblem(error, context);
  }
}

function asProblem(error: unknown, { parts, requestId }: PageContext): ORPCError<string, Problem> {
  if (error instanceof ORPCError && error.code === PROBLEM_ERROR) return error as ORPCError<string, Problem>;
  const known =
    error instanceof ORPCError && error.code === 'BAD_REQUEST'
      ? new VantageError('INPUT_INVALID', 'not as the contract says')
      : error;
  const { status, body } = problemOf(known, requestId);
  parts.log[status >= 500 ? 'error' : 'info']({ requestId, code: body.code, err: error }, 'refused');
  const { code, detail, waitSeconds } = body;
  const data: Problem = {
    code,
    detail,
    at: parts.now().toISOString(),
    ...(waitSeconds !== undefined && { waitSeconds }),
  };
  return new ORPCError(PROBLEM_ERROR, { status: 422, defined: true, data });
}
