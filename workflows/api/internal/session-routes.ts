/** What a session's workflow reads of its visit and writes about it. */
import { z } from 'zod';
import { CONTRACT_VERSION, VantageError, alertSchema, derivedId } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import { writeDocuments } from '../replication/write-documents.ts';
import { route } from '../route.ts';
import { CLOUD_STATION } from '../web/decide.ts';
import { recordEvents } from './events.ts';
import type { Cause } from './mutations.ts';
import { causeSchema, mutate, serviceOf } from './mutations.ts';
import { setCloudFields } from './session-cloud.ts';
import { observationsOf, standingOf } from './standing.ts';
import { observationsSchema, standingSchema } from './standing-schema.ts';

/** Activities of all visits of a tenant are one caller. */
const PER_MINUTE = 60_000;

const params = z.object({ sessionId: z.uuid() });
const field = z.string().regex(/^[A-Za-z]{1,64}$/);

export const stepSchema = z.object({
  locationId: z.uuid(),
  /** What happened, for the record: ids, codes and numbers. */
  event: z.object({
    type: z.string().regex(/^[A-Za-z]{3,60}$/),
    data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  }),
  /** Fields of `cloud`; the others stay. */
  fields: z.record(field, z.json()),
  /** Fields of `cloud` that become the instant of this. */
  stamps: z.array(field).max(10),
  /** For people at the location: no patient data. */
  alert: alertSchema.pick({ kind: true, severity: true, text: true }).nullable(),
});
export type SessionStepBody = z.output<typeof stepSchema>;

export const SESSION_ROUTES = [
  route({
    method: 'POST',
    path: '/internal/v1/sessions/:sessionId/standing',
    summary: 'How a visit stands in the cloud',
    who: ['service'],
    perMinute: PER_MINUTE,
    params,
    answer: standingSchema,
    handle: async (call) => {
      const { tenantId } = serviceOf(call);
      return call.transaction(async (tx) => standingOf(tx, tenantId, call.params.sessionId));
    },
  }),
  route({
    method: 'POST',
    path: '/internal/v1/sessions/:sessionId/observations',
    summary: 'What was measured and found in a visit, without who it was',
    who: ['service'],
    perMinute: PER_MINUTE,
    params,
    answer: observationsSchema,
    handle: async (call) => call.transaction(async (tx) => observationsOf(tx, call.params.sessionId)),
  }),
  route({
    method: 'POST',
    path: '/internal/v1/sessions/:sessionId/step',
    summary:
      'A step of a visit’s workflow: what happened, what the cloud knows since, and who has to be told, together or not at all',
    who: ['service'],
    perMinute: PER_MINUTE,
    params,
    body: stepSchema.extend({ cause: causeSchema }),
    answer: z.object({ done: z.literal(true) }),
    handle: async (call) =>
      mutate(call, `session-step:${call.params.sessionId}`, async (tx, { tenantId }) => {
        const { cause, locationId, event, fields, stamps, alert } = call.body;
        const { sessionId } = call.params;
        const now = call.parts.now();
        const at = now.toISOString();
        const set = { ...fields, ...Object.fromEntries(stamps.map((name) => [name, at])) };
        if (Object.keys(set).length > 0) await setCloudFields(tx, tenantId, sessionId, set, now);
        await recordEvents(tx, tenantId, cause, 'session-step', [
          { ...event, subjectId: sessionId, locationId, occurredAt: at },
        ]);
        if (alert !== null) await raiseAlert(tx, { tenantId, locationId, subjectId: sessionId, cause, alert, at });
        return { done: true as const };
      }),
  }),
];

interface Raised {
  readonly tenantId: string;
  readonly locationId: string;
  /** What it is about: a visit, a calibration, an acceptance. */
  readonly subjectId: string;
  readonly cause: Cause;
  readonly alert: NonNullable<SessionStepBody['alert']>;
  readonly at: string;
}

/** It reaches the location's stations as every document does. */
export async function raiseAlert(
  tx: Scoped,
  { tenantId, locationId, subjectId, cause, alert, at }: Raised,
): Promise<void> {
  const id = derivedId('alert', tenantId, cause.workflowId, cause.activityId);
  const document = {
    id,
    tenantId,
    locationId,
    stationId: CLOUD_STATION,
    authorId: CLOUD_STATION,
    contractVersion: CONTRACT_VERSION,
    hlc: {},
    createdAt: at,
    updatedAt: at,
    ...alert,
    subjectId,
    resolvedAt: null,
  };
  const written = await writeDocuments(tx, tenantId, 'alerts', [{ id, document, deleted: false, known: false }]);
  if (typeof written.get(id) !== 'number') throw new VantageError('INTERNAL', 'alerts');
}
