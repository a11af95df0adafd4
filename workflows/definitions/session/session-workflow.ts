/** A visit, from check-in to its published report: what happens after and around it, days offline included. */
import type { SessionInput, SessionResult } from '../../../electron/contract/workflows.ts';
import { sessionInputSchema } from '../../../electron/contract/workflows.ts';
import { ApplicationFailure } from '@temporalio/workflow';
import { SessionRun } from './session-run.ts';

/**
 * The visit ends COMPLETED (approved, published), REQUIRES_REVIEW (sent back or not decided about, and nobody took it up again) or
 * CANCELLED (in the clinic) as its result; failed with one of `SESSION_FAILURES`; or cancelled when the workflow itself was.
 *
 * @throws ApplicationFailure INVALID, and `SESSION_FAILURES`
 */
export async function sessionWorkflow(input: SessionInput): Promise<SessionResult> {
  const read = sessionInputSchema.safeParse(input);
  if (!read.success) throw ApplicationFailure.nonRetryable('the input is not one of a session', 'INVALID');
  return new SessionRun(read.data).run();
}
