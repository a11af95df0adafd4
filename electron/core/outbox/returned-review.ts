/** A decision about a report that a workflow did nothing of is told to all stations of the location, and to whoever looks after it. */
import { z } from 'zod';
import { derivedId, reviewMessageSchema, sessionInputSchema } from '../../contract/index.ts';
import type { Intent } from '../../contract/index.ts';
import type { StoreTransaction } from '../store/index.ts';

const payloadSchema = z.looseObject({
  start: sessionInputSchema.pick({ tenantId: true, locationId: true }),
  message: reviewMessageSchema.pick({ reviewerId: true }),
});

/** Part of the transaction that notes that it came back. Of another kind than a review: nothing. */
export function tellReturnedReview(tx: StoreTransaction, { id, kind, subjectId, payload }: Intent): void {
  const read = payloadSchema.safeParse(payload);
  if (kind !== 'session-review' || !read.success) return;
  const { start, message } = read.data;
  tx.put('alerts', {
    id: derivedId('alert', 'returned-review', id),
    tenantId: start.tenantId,
    locationId: start.locationId,
    authorId: message.reviewerId,
    // As the cloud says it of one that it had held.
    kind: 'review-refused',
    severity: 'warn',
    subjectId,
    text: 'A decision about a report did not count: look at the visit and decide again.',
    resolvedAt: null,
  });
}
