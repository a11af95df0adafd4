/** A visit that is added at the desk, for somebody who comes without a booking. */
import { z } from 'zod';
import { patientSchema } from './documents.ts';

export const bookingInputSchema = z.object({
  /** Made by the screen, once per form: the same form sent twice books one visit. */
  appointmentId: z.uuid(),
  givenName: z.string().trim().min(1).max(80),
  familyName: z.string().trim().min(1).max(80),
  birthDate: z.iso.date(),
  sex: patientSchema.shape.sex,
  /** The clinic's own number of the person; empty: they get one, unless somebody of this name and birth date is known. */
  number: z.string().trim().max(32).default(''),
  protocolId: z.string().max(64),
  room: z.string().trim().max(80).default(''),
});
export type BookingInput = z.output<typeof bookingInputSchema>;
