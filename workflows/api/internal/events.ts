/** Domain events that activities cause. */
import { z } from 'zod';
import { derivedId } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import type { Cause } from './mutations.ts';

export const eventSchema = z.object({
  type: z.string().regex(/^[A-Za-z]{3,60}$/),
  subjectId: z.uuid(),
  locationId: z.uuid().nullable(),
  /** Ids, codes and numbers: no patient data. */
  data: z.record(z.string(), z.json()),
  occurredAt: z.iso.datetime(),
});

/** @param operation tells apart what one activity asks for; part of the events' ids */
export async function recordEvents(
  tx: Scoped,
  tenantId: string,
  cause: Cause,
  operation: string,
  events: readonly z.output<typeof eventSchema>[],
): Promise<string[]> {
  const ids = events.map((_, index) =>
    derivedId('event', tenantId, cause.workflowId, cause.activityId, operation, index),
  );
  await tx
    .insertInto('domain_events')
    .values(
      events.map((event, index) => ({
        id: ids[index] ?? '',
        tenant_id: tenantId,
        location_id: event.locationId,
        type: event.type,
        subject_id: event.subjectId,
        data: JSON.stringify(event.data),
        metadata: JSON.stringify(cause),
        occurred_at: event.occurredAt,
      })),
    )
    // Recorded before the answer to it was let go of.
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return ids;
}
