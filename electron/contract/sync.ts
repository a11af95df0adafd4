/**
 * What travels between a station and the cloud: enrolment, tokens, replication, the audit trail. Documents travel as they are
 * kept (`documents.ts`); what the cloud knows about them (its version, whether they are deleted) stands beside them, never inside.
 *
 * A batch is never refused for what is in it: each row gets a verdict of its own, and what cannot be taken is kept in quarantine.
 * A whole request is refused only for who sent it (401, 403), how often (429), or a contract version that is not served (426).
 */
import { z } from 'zod';
import type { CollectionName } from './documents.ts';
import { chainedAuditEntrySchema, documentSchemas } from './documents.ts';
import { canonical } from './merge.ts';
import { problemCodeSchema } from './problems.ts';
import { CONTRACT_VERSION } from './version.ts';

/** Paths of the API, under the cloud's base address. */
export const CLOUD_PATHS = {
  enrol: '/v1/stations/enrol',
  challenge: '/v1/stations/challenge',
  token: '/v1/stations/token',
  /** POST: the keys for what is sent to workflows; `payloadKeysSchema`. */
  payloadKeys: '/v1/stations/payload-keys',
  rotateKey: '/v1/stations/keys',
  /** POST `unpushedSchema`: what the station has and the cloud does not, for those who look after it. */
  backlog: '/v1/stations/backlog',
  pull: '/v1/replication/:collection/pull',
  push: '/v1/replication/:collection/push',
  stream: '/v1/replication/stream',
  audit: '/v1/audit/segments',
} as const;

export function replicationPath(collection: CollectionName, what: 'pull' | 'push'): string {
  return CLOUD_PATHS[what].replace(':collection', collection);
}

/** What one request may carry. A sender packs to these; a single document larger than `documentBytes` is quarantined. */
export const SYNC_LIMITS = {
  /** Rows of one push, and the longest page of a pull. */
  rows: 500,
  /** Bytes of a push to aim at; a single larger row travels alone. */
  pushBytes: 8 * 1024 * 1024,
  /** JSON of one document, in UTF-8. */
  documentBytes: 16 * 1024 * 1024,
  /** Levels of objects and arrays within a document. */
  documentDepth: 64,
  /** Entries of one audit segment. */
  auditEntries: 1000,
} as const;

/** Fields that only the cloud writes; a station's value for them is not looked at. */
export const CLOUD_FIELDS: Readonly<Partial<Record<CollectionName, readonly string[]>>> = { sessions: ['cloud'] };

/** How many major versions back of its own the cloud still serves. */
export const SERVED_MAJORS_BACK = 2;

/**
 * Whether the cloud talks to a station of this contract version. Within a major everything is additive; an unreadable version
 * counts as too old.
 */
export function contractService(
  stationVersion: string,
  cloudVersion: string = CONTRACT_VERSION,
): 'served' | 'station-too-old' | 'cloud-too-old' {
  const station = majorOf(stationVersion);
  const cloud = majorOf(cloudVersion);
  if (station === null || cloud === null) return 'station-too-old';
  if (station > cloud) return 'cloud-too-old';
  return station >= cloud - SERVED_MAJORS_BACK ? 'served' : 'station-too-old';
}

function majorOf(version: string): number | null {
  const match = /^(\d{1,4})\.\d{1,4}$/.exec(version);
  return match === null ? null : Number(match[1]);
}

// Replication ------------------------------------------------------------------------------------------------------------------

export const collectionNameSchema = z.enum(Object.keys(documentSchemas) as [CollectionName, ...CollectionName[]]);

/**
 * How far a station has read a collection. `seq` counts writes per tenant in the order in which they became visible; `epoch`
 * changes when what was read before no longer compares (another location, a database restored from a backup). Opaque to stations.
 */
export const checkpointSchema = z.object({ seq: z.number().int().nonnegative(), epoch: z.string().max(100) });
export type Checkpoint = z.infer<typeof checkpointSchema>;

