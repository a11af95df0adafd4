/** The part of the staff's contract for those who keep a station's storage and records. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { KEEPER_ROLES, RECORD_ROLES, maintenanceKindSchema, storageViewSchema } from './maintenance.ts';
import type { RoledContract } from './procedure.ts';
import { procedure } from './procedure.ts';
import { LONGEST_PASSPHRASE, SHORTEST_PASSPHRASE } from './recovery.ts';
import { retentionPolicySchema, retentionPreviewSchema } from './storage.ts';

const pin = z.string().min(4).max(12);
const done = z.object({ ok: z.literal(true) });

/** Each `run` begins and returns at once, also where it runs already; `watch` tells how it goes. */
export const maintenanceContract = {
  watch: procedure(...KEEPER_ROLES).output(eventIterator(storageViewSchema)),
  backUp: procedure(...KEEPER_ROLES).output(done),
  /** Reads a backup whole and compares. */
  checkBackup: procedure(...KEEPER_ROLES)
    .input(z.object({ name: z.string().max(40) }))
    .output(done),
  /** Reads every stored file and compares, now. */
  checkPictures: procedure(...KEEPER_ROLES).output(done),
  /** Reads every page of the records and compares, now. */
  checkRecords: procedure(...KEEPER_ROLES).output(done),
  checkAudit: procedure(...KEEPER_ROLES).output(done),
  /** A period of the audit trail as a file on this machine. Is itself in the trail. */
  copyAudit: procedure(...RECORD_ROLES)
    .input(z.object({ from: z.iso.datetime(), to: z.iso.datetime() }))
    .output(done),
  /** Stops what is under way; does nothing where nothing is. Only for those who may begin that kind: see MAINTENANCE_STARTERS. */
  cancel: procedure(...KEEPER_ROLES)
    .input(z.object({ kind: maintenanceKindSchema }))
    .output(done),
  previewRetention: procedure(...KEEPER_ROLES).output(retentionPreviewSchema),
  setRetention: procedure(...RECORD_ROLES)
    .input(retentionPolicySchema)
    .output(done),
  /** Deletes what the preview names, as far as it is still so. */
  runRetention: procedure(...RECORD_ROLES).output(done),
  /**
   * Encrypts everything under a new key. The clinic closes for it and opens again by itself; screens are told how far it has come. Asks for
   * the PIN. Problems: PIN_WRONG, PIN_WAIT, STATION_BUSY, KEY_NOT_KEPT.
   */
  changeKey: procedure(...RECORD_ROLES)
    .input(z.object({ pin }))
    .output(done),
  /** From now on this passphrase, too, opens the key; one from before does not any more. Asks for the PIN. It is kept nowhere. */
  setRecovery: procedure(...RECORD_ROLES)
    .input(z.object({ pin, passphrase: z.string().min(SHORTEST_PASSPHRASE).max(LONGEST_PASSPHRASE) }))
    .output(done),
  /** Somebody has read what is said against the store and goes on with it as it is. */
  confirmStore: procedure(...RECORD_ROLES).output(done),
} as const satisfies RoledContract;
