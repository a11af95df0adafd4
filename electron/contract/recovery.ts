/**
 * What a station tells and offers on its screens while no clinic is open: nobody is signed in then. Why its data can't be opened and what can
 * be done about it, and how far work has come for which it had to be closed.
 */
import { z } from 'zod';
import type { ProblemCode } from './problems.ts';
import { VantageError } from './problems.ts';

/** Problems of the key, for which a passphrase is asked where one could open it. */
export const UNLOCKABLE: readonly ProblemCode[] = [
  'KEY_WRONG',
  'KEY_MISSING',
  'KEY_CHANGED_ELSEWHERE',
  'KEY_STORE_INSECURE',
  'KEY_FILE_MISSING',
  'DEMONSTRATION_KEY',
  'DEMONSTRATION_KEY_MISSING',
];

/** Problems of the data themselves, for which a copy and the backups are offered. */
export const RECOVERABLE: readonly ProblemCode[] = ['STORE_DAMAGED', 'STORE_SWAPPED', 'BACKUP_DAMAGED'];

const backupName = z.string().regex(/^\d{8}T\d{6}Z(-\d+)?$/);

/** A passphrase that a file of the station's folder can be opened with: the station's own, or the one for recovery. */
const passphraseKind = z.enum(['station', 'recovery']);
export type PassphraseKind = z.infer<typeof passphraseKind>;

/**
 * As long as one that is chosen has to be, and the longest that is taken; in characters (UTF-16 units). One that was chosen before this rule
 * opens what it locked. The text of PASSPHRASE_SHORT names the number.
 */
export const SHORTEST_PASSPHRASE = 12;
export const LONGEST_PASSPHRASE = 1024;

/** For a passphrase that is chosen now, whatever it locks. @throws VantageError PASSPHRASE_SHORT */
export function assertLongEnough(passphrase: string): void {
  if (passphrase.length < SHORTEST_PASSPHRASE) throw new VantageError('PASSPHRASE_SHORT');
}

export const recoveryOfferSchema = z.discriminatedUnion('of', [
  z.object({
    of: z.literal('data'),
    /** Newest first; those that could be restored. Whether one is whole is found when it is. */
    backups: z.array(
      z.object({
        name: backupName,
        madeAt: z.iso.datetime(),
        verified: z.object({ at: z.iso.datetime(), ok: z.boolean() }).nullable(),
      }),
    ),
  }),
  /** Which passphrases would open the key; none where nobody ever chose one. */
  z.object({ of: z.literal('key'), passphrases: z.array(passphraseKind) }),
]);
export type RecoveryOffer = z.infer<typeof recoveryOfferSchema>;

export const recoveryRequestSchema = z.discriminatedUnion('do', [
  /** The damaged files, as they are, into a folder of the station. */
  z.object({ do: z.literal('copy') }),
  /** Puts the backup in their place and opens it; the damaged files are kept. */
  z.object({ do: z.literal('restore'), backup: backupName }),
  /** Opens the key with a passphrase of the offer, and then the clinic. */
  z.object({ do: z.literal('unlock'), passphrase: z.string().min(1).max(LONGEST_PASSPHRASE) }),
  /** Stops the restore that is under way, as long as nothing of it counts: then everything is as it was. */
  z.object({ do: z.literal('cancel') }),
]);
export type RecoveryRequest = z.infer<typeof recoveryRequestSchema>;

/** Where the copy is; null when nothing was copied. */
export const recoveryAnswerSchema = z.object({ copiedTo: z.string().nullable() });
export type RecoveryAnswer = z.infer<typeof recoveryAnswerSchema>;

/** How the key is kept that opens the station's data. */
export const keyCustodySchema = z.discriminatedUnion('kind', [
  /** The demonstration: in a file beside the data, which protects it from nobody who has the disk. */
  z.object({ kind: z.literal('file') }),
  /** In a file that the station's passphrase opens; asked at each start. */
  z.object({ kind: z.literal('passphrase') }),
  /** By the computer's key ring, by its name: `keychain`, `dpapi`, `gnome_libsecret`, ... */
  z.object({ kind: z.literal('key-ring'), ring: z.string() }),
  /** In memory until the station stops: this computer has no safe place for one, and it was opened with a passphrase. */
  z.object({ kind: z.literal('memory') }),
]);
export type KeyCustody = z.infer<typeof keyCustodySchema>;

/** What the station does while it is closed for it, in this order. */
export const KEY_CHANGE_STEPS = ['closing', 'copying', 'encrypting', 'replacing', 'opening'] as const;

const keyChangeWorkSchema = z.object({
  kind: z.literal('key-change'),
  step: z.enum(KEY_CHANGE_STEPS),
  startedAt: z.iso.datetime(),
});
export type KeyChangeWork = z.infer<typeof keyChangeWorkSchema>;

/** A backup takes the place of damaged data, in this order. */
export const RESTORE_STEPS = ['copying', 'bringing', 'comparing', 'replacing', 'opening'] as const;

const restoreWorkSchema = z.object({
  kind: z.literal('restore'),
  step: z.enum(RESTORE_STEPS),
  /** Of this step: bytes while copying, else files. `total` is null where it isn't counted. */
  done: z.number(),
  total: z.number().nullable(),
  /** Nothing of it counts yet. */
  mayCancel: z.boolean(),
  startedAt: z.iso.datetime(),
});
export type RestoreWork = z.infer<typeof restoreWorkSchema>;

/** Work for which the clinic is closed; it opens again by itself. */
export const stationWorkSchema = z.discriminatedUnion('kind', [keyChangeWorkSchema, restoreWorkSchema]);
export type StationWork = z.infer<typeof stationWorkSchema>;