/** Why a station has to read a collection again from the beginning and let go of what does not come. */
export const resyncReasonSchema = z.enum([
  /** What was read before does not compare any more. */
  'EPOCH_CHANGED',
  /** Deletions after the checkpoint have been purged: it was offline for longer than they are kept. */
  'TOMBSTONES_PURGED',
]);
export type ResyncReason = z.infer<typeof resyncReasonSchema>;

/** A document as it travels. Deleted ones are whole documents, too. */
export const documentRowSchema = z.object({
  document: z.record(z.string(), z.unknown()),
  deleted: z.boolean(),
});
export type DocumentRow = z.infer<typeof documentRowSchema>;

/** A document as the cloud has it. `version` counts its writes there; 0 for one that left this station's scope. */
export const masterRowSchema = documentRowSchema.extend({ version: z.number().int().nonnegative() });
export type MasterRow = z.infer<typeof masterRowSchema>;

export const pullRequestSchema = z.object({
  contractVersion: z.string().max(16),
  /** null: from the beginning. */
  checkpoint: checkpointSchema.nullable(),
  limit: z.number().int().min(1).max(SYNC_LIMITS.rows).default(200),
  /** Bytes of documents, as the cloud counts them, after which a page may end before it is full; the answer then says `more`. */
  bytes: z.number().int().positive().optional(),
  /** `brief`: rows that this station wrote itself, and that are as it sent them, come without their document, as `own`. */
  own: z.enum(['whole', 'brief']).default('whole'),
});
export type PullRequest = z.infer<typeof pullRequestSchema>;

/** A row whose document the reader has: the state that it was told this version of. */
export const ownRowSchema = z.object({ id: z.string(), version: z.number().int().nonnegative() });

export const pullResponseSchema = z.object({
  /**
   * In order of their `seq`, each id once. Exactly as many as asked for (with those of `own`), unless these are the last or `more` is
   * set. What left the station's scope arrives as deleted, in the last state that the station was allowed to see.
   */
  rows: z.array(masterRowSchema),
  own: z.array(ownRowSchema).optional(),
  /** The page is not full and not the last one either. */
  more: z.boolean().optional(),
  checkpoint: checkpointSchema,
  /** Set: `rows` is empty, begin again with checkpoint null. */
  resync: resyncReasonSchema.nullable(),
});
export type PullResponse = z.infer<typeof pullResponseSchema>;

export const pushRowSchema = documentRowSchema.extend({
  /** The state of the cloud that this change was made on (RxDB's assumed master state); null: none is known. */
  assumed: documentRowSchema.extend({ version: z.number().int().nonnegative().nullable() }).nullable(),
});
export type PushRow = z.infer<typeof pushRowSchema>;

export const pushRequestSchema = z.object({
  contractVersion: z.string().max(16),
  /** Names this push: sent again under the same id, it is answered with the first answer and has no second effect. */
  mutationId: z.uuid(),
  /** How far the collection was read; a station that must resync reads first and pushes then. */
  checkpoint: checkpointSchema.nullable(),
  /** Of shape `pushRowSchema`; one that is not is quarantined by itself. */
  rows: z.array(z.unknown()).max(SYNC_LIMITS.rows),
});
export type PushRequest = z.infer<typeof pushRequestSchema>;

/** Why the cloud could not take a row. */
export const quarantineReasonSchema = z.enum([
  /** Not a row or not a document of this collection. */
  'INVALID',
  /** Of another tenant, or of a location that is not the sender's (any more). */
  'OUT_OF_SCOPE',
  /** Larger or deeper than the limits. */
  'TOO_LARGE',
  /** Text that no database of UTF-8 can keep (NUL, half a surrogate pair), or a key that is not one. */
  'UNSTORABLE',
  /** It failed on it, time and again, and not on others. Said by the station; it asks again every hour. */
  'CLOUD_FAILED',
]);
export type QuarantineReason = z.infer<typeof quarantineReasonSchema>;

