/**
 * A visit by the SDK alone: as many activities, updates and upserts as the product's own has on its way to a published report, and nothing
 * else. Whether the numbers agree is looked up in the histories.
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import {
  condition,
  defineUpdate,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { MessageAnswer, SessionInput } from '../../../electron/contract/workflows.ts';
import { SEARCH_ATTRIBUTES } from '../../../electron/contract/workflows.ts';

type Step = (request: object) => Promise<object>;

const STATUS = defineSearchAttributeKey('SessionStatus', SEARCH_ATTRIBUTES.SessionStatus);
const PROGRESS = defineSearchAttributeKey('Progress', SEARCH_ATTRIBUTES.Progress);
const { configuration } = proxyLocalActivities<{ configuration: Step }>({ startToCloseTimeout: '10s' });
const { step } = proxyActivities<{ step: Step }>({ startToCloseTimeout: '30s' });

export async function sessionWorkflow(input: SessionInput): Promise<object> {
  let captured = false;
  let decided = false;
  setHandler(defineUpdate<MessageAnswer, [object]>('captured'), (): MessageAnswer => {
    captured = true;
    return { outcome: 'accepted' };
  });
  setHandler(defineUpdate<MessageAnswer, [object]>('review'), (): MessageAnswer => {
    decided = true;
    return { outcome: 'accepted' };
  });
  show('IN_PROGRESS', 10);
  await configuration(input);
  await step(input);
  await condition(() => captured, '14 days');
  show('IN_PROGRESS', 30);
  await step(input);
  await step(input);
  show('IN_PROGRESS', 50);
  await step(input);
  show('IN_PROGRESS', 60);
  await step(input);
  show('IN_PROGRESS', 80);
  await step(input);
  show('REVIEW', 90);
  await step(input);
  await condition(() => decided, '24 hours');
  await step(input);
  await step(input);
  show('COMPLETED', 100);
  await step(input);
  return { sessionId: input.sessionId, status: 'COMPLETED' };
}

function show(value: string, progress: number): void {
  upsertSearchAttributes([
    { key: STATUS, value },
    { key: PROGRESS, value: progress },
  ]);
}
