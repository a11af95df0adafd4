/** The update and the query of a site's acceptance, by the names of the contract. */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { AcceptanceState, CancelledMessage, MessageAnswer } from '../../../electron/contract/index.ts';
import { SITE_QUERIES } from '../../../electron/contract/site-workflows.ts';

export const cancelledUpdate = defineUpdate<MessageAnswer, [CancelledMessage]>('cancelled');
export const getStateQuery = defineQuery<AcceptanceState>(SITE_QUERIES.getState);
