/** How activities change things: at most once per activity, whatever is retried. */
import { z } from 'zod';
import type { Scoped } from '../../database/scope.ts';
import { lockWrites } from '../../database/scope.ts';
import type { ServiceCaller } from '../access/callers.ts';
import { once, requestSha256 } from '../idempotency.ts';
import type { Call } from '../route.ts';

const name = z.string().min(1).max(200);

/** Which activity of which workflow asks. A retried activity keeps both ids; `runId` and type are written beside what it causes. */
export const causeSchema = z.object({ workflowId: name, activityId: name, runId: name, workflowType: name });
export type Cause = z.output<typeof causeSchema>;

/** The caller of a route that only activities are let into. */
export function serviceOf(call: Pick<Call<unknown, unknown, unknown>, 'caller'>): ServiceCaller {
  if (call.caller.kind !== 'service') throw new Error('this route is for activities');
  return call.caller;
}

/**
 * @param operation tells apart what one activity asks for; part of the mutation's id
 * @throws VantageError STATUS_CONFLICT when the same activity asks for something else under it
 */
export async function mutate<T>(
  call: Pick<Call<unknown, unknown, { readonly cause: Cause }>, 'caller' | 'transaction' | 'body'>,
  operation: string,
  work: (tx: Scoped, caller: ServiceCaller) => Promise<T>,
): Promise<T> {
  const caller = serviceOf(call);
  const { cause, ...request } = call.body;
  return call.transaction(async (tx) => {
    await lockWrites(tx);
    const id = `${cause.workflowId}:${cause.activityId}:${operation}`;
    return once(tx, caller, { id, requestSha256: requestSha256(request) }, async () => work(tx, caller));
  });
}
