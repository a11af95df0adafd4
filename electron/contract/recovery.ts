/** What a station offers on its screens when its data can't be opened: nothing of the clinic runs then, and nobody is signed in. */
import { z } from 'zod';
import type { ProblemCode } from './problems.ts';

/** Problems of the data themselves, for which a copy and the backups are offered. */
export const RECOVERABLE: readonly ProblemCode[] = ['STORE_DAMAGED', 'STORE_SWAPPED', 'BACKUP_DAMAGED'];

const backupName = z.string().regex(/^\d{8}T\d{6}Z(-\d+)?$/);

export const recoveryOfferSchema = z.object({
  /** Newest first; those that could be restored. Whether one is whole is found when it is. */
  backups: z.array(
    z.object({
      name: backupName,
      madeAt: z.iso.datetime(),
      verified: z.object({ at: z.iso.datetime(), ok: z.boolean() }).nullable(),
    }),
  ),
});
export type RecoveryOffer = z.infer<typeof recoveryOfferSchema>;

export const recoveryRequestSchema = z.discriminatedUnion('do', [
  /** The damaged files, as they are, into a folder of the station. */
  z.object({ do: z.literal('copy') }),
  /** Puts the backup in their place and opens it; the damaged files are kept. */
  z.object({ do: z.literal('restore'), backup: backupName }),
]);
export type RecoveryRequest = z.infer<typeof recoveryRequestSchema>;

/** Where the copy is; null when nothing was copied. */
export const recoveryAnswerSchema = z.object({ copiedTo: z.string().nullable() });
export type RecoveryAnswer = z.infer<typeof recoveryAnswerSchema>;