export const pushVerdictSchema = z.discriminatedUnion('verdict', [
  /** The cloud has it as sent, apart from `CLOUD_FIELDS` and clocks beyond the bound. */
  z.object({ verdict: z.literal('accepted'), id: z.string(), version: z.number().int() }),
  /** The cloud has another state than the one assumed: merge with it and push again. */
  z.object({ verdict: z.literal('conflict'), id: z.string(), master: masterRowSchema }),
  /** Kept in quarantine, has no effect. It stays as it is on the station; pushing it unchanged again changes nothing. */
  z.object({
    verdict: z.literal('quarantined'),
    /** null: the row did not say. */
    id: z.string().nullable(),
    reason: quarantineReasonSchema,
    /** The field that is wrong, without its value. */
    field: z.string().max(200),
    master: masterRowSchema.nullable(),
  }),
]);
export type PushVerdict = z.infer<typeof pushVerdictSchema>;

export const pushResponseSchema = z.object({
  /** One for each row, in the order of the rows; none when `resync` is set. */
  verdicts: z.array(pushVerdictSchema),
  resync: resyncReasonSchema.nullable(),
});
export type PushResponse = z.infer<typeof pushResponseSchema>;

/**
 * The one message of the stream (server-sent events): something may have changed, pull. It never carries a document. The event's `id`,
 * where it has one, is `<collection> <seq>`: what changed, and up to where in the order of writes; without, it may be anything. Nobody
 * is told of what they wrote themselves and have as it is.
 */
export const RESYNC_MESSAGE = 'RESYNC';

/** @param id of an event of the stream. @returns what it is about, or null: it may be anything */
export function pokedCollection(id: string): CollectionName | null {
  return collectionNameSchema.safeParse(/^[^ ]*/.exec(id)?.[0]).data ?? null;
}

// Stations ---------------------------------------------------------------------------------------------------------------------

/** The public half of a station's key (RFC 8037). */
export const stationPublicKeySchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  /** 32 bytes, base64url. */
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});
export type StationPublicKey = z.infer<typeof stationPublicKeySchema>;

