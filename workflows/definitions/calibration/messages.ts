/** Updates and the query of a device's calibration, by the names of the contract. */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { CalibrationState, CancelledMessage, MessageAnswer } from '../../../electron/contract/index.ts';
import { SITE_QUERIES } from '../../../electron/contract/site-workflows.ts';

export const measuredUpdate = defineUpdate<MessageAnswer, [{ readonly at: string }]>('measured');
export const cancelledUpdate = defineUpdate<MessageAnswer, [CancelledMessage]>('cancelled');
export const getStateQuery = defineQuery<CalibrationState>(SITE_QUERIES.getState);
