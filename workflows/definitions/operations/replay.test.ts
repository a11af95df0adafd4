/** The installation's own workflows that began under an earlier version go on under this one. A change is made with `patched`. */
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { workerConverter } from '../../codec/data-converter.ts';
import { EncryptionCodec } from '../../codec/encryption-codec.ts';
import { derivedKeys } from '../../codec/keys.ts';
import { keptHistories } from '../../testing/histories.ts';
import { TEST_KEY } from '../../testing/rig.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { startTracing } from '../../worker/telemetry.ts';

let bundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  bundle = await bundleWorkflows();
});

async function replay(history: unknown, workflowId: string): Promise<void> {
  await Worker.runReplayHistory(
    {
      workflowBundle: bundle,
      dataConverter: workerConverter(new EncryptionCodec(derivedKeys([TEST_KEY]), null)),
      plugins: [startTracing(null).plugin],
    },
    history,
    workflowId,
  );
}

describe('recorded histories of the installation', () => {
  const histories = keptHistories('operations');

  it('are there of each workflow', () => {
    expect(histories.map(({ name }) => name)).toEqual(['archive-histories', 'report-visits']);
  });

  it.for(histories.map((history) => [history.name, history] as const))('of %s replay', async ([, kept]) => {
    await expect(replay(kept.history, kept.workflowId)).resolves.toBeUndefined();
  });

  it('do not replay as what they are not', async () => {
    const [archive] = histories;
    const text = JSON.stringify(archive?.history).replaceAll('archiveHistories', 'reportVisits');
    // Begun as the other workflow, which asks for another activity.
    const history = JSON.parse(text.replaceAll('"name":"reportVisits"', '"name":"archiveHistories"')) as unknown;
    await expect(replay(history, archive?.workflowId ?? '')).rejects.toThrow(DeterminismViolationError);
  });
});
