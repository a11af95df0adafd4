/** People and what they may do: managed by an administrator of the whole clinic. */
import { z } from 'zod';
import { VantageError, newId, roleSchema } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import type { Caller, PersonCaller } from '../access/callers.ts';
import { actorOf } from '../access/callers.ts';
import { route } from '../route.ts';

/** A role at one location, or (`null`) everywhere. Patients are named by their document. */
const grantSchema = z
  .object({ role: roleSchema, locationId: z.uuid().nullable(), patientId: z.uuid().nullable().default(null) })
  .refine(({ role, patientId }) => (role === 'patient') === (patientId !== null), { path: ['patientId'] });
const grantsSchema = z.array(grantSchema).max(50);

const personSchema = z.object({
  personId: z.uuid(),
  issuer: z.string(),
  subject: z.string(),
  active: z.boolean(),
  grants: grantsSchema,
});

export const PEOPLE_ROUTES = [
  route({
    method: 'GET',
    path: '/v1/me',
    summary: 'Who the caller is here, and where',
    who: ['admin', 'clinician', 'facilitator', 'operator', 'technician', 'patient'],
    answer: z.object({ personId: z.uuid(), tenantId: z.uuid(), grants: grantsSchema }),
    handle: async (call) => {
      const { personId, tenantId } = personOf(call);
      const rows = await call.transaction(async (tx) =>
        tx.selectFrom('people_roles').selectAll().where('person_id', '=', personId).orderBy('granted_at').execute(),
      );
      return { personId, tenantId, grants: rows.map(grantOf) };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/people',
    summary: 'The people of the clinic and their roles',
    who: ['admin'],
    answer: z.object({ people: z.array(personSchema) }),
    handle: async ({ caller, transaction }) => {
      requireEverywhere(caller);
      return transaction(async (tx) => {
        const people = await tx.selectFrom('people').selectAll().orderBy('created_at').execute();
        const roles = await tx.selectFrom('people_roles').selectAll().orderBy('granted_at').execute();
        return {
          people: people.map(({ id, issuer, subject, active }) => ({
            personId: id,
            issuer,
            subject,
            active,
            grants: roles.filter((role) => role.person_id === id).map(grantOf),
          })),
        };
      });
    },
  }),
  route({
    method: 'POST',
    path: '/v1/people',
    summary: 'Let somebody of the identity provider in',
    who: ['admin'],
    body: z.object({ subject: z.string().min(1).max(255), grants: grantsSchema }),
    answer: z.object({ personId: z.uuid() }),
    handle: async (call) => {
      const { tenantId } = requireEverywhere(call.caller);
      const personId = newId();
      await call.transaction(async (tx) => {
        const added = await tx
          .insertInto('people')
          .values({
            id: personId,
            tenant_id: tenantId,
            issuer: call.parts.access.people.provider.issuer,
            subject: call.body.subject,
          })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst();
        if (added.numInsertedOrUpdatedRows === 0n) throw new VantageError('STATUS_CONFLICT', 'known already');
        await grant(tx, call.caller, tenantId, personId, call.body.grants, call.parts.now());
      });
      return { personId };
    },
  }),
  route({
    method: 'PUT',
    path: '/v1/people/:personId',
    summary: 'What somebody may do from now on; it takes effect with their next request',
    who: ['admin'],
    params: z.object({ personId: z.uuid() }),
    body: z.object({ active: z.boolean(), grants: grantsSchema }),
    answer: z.object({ personId: z.uuid() }),
    handle: async (call) => {
      const { tenantId, personId: self } = requireEverywhere(call.caller);
      const { personId } = call.params;
      const stillAdmin =
        call.body.active && call.body.grants.some((one) => one.role === 'admin' && one.locationId === null);
      // The last administrator could not be brought back from here.
      if (personId === self && !stillAdmin) throw new VantageError('INPUT_INVALID', 'grants', { field: 'grants' });
      await call.transaction(async (tx) => {
        const changed = await tx
          .updateTable('people')
          .set({ active: call.body.active })
          .where('id', '=', personId)
          .executeTakeFirst();
        if (changed.numUpdatedRows === 0n) throw new VantageError('NOT_FOUND');
        await tx.deleteFrom('people_roles').where('person_id', '=', personId).execute();
        await grant(tx, call.caller, tenantId, personId, call.body.grants, call.parts.now());
      });
      return { personId };
    },
  }),
];

/** The caller of a route that only people are let into. */
export function personOf({ caller }: { readonly caller: Caller }): PersonCaller {
  if (caller.kind !== 'person') throw new VantageError('NOT_ALLOWED');
  return caller;
}

/** Roles reach over locations: only who administers all of them gives them. @throws VantageError NOT_ALLOWED */
function requireEverywhere(caller: Caller): PersonCaller {
  const person = personOf({ caller });
  if (person.locations !== '*') throw new VantageError('NOT_ALLOWED');
  return person;
}

function grantOf(row: {
  readonly role: string;
  readonly location_id: string | null;
  readonly patient_id: string | null;
}) {
  return { role: roleSchema.parse(row.role), locationId: row.location_id, patientId: row.patient_id };
}

async function grant(
  tx: Scoped,
  caller: Caller,
  tenantId: string,
  personId: string,
  grants: z.output<typeof grantsSchema>,
  now: Date,
): Promise<void> {
  const places = new Set((await tx.selectFrom('locations').select('id').execute()).map(({ id }) => id));
  if (grants.some(({ locationId }) => locationId !== null && !places.has(locationId))) {
    throw new VantageError('INPUT_INVALID', 'grants', { field: 'grants' });
  }
  if (grants.length > 0) {
    await tx
      .insertInto('people_roles')
      .values(
        grants.map(({ role, locationId, patientId }) => ({
          id: newId(),
          tenant_id: tenantId,
          person_id: personId,
          role,
          location_id: locationId,
          patient_id: patientId,
          granted_by: actorOf(caller),
          granted_at: now,
        })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  await tx
    .insertInto('domain_events')
    .values({
      id: newId(),
      tenant_id: tenantId,
      location_id: null,
      type: 'RolesChanged',
      subject_id: personId,
      data: JSON.stringify({ grants }),
      metadata: JSON.stringify({ actor: actorOf(caller) }),
      occurred_at: now,
    })
    .execute();
}
