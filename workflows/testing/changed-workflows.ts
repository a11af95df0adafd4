/** Changes that would break what is running: a step more at the beginning, without `patched`. Replaying has to notice it. */
import { sleep } from '@temporalio/workflow';
import type {
  AcceptanceResult,
  CalibrationResult,
  DeviceCalibrationInput,
  SiteAcceptanceInput,
} from '../../electron/contract/site-workflows.ts';
import type { SessionInput, SessionResult } from '../../electron/contract/workflows.ts';
import { siteAcceptanceWorkflow as unchangedAcceptance } from '../definitions/acceptance/acceptance-workflow.ts';
import { deviceCalibrationWorkflow as unchangedCalibration } from '../definitions/calibration/calibration-workflow.ts';
import { sessionWorkflow as unchanged } from '../definitions/session/session-workflow.ts';

export async function sessionWorkflow(input: SessionInput): Promise<SessionResult> {
  await sleep(1000);
  return unchanged(input);
}

export async function siteAcceptanceWorkflow(input: SiteAcceptanceInput): Promise<AcceptanceResult> {
  await sleep(1000);
  return unchangedAcceptance(input);
}

export async function deviceCalibrationWorkflow(input: DeviceCalibrationInput): Promise<CalibrationResult> {
  await sleep(1000);
  return unchangedCalibration(input);
}
