/** Messages and stacks of failures go the way of payloads, so that the codec encrypts them. Loaded inside of workflows, too. */
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
