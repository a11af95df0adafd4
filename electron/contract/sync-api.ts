/** The part of the staff's contract for those who keep the way to the cloud. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import type { RoledContract } from './procedure.ts';
import { procedure } from './procedure.ts';
import type { Role } from './roles.ts';
import { SYNC_ROLES } from './roles.ts';
import {
  artefactPageSchema,
  artefactQuerySchema,
  artefactRefSchema,
  bandwidthSchema,
  syncViewSchema,
} from './sync-status.ts';

const SETTING_ROLES = ['operator', 'admin'] as const satisfies readonly Role[];

const done = z.object({ ok: z.literal(true) });

export const syncContract = {
  /** At once and after each change. Knows no patient. */
  watch: procedure(...SYNC_ROLES).output(eventIterator(syncViewSchema)),
  /** A page of artefacts with their receipts, at once and after each change. Names only for those who may see them, and recorded. */
  artefacts: procedure(...SYNC_ROLES)
    .input(artefactQuerySchema)
    .output(eventIterator(artefactPageSchema)),
  /** "Try the line now." Returns at once; the view tells how it went. */
  tryNow: procedure(...SYNC_ROLES).output(done),
  /** Puts a file first in the queue again, from its beginning where the cloud's copy is not the same. */
  resend: procedure(...SYNC_ROLES)
    .input(artefactRefSchema)
    .output(done),
  setBandwidth: procedure(...SETTING_ROLES)
    .input(bandwidthSchema.pick({ limitBytesPerSecond: true }))
    .output(done),
} as const satisfies RoledContract;
