/**
 * A review that reached the workflow before its report is held there, and decided about later. What became of it comes with the
 * visit's document (`cloud.review`); one that was refused then goes back to a person as if it had been refused at once.
 */
import { z } from 'zod';
import { cloudReviewSchema, reviewMessageSchema } from '../../contract/index.ts';
import type { Store } from '../store/index.ts';
import { heldReviews, settleHeld } from './outbox-rows.ts';

const cloudSchema = z.looseObject({ review: cloudReviewSchema });
const payloadSchema = z.looseObject({ message: reviewMessageSchema.pick({ reportSha256: true }) });

/** @param sessionId null: of all visits. @returns whether something was noted */
export async function heedGate(store: Store, sessionId: string | null): Promise<boolean> {
  if (heldReviews(store.sqlite, sessionId).length === 0) return false;
  return store.transaction((tx) => {
    let isNew = false;
    for (const { id, subjectId, payload } of heldReviews(tx.sqlite, sessionId)) {
      const cloud = cloudSchema.safeParse(tx.get('sessions', subjectId)?.cloud);
      const sent = payloadSchema.safeParse(payload);
      if (!cloud.success || !sent.success) continue;
      const { outcome, reason, reportSha256, at } = cloud.data.review;
      if (reportSha256 !== sent.data.message.reportSha256) continue;
      isNew = true;
      const refused = { code: 'REQUEST_REFUSED', detail: reason ?? '', at } as const;
      settleHeld(tx.sqlite, id, outcome === 'accepted' ? 'accepted' : refused);
    }
    return isNew;
  });
}
