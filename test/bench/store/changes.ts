/** The durable write that both sides make: a weight taken again, who did it, and word to the cloud. */
import { derivedId } from '../../../electron/contract/index.ts';
import type { AuditEntryInput, IntentInput, Session } from '../../../electron/contract/index.ts';

/** @param count differs at each write. */
export function weighedAgain(session: Session, count: number): Session {
  const { weight } = session.steps;
  if (weight?.quantity === undefined || weight.quantity === null) throw new Error('a session without a weight');
  const quantity = { ...weight.quantity, value: 40 + (count % 10_000) / 100, raw: `S S ${count} kg` };
  return { ...session, steps: { ...session.steps, weight: { ...weight, quantity, attempts: count } } };
}

export function entryOf(sessionId: string, count: number, at: string): AuditEntryInput {
  return {
    at,
    actorId: derivedId('bench', 'author'),
    role: 'facilitator',
    action: 'step.measured',
    subjectKind: 'session',
    subjectId: sessionId,
    detail: { stepId: 'weight', unit: 'kg', value: count },
  };
}

export function intentOf(sessionId: string, count: number): IntentInput {
  return {
    id: derivedId('bench', 'intent', count),
    kind: 'session-captured',
    subjectId: sessionId,
    payload: { count, sessionId },
  };
}
