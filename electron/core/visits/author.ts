/** Who a change is written to. */
import type { Actor } from '../access/access.ts';

/** Who causes a change: a person of the staff, or the patient at a check-in screen. */
export interface Author {
  readonly id: string;
  readonly role: string;
}

export function authorOf(actor: Actor): Author {
  return { id: actor.staffId, role: actor.roles.join(',') };
}
