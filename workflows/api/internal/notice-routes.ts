/** To whom a notice goes, and what became of it: for the activity that delivers it. */
import { z } from 'zod';
import { route } from '../route.ts';
import { noticeKey, noticeOutcomeSchema, noticeWaySchema, noticeWaysSchema } from './notice-schema.ts';
import { serviceOf } from './mutations.ts';

export const NOTICE_ROUTES = [
  route({
    method: 'POST',
    path: '/internal/v1/notices/ways',
    summary: 'Where a patient is told, without those where it was delivered under this key',
    who: ['service'],
    body: z.object({ patientId: z.uuid(), key: noticeKey }),
    answer: noticeWaysSchema,
    handle: async (call) => {
      const { patientId, key } = call.body;
      const rows = await call.transaction(async (tx) =>
        tx
          .selectFrom('notice_ways')
          .innerJoin('people', 'people.id', 'notice_ways.person_id')
          .select(['notice_ways.id', 'kind', 'target', 'keys', 'locale'])
          .where('notice_ways.patient_id', '=', patientId)
          .where('people.active', '=', true)
          // Whoever is that patient no more is told nothing.
          .where((where) =>
            where.exists(
              where
                .selectFrom('people_roles')
                .select('people_roles.id')
                .whereRef('people_roles.person_id', '=', 'notice_ways.person_id')
                .whereRef('people_roles.patient_id', '=', 'notice_ways.patient_id'),
            ),
          )
          .where((where) =>
            where.not(
              where.exists(
                where
                  .selectFrom('notice_deliveries')
                  .select('way_id')
                  .whereRef('way_id', '=', 'notice_ways.id')
                  .where('key', '=', key),
              ),
            ),
          )
          .orderBy('notice_ways.agreed_at')
          .execute(),
      );
      return {
        ways: rows.map(({ id, ...way }) => noticeWaySchema.parse({ ...way, wayId: id, keys: way.keys ?? undefined })),
      };
    },
  }),
  route({
    method: 'POST',
    path: '/internal/v1/notices/outcome',
    summary: 'Where a notice was delivered, and which ways are there no more',
    who: ['service'],
    body: noticeOutcomeSchema,
    answer: z.object({ done: z.literal(true) }),
    handle: async (call) => {
      const { tenantId } = serviceOf(call);
      const { key, delivered, gone } = call.body;
      await call.transaction(async (tx) => {
        for (const way_id of delivered) {
          await tx
            .insertInto('notice_deliveries')
            .values({ tenant_id: tenantId, key, way_id, delivered_at: call.parts.now() })
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
        if (gone.length > 0) await tx.deleteFrom('notice_ways').where('id', 'in', gone).execute();
      });
      return { done: true as const };
    },
  }),
];
