/** The stations' audit trails: taking them in, and looking into them. */
import { sql } from 'kysely';
import { z } from 'zod';
import {
  CLOUD_PATHS,
  auditSegmentResponseSchema,
  auditSegmentSchema,
  chainedAuditEntrySchema,
} from '../../../electron/contract/index.ts';
import { route, stationOf } from '../route.ts';
import { requireServedContract } from '../stations/enrolment.ts';
import { appendSegment } from './append.ts';

const SEGMENT_BODY_LIMIT = 8 * 1024 * 1024;
const PAGE = 500;

export const TRAIL_ROUTES = [
  route({
    method: 'POST',
    path: CLOUD_PATHS.audit,
    summary: 'The next entries of the station’s audit trail',
    who: ['station'],
    body: auditSegmentSchema,
    bodyLimit: SEGMENT_BODY_LIMIT,
    answer: auditSegmentResponseSchema,
    handle: async (call) => {
      requireServedContract(call.body.contractVersion);
      const caller = stationOf(call);
      const { branchedAt, ...answer } = await call.transaction(async (tx) =>
        appendSegment(tx, caller, call.body.entries),
      );
      if (branchedAt !== null) {
        call.parts.metrics.branchedTrails.inc();
        call.parts.log.warn(
          { requestId: call.requestId, stationId: caller.stationId, branchedAt },
          'an audit trail goes on from an older copy that was put back',
        );
      }
      if (answer.verdict === 'broken') {
        call.parts.metrics.brokenTrails.inc();
        call.parts.log.error(
          { requestId: call.requestId, stationId: caller.stationId, expected: answer.expected },
          'an audit trail is broken',
        );
      }
      return answer;
    },
  }),
  route({
    method: 'POST',
    path: '/v1/audit/search',
    summary: 'Entries of a period or a subject, oldest first; a POST, so that no id stands in an address',
    who: ['admin'],
    body: z.object({
      from: z.iso.datetime().optional(),
      to: z.iso.datetime().optional(),
      subjectId: z.string().max(200).optional(),
      stationId: z.uuid().optional(),
      /** Where the last page ended. */
      after: z
        .object({
          at: z.iso.datetime(),
          stationId: z.uuid(),
          sequence: z.number().int(),
          branch: z.number().int().default(0),
        })
        .optional(),
    }),
    answer: z.object({
      /** `branch`: 0, and one more each time that the trail went on from an older copy of the station's data. */
      entries: z.array(chainedAuditEntrySchema.extend({ stationId: z.uuid(), branch: z.number().int() })),
      /** Whether there is more behind the last. */
      more: z.boolean(),
    }),
    handle: async ({ transaction, body }) => {
      const rows = await transaction(async (tx) => {
        let query = tx
          .selectFrom('audit_entries')
          .select(['station_id', 'branch', 'entry'])
          .orderBy('at')
          .orderBy('station_id')
          .orderBy('branch')
          .orderBy('sequence')
          .limit(PAGE + 1);
        const { from, to, subjectId, stationId, after } = body;
        if (from !== undefined) query = query.where('at', '>=', from);
        if (to !== undefined) query = query.where('at', '<', to);
        if (subjectId !== undefined) query = query.where('subject_id', '=', subjectId);
        if (stationId !== undefined) query = query.where('station_id', '=', stationId);
        if (after !== undefined) {
          const { at, stationId, branch, sequence } = after;
          query = query.where(
            sql<boolean>`(at, station_id, branch, sequence) > (${at}, ${stationId}, ${branch}, ${sequence})`,
          );
        }
        return query.execute();
      });
      return {
        entries: rows.slice(0, PAGE).map((row) => ({ ...row.entry, stationId: row.station_id, branch: row.branch })),
        more: rows.length > PAGE,
      };
    },
  }),
];
