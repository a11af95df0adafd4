/** Recorded histories, told again to the workflows of today. */
import type { WorkflowBundleOption } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import { workerConverter } from '../codec/data-converter.ts';
import { EncryptionCodec } from '../codec/encryption-codec.ts';
import { derivedKeys } from '../codec/keys.ts';
import { startTracing } from '../worker/telemetry.ts';
import type { KeptHistory } from './histories.ts';
import { TEST_KEY } from './rig.ts';
import { testBundle } from './test-bundle.ts';

/**
 * All by one worker: to make one takes longer than to replay a history.
 *
 * @param workflowBundle other workflows than those of this version
 * @returns in their order: null where a history replays, else why not (`DeterminismViolationError`: the workflow would have done something else)
 */
export async function replayed(
  histories: readonly Pick<KeptHistory, 'history' | 'workflowId'>[],
  workflowBundle: WorkflowBundleOption = testBundle(),
): Promise<readonly (Error | null)[]> {
  const options = {
    workflowBundle,
    dataConverter: workerConverter(new EncryptionCodec(derivedKeys([TEST_KEY]), null)),
    plugins: [startTracing(null).plugin],
  };
  const outcomes: (Error | null)[] = [];
  for await (const { error } of Worker.runReplayHistories(options, histories)) outcomes.push(error ?? null);
  return outcomes;
}
