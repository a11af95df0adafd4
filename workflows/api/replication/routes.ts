/** Replication of the clinic's documents with its stations. */
import { z } from 'zod';
import {
  CLOUD_PATHS,
  collectionNameSchema,
  pullRequestSchema,
  pullResponseSchema,
  pushRequestSchema,
  pushResponseSchema,
  quarantineReasonSchema,
} from '../../../electron/contract/index.ts';
import { mediaRoute, route, stationOf } from '../route.ts';
import { requireServedContract } from '../stations/enrolment.ts';
import { pull } from './pull.ts';
import { push, readRows } from './push.ts';
import { openStream } from './stream.ts';

/** More than a single row within the limits needs. */
const PUSH_BODY_LIMIT = 48 * 1024 * 1024;

const QUARANTINE_PAGE = 500;

const params = z.object({ collection: collectionNameSchema });

export const REPLICATION_ROUTES = [
  route({
    method: 'POST',
    path: CLOUD_PATHS.pull,
    summary: 'What changed in a collection after a checkpoint',
    who: ['station'],
    params,
    body: pullRequestSchema,
    answer: pullResponseSchema,
    handle: async (call) => {
      requireServedContract(call.body.contractVersion);
      const { collection } = call.params;
      const page = await call.transaction(async (tx) => pull(tx, stationOf(call), collection, call.body));
      call.parts.metrics.pulled.inc({ collection }, page.rows);
      if (page.resync !== null) call.parts.metrics.resyncs.inc({ reason: page.resync });
      return page.answer;
    },
  }),
  route({
    method: 'POST',
    path: CLOUD_PATHS.push,
    summary: 'Changes of a station, each answered with a verdict of its own',
    who: ['station'],
    params,
    body: pushRequestSchema,
    bodyLimit: PUSH_BODY_LIMIT,
    answer: pushResponseSchema,
    handle: async (call) => {
      requireServedContract(call.body.contractVersion);
      const { collection } = call.params;
      const caller = stationOf(call);
      const read = readRows(caller, collection, call.body);
      const now = call.parts.now();
      const answer = await call.transaction(async (tx) => push(tx, caller, collection, call.body, now, read));
      for (const { verdict } of answer.verdicts) call.parts.metrics.pushed.inc({ collection, verdict });
      if (answer.resync !== null) call.parts.metrics.resyncs.inc({ reason: answer.resync });
      return answer;
    },
  }),
  route({
    method: 'GET',
    path: '/v1/quarantine',
    summary: 'Rows that could not be taken, the latest first: where and why, without what is in them',
    who: ['admin'],
    answer: z.object({
      rows: z.array(
        z.object({
          locationId: z.uuid(),
          stationId: z.uuid(),
          collection: z.string(),
          documentId: z.string().nullable(),
          reason: quarantineReasonSchema,
          field: z.string(),
          times: z.number().int(),
          lastAt: z.iso.datetime(),
        }),
      ),
    }),
    handle: async ({ transaction }) => {
      const rows = await transaction(async (tx) =>
        tx.selectFrom('quarantine').selectAll().orderBy('last_at', 'desc').limit(QUARANTINE_PAGE).execute(),
      );
      return {
        rows: rows.map((row) => ({
          locationId: row.location_id,
          stationId: row.station_id,
          collection: row.collection,
          documentId: row.document_id,
          reason: quarantineReasonSchema.parse(row.reason),
          field: row.field,
          times: row.times,
          lastAt: row.last_at.toISOString(),
        })),
      };
    },
  }),
  mediaRoute({
    method: 'GET',
    path: CLOUD_PATHS.stream,
    summary: 'Says RESYNC whenever something may have changed',
    who: ['station'],
    mediaType: 'text/event-stream',
    handle: async (call) => {
      const stillAccepted = async (): Promise<void> => call.transaction(async () => {});
      await stillAccepted();
      openStream(call.parts, stationOf(call), call.reply, stillAccepted);
    },
  }),
];