/** A code as people type it: letters of either case, O for 0, I and L for 1, with or without dashes. */
export const enrolmentCodeSchema = z
  .string()
  .max(40)
  .transform((text) => text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1'))
  .pipe(z.string().regex(/^[0-9A-HJKMNP-TV-Z]{16}$/));

/** `typ` of the two JWTs that a station signs (EdDSA) and of the token it gets. */
export const STATION_JWT_TYPES = {
  proof: 'vantage-key-proof+jwt',
  assertion: 'vantage-station+jwt',
  challenge: 'vantage-challenge+jwt',
  access: 'at+jwt',
} as const;

export const enrolRequestSchema = z.object({
  contractVersion: z.string().max(16),
  code: enrolmentCodeSchema,
  stationId: z.uuid(),
  stationName: z.string().min(1).max(100),
  publicKey: stationPublicKeySchema,
  /** JWT of type `proof`, signed with the key: `{ sub: stationId, jti: SHA-256 of the code without dashes, hex }`. */
  proof: z.string().max(2000),
});
export type EnrolRequest = z.input<typeof enrolRequestSchema>;

/** Sent again with the same code and key, the answer is the same. */
const payloadKeyId = z.string().regex(/^[\w.-]{1,40}$/);
/** The tenant's keys for what is sent to the cloud's workflows, 32 bytes in base64 each; the first writes, the others still open. */
export const payloadKeysSchema = z
  .array(z.object({ id: payloadKeyId, key: z.string().regex(/^[A-Za-z0-9+/]{43}=$/) }))
  .min(1)
  .max(20);
export type PayloadKeys = z.infer<typeof payloadKeysSchema>;

export const enrolResponseSchema = z.object({
  tenantId: z.uuid(),
  tenantName: z.string(),
  locationId: z.uuid(),
  locationName: z.string(),
  stationId: z.uuid(),
  /** RFC 7638 thumbprint of the key. */
  keyId: z.string(),
  /** Null: this cloud has no workflows, or none to give yet. */
  payloadKeys: payloadKeysSchema.nullable().default(null),
});
export type EnrolResponse = z.infer<typeof enrolResponseSchema>;

export const challengeRequestSchema = z.object({ stationId: z.uuid() });

/** No clock of the station takes part: the challenge carries the cloud's time and is good for a minute. */
export const challengeResponseSchema = z.object({ challenge: z.string(), serverTime: z.iso.datetime() });

export const tokenRequestSchema = z.object({
  contractVersion: z.string().max(16),
  /** JWT of type `assertion`, signed with the station's key, `kid` its thumbprint: `{ sub: stationId, challenge }`. */
  assertion: z.string().max(4000),
});

export const tokenResponseSchema = z.object({
  /** Bearer token for everything else. */
  token: z.string(),
  expiresInSeconds: z.number().int().positive(),
  tenantId: z.uuid(),
  locationId: z.uuid(),
  /** Ids of the keys that the station is to have, in their order; it asks for them where it has others. Null: there are none. */
  payloadKeyIds: z.array(payloadKeyId).max(20).nullable().default(null),
});
export type TokenResponse = z.infer<typeof tokenResponseSchema>;

/** The new key is good at once; the old one until a token is asked for with the new one, so that a lost answer locks nobody out. */
export const rotateKeyRequestSchema = z.object({
  publicKey: stationPublicKeySchema,
  /** JWT of type `proof`, signed with the new key: `{ sub: stationId, jti: thumbprint of the new key }`. */
  proof: z.string().max(2000),
});
export const rotateKeyResponseSchema = z.object({ keyId: z.string() });

// Audit ------------------------------------------------------------------------------------------------------------------------

/** The text whose SHA-256 is an entry's hash. */
export function auditHashText(entry: Omit<z.infer<typeof chainedAuditEntrySchema>, 'hash'>): string {
  const { sequence, at, actorId, role, action, subjectKind, subjectId, detail, previousHash } = entry;
  return canonical({ sequence, at, actorId, role, action, subjectKind, subjectId, detail, previousHash });
}

/** What a station writes first into its trail when an older copy of its data took the place of what it had. */
export const PUT_BACK_ACTIONS = ['store.restored', 'store.salvaged'] as const;

export const auditSegmentSchema = z.object({
  contractVersion: z.string().max(16),
  /** Consecutive entries of the station's own trail, oldest first. What the cloud has already is compared, not stored again. */
  entries: z
    .array(chainedAuditEntrySchema.extend({ sequence: z.number().int().positive() }))
    .min(1)
    .max(SYNC_LIMITS.auditEntries),
});

export const auditSegmentResponseSchema = z.object({
  verdict: z.enum([
    /** Each entry follows from the one before. */
    'whole',
    /** Entries before these are missing: send from `expected`. Nothing was stored. */
    'gap',
    /** An entry does not follow, or is not the one that was sent before. It and what comes after it was kept as evidence apart. */
    'broken',
  ]),
  /** Entries that the cloud has now. */
  count: z.number().int(),
  /** The sequence that it expects next. */
  expected: z.number().int(),
});
export type AuditSegmentResponse = z.infer<typeof auditSegmentResponseSchema>;

/** How the API says that a request failed: the problem's code, and an id to find it in the log. */
export const cloudErrorSchema = z.object({
  code: problemCodeSchema,
  detail: z.string().max(500),
  requestId: z.string(),
  /** Seconds to wait, for 429 and 503. */
  waitSeconds: z.number().optional(),
});
export type CloudError = z.infer<typeof cloudErrorSchema>;
