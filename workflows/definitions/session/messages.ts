/** Updates and queries of a session's workflow, by the names of the contract. */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type {
  CancelledMessage,
  CapturedMessage,
  MessageAnswer,
  ProgressMessage,
  ReviewMessage,
  SessionState,
} from '../../../electron/contract/workflows.ts';
import { SESSION_QUERIES } from '../../../electron/contract/workflows.ts';

export const capturedUpdate = defineUpdate<MessageAnswer, [CapturedMessage]>('captured');
export const reviewUpdate = defineUpdate<MessageAnswer, [ReviewMessage]>('review');
export const cancelledUpdate = defineUpdate<MessageAnswer, [CancelledMessage]>('cancelled');
export const setProgressUpdate = defineUpdate<MessageAnswer, [ProgressMessage]>('setProgress');

export const getProgressQuery = defineQuery<number>(SESSION_QUERIES.getProgress);
export const getStateQuery = defineQuery<SessionState>(SESSION_QUERIES.getState);
