/** To which visit's trace a call belongs: it names the visit itself, or a report or a capture of it. */
import type { Store } from '../store/index.ts';
import { traceparentOf } from '../store/intents.ts';

/**
 * @param input of a call, as it came
 * @returns W3C traceparent of the request that began the visit; null: the call is about none, or the visit is not traced
 */
export async function visitTraceOf(store: Pick<Store, 'get' | 'sqlite'>, input: unknown): Promise<string | null> {
  if (typeof input !== 'object' || input === null) return null;
  const sessionId = await sessionIdOf(store, input);
  return sessionId === null ? null : traceparentOf(store.sqlite, sessionId);
}

async function sessionIdOf(store: Pick<Store, 'get'>, input: object): Promise<string | null> {
  if ('sessionId' in input) return typeof input.sessionId === 'string' ? input.sessionId : null;
  if ('reportId' in input && typeof input.reportId === 'string') {
    return (await store.get('reports', input.reportId))?.sessionId ?? null;
  }
  if ('captureId' in input && typeof input.captureId === 'string') {
    return (await store.get('captures', input.captureId))?.sessionId ?? null;
  }
  return null;
}
