/** A change that would break running visits: a step more at the beginning, without `patched`. Replaying has to notice it. */
import { sleep } from '@temporalio/workflow';
import type { SessionInput, SessionResult } from '../../electron/contract/workflows.ts';
import { sessionWorkflow as unchanged } from '../definitions/session/session-workflow.ts';

export async function sessionWorkflow(input: SessionInput): Promise<SessionResult> {
  await sleep(1000);
  return unchanged(input);
}
