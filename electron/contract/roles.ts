/** Who may do what. Every procedure of the API names its roles; one without does not compile (`procedure.ts`). */
import { z } from 'zod';

/** Roles that a person can have. `patient`: never a login at a station; there, the person at a check-in screen. */
export const roleSchema = z.enum(['patient', 'facilitator', 'technician', 'clinician', 'operator', 'admin']);
export type Role = z.infer<typeof roleSchema>;

/** `anyone` stands for a connected screen before somebody has unlocked it. It reads nothing about a person. */
export type Caller = Role | 'anyone';

/** Where a screen stands decides what it may be given at all, whoever is signed in. */
export const surfaceSchema = z.enum(['staff', 'checkin']);
export type Surface = z.infer<typeof surfaceSchema>;

export const STAFF_ROLES = [
  'facilitator',
  'technician',
  'clinician',
  'operator',
  'admin',
] as const satisfies readonly Role[];
/** Those who lead a visit. */
export const VISIT_ROLES = ['facilitator', 'clinician', 'admin'] as const satisfies readonly Role[];
/** Those who see to the way to the cloud: look, and have something tried once more. */
export const SYNC_ROLES = ['technician', 'operator', 'admin'] as const satisfies readonly Role[];
