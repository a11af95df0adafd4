/** Looking into the cloud's own trail: who was shown what of whom, and who decided. */
import { z } from 'zod';
import { route } from '../route.ts';

const PAGE = 500;

const entrySchema = z.object({
  id: z.uuid(),
  at: z.iso.datetime(),
  locationId: z.uuid(),
  actor: z.string(),
  role: z.string(),
  action: z.string(),
  subjectKind: z.string(),
  subjectId: z.uuid(),
  patientId: z.uuid().nullable(),
  detail: z.record(z.string(), z.json()),
});

export const ACCESS_ROUTES = [
  route({
    method: 'POST',
    path: '/v1/access/search',
    summary:
      'What people with a browser were shown and decided, oldest first; a POST, so that no id stands in an address',
    who: ['admin'],
    body: z.object({
      from: z.iso.datetime().optional(),
      to: z.iso.datetime().optional(),
      patientId: z.uuid().optional(),
      personId: z.uuid().optional(),
      /** Where the last page ended. */
      after: z.object({ at: z.iso.datetime(), id: z.uuid() }).optional(),
    }),
    answer: z.object({ entries: z.array(entrySchema), more: z.boolean() }),
    handle: async ({ transaction, body }) => {
      const { from, to, patientId, personId, after } = body;
      const rows = await transaction(async (tx) => {
        let query = tx
          .selectFrom('access_entries')
          .selectAll()
          .orderBy('at')
          .orderBy('id')
          .limit(PAGE + 1);
        if (from !== undefined) query = query.where('at', '>=', new Date(from));
        if (to !== undefined) query = query.where('at', '<', new Date(to));
        if (patientId !== undefined) query = query.where('patient_id', '=', patientId);
        if (personId !== undefined) query = query.where('actor', '=', `person:${personId}`);
        if (after !== undefined) {
          const at = new Date(after.at);
          query = query.where((where) =>
            where.or([where('at', '>', at), where.and([where('at', '=', at), where('id', '>', after.id)])]),
          );
        }
        return query.execute();
      });
      return {
        entries: rows.slice(0, PAGE).map((row) => ({
          id: row.id,
          at: row.at.toISOString(),
          locationId: row.location_id,
          actor: row.actor,
          role: row.role,
          action: row.action,
          subjectKind: row.subject_kind,
          subjectId: row.subject_id,
          patientId: row.patient_id,
          detail: z.record(z.string(), z.json()).parse(row.detail),
        })),
        more: rows.length > PAGE,
      };
    },
  }),
];
