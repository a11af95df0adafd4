/** What activities may do. Each names the workflow and the activity; the token names the tenant. */
import { z } from 'zod';
import { VantageError, collectionNameSchema, derivedId, masterRowSchema } from '../../../electron/contract/index.ts';
import { LONGEST_OFFLINE_DAYS, purgeBefore } from '../../database/purge.ts';
import type { Scoped } from '../../database/scope.ts';
import { route } from '../route.ts';
import { eventSchema, recordEvents } from './events.ts';
import { causeSchema, mutate, serviceOf } from './mutations.ts';
import { readDocument, setCloudFields } from './session-cloud.ts';

const MS_PER_DAY = 86_400_000;

const organizationSchema = z.object({
  cause: causeSchema,
  name: z.string().min(1).max(200),
  locations: z.array(z.object({ locationId: z.uuid(), name: z.string().min(1).max(200) })).max(200),
  /** Who administers all of it at first: their subject at the identity provider. */
  administrator: z.string().min(1).max(255).nullable(),
});

export const INTERNAL_ROUTES = [
  route({
    method: 'POST',
    path: '/internal/v1/organizations',
    summary: 'Make the tenant of the token, with its locations and its first administrator; what is there stays',
    who: ['service'],
    body: organizationSchema,
    answer: z.object({ tenantId: z.uuid() }),
    handle: async (call) => {
      const { tenantId } = serviceOf(call);
      // Before the turn to write is taken: it belongs to a tenant that is there.
      await call.transaction(async (tx) =>
        tx
          .insertInto('tenants')
          .values({ id: tenantId, name: call.body.name })
          .onConflict((conflict) => conflict.doNothing())
          .execute(),
      );
      return mutate(call, 'organization', async (tx) => {
        await fillOrganization(tx, tenantId, call.body, call.parts.access.people.provider.issuer, call.parts.now());
        return { tenantId };
      });
    },
  }),
  route({
    method: 'POST',
    path: '/internal/v1/events',
    summary: 'Record what happened',
    who: ['service'],
    body: z.object({ cause: causeSchema, events: z.array(eventSchema).min(1).max(100) }),
    answer: z.object({ eventIds: z.array(z.uuid()) }),
    handle: async (call) =>
      mutate(call, 'events', async (tx, { tenantId }) => ({
        eventIds: await recordEvents(tx, tenantId, call.body.cause, 'events', call.body.events),
      })),
  }),
  route({
    method: 'POST',
    path: '/internal/v1/sessions/:sessionId/cloud',
    summary: 'What the cloud knows of a session: fields are set, the others stay',
    who: ['service'],
    params: z.object({ sessionId: z.uuid() }),
    body: z.object({ cause: causeSchema, fields: z.record(z.string().max(64), z.json()) }),
    answer: z.object({ version: z.number().int() }),
    handle: async (call) =>
      mutate(call, `session-cloud:${call.params.sessionId}`, async (tx, { tenantId }) => ({
        version: await setCloudFields(tx, tenantId, call.params.sessionId, call.body.fields, call.parts.now()),
      })),
  }),
  route({
    method: 'POST',
    path: '/internal/v1/documents/read',
    summary: 'A document as it stands',
    who: ['service'],
    body: z.object({ collection: collectionNameSchema, id: z.uuid() }),
    answer: masterRowSchema,
    handle: async ({ transaction, body }) => transaction(async (tx) => readDocument(tx, body.collection, body.id)),
  }),
  route({
    method: 'POST',
    path: '/internal/v1/purge',
    summary: 'Let go of deletions and answers that no station can still ask for',
    who: ['service'],
    body: z.object({ cause: causeSchema, olderThanDays: z.number().int().min(LONGEST_OFFLINE_DAYS) }),
    answer: z.object({ tombstones: z.number(), departures: z.number(), mutations: z.number() }),
    handle: async (call) =>
      mutate(call, 'purge', async (tx, { tenantId }) =>
        purgeBefore(tx, tenantId, new Date(call.parts.now().getTime() - call.body.olderThanDays * MS_PER_DAY)),
      ),
  }),
];

async function fillOrganization(
  tx: Scoped,
  tenantId: string,
  body: z.output<typeof organizationSchema>,
  issuer: string,
  now: Date,
): Promise<void> {
  if (body.locations.length > 0) {
    await tx
      .insertInto('locations')
      .values(body.locations.map(({ locationId, name }) => ({ tenant_id: tenantId, id: locationId, name })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  if (body.administrator !== null) {
    const personId = derivedId('person', tenantId, body.administrator);
    const added = await tx
      .insertInto('people')
      .values({ id: personId, tenant_id: tenantId, issuer, subject: body.administrator })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (added.numInsertedOrUpdatedRows === 0n) throw new VantageError('STATUS_CONFLICT', 'administrator');
    await tx
      .insertInto('people_roles')
      .values({
        id: derivedId('first-role', personId),
        tenant_id: tenantId,
        person_id: personId,
        role: 'admin',
        location_id: null,
        patient_id: null,
        granted_by: 'service',
      })
      .execute();
  }
  const created = { type: 'OrganizationCreated', subjectId: tenantId, locationId: null, data: { name: body.name } };
  await recordEvents(tx, tenantId, body.cause, 'organization', [{ ...created, occurredAt: now.toISOString() }]);
}
