/** The calibration of a device: a technician makes it at the station, this sees that it begins, ends and arrives in order. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { CalibrationResult, DeviceCalibrationInput } from '../../../electron/contract/site-workflows.ts';
import { deviceCalibrationInputSchema } from '../../../electron/contract/site-workflows.ts';
import { CalibrationRun } from './calibration-run.ts';

/**
 * Ends PASSED or FAILED as the record says, NOT_AVAILABLE where the device can't be calibrated there, or CANCELLED in the clinic. What was
 * half done is given up, and the device in use again, before it ends in any other way.
 *
 * @throws ApplicationFailure INVALID, and `CALIBRATION_FAILURES`; CancelledFailure
 */
export async function deviceCalibrationWorkflow(input: DeviceCalibrationInput): Promise<CalibrationResult> {
  const read = deviceCalibrationInputSchema.safeParse(input);
  if (!read.success) throw ApplicationFailure.nonRetryable('the input is not one of a calibration', 'INVALID');
  return new CalibrationRun(read.data).run();
}
