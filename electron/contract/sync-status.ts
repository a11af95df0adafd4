/**
 * What people are told of the way to the cloud: the line, the clock, where every file is, what waits and what needs somebody.
 * Only `artefactRowSchema.patient` names anybody; everything else is counts, times, ids and codes.
 */
import { z } from 'zod';
import { problemSchema } from './problems.ts';
import { collectionNameSchema, quarantineReasonSchema } from './sync.ts';

const instant = z.iso.datetime();
const count = z.number().int().nonnegative();

/**
 * `not-configured`: this station has no cloud, visits end here. `captive`: somebody else than the cloud answers, a sign-in page of
 * the network. `degraded`: it answers slowly or half; a new connection is being made.
 */
export const lineStateSchema = z.enum(['not-configured', 'offline', 'captive', 'degraded', 'online']);
export type LineState = z.infer<typeof lineStateSchema>;

export const syncLineSchema = z.object({
  state: lineStateSchema,
  /** When this state began; null before anything is known, and where there is no cloud. */
  since: instant.nullable(),
  /** While online: how long the line had been away before, in seconds; null where it had not been away since the start. */
  offlineBeforeSeconds: z.number().nonnegative().nullable(),
  /** When the cloud last answered; null: never since the start. */
  lastContactAt: instant.nullable(),
  /** Of the last answered request. */
  roundTripMs: z.number().nonnegative().nullable(),
  /** Host of the cloud's address, without path or credentials. */
  host: z.string().max(255).nullable(),
  /** Why the cloud does not take what we send although it answers: this station is refused, an update is needed, ... */
  problem: problemSchema.nullable(),
});
export type SyncLine = z.infer<typeof syncLineSchema>;

/** This computer's clock against the cloud's. `off`: beyond the bound; changes are then ordered by the cloud's clock. */
export const syncClockViewSchema = z.object({
  state: z.enum(['unknown', 'trusted', 'off']),
  /** This computer's minus the cloud's; null while unknown. */
  offsetMs: z.number().nullable(),
  measuredAt: instant.nullable(),
});
export type SyncClockView = z.infer<typeof syncClockViewSchema>;

/**
 * Artefacts (pictures, maps, reports, measured values) by the steps they have reached, counted from receipts. A later step includes the
 * earlier ones.
 */
export const syncStepsSchema = z.object({
  /** Taken, or perhaps taken, and not on this disk yet. */
  onlyOnDevice: count,
  /** Durable on this disk now. */
  onDisk: count,
  /** The cloud has all bytes. Includes what was deleted here since. */
  inCloud: count,
  /** The cloud has read them back and found the same hash. Includes what was deleted here since. */
  verified: count,
  /** On this disk and not whole in the cloud. */
  left: z.object({
    artefacts: count,
    bytes: z.number().nonnegative(),
    /** From the speed measured while sending; null while nothing is being sent, or it has not been measured. */
    seconds: z.number().nonnegative().nullable(),
  }),
  /** Whole in the cloud, and not compared yet. */
  comparing: count,
  /** The cloud's copy was found not to be the same. */
  differing: count,
});
export type SyncSteps = z.infer<typeof syncStepsSchema>;

/** What the cloud has not acknowledged in its last state. */
export const unpushedSchema = z.object({
  documents: count,
  auditEntries: count,
  files: count,
  /** When the oldest of them was written. */
  oldestAt: instant.nullable(),
});
export type Unpushed = z.infer<typeof unpushedSchema>;

export const collectionSyncStatusSchema = z.object({
  name: collectionNameSchema,
  /**
   * `settled`: nothing to do. `pulling`, `pushing`: under way. `waiting`: for the line. `resyncing`: reads again from the beginning.
   * `stopped`: by the problem.
   */
  state: z.enum(['settled', 'pulling', 'pushing', 'waiting', 'resyncing', 'stopped']),
  unpushed: count,
  quarantined: count,
  lastPulledAt: instant.nullable(),
  lastPushedAt: instant.nullable(),
  /** How often it was started again since the station started. */
  restarts: count,
  problem: problemSchema.nullable(),
});
export type CollectionSyncStatus = z.infer<typeof collectionSyncStatusSchema>;

/** A record that the cloud could not take. It stays here as it is. */
export const quarantinedRowSchema = z.object({
  collection: collectionNameSchema,
  id: z.string().max(200),
  reason: quarantineReasonSchema,
  /** The field that is wrong, without its value; empty where it is not about one. */
  field: z.string().max(200),
  at: instant,
});
export type QuarantinedRow = z.infer<typeof quarantinedRowSchema>;

