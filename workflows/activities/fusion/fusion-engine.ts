/** What puts together the observations of a visit. The built-in one computes; another may ask a model elsewhere. */
import { z } from 'zod';
import type { Observations } from '../../api/internal/standing-schema.ts';

const number = z.number();

export const fusionResultSchema = z.object({
  /** Values over all of the visit. */
  measures: z
    .array(
      z.object({
        name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
        value: number,
        /** In the same unit; null where it is not known. */
        standardError: number.nonnegative().nullable(),
        unit: z.string().max(16),
      }),
    )
    .max(200),
  quality: z.object({ captures: number.int().nonnegative(), passed: number.int().nonnegative() }),
});
export type FusionResult = z.output<typeof fusionResultSchema>;

export interface FusionEngine {
  readonly name: string;
  readonly version: string;
  /**
   * @param signal aborted when nobody waits for it any more
   * @throws ApplicationFailure FUSION_REJECTED (not retried: the same request gets the same answer) or FUSION_UNAVAILABLE
   */
  fuse(observations: Observations, signal: AbortSignal): Promise<FusionResult>;
}
