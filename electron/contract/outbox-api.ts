/** The part of the staff's contract for requests to the cloud's workflows. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { outboxViewSchema } from './outbox.ts';
import type { RoledContract } from './procedure.ts';
import { procedure } from './procedure.ts';
import type { Role } from './roles.ts';
import { SYNC_ROLES } from './roles.ts';

const DECIDING_ROLES = ['operator', 'admin'] as const satisfies readonly Role[];

const done = z.object({ ok: z.literal(true) });
const signed = z.object({ id: z.uuid(), pin: z.string().min(4).max(12) });

export const outboxContract = {
  /** At once and after each change. Knows no patient. */
  watch: procedure(...SYNC_ROLES).output(eventIterator(outboxViewSchema)),
  /** Everything that waits is tried at once. The view tells how it went. */
  tryNow: procedure(...SYNC_ROLES).output(done),
  /**
   * Sends a request once more that came back or could not be sent. Asks for the PIN. Problems: PIN_WRONG, PIN_WAIT, STATUS_CONFLICT
   * (there is nothing to decide about it any more).
   */
  retry: procedure(...DECIDING_ROLES)
    .input(signed)
    .output(done),
  /** Gives such a request up: the cloud never hears of it, and those after it go on. The same problems. */
  discard: procedure(...DECIDING_ROLES)
    .input(signed)
    .output(done),
} as const satisfies RoledContract;
