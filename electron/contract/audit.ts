/** What screens are told of the audit trail: whether it is whole, and how far the station has signed it. Ids and numbers only. */
import { z } from 'zod';

const instant = z.iso.datetime();

/** Something in the trail that the program itself can't have done. */
export const auditFindingSchema = z.object({
  /**
   * `missing`: entries `sequence` to `through` are not there; `not-as-signed`: the entry is another one than the station signed;
   * `checkpoint-missing`: a checkpoint was taken out.
   */
  kind: z.enum([
    'changed',
    'missing',
    'put-in',
    'does-not-follow',
    'not-as-signed',
    'not-signed-by-station',
    'checkpoint-missing',
  ]),
  sequence: z.number().int(),
  through: z.number().int().optional(),
  checkpoint: z.number().int().optional(),
});
export type AuditFinding = z.infer<typeof auditFindingSchema>;

/** What a verification of the whole audit trail has found. */
export const auditReportSchema = z.object({
  entries: z.number().int(),
  ok: z.boolean(),
  /** The lowest sequence of a finding. */
  firstBad: z.number().int().nullable(),
  /** The first hundred. */
  findings: z.array(auditFindingSchema),
  moreFindings: z.number().int(),
  /** Entries with an earlier time than the one before: the clock was set back. No finding by itself. */
  timesBack: z.array(z.object({ sequence: z.number().int(), at: instant, before: instant })),
  checkpoints: z.number().int(),
  /** The last entry under a signature of this station that holds. */
  sealedThrough: z.number().int(),
  /** SHA-256 of the station's public key. */
  keyId: z.string(),
  verifiedAt: instant,
});
export type AuditReport = z.infer<typeof auditReportSchema>;
