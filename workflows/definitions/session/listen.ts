/** What a visit's workflow is told and asked. Validators are synchronous; what they turn down leaves nothing in the history. */
import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import type {
  MessageAnswer,
  ProgressMessage,
  ReviewMessage,
  SessionState,
} from '../../../electron/contract/workflows.ts';
import { REVIEWER_ROLES, SESSION_MESSAGES } from '../../../electron/contract/workflows.ts';
import { requireShape } from '../whole-run.ts';
import {
  cancelledUpdate,
  capturedUpdate,
  getProgressQuery,
  getStateQuery,
  reviewUpdate,
  setProgressUpdate,
} from './messages.ts';

export interface Listener {
  captured(at: string): MessageAnswer;
  review(message: ReviewMessage): MessageAnswer;
  cancelled(): MessageAnswer;
  setProgress(message: ProgressMessage): MessageAnswer;
  state(): SessionState;
}

export function listen(to: Listener): void {
  setHandler(capturedUpdate, ({ at }) => to.captured(at), {
    validator: (message) => requireShape(SESSION_MESSAGES, 'captured', message),
  });
  setHandler(cancelledUpdate, () => to.cancelled(), {
    validator: (message) => requireShape(SESSION_MESSAGES, 'cancelled', message),
  });
  setHandler(setProgressUpdate, (message) => to.setProgress(message), {
    validator: (message) => requireShape(SESSION_MESSAGES, 'setProgress', message),
  });
  setHandler(reviewUpdate, (message) => to.review({ ...message, notes: message.notes ?? null }), {
    validator: (message) => {
      requireShape(SESSION_MESSAGES, 'review', message);
      if (!(REVIEWER_ROLES as readonly string[]).includes(message.role)) {
        throw ApplicationFailure.nonRetryable('this role does not decide about reports', 'REVIEWER_NOT_PERMITTED');
      }
      if (message.decision === 'sent-back' && message.reason === null) {
        throw ApplicationFailure.nonRetryable('a reason is needed to send a report back', 'INVALID');
      }
    },
  });
  setHandler(getStateQuery, () => to.state());
  setHandler(getProgressQuery, () => to.state().progress);
}
