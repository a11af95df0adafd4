/** Which intents the station of the proof writes, in their order: round after round, one for each subject. */
import type { IntentInput, Session } from '../../../electron/contract/index.ts';
import { derivedId } from '../../../electron/contract/index.ts';
import { sessionIntent } from '../../../electron/core/outbox/session-request.ts';
import type { NamedKey } from '../../../workflows/codec/keys.ts';
import { LOCATION, TENANT } from '../../../electron/core/store/testing/documents.ts';

/** Under which payloads are encrypted. */
export const PAYLOAD_KEY: NamedKey = { id: '1', key: new Uint8Array(32).fill(7) };
const AT = '2026-11-21T12:00:00.000Z';

export function subjectId(subject: number): string {
  return derivedId('outbox-proof', 'subject', subject);
}

/** @param nth from 1: the start, then messages */
export function intentId(subject: number, nth: number): string {
  return derivedId('outbox-proof', 'intent', subject, nth);
}

/** @param number from 0 */
export function intentOf(number: number, subjects: number): IntentInput {
  const subject = number % subjects;
  const nth = Math.floor(number / subjects) + 1;
  const session = {
    id: subjectId(subject),
    patientId: derivedId('outbox-proof', 'patient', subject),
    tenantId: TENANT,
    locationId: LOCATION,
    checkedInAt: AT,
    createdAt: AT,
  } satisfies Partial<Session> as unknown as Session;
  // Every third workflow ends with its last message, while its answer may still be on its way.
  const buildId = subject % 3 === 0 ? 'ends-3' : 'stays';
  return nth === 1
    ? sessionIntent('session-start', intentId(subject, nth), session, buildId, null)
    : sessionIntent('session-captured', intentId(subject, nth), session, buildId, { at: AT });
}