/**
 * Which of a document's artefacts: a file (`image`, `overlay`, `pdf`), a measured value (`step:<stepId>` of a session) or the document
 * itself (`record`).
 */
export const artefactRefSchema = z.object({
  kind: z.enum(['capture', 'report', 'session', 'finding']),
  id: z.uuid(),
  part: z.string().min(1).max(80),
});
export type ArtefactRef = z.infer<typeof artefactRefSchema>;

/** How fast files may be sent. */
export const bandwidthSchema = z.object({
  /** null: as fast as the line takes them. */
  limitBytesPerSecond: z.number().int().min(8_000).max(10_000_000_000).nullable(),
  /** Over the last minute of sending; null while nothing is being sent. */
  measuredBytesPerSecond: z.number().nonnegative().nullable(),
});
export type Bandwidth = z.infer<typeof bandwidthSchema>;

/** Rows of quarantine that a view carries; the collections' counts say how many there are. */
export const QUARANTINE_SHOWN = 50;

export const syncViewSchema = z.object({
  at: instant,
  line: syncLineSchema,
  clock: syncClockViewSchema,
  steps: syncStepsSchema,
  unpushed: unpushedSchema,
  collections: z.array(collectionSyncStatusSchema),
  /** The newest, at most `QUARANTINE_SHOWN`. */
  quarantined: z.array(quarantinedRowSchema),
  bandwidth: bandwidthSchema,
  /** What does not go on by itself, or of which somebody must know. `artefact`: the one it is about. */
  needs: z.array(z.object({ problem: problemSchema, artefact: artefactRefSchema.nullable() })),
});
export type SyncView = z.infer<typeof syncViewSchema>;

// Where each artefact is -----------------------------------------------------------------------------------------------------------

/** One artefact and its four receipts, in this order and never merged. A tick is drawn for `done` only. */
export const artefactRowSchema = z.object({
  artefact: artefactRefSchema,
  /** Step of the protocol; null for reports. */
  stepId: z.string().max(64).nullable(),
  /** Counts from 1; for reports their version. */
  attempt: z.number().int().positive(),
  visit: z.object({
    sessionId: z.uuid(),
    protocolId: z.string().max(64),
    /** When the visit was booked for. */
    startsAt: instant,
    room: z.string(),
  }),
  /** null: whoever asks may not see who it is. */
  patient: z.object({ givenName: z.string(), familyName: z.string() }).nullable(),
  /** `none`: there never was a copy on a device. `only`: it is nowhere else. `kept`: it is still there. `cleared`: the device was told that it may go. */
  onDevice: z.object({ state: z.enum(['none', 'only', 'kept', 'cleared']), at: instant.nullable() }),
  /** `purged`: deleted here, the cloud had verified it. `damaged`: not what was written. */
  onDisk: z.object({ state: z.enum(['not-yet', 'writing', 'done', 'purged', 'damaged']), at: instant.nullable() }),
  /** `no-cloud`: there is none. `held`: it is not sent until somebody has seen to it. */
  inCloud: z.object({
    state: z.enum(['no-cloud', 'not-yet', 'queued', 'sending', 'held', 'done']),
    at: instant.nullable(),
    /** Bytes that the cloud has acknowledged, while `sending` or stopped on the way; null otherwise. */
    sentBytes: z.number().nonnegative().nullable(),
    /** Place in the queue, from 1. */
    position: z.number().int().positive().nullable(),
  }),
  verified: z.object({
    state: z.enum(['no-cloud', 'not-yet', 'comparing', 'differs', 'done']),
    at: instant.nullable(),
  }),
  /** Bytes of content; null where it is not known. */
  size: z.number().nonnegative().nullable(),
});
export type ArtefactRow = z.infer<typeof artefactRowSchema>;

/** `all`: newest visits first. `on-the-way`: not verified yet, in the order of the queue. `care`: held or differing. */
export const artefactFilterSchema = z.enum(['all', 'on-the-way', 'care']);
export type ArtefactFilter = z.infer<typeof artefactFilterSchema>;

export const artefactQuerySchema = z.object({
  filter: artefactFilterSchema,
  /** `next` of the page before; null: the first page. */
  cursor: z.string().max(200).nullable(),
  /** Rows to aim at; of `all` a page ends with a whole visit. */
  limit: z.number().int().min(1).max(200).default(50),
});
export type ArtefactQuery = z.infer<typeof artefactQuerySchema>;

export const artefactPageSchema = z.object({
  rows: z.array(artefactRowSchema),
  /** Of what comes after; null: these are the last. */
  next: z.string().nullable(),
  /** How many the filter has in all. */
  total: count,
});
export type ArtefactPage = z.infer<typeof artefactPageSchema>;
