/** How a patient agrees to be told that there is something to see, and takes it back. What is told says neither what nor whose. */
import { z } from 'zod';
import type { RoledContract } from './procedure.ts';
import { procedure } from './procedure.ts';

const base64url = z.string().regex(/^[\w-]{16,200}$/);
const locale = z.enum(['en', 'ar']);

/** As a browser gives a subscription (Push API): where, and the keys with which it is encrypted (RFC 8291). */
const pushWaySchema = z.object({
  kind: z.literal('push'),
  endpoint: z.url({ protocol: /^https?$/ }).max(2000),
  p256dh: base64url,
  auth: base64url,
  locale,
});
const mailWaySchema = z.object({ kind: z.literal('mail'), address: z.email().max(254), locale });

export const noticeSettingsSchema = z.object({
  /** Of the clinic's cloud, for subscriptions (RFC 8292), base64url; null: it sends none. */
  pushKey: z.string().nullable(),
  /** Whether it sends mail. */
  mail: z.boolean(),
  ways: z.array(
    z.object({
      wayId: z.uuid(),
      kind: z.enum(['push', 'mail']),
      /** Of a mail; null: a browser, which knows itself by its endpoint alone. */
      address: z.string().nullable(),
      agreedAt: z.iso.datetime(),
    }),
  ),
});
export type NoticeSettings = z.infer<typeof noticeSettingsSchema>;

/** Of one patient. */
export const MOST_NOTICE_WAYS = 10;

export const noticesContract = {
  settings: procedure('patient').output(noticeSettingsSchema),
  /** The same again changes the language alone. INPUT_INVALID for what this cloud does not send, or one too many. */
  agree: procedure('patient')
    .input(z.discriminatedUnion('kind', [pushWaySchema, mailWaySchema]))
    .output(noticeSettingsSchema),
  /** It is forgotten at once. */
  withdraw: procedure('patient')
    .input(z.object({ wayId: z.uuid() }))
    .output(noticeSettingsSchema),
} as const satisfies RoledContract;
