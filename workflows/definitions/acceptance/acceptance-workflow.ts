/** The acceptance of a site: a station tries itself out and signs what it found, the cloud keeps it and says whether the site is ready. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { AcceptanceResult, SiteAcceptanceInput } from '../../../electron/contract/site-workflows.ts';
import { siteAcceptanceInputSchema } from '../../../electron/contract/site-workflows.ts';
import { AcceptanceRun } from './acceptance-run.ts';

/**
 * Ends READY only where every check passed; NOT_READY for what failed, could not be tried, was cancelled in the clinic or found no station.
 *
 * @throws ApplicationFailure INVALID, STEP_FAILED; CancelledFailure
 */
export async function siteAcceptanceWorkflow(input: SiteAcceptanceInput): Promise<AcceptanceResult> {
  const read = siteAcceptanceInputSchema.safeParse(input);
  if (!read.success) throw ApplicationFailure.nonRetryable('the input is not one of an acceptance', 'INVALID');
  return new AcceptanceRun(read.data).run();
}
