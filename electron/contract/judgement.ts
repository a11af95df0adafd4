/** How an image is judged: checks with values and limits, where it is bad, and findings, each with its provenance. */
import { z } from 'zod';
import { captureSettingsSchema } from './devices.ts';

/** What made a value. Every check and finding carries one. */
export const provenanceSchema = z.object({
  /** e.g. `re-blur-sharpness`, `retinal-vessels`. */
  model: z.string(),
  version: z.string(),
  /** SHA-256 of the model file; for a formula, of its published definition (name, version, parameters) as canonical JSON. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Execution provider: `cpu`, `cuda`, `webgpu` ...; formulas run on `cpu`. */
  provider: z.string(),
  /** e.g. `onnxruntime 1.30.0`, `sharp 0.35.5`. */
  runtime: z.string(),
  durationMs: z.number().nonnegative(),
});
export type Provenance = z.infer<typeof provenanceSchema>;

export const checkIdSchema = z.enum(['focus', 'exposure', 'framing', 'even-light']);
export type CheckId = z.infer<typeof checkIdSchema>;

/** A reason is a stable word that the screens turn into one sentence. */
export const reasonSchema = z.enum([
  'soft',
  'too-bright',
  'too-dark',
  'head-cut-off',
  'feet-cut-off',
  'off-centre',
  'nobody-in-view',
  'field-not-round',
  'field-too-small',
  'uneven-light',
]);
export type Reason = z.infer<typeof reasonSchema>;

export const checkSchema = z.object({
  id: checkIdSchema,
  passed: z.boolean(),
  /** The measured value, e.g. the softest tile's re-blur ratio. */
  value: z.number(),
  limit: z.number(),
  /** Whether the value must stay above or below the limit. */
  direction: z.enum(['at-least', 'at-most']),
  unit: z.enum(['ratio', 'percent', 'none']),
  reason: reasonSchema.nullable(),
  provenance: provenanceSchema,
});
export type Check = z.infer<typeof checkSchema>;

/** A tile of the image, in fractions of its width and height (0-1, origin top left). */
export const tileSchema = z.object({
  x: z.number(),
  y: z.number(),
  width: z.number(),
  height: z.number(),
  /** The re-blur ratio, or null where the tile has too little texture to say anything. */
  focus: z.number().nullable(),
  soft: z.boolean(),
});
export type Tile = z.infer<typeof tileSchema>;

/** One measure read off the image. */
export const findingValueSchema = z.object({
  measure: z.enum(['vessel-area']),
  /** Which part of the field: whole, or a quadrant as seen from the eye. */
  region: z.enum(['whole', 'upper-temporal', 'upper-nasal', 'lower-temporal', 'lower-nasal']),
  value: z.number(),
  /** Standard error in the same unit. */
  standardError: z.number(),
  unit: z.literal('percent'),
});
export type FindingValue = z.infer<typeof findingValueSchema>;

/** A blob written through a grant. */
export const writtenBlobSchema = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  size: z.number().int().nonnegative(),
  mediaType: z.string(),
  width: z.number().int(),
  height: z.number().int(),
});
export type WrittenBlob = z.infer<typeof writtenBlobSchema>;

export const judgeRequestSchema = z.object({
  subject: captureSettingsSchema.shape.subject,
  mediaType: z.string(),
  /** Hash of the image as stored; the judgement repeats it, so that a verdict can never sit on another picture. */
  sha256: z.string(),
  /** Needed for retina: degrees of field. */
  fieldAngleDegrees: z.number().positive().nullable(),
  gates: z.array(checkIdSchema),
  findings: z.array(z.enum(['retinal-vessels'])),
});
export type JudgeRequest = z.infer<typeof judgeRequestSchema>;

export const judgementSchema = z.object({
  sha256: z.string(),
  passed: z.boolean(),
  width: z.number().int(),
  height: z.number().int(),
  checks: z.array(checkSchema),
  /** Columns x rows of tiles over the picture; empty where focus was not asked for. */
  tiles: z.array(tileSchema),
  /** The field of view of a fundus picture: `x` and `radius` in fractions of the width, `y` of the height; or null. */
  field: z.object({ x: z.number(), y: z.number(), radius: z.number() }).nullable(),
  findings: z.array(
    z.object({ kind: z.literal('retinal-vessels'), values: z.array(findingValueSchema), provenance: provenanceSchema }),
  ),
  /** Why a wanted finding is missing; null when none was wanted or all are there. */
  findingsMissing: z.enum(['image-failed', 'model-refused']).nullable(),
  thumbnail: writtenBlobSchema,
  overlay: writtenBlobSchema.nullable(),
  /** From the first byte read to the end, ms. */
  durationMs: z.number(),
});
export type Judgement = z.infer<typeof judgementSchema>;

export const inferenceStatusSchema = z.object({
  runtime: z.string(),
  models: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      sha256: z.string(),
      intendedUse: z.string(),
      state: z.enum(['loaded', 'refused', 'failed']),
      detail: z.string(),
      /** Each provider tried, whether it agreed with the golden output, and its measured time. */
      providers: z.array(
        z.object({
          provider: z.string(),
          state: z.enum(['chosen', 'agrees', 'disagrees', 'not-available']),
          medianMs: z.number().nullable(),
          detail: z.string(),
        }),
      ),
    }),
  ),
});
export type InferenceStatus = z.infer<typeof inferenceStatusSchema>;
