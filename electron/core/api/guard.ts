/**
 * What stands before every procedure: the roles that the contract names, and one shape for everything that goes wrong. A
 * procedure can't be reached without passing here, since routers are only made through `guarded`.
 */
import { ORPCError } from '@orpc/server';
import type { StandardHandleResult, StandardHandlerInterceptorOptions } from '@orpc/server/standard';
import type { Caller, ProcedureMeta } from '../../contract/index.ts';
import { PROBLEM_ERROR, VantageError } from '../../contract/index.ts';
import { codeOf, problemFrom } from '../problems.ts';
import type { ScreenSpans } from '../telemetry/screen-spans.ts';
import { traced } from '../telemetry/traces.ts';
import type { Actor, ScreenState } from '../access/access.ts';
import { callersOf } from '../access/access.ts';
import type { Log } from '../clinic-api.ts';

/** Hands spans over, and is none. */
const SPANS_PATH = 'telemetry.finished';

/** What each call knows of its caller. Made by core from what the host said, never from what the page sent. */
export interface ApiContext {
  readonly screen: ScreenState;
  /** The one thing that the page says: what it calls its own span (W3C), unchecked. */
  readonly traceparent?: string;
}

/**
 * The sign-in under which a call was let in. A call that takes a while goes on under it, or not at all: whoever unlocks the screen
 * meanwhile neither lends it a name nor inherits its streams.
 */
export interface SignIn {
  readonly actor: Actor | null;
  /** Aborted when the screen locks or somebody else unlocks it. */
  readonly signal: AbortSignal;
}

/** What a handler gets. */
export interface CallContext extends ApiContext {
  readonly signIn: SignIn;
}

export interface GuardOptions {
  readonly now: () => Date;
  readonly log: Log;
  /** Called for each call that was refused for its role. */
  readonly refused: (screen: ScreenState, path: string) => void;
  /** Called for each call of somebody signed in. */
  readonly seen: (screen: ScreenState) => void;
  /** W3C traceparent under which the visit began that a call's input is about; null: it is about none, or that is not traced. */
  readonly traceOf?: (input: unknown) => Promise<string | null>;
  /** Left out where no traces are collected. */
  readonly screenSpans?: ScreenSpans;
}

/** @throws VantageError NOT_SIGNED_IN or NOT_ALLOWED. */
export function checkRoles(meta: ProcedureMeta, screen: ScreenState): void {
  const callers = callersOf(screen);
  const roles: readonly Caller[] = meta.roles;
  if (roles.some((role) => callers.includes(role))) return;
  throw new VantageError(screen.screen.surface === 'staff' && screen.actor === null ? 'NOT_SIGNED_IN' : 'NOT_ALLOWED');
}

/** The person who was signed in when the call came. @throws VantageError NOT_SIGNED_IN (also for a check-in screen). */
export function actorOf({ signIn }: CallContext): Actor {
  if (signIn.actor === null) throw new VantageError('NOT_SIGNED_IN');
  return signIn.actor;
}

/** Runs a call behind the guard. `next` gives the handler's output; streams are wrapped so that their failures are problems too. */
export async function guardCall<T>(
  options: GuardOptions,
  meta: ProcedureMeta,
  path: string,
  context: ApiContext,
  next: (call: CallContext) => Promise<T>,
  input?: unknown,
): Promise<T> {
  const { screen } = context;
  try {
    checkRoles(meta, screen);
    // In the same turn as the check: messages that came together are handled in between each other.
    const signIn: SignIn = { actor: screen.actor, signal: screen.abort.signal };
    if (signIn.actor !== null) options.seen(screen);
    // What is done for a visit is one trace, from its beginning on.
    const visit = options.traceOf === undefined ? null : await options.traceOf(input);
    const parent = options.screenSpans?.called(context.traceparent, path, visit) ?? visit;
    const work = async (): Promise<T> => next({ screen, signIn });
    return path === SPANS_PATH ? await work() : await traced(`call ${path}`, { parent }, work);
  } catch (error) {
    if (error instanceof VantageError && (error.code === 'NOT_ALLOWED' || error.code === 'NOT_SIGNED_IN')) {
      options.refused(screen, path);
    }
    throw asProblem(error, options, path);
  }
}

/** An interceptor at the root of a router's handler: lets `guardCall` know of the screen's span. */
export async function withTraceparent({
  next,
  ...call
}: StandardHandlerInterceptorOptions<ApiContext> & {
  readonly next: (changed: StandardHandlerInterceptorOptions<ApiContext>) => Promise<StandardHandleResult>;
}): Promise<StandardHandleResult> {
  const { traceparent } = call.request.headers;
  return next({ ...call, context: { ...call.context, ...(typeof traceparent === 'string' && { traceparent }) } });
}

/** Wraps a stream so that its failures reach the screen as problems. */
export async function* guardStream<T>(
  stream: AsyncIterable<T>,
  options: GuardOptions,
  path: string,
): AsyncGenerator<T, void, void> {
  try {
    yield* stream;
  } catch (error) {
    throw asProblem(error, options, path);
  }
}

function asProblem(error: unknown, options: GuardOptions, path: string): unknown {
  // The library's own errors (input not as the contract says) keep their meaning, without echoing the input.
  if (error instanceof ORPCError && error.code === PROBLEM_ERROR) return error;
  if (error instanceof ORPCError && error.code === 'BAD_REQUEST') {
    return problemError(
      new VantageError('INPUT_INVALID', 'not as the contract says', { field: fieldOf(error) }),
      options.now(),
    );
  }
  const code = codeOf(error);
  if (code === 'INTERNAL') {
    options.log.error(
      { path, name: error instanceof Error ? error.name : typeof error, stack: stackOf(error) },
      'unexpected error',
    );
  }
  return problemError(error, options.now());
}

function problemError(error: unknown, now: Date): ORPCError<string, unknown> {
  return new ORPCError(PROBLEM_ERROR, { status: 422, defined: true, data: problemFrom(error, now) });
}

/** The path of the first field that is wrong; field names come from the contract and hold no patient data. */
function fieldOf(error: ORPCError<string, unknown>): string {
  const { data } = error;
  if (typeof data !== 'object' || data === null || !('issues' in data) || !Array.isArray(data.issues)) return '';
  const [issue]: unknown[] = data.issues;
  if (typeof issue !== 'object' || issue === null || !('path' in issue) || !Array.isArray(issue.path)) return '';
  return issue.path.join('.');
}

/** Where it happened, without the message: messages may quote input. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .slice(0, 8)
    .join('\n');
}
