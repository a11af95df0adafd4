/** What those who keep a station are told of its storage and records, and what is under way there. No patient, ids at most. */
import { z } from 'zod';
import { auditReportSchema } from './audit.ts';
import { problemSchema } from './problems.ts';
import { keyCustodySchema } from './recovery.ts';
import type { Role } from './roles.ts';
import { retentionPolicySchema, scrubStatusSchema } from './storage.ts';
import { stationStatusSchema } from './views.ts';

const instant = z.iso.datetime();

/** Long work, at most one of each kind at a time. It goes on when its screen is locked or closed. */
export const maintenanceKindSchema = z.enum([
  'backup',
  'backup-check',
  'scrub',
  'page-check',
  'audit-check',
  'audit-copy',
  'retention',
  'key-change',
]);
export type MaintenanceKind = z.infer<typeof maintenanceKindSchema>;

/** Look, check and back up: nothing leaves the station and nothing is deleted. */
export const KEEPER_ROLES = ['technician', 'operator', 'admin'] as const satisfies readonly Role[];
/** Give out records, and decide what is deleted. */
export const RECORD_ROLES = ['operator', 'admin'] as const satisfies readonly Role[];

/** Who may begin each kind of work, and so who may stop it. */
export const MAINTENANCE_STARTERS: Readonly<Record<MaintenanceKind, readonly Role[]>> = {
  backup: KEEPER_ROLES,
  'backup-check': KEEPER_ROLES,
  scrub: KEEPER_ROLES,
  'page-check': KEEPER_ROLES,
  'audit-check': KEEPER_ROLES,
  'audit-copy': RECORD_ROLES,
  retention: RECORD_ROLES,
  'key-change': RECORD_ROLES,
};

export const maintenanceJobSchema = z.object({
  kind: maintenanceKindSchema,
  state: z.enum(['running', 'done', 'cancelled', 'failed']),
  byName: z.string(),
  startedAt: instant,
  endedAt: instant.nullable(),
  /** Counted, never guessed; `total` is null where it isn't known. */
  done: z.number(),
  total: z.number().nullable(),
  unit: z.enum(['bytes', 'tables', 'files', 'pages', 'entries']).nullable(),
  problem: problemSchema.nullable(),
});
export type MaintenanceJob = z.infer<typeof maintenanceJobSchema>;

export const backupInfoSchema = z.object({
  /** Its folder's name: when it was made. */
  name: z.string(),
  madeAt: instant,
  /** Bytes of the store and of the pictures; pictures are shared between backups. */
  storeBytes: z.number(),
  fileBytes: z.number(),
  files: z.number().int(),
  /** Pictures that were missing already when it was made. */
  missingFiles: z.number().int(),
  /** When it was last read whole and compared; null: never, as far as the clinic itself has sealed it. */
  verified: z.object({ at: instant, ok: z.boolean() }).nullable(),
  /** Whether the clinic's key of now opens it, one that it had before, or another; null: not known. */
  key: z.enum(['current', 'former', 'other']).nullable(),
});
export type BackupInfo = z.infer<typeof backupInfoSchema>;

/** A copy of a period of the audit trail, as a file on this machine. */
export const auditCopySchema = z.object({
  at: instant,
  from: instant,
  to: instant,
  fileName: z.string(),
  folder: z.string(),
  entries: z.number().int(),
  sha256: z.string(),
});
export type AuditCopy = z.infer<typeof auditCopySchema>;

/** What is told of the key that opens the station's data; nothing by which it could be found. */
export const storageKeySchema = z.object({
  custody: keyCustodySchema,
  /** When it was last changed; null: it is the first one. */
  changedAt: instant.nullable(),
  /** Why it can't be changed from here; null: it can. */
  notChangeable: z.enum(['not-kept', 'no-host']).nullable(),
  /**
   * `set`: the passphrase opens the key of now. `former`: it was chosen at `setAt` and the key was changed since: it opens backups from
   * before, and nothing else. `unknown`: a file lies there that was made by an older version, by hand or for another key; whether it would
   * open anything is not known.
   */
  recovery: z.object({ state: z.enum(['none', 'set', 'former', 'unknown']), setAt: instant.nullable() }),
  /** When the clinic was last opened with the passphrase for recovery; null: never since the key of now was made. */
  openedWithRecoveryAt: instant.nullable(),
});
export type StorageKey = z.infer<typeof storageKeySchema>;

export const restoredSchema = z.object({ at: instant, backupMadeAt: instant });

export const storageViewSchema = z.object({
  at: instant,
  disk: stationStatusSchema.shape.disk,
  /** A file that is given up so that visits can be closed on a full disk. */
  reserveFile: z.object({ bytes: z.number(), isHeld: z.boolean() }),
  store: z.object({
    bytes: z.number(),
    /** When all of it had last been read again and compared; null before the first time. */
    checkedAt: instant.nullable(),
    /** Whether that was since the station started: what was found before says nothing of what happened while it was stopped. */
    checkedSinceStart: z.boolean(),
    /** What was found to be damaged. */
    problem: problemSchema.nullable(),
  }),
  /** When the data here were last put back from a backup, and from when that was; null: never. */
  restored: restoredSchema.nullable(),
  /** Encrypted files: pictures, maps, reports. Bytes of content. */
  vault: z.object({ files: z.number().int(), bytes: z.number() }),
  backups: z.object({
    folder: z.string(),
    /** Then it is of no help when this disk is lost. */
    onSameDisk: z.boolean(),
    /** Newest first. */
    list: z.array(backupInfoSchema),
    /** Names of those that are not whole enough to say what they are, newest first. */
    unreadable: z.array(z.string()),
  }),
  scrub: scrubStatusSchema,
  audit: z.object({
    /** The last entry. */
    sequence: z.number().int(),
    at: instant.nullable(),
    /** How far the station has signed. */
    checkpoint: z.object({ number: z.number().int(), sequence: z.number().int(), at: instant }).nullable(),
    /** SHA-256 of the station's public key. */
    keyId: z.string(),
    /** What the last verification found; null before the first. */
    verified: auditReportSchema
      .pick({ ok: true, entries: true, firstBad: true, sealedThrough: true, verifiedAt: true })
      .nullable(),
    /** Copies made since the station started, newest first. */
    copies: z.array(auditCopySchema),
  }),
  /** What the record outside of the store said against it and nobody has confirmed yet. */
  anchorProblems: z.array(problemSchema),
  retention: retentionPolicySchema,
  key: storageKeySchema,
  /** Under way, and the last of each kind since the station started. */
  jobs: z.array(maintenanceJobSchema),
});
export type StorageView = z.infer<typeof storageViewSchema>;
