/** What an activity gets and tells about notices. */
import { z } from 'zod';

const keysSchema = z.object({ p256dh: z.string(), auth: z.string() });
export const noticeWaySchema = z.discriminatedUnion('kind', [
  z.object({
    wayId: z.uuid(),
    kind: z.literal('push'),
    target: z.string(),
    keys: keysSchema,
    locale: z.enum(['en', 'ar']),
  }),
  z.object({ wayId: z.uuid(), kind: z.literal('mail'), target: z.string(), locale: z.enum(['en', 'ar']) }),
]);
export type NoticeWay = z.infer<typeof noticeWaySchema>;
export const noticeWaysSchema = z.object({ ways: z.array(noticeWaySchema) });

/** `<workflowId>:<activityId>`. */
export const noticeKey = z.string().min(1).max(500);
export const noticeOutcomeSchema = z.object({
  key: noticeKey,
  delivered: z.array(z.uuid()).max(100),
  /** The other side says that they are there no more: forgotten. */
  gone: z.array(z.uuid()).max(100),
});
export type NoticeOutcome = z.infer<typeof noticeOutcomeSchema>;
