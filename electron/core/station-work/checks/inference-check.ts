/** Whether the analysis gives what it was released to give: every model on its golden input, now. */
import type { InferenceApi, ModelCheck } from '../../../../native/inference/inference-api.ts';
import { codeOf } from '../../problems.ts';
import type { Finding } from './outcome.ts';
import { findingOf, part } from './outcome.ts';

const REASONS: Readonly<Record<ModelCheck['state'], string | null>> = {
  agrees: null,
  differs: 'OUTPUT_DIFFERS',
  refused: 'MODEL_REFUSED',
  failed: 'ANALYSIS_UNAVAILABLE',
};

export async function checkInference(inference: Pick<InferenceApi, 'verify'>, signal?: AbortSignal): Promise<Finding> {
  let models: readonly ModelCheck[];
  try {
    models = await inference.verify({ signal });
  } catch (error) {
    signal?.throwIfAborted();
    return findingOf([part('inference', codeOf(error))]);
  }
  if (models.length === 0) return findingOf([part('inference', 'NO_MODELS', false)]);
  const differences = models.flatMap(({ maximumDifference }) =>
    maximumDifference === null ? [] : [maximumDifference],
  );
  const totalMs = models.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0);
  return findingOf(
    models.map(({ name, state }) => part(name, REASONS[state])),
    [
      { name: 'models', value: models.length, unit: 'count' },
      { name: 'duration', value: Math.round(totalMs), unit: 'ms' },
      ...(differences.length === 0
        ? []
        : [{ name: 'largestDifference', value: Math.max(...differences), unit: 'max-abs-difference' as const }]),
    ],
  );
}
