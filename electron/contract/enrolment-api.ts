/** The part of the staff's contract by which a station comes to belong to a clinic of the cloud. */
import { z } from 'zod';
import type { RoledContract } from './procedure.ts';
import { procedure } from './procedure.ts';

export const enrolmentStateSchema = z.object({
  enrolled: z.boolean(),
  /** Whether whoever stands here may enrol it: nobody can sign in yet. Afterwards an operator or administrator does. */
  open: z.boolean(),
  /** Of the cloud that it belongs to; null before. */
  address: z.string().nullable(),
});
export type EnrolmentState = z.infer<typeof enrolmentStateSchema>;

export const enrolmentInputSchema = z.object({
  /** Of the cloud: https://... */
  address: z.string().trim().min(1).max(300),
  /** As typed. */
  code: z.string().trim().min(1).max(40),
  stationName: z.string().trim().min(1).max(100).optional(),
});
export type EnrolmentInput = z.infer<typeof enrolmentInputSchema>;

export const enrolmentContract = {
  state: procedure('anyone').output(enrolmentStateSchema),
  /** Refused with NOT_SIGNED_IN or NOT_ALLOWED where it is not open to anyone and the caller is no operator or administrator. */
  enrol: procedure('anyone')
    .input(enrolmentInputSchema)
    .output(z.object({ clinicName: z.string(), locationName: z.string(), stationName: z.string() })),
} as const satisfies RoledContract;
