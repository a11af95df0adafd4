/** What a model folder says about itself: `manifest.json`. */
import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** A plain file name: a manifest can't point outside its folder. */
const fileName = z.string().regex(/^[a-z0-9][a-z0-9.-]*$/);
const tensor = z.object({
  name: z.string(),
  type: z.literal('float32'),
  /** Names stand for free dimensions, e.g. `[1, 3, "height", "width"]`. */
  shape: z.array(z.union([z.number().int().positive(), z.string()])),
  meaning: z.string(),
});

export const modelManifestSchema = z.object({
  name: z.string().regex(/^[a-z0-9-]+$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  file: fileName,
  sha256,
  licence: z.string(),
  trainingData: z.array(z.string()).min(1),
  input: tensor.extend({
    /** Height and width must be multiples of this. */
    multipleOf: z.number().int().positive(),
    pixelsPerDegree: z.number().positive(),
    /** The size of an everyday picture: providers are timed on it, since small ones hide what a graphics card is good at. */
    typicalShape: z.array(z.number().int().positive()),
  }),
  output: tensor.extend({
    /** A pixel counts as found from this probability on. */
    threshold: z.number().min(0).max(1),
  }),
  metrics: z.array(z.object({ measure: z.string(), data: z.string(), value: z.number() })).min(1),
  intendedUse: z.string().min(1),
  /** Raw little-endian float32 tensors; an execution provider must reproduce the output to be used. */
  golden: z.object({
    input: fileName,
    inputSha256: sha256,
    output: fileName,
    outputSha256: sha256,
    shape: z.array(z.number().int().positive()),
    maximumDifference: z.number().positive(),
    meanDifference: z.number().positive(),
  }),
});
export type ModelManifest = z.infer<typeof modelManifestSchema>;
