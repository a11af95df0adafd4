/** What an intent about a visit carries: all that its delivery needs, so that it can be sent whatever becomes of the visit later. */
import { z } from 'zod';
import type { Intent, IntentInput, Session, SessionMessageName } from '../../contract/index.ts';
import {
  MESSAGE_OF_INTENT,
  SESSION_MESSAGES,
  VISITS_QUEUE,
  WORKFLOW_TYPES,
  sessionInputSchema,
  workflowIdOf,
} from '../../contract/index.ts';
import type { OutboxRequest } from './sender.ts';

const payloadSchema = z.object({
  /** The workflow's argument, should this be the first that reaches the cloud: another station may have checked the patient in. */
  start: sessionInputSchema,
  message: z.unknown(),
});

/** Intents about a visit. */
export type SessionIntentKind = Extract<IntentInput['kind'], `session-${string}`>;

type SessionMessage<N extends SessionMessageName> = z.input<(typeof SESSION_MESSAGES)[N]>;
type MessageOf<K extends SessionIntentKind> = (typeof MESSAGE_OF_INTENT)[K] extends infer N
  ? N extends SessionMessageName
    ? SessionMessage<N>
    : null
  : never;

/** @param id the same for the same thing, also when it is written twice. @param buildId version of this station */
export function sessionIntent<K extends SessionIntentKind>(
  kind: K,
  id: string,
  session: Session,
  buildId: string,
  message: MessageOf<K>,
): IntentInput {
  const start = {
    sessionId: session.id,
    userId: session.patientId,
    tenantId: session.tenantId,
    locationId: session.locationId,
    buildId,
    startedAt: session.checkedInAt ?? session.createdAt,
  };
  return { id, kind, subjectId: session.id, payload: { start, message } };
}

/** @throws z.ZodError: the intent is not what the cloud's workflows take. */
export function sessionRequestOf(
  { id, subjectId, payload }: Pick<Intent, 'id' | 'subjectId' | 'payload'>,
  kind: SessionIntentKind,
): OutboxRequest {
  const { start, message } = payloadSchema.parse(payload);
  const name = MESSAGE_OF_INTENT[kind];
  return {
    workflow: {
      type: WORKFLOW_TYPES.session,
      id: workflowIdOf('session', subjectId),
      queue: VISITS_QUEUE,
      argument: start,
    },
    message: name === null ? null : { name, id, argument: SESSION_MESSAGES[name].parse(message) },
  };
}
