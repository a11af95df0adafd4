/** Intents of visits that nobody had. */
import type { IntentInput, Session } from '../../../contract/index.ts';
import { derivedId } from '../../../contract/index.ts';
import { LOCATION, TENANT } from '../../store/testing/documents.ts';
import { sessionIntent } from '../session-request.ts';

const AT = '2026-11-21T12:00:00.000Z';

export function subjectOf(seed: number | string): string {
  return derivedId('test', 'subject', seed);
}

/** @param seed of the visit @param nth of its requests, from 1: the first is its start, the others say that it was captured. */
export function visitIntent(seed: number | string, nth: number): IntentInput {
  const session = {
    id: subjectOf(seed),
    patientId: derivedId('test', 'patient', seed),
    tenantId: TENANT,
    locationId: LOCATION,
    checkedInAt: AT,
    createdAt: AT,
  } satisfies Partial<Session> as unknown as Session;
  const id = derivedId('test', 'intent', seed, nth);
  return nth === 1
    ? sessionIntent('session-start', id, session, 'test', null)
    : sessionIntent('session-captured', id, session, 'test', { at: AT });
}
