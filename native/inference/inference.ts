/** Judges pictures: decode, checks, and, where wanted and the picture is good enough, what a model finds in it. */
import { VantageError, type Judgement, type JudgeRequest } from '../../electron/contract/index.ts';
import { FUNDUS_FOCUS } from '../../electron/contract/measures/image-quality.ts';
import type { WriteGrant } from '../supervisor/devices-api.ts';
import { readFundus, type Fundus } from './fundus.ts';
import { openImage, thumbnailJpeg, type EncodedImage, type OpenedImage } from './image.ts';
import type { BlobAccess, InferenceApi } from './inference-api.ts';
import { checkBody, readBody } from './judge-body.ts';
import { checkFundus, type Checked } from './judge-fundus.ts';
import { openModels } from './models.ts';
import type { Picture } from './planes.ts';
import { networkInput, overlayPng, probabilityMap, vesselArea } from './vessels.ts';

export interface InferenceOptions {
  /** Folder of model folders. */
  readonly modelsDirectory: string;
  readonly blobs: BlobAccess;
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

type Found = Pick<Judgement, 'findings' | 'findingsMissing' | 'overlay'>;

interface Studied {
  readonly checked: Checked;
  readonly passed: boolean;
  readonly found: Found;
}

interface Decoded {
  /** What the thumbnail is made of. */
  readonly picture: Picture;
  /** Null for a picture that is not of a retina. */
  readonly fundus: Fundus | null;
  readonly check: () => Checked;
}

type JudgeInput = Parameters<InferenceApi['judge']>[0];

const THUMBNAIL_PX = 512;
/** The focus check is defined on this grid, and a model must want the same. */
const PIXELS_PER_DEGREE = FUNDUS_FOCUS.parameters.pixelsPerDegree;
/** Wider than any camera's field; beyond it the picture on the grid would grow without bound. */
const MAXIMUM_FIELD_DEGREES = 120;

/**
 * Loads the models, tries the execution providers, then judges. A model that is refused does not keep pictures from being
 * checked: only its findings are missing. @throws when the folder of models can't be listed.
 */
export async function createInference(options: InferenceOptions): Promise<InferenceApi & { close(): Promise<void> }> {
  const { blobs } = options;
  const models = await openModels(options.modelsDirectory, options.log);
  // One picture at a time: decoded pictures are large and the network uses every core by itself.
  let last: Promise<unknown> = Promise.resolve();

  return {
    judge: async (input, call) => {
      const turn = last.then(async () => judge(input, call?.signal));
      last = turn.catch(() => undefined);
      return turn;
    },
    watch: async (call) => models.watch(call?.signal),
    verify: async (call) => {
      const turn = last.then(async () => models.verify(call?.signal));
      last = turn.catch(() => undefined);
      return turn;
    },
    close: async () => {
      await last;
      await models.close();
    },
  };

  async function judge({ request, image, thumbnail, overlay }: JudgeInput, signal?: AbortSignal): Promise<Judgement> {
    const started = performance.now();
    stopIfAborted(signal);
    const opened = await openImage(await blobs.read(image));
    stopIfAborted(signal);
    const decoded = await decode(opened, request);
    stopIfAborted(signal);
    // Encoding runs beside the checks, on libvips' threads; the network would want those.
    const small = thumbnailJpeg(decoded.picture, THUMBNAIL_PX).then(async (encoded) => write(thumbnail, encoded));
    const [writtenThumbnail, { checked, passed, found }] = await settleBoth(small, study());
    stopIfAborted(signal);
    return {
      sha256: request.sha256,
      passed,
      width: opened.width,
      height: opened.height,
      ...checked,
      ...found,
      thumbnail: writtenThumbnail,
      durationMs: performance.now() - started,
    };

    async function study(): Promise<Studied> {
      const checked = decoded.check();
      stopIfAborted(signal);
      const passed = checked.checks.every((entry) => entry.passed);
      return { checked, passed, found: await find(request, decoded.fundus, passed, overlay, signal) };
    }
  }

  async function find(
    request: JudgeRequest,
    fundus: Fundus | null,
    passed: boolean,
    overlay: WriteGrant,
    signal: AbortSignal | undefined,
  ): Promise<Found> {
    const none = { findings: [], overlay: null };
    if (request.findings.length === 0) return { ...none, findingsMissing: null };
    if (!passed || !fundus?.onGrid) return { ...none, findingsMissing: 'image-failed' };
    const runner = models.runner('retinal-vessels');
    const manifest = runner?.model.manifest;
    if (!runner || manifest?.input.pixelsPerDegree !== PIXELS_PER_DEGREE) {
      return { ...none, findingsMissing: 'model-refused' };
    }
    const { picture, circle, box, wholeWidth, wholeHeight } = fundus.onGrid;
    const input = networkInput(picture, manifest.input.multipleOf);
    const { output, provider, durationMs } = await runner.run(input.values, input.shape);
    stopIfAborted(signal);
    const map = probabilityMap(output, input.shape[3], picture.width, picture.height, circle);
    // The areas are counted while libvips compresses.
    const encoding = overlayPng(map, box, wholeWidth, wholeHeight);
    const values = vesselArea(map, picture.width, circle, request.subject, {
      threshold: manifest.output.threshold,
      pixelsPerDegree: manifest.input.pixelsPerDegree,
    });
    const encoded = await encoding;
    stopIfAborted(signal);
    return {
      findings: [
        {
          kind: 'retinal-vessels',
          values,
          provenance: {
            model: manifest.name,
            version: manifest.version,
            sha256: manifest.sha256,
            provider,
            runtime: models.runtime,
            durationMs,
          },
        },
      ],
      findingsMissing: null,
      overlay: await write(overlay, encoded),
    };
  }

  async function write(grant: WriteGrant, image: EncodedImage): Promise<Judgement['thumbnail']> {
    const sink = await blobs.openSink(grant);
    try {
      await sink.write(image.bytes);
      const { sha256, size } = await sink.finish();
      return { sha256, size, mediaType: image.mediaType, width: image.width, height: image.height };
    } catch (error) {
      await sink.abort();
      throw error;
    }
  }
}

/** Decodes what the subject needs; `check` runs the checks asked for. */
async function decode(image: OpenedImage, request: JudgeRequest): Promise<Decoded> {
  if (!request.subject.startsWith('retina-')) {
    const body = await readBody(image);
    return { picture: body.picture, fundus: null, check: () => checkBody(body, request.gates) };
  }
  const angle = request.fieldAngleDegrees;
  if (angle === null || !(angle > 0 && angle <= MAXIMUM_FIELD_DEGREES)) {
    throw new VantageError('FIELD_ANGLE_MISSING');
  }
  const fundus = await readFundus(image, angle, PIXELS_PER_DEGREE);
  return { picture: fundus.working, fundus, check: () => checkFundus(fundus, request.gates) };
}

/** Both results; if one fails, the other is still waited for, so that no file is written after the call is over. */
async function settleBoth<One, Other>(one: Promise<One>, other: Promise<Other>): Promise<[One, Other]> {
  await Promise.allSettled([one, other]);
  return [await one, await other];
}

function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new VantageError('CANCELLED', 'judging was stopped', { cause: signal.reason });
}
