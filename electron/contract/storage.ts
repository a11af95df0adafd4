/** What screens are told of the station's storage: how the stored bytes are, and what has been, or would be, deleted from here. */
import { z } from 'zod';

const instant = z.iso.datetime();

/** Room for one picture, beside what stays free: below it none is begun. */
export const PICTURE_BYTES = 64 * 1024 * 1024;

/** Something that a stored file is part of, by its ids only. */
export const blobUseSchema = z.object({
  kind: z.enum(['capture', 'finding', 'report', 'other']),
  id: z.uuid(),
  sessionId: z.uuid().nullable(),
  part: z.enum(['image', 'thumbnail', 'overlay', 'pdf', 'other']),
  /** The step of the protocol, for captures. */
  stepId: z.string().nullable(),
});
export type BlobUse = z.infer<typeof blobUseSchema>;

/** A stored file that is not what was written. */
export const damagedBlobSchema = z.object({
  blobId: z.string(),
  /** Bytes of content. */
  size: z.number(),
  foundAt: instant,
  /** `missing`, `cut inside a chunk`, `chunk 3 does not authenticate`, ...: technical, without names or paths. */
  detail: z.string(),
  /** What it belongs to; empty when no document names it any more. */
  uses: z.array(blobUseSchema),
});
export type DamagedBlob = z.infer<typeof damagedBlobSchema>;

/** The scrub: reads every stored file again, round after round, and compares it with what was written. */
export const scrubStatusSchema = z.object({
  /** `paused`: a round is under way and waits for captures to be done. */
  state: z.enum(['resting', 'running', 'paused']),
  /** Files of this round (of the last one, while resting). */
  checked: z.number().int(),
  total: z.number().int(),
  /** Their bytes of content. */
  checkedBytes: z.number(),
  totalBytes: z.number(),
  /** When this round began; null before the first. */
  startedAt: instant.nullable(),
  /** When a round last came to its end; null before the first. */
  lastCompleteAt: instant.nullable(),
  damaged: z.array(damagedBlobSchema),
});
export type ScrubStatus = z.infer<typeof scrubStatusSchema>;

/**
 * When pictures are deleted from this station. Whatever it says: only from closed visits, and only when the cloud has verified
 * its copy of every picture of the visit. What is only here is never deleted.
 */
export const retentionPolicySchema = z.object({
  /** Full days after the visit was closed; null: pictures stay. */
  keepDays: z.number().int().min(1).max(36_500).nullable(),
  /** Small pictures and maps stay, so that the visit can still be looked at here. Reports always stay. */
  keepThumbnails: z.boolean(),
});
export type RetentionPolicy = z.infer<typeof retentionPolicySchema>;

export const DEFAULT_RETENTION: RetentionPolicy = { keepDays: 90, keepThumbnails: true };

/** A closed visit whose pictures would go. */
export const retentionItemSchema = z.object({
  sessionId: z.uuid(),
  closedAt: instant,
  pictures: z.number().int(),
  /** Bytes of content that would be free; what other visits share is not counted. */
  bytes: z.number(),
});
export type RetentionItem = z.infer<typeof retentionItemSchema>;

/** "What would go": nothing is changed by asking. */
export const retentionPreviewSchema = z.object({
  at: instant,
  policy: retentionPolicySchema,
  /** Oldest first. */
  due: z.array(retentionItemSchema),
  /** Closed visits that keep their pictures, by the first reason that holds. */
  kept: z.object({ notDueYet: z.number().int(), notVerified: z.number().int(), policyOff: z.number().int() }),
});
export type RetentionPreview = z.infer<typeof retentionPreviewSchema>;

export const retentionResultSchema = z.object({
  at: instant,
  visits: z.number().int(),
  pictures: z.number().int(),
  /** Files removed, and their bytes on the disk. */
  files: z.number().int(),
  bytes: z.number(),
});
export type RetentionResult = z.infer<typeof retentionResultSchema>;
