/** What activities are told of a visit: how it stands, and what was measured. No names, no pictures. */
import { z } from 'zod';
import {
  checkSchema,
  findingSchema,
  quantitySchema,
  reviewSchema,
  sessionStatusSchema,
} from '../../../electron/contract/index.ts';

const instant = z.iso.datetime();

export const standingSchema = z.object({
  status: sessionStatusSchema,
  capturedAt: instant.nullable(),
  /** Since when the cloud has all of it, each file compared; null: it has not. */
  syncedAt: instant.nullable(),
  /** The report that the session names; null where there is none or it has not arrived. */
  report: z
    .object({
      id: z.uuid(),
      sha256: z.string(),
      version: z.number().int(),
      madeAt: instant,
      /** Whether the cloud has its file, compared. */
      verified: z.boolean(),
      review: reviewSchema.omit({ byName: true, notes: true }).nullable(),
    })
    .nullable(),
});
export type Standing = z.output<typeof standingSchema>;

/** Of the tries that count. */
export const observationsSchema = z.object({
  protocolId: z.string(),
  measurements: z.array(quantitySchema.pick({ value: true, unit: true, error: true }).extend({ stepId: z.string() })),
  captures: z.array(
    z.object({
      captureId: z.uuid(),
      stepId: z.string(),
      passed: z.boolean(),
      checks: z.array(checkSchema.pick({ id: true, passed: true, value: true, limit: true, unit: true })),
    }),
  ),
  findings: z.array(findingSchema.pick({ kind: true, eye: true, captureId: true, values: true, provenance: true })),
});
export type Observations = z.output<typeof observationsSchema>;
