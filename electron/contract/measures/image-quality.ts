/**
 * The published definitions of the picture checks: every number a check depends on. Provenance names a check by the SHA-256
 * of its definition here as canonical JSON, so a changed number can never pass for the old check: raise `version` with it.
 * Where no standard exists the limits are ours, found by the experiments that `native/inference/README.md` describes.
 */

/**
 * Sharpness: the re-blur ratio varLap(I) / varLap(G1 * I) per tile, on luma (BT.601), with the 4-neighbour Laplacian and G a
 * Gaussian. By itself it can't be trusted on blurred pictures: once the detail is gone, what is left is rounding and sensor
 * noise, whose ratio is high (white noise: 178). Three things guard it:
 * - below `floorVariance` the detail is not more than rounding and compression leave behind: the ratio counts as 1;
 * - the ratio one octave coarser, varLap(G1 * I) / varLap(G2 * I), times `coarseWeight`, is taken if it is smaller: noise
 *   reaches it a hundred times weaker;
 * - above `noiseRatio` the tile is noise and says nothing, like a tile without coarse structure (variance of the difference
 *   of two Gaussians below `textureVariance`); of the tiles at least `minimumJudgedShare` must say something. A ratio below 1 comes from an edge beyond the tile, and says nothing either.
 */
const FOCUS = {
  fineSigmaPx: 1,
  coarseSigmaPx: 2,
  /** Rounding to 8 bits alone gives 20/12 = 1.7; the noise of JPEG quality 92 on a blurred picture reaches about 4. */
  floorVariance: 5,
  /** The structure is measured on means of blocks of this size: nothing so coarse needs every pixel. */
  textureStepPx: 4,
  textureInnerSigmaPx: 3,
  textureOuterSigmaPx: 12,
} as const;

export const FUNDUS_FOCUS = {
  name: 're-blur-sharpness',
  version: '1.0.0',
  parameters: {
    ...FOCUS,
    pixelsPerDegree: 17,
    columns: 6,
    rows: 6,
    /** Tiles over the field's square; those of which less lies in the field are left out: 24 stay. */
    minimumTileShare: 0.6,
    coarseWeight: 1.4,
    /** A sharp retina with much noise (3 grey levels on the grid) reaches 70. */
    noiseRatio: 80,
    textureVariance: 0.3,
    minimumJudgedShare: 0.5,
    /** The value is this quantile of the tiles with structure; 0 = the softest. */
    quantile: 0,
    limit: 6,
  },
} as const;

export const BODY_FOCUS = {
  name: 're-blur-sharpness-body',
  version: '1.0.0',
  parameters: {
    ...FOCUS,
    /** The picture is judged with its longer edge at this length, px. */
    longEdgePx: 1024,
    /** Tiles over the silhouette's box, as near to squares of this length as fits, px. */
    tilePx: 64,
    minimumTileShare: 0.15,
    coarseWeight: 1.2,
    /** Edges of clothes and outline give 8-12, also in a noisy picture. */
    noiseRatio: 30,
    /** High: edges count (outline, clothes, face), the smooth shading of a limb does not. */
    textureVariance: 30,
    minimumJudgedShare: 0.25,
    quantile: 0.25,
    limit: 4,
  },
} as const;

/** Exposure, on luma of the subject: inside the field, or the silhouette. Ours, no standard. */
export const EXPOSURE = {
  name: 'exposure',
  version: '1.0.0',
  parameters: { brightFrom: 250, brightLimitPercent: 1, darkTo: 5, darkLimitPercent: 5 },
} as const;

/** The field of view: round (share of its rim that is seen), large enough, and in the middle. */
export const FUNDUS_FRAMING = {
  name: 'fundus-framing',
  version: '1.0.0',
  parameters: {
    /** Cameras that cut the circle flat above and below at 0.87 of the radius still show 67 %. */
    minimumRimPercent: 60,
    /** Of the picture's shorter side. */
    minimumDiameterPercent: 60,
    maximumOffsetPercent: 10,
  },
} as const;

/** The person in front of the plain wall: there, whole, in the middle. Percentages of the picture's height or width. */
export const BODY_FRAMING = {
  name: 'body-framing',
  version: '1.0.0',
  parameters: { minimumMarginPercent: 3, minimumHeightPercent: 40, maximumOffsetPercent: 15 },
} as const;

/**
 * The darkest quarter's median over the brightest quarter's. Of a retina in red, where vessels and pigment show least and the
 * light of the camera most; of a body the luma of the wall to both sides.
 */
export const EVEN_LIGHT = { name: 'even-light', version: '1.0.0', parameters: { limit: 0.7 } } as const;

export interface PublishedMeasure {
  readonly name: string;
  readonly version: string;
  readonly parameters: Readonly<Record<string, number>>;
}

/** JSON with keys in code-point order and no spaces: the same bytes for the same definition everywhere (as RFC 8785 does). */
export function canonicalMeasure(measure: PublishedMeasure): string {
  const parameters = Object.entries(measure.parameters)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `{"name":${JSON.stringify(measure.name)},"parameters":{${parameters.join(',')}},"version":${JSON.stringify(measure.version)}}`;
}
