/**
 * Visits that began under an earlier version go on under this one: each recorded history replays, and a change that would break one is
 * noticed. A change of what a workflow does is made with `patched`.
 */
import { fileURLToPath } from 'node:url';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { workerConverter } from '../../codec/data-converter.ts';
import { EncryptionCodec } from '../../codec/encryption-codec.ts';
import { derivedKeys } from '../../codec/keys.ts';
import type { KeptHistory } from '../../testing/histories.ts';
import { keptHistories } from '../../testing/histories.ts';
import { TEST_KEY } from '../../testing/rig.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { startTracing } from '../../worker/telemetry.ts';

const CHANGED = fileURLToPath(new URL('../../testing/changed-workflows.ts', import.meta.url));

let bundle: WorkflowBundleWithSourceMap;
let changed: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  bundle = await bundleWorkflows();
  changed = await bundleWorkflows(CHANGED);
});

async function replay(
  { history, workflowId }: KeptHistory,
  workflowBundle: WorkflowBundleWithSourceMap,
): Promise<void> {
  await Worker.runReplayHistory(
    {
      workflowBundle,
      dataConverter: workerConverter(new EncryptionCodec(derivedKeys([TEST_KEY]), null)),
      plugins: [startTracing(null).plugin],
    },
    history,
    workflowId,
  );
}

describe('recorded histories', () => {
  const histories = keptHistories();

  it('are there of each way in which a visit can go', () => {
    expect(histories.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['published', 'sent-back', 'review-overdue']),
    );
    expect(histories.length).toBeGreaterThan(10);
  });

  it.for(histories.map((history) => [history.name, history] as const))('of %s replay', async ([, history]) => {
    await expect(replay(history, bundle)).resolves.toBeUndefined();
  });

  it('do not replay with workflows that do something else', async () => {
    const published = histories.find(({ name }) => name === 'published');
    await expect(replay(published!, changed)).rejects.toThrow(DeterminismViolationError);
  });
});
