/**
 * In the place of the visit's workflow: it takes every message at once and has no other effect, so that its history is the list of
 * what reached it. A fake, since the real one would need the whole cloud; who delivers can't tell the two apart.
 */
import { condition, defineUpdate, setHandler } from '@temporalio/workflow';
import type { MessageAnswer, SessionInput } from '../../../electron/contract/workflows.ts';

/** `buildId` says after how many messages it ends: `ends-3`; any other one never does. */
export async function sessionWorkflow({ buildId }: SessionInput): Promise<number> {
  let messages = 0;
  for (const name of ['captured', 'review', 'cancelled'] as const) {
    setHandler(defineUpdate<MessageAnswer, [object]>(name), (): MessageAnswer => {
      messages += 1;
      return { outcome: 'accepted' };
    });
  }
  await condition(() => `ends-${messages}` === buildId);
  return messages;
}
