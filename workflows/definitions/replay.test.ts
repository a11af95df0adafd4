/**
 * What began under an earlier version goes on under this one: each recorded history replays, and a change that would break one is noticed.
 * A change of what a workflow does is made with `patched`.
 */
import { fileURLToPath } from 'node:url';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { keptHistories } from '../testing/histories.ts';
import { replayed } from '../testing/replay.ts';
import { testBundle } from '../testing/test-bundle.ts';
import { bundleWorkflows, recordingSpans } from '../worker/bundle.ts';

const CHANGED = fileURLToPath(new URL('../testing/changed-workflows.ts', import.meta.url));

/** By folder: ways in which a workflow can go. */
const NEEDED = {
  session: ['published', 'sent-back', 'review-overdue', 'left-to-people', 'cancelled-in-clinic-fusing'],
  acceptance: ['ready', 'not-ready', 'incomplete', 'station-away', 'killed', 'cancelled-in-clinic'],
  calibration: ['passed', 'failed', 'not-available', 'station-away', 'not-measured', 'cancelled-in-clinic'],
  operations: ['archive-histories', 'report-visits'],
} as const;
type Folder = keyof typeof NEEDED;

describe.each(Object.keys(NEEDED) as Folder[])('recorded histories of %s', (folder) => {
  const histories = keptHistories(folder);
  let outcomes: readonly (Error | null)[];
  let recorded: readonly (Error | null)[];
  beforeAll(async () => {
    outcomes = await replayed(histories);
    recorded = await replayed(histories, recordingSpans(testBundle()));
  });

  it('are there of each way in which it can go', () => {
    expect(histories.map(({ name }) => name)).toEqual(expect.arrayContaining([...NEEDED[folder]]));
  });

  it.for(histories.map(({ name }, index) => [name, index] as const))('of %s replay', ([, index]) => {
    expect(outcomes[index]).toBeNull();
    // Whether somebody listens to traces may change while a workflow runs.
    expect(recorded[index]).toBeNull();
  });
});

describe('a recorded history', () => {
  it('does not replay with workflows that do something else', async () => {
    const changed = await bundleWorkflows(CHANGED);
    const first = (['session', 'acceptance', 'calibration'] as const).map(historyOf);
    const outcomes = await replayed(first, changed);
    expect(outcomes).toEqual(first.map(() => expect.any(DeterminismViolationError)));
  });

  it('does not replay as what it is not', async () => {
    const { history, workflowId } = historyOf('operations');
    const text = JSON.stringify(history).replaceAll('archiveHistories', 'reportVisits');
    // Begun as the other workflow, which asks for another activity.
    const other = JSON.parse(text.replaceAll('"name":"reportVisits"', '"name":"archiveHistories"')) as unknown;
    expect(await replayed([{ history: other, workflowId }])).toEqual([expect.any(DeterminismViolationError)]);
  });
});

function historyOf(folder: Folder) {
  const found = keptHistories(folder).find(({ name }) => name === NEEDED[folder][0]);
  if (found === undefined) throw new Error(`no history of ${folder}`);
  return found;
}
