/** Calibrations and acceptances that began under an earlier version go on under this one. A change is made with `patched`. */
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

const NEEDED = {
  acceptance: ['ready', 'not-ready', 'incomplete', 'station-away', 'killed', 'cancelled-in-clinic'],
  calibration: ['passed', 'failed', 'not-available', 'station-away', 'not-measured', 'cancelled-in-clinic'],
} as const;

describe.each(['acceptance', 'calibration'] as const)('recorded histories of %s', (folder) => {
  const histories = keptHistories(folder);

  it('are there of each way in which it can go', () => {
    expect(histories.map(({ name }) => name)).toEqual(expect.arrayContaining([...NEEDED[folder]]));
  });

  it.for(histories.map((history) => [history.name, history] as const))('of %s replay', async ([, history]) => {
    await expect(replay(history, bundle)).resolves.toBeUndefined();
  });

  it('do not replay with workflows that do something else', async () => {
    const first = histories.find(({ name }) => name === NEEDED[folder][0]);
    await expect(replay(first!, changed)).rejects.toThrow(DeterminismViolationError);
  });
});
