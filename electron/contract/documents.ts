/**
 * Everything that is kept and replicated, as zod documents. They are the only source: RxDB's schemas, the API's and the
 * cloud's are derived from them. Unknown fields survive (`looseObject`), additive changes stay within a major version.
 */
import { z } from 'zod';
import { captureSettingsSchema, deviceConfigurationSchema, deviceIdentitySchema, deviceKindSchema } from './devices.ts';
import { judgementSchema, provenanceSchema } from './judgement.ts';
import type { FieldGroups } from './merge.ts';
import { problemSchema } from './problems.ts';
import { roleSchema } from './roles.ts';
import { sessionStatusSchema } from './status.ts';
import { CONTRACT_VERSION } from './version.ts';

const instant = z.iso.datetime();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What every document has from the first day. */
const commonFields = {
  id: z.uuid(),
  tenantId: z.uuid(),
  locationId: z.uuid(),
  /** The station that wrote it first. */
  stationId: z.uuid(),
  /** The person who caused it: a staff id, or the patient's id for what is done at a check-in screen. */
  authorId: z.uuid(),
  contractVersion: z.string().default(CONTRACT_VERSION),
  /** Hybrid clock per field group (`hlc.ts`, `fieldGroups`). */
  hlc: z.record(z.string(), z.string()),
  createdAt: instant,
  updatedAt: instant,
};

export const patientSchema = z.looseObject({
  ...commonFields,
  /** The clinic's own number, e.g. HR-03980. */
  number: z.string().max(32),
  givenName: z.string(),
  familyName: z.string(),
  birthDate: z.iso.date(),
  sex: z.enum(['female', 'male', 'unknown']),
  language: z.string().max(16).default('en'),
  allergies: z.array(z.string()).default([]),
  accessNeeds: z.array(z.string()).default([]),
});
export type Patient = z.infer<typeof patientSchema>;

export const appointmentSchema = z.looseObject({
  ...commonFields,
  patientId: z.uuid(),
  startsAt: instant,
  /** Local date at the clinic, for lists by day. */
  day: z.iso.date().max(10),
  protocolId: z.string().max(64),
  room: z.string().default(''),
  note: z.string().default(''),
  /** SHA-256 of the check-in code of the letter; the code itself is not kept. */
  codeHash: sha256.max(64).nullable().default(null),
  state: z.enum(['booked', 'cancelled']).default('booked'),
});
export type Appointment = z.infer<typeof appointmentSchema>;

/** A signature as drawn: strokes of points in fractions of the pad, with ms since the first touch. */
export const signatureSchema = z.object({
  strokes: z.array(z.array(z.tuple([z.number(), z.number(), z.number()])).max(5000)).max(200),
  /** A name typed instead of drawn. */
  typedName: z.string().max(200).nullable().default(null),
});
export type Signature = z.infer<typeof signatureSchema>;

export const consentLineSchema = z.enum(['measurements', 'care-team', 'research']);
export type ConsentLine = z.infer<typeof consentLineSchema>;
/** Without these nothing is taken. */
export const NEEDED_CONSENTS: readonly ConsentLine[] = ['measurements', 'care-team'];

export const consentSchema = z.looseObject({
  ...commonFields,
  patientId: z.uuid(),
  sessionId: z.uuid(),
  decisions: z.object({ measurements: z.boolean(), 'care-team': z.boolean(), research: z.boolean() }),
  textVersion: z.string(),
  language: z.string(),
  signature: signatureSchema,
  /** The screen it was signed on. */
  surface: z.enum(['checkin', 'staff']),
  signedAt: instant,
});
export type Consent = z.infer<typeof consentSchema>;

/** A quantity with its unit and error. */
export const quantitySchema = z.object({
  value: z.number(),
  unit: z.enum(['kg', 'cm']),
  /** Error of measurement in the same unit: for a scale its maximum permissible error in service (OIML R 76). */
  error: z.number().nonnegative(),
  source: z.enum(['device', 'by-hand']),
  deviceId: z.uuid().nullable(),
  /** The calibration in force, or null: none is known. */
  calibrationId: z.uuid().nullable(),
  at: instant,
  /** The device's frame as received; empty when entered by hand. */
  raw: z.string().default(''),
});
export type Quantity = z.infer<typeof quantitySchema>;

/** What a session keeps about one step of its protocol. */
export const stepRecordSchema = z.object({
  state: z.enum(['todo', 'done', 'skipped']),
  quantity: quantitySchema.nullable().default(null),
  /** The capture that counts, for picture steps. */
  captureId: z.uuid().nullable().default(null),
  attempts: z.number().int().nonnegative().default(0),
  skippedReason: z.string().nullable().default(null),
  doneAt: instant.nullable().default(null),
  doneBy: z.uuid().nullable().default(null),
});
export type StepRecord = z.infer<typeof stepRecordSchema>;

export const sessionSchema = z.looseObject({
  ...commonFields,
  appointmentId: z.uuid(),
  patientId: z.uuid(),
  protocolId: z.string().max(64),
  protocolVersion: z.string(),
  day: z.iso.date().max(10),
  status: sessionStatusSchema,
  /** The station that leads; only it writes `status`. */
  leadStationId: z.uuid(),
  checkedInAt: instant.nullable(),
  startedAt: instant.nullable(),
  pausedAt: instant.nullable(),
  capturedAt: instant.nullable(),
  endedAt: instant.nullable(),
  endedReason: z.string().nullable(),
  consentId: z.uuid().nullable(),
  /** By step id. */
  steps: z.record(z.string(), stepRecordSchema),
  reportId: z.uuid().nullable(),
  /** Whether it ends in the clinic because no workflows are configured. */
  endsLocally: z.boolean(),
  /** Asked for at the patient's screen: a break, help. */
  patientRequest: z.enum(['break', 'help']).nullable().default(null),
  /** Written by the cloud only. */
  cloud: z.looseObject({}).nullable().default(null),
});
export type Session = z.infer<typeof sessionSchema>;

/**
 * Where a capture stands. `on-disk` and `judged` mean: the bytes are durable in the vault. `purged`: they were, until the retention
 * policy deleted them from this station; what was judged and measured stays.
 */
export const captureStateSchema = z.enum(['requested', 'taking', 'uncertain', 'on-disk', 'judged', 'failed', 'purged']);
export type CaptureState = z.infer<typeof captureStateSchema>;

export const captureSchema = z.looseObject({
  ...commonFields,
  sessionId: z.uuid(),
  patientId: z.uuid(),
  stepId: z.string().max(64),
  attempt: z.number().int().positive(),
  state: captureStateSchema,
  settings: captureSettingsSchema,
  deviceId: z.uuid(),
  device: deviceIdentitySchema.nullable(),
  fieldAngleDegrees: z.number().nullable(),
  calibrationId: z.uuid().nullable(),
  simulated: z.boolean(),
  requestedAt: instant,
  /** Newest object on the camera before the shutter was released; what `recover` starts from. */
  tokenBefore: z.string().nullable(),
  /** Whether the shutter may have been released. */
  triggered: z.boolean(),
  token: z.string().nullable(),
  takenAt: instant.nullable(),
  deviceTakenAt: z.string().nullable(),
  deviceSettings: z.record(z.string(), z.string()).default({}),
  /** The vault's blob, once durable. */
  blobId: z.string().nullable(),
  sha256: sha256.nullable(),
  size: z.number().int().nullable(),
  mediaType: z.string().nullable(),
  onDiskAt: instant.nullable(),
  /** When the camera was told that it may forget the picture. */
  releasedAt: instant.nullable(),
  judgement: judgementSchema.nullable(),
  judgedAt: instant.nullable(),
  thumbnailBlobId: z.string().nullable(),
  overlayBlobId: z.string().nullable(),
  /** Kept although a check failed. */
  kept: z.object({ reason: z.string(), by: z.uuid(), at: instant }).nullable(),
  problem: problemSchema.nullable(),
  /** When the picture was deleted from this station; the cloud had verified its copy. `blobId` is null then. */
  purgedAt: instant.nullable().default(null),
});
export type Capture = z.infer<typeof captureSchema>;

export const findingSchema = z.looseObject({
  ...commonFields,
  sessionId: z.uuid(),
  patientId: z.uuid(),
  captureId: z.uuid(),
  kind: z.literal('retinal-vessels'),
  eye: z.enum(['right', 'left']),
  values: z.array(judgementSchema.shape.findings.element.shape.values.element),
  overlayBlobId: z.string().nullable(),
  provenance: provenanceSchema,
  /** Hash of the image that was read. */
  inputSha256: sha256,
  calibrationId: z.uuid().nullable(),
});
export type Finding = z.infer<typeof findingSchema>;

export const reviewSchema = z.object({
  decision: z.enum(['approved', 'sent-back']),
  /** The report that was read, by content. */
  reportSha256: sha256,
  by: z.uuid(),
  byName: z.string(),
  at: instant,
  reason: z.enum(['retake-images', 'measure-again', 'wrong-patient', 'report-incomplete', 'other']).nullable(),
  notes: z.string().max(4000).nullable(),
});
export type Review = z.infer<typeof reviewSchema>;

export const reportSchema = z.looseObject({
  ...commonFields,
  sessionId: z.uuid(),
  patientId: z.uuid(),
  /** Counts from 1; a report made again after being sent back is the next version. */
  version: z.number().int().positive(),
  blobId: z.string(),
  sha256,
  size: z.number().int(),
  pages: z.number().int(),
  madeAt: instant,
  review: reviewSchema.nullable(),
});
export type Report = z.infer<typeof reportSchema>;

export const deviceSchema = z.looseObject({
  ...commonFields,
  configuration: deviceConfigurationSchema,
  identity: deviceIdentitySchema.nullable(),
  lastSeenAt: instant.nullable(),
});
export type Device = z.infer<typeof deviceSchema>;

export const calibrationSchema = z.looseObject({
  ...commonFields,
  deviceId: z.uuid(),
  deviceKind: deviceKindSchema,
  identity: deviceIdentitySchema,
  procedure: z.object({ name: z.string(), version: z.string() }),
  reference: z.object({ name: z.string(), certificate: z.string(), expiresOn: z.iso.date() }),
  rawReadings: z.array(z.looseObject({})),
  result: z.looseObject({}),
  tolerance: z.looseObject({}),
  verdict: z.enum(['passed', 'failed']),
  validFrom: instant,
  validUntil: instant,
  supersedes: z.uuid().nullable(),
  /** Ed25519 over the canonical record without this field, base64. */
  signature: z.string(),
});
export type Calibration = z.infer<typeof calibrationSchema>;

export const staffSchema = z.looseObject({
  ...commonFields,
  name: z.string(),
  initials: z.string().max(3),
  roles: z.array(roleSchema).min(1),
  /** `argon2id` or `scrypt` hash in PHC form; never the PIN. */
  pinHash: z.string(),
  active: z.boolean().default(true),
});
export type Staff = z.infer<typeof staffSchema>;

export const alertSchema = z.looseObject({
  ...commonFields,
  kind: z.string().max(64),
  severity: z.enum(['info', 'warn', 'fault']),
  subjectId: z.string(),
  text: z.string(),
  resolvedAt: instant.nullable(),
});
export type Alert = z.infer<typeof alertSchema>;

/** Collection name -> its document. RxDB's open core stops at 13 collections; the design stops at 12. */
export const documentSchemas = {
  staff: staffSchema,
  appointments: appointmentSchema,
  patients: patientSchema,
  consents: consentSchema,
  sessions: sessionSchema,
  captures: captureSchema,
  findings: findingSchema,
  reports: reportSchema,
  devices: deviceSchema,
  calibrations: calibrationSchema,
  alerts: alertSchema,
} as const;
export type CollectionName = keyof typeof documentSchemas;
export type DocumentOf<N extends CollectionName> = z.infer<(typeof documentSchemas)[N]>;

/** Indexes per collection (all strings or numbers of bounded length; RxDB appends the primary key). */
export const documentIndexes = {
  staff: [],
  appointments: [['day', 'startsAt'], ['patientId'], ['codeHash']],
  patients: [['number'], ['familyName']],
  consents: [['sessionId'], ['patientId']],
  sessions: [['day', 'status'], ['patientId'], ['status']],
  captures: [['sessionId', 'stepId'], ['state'], ['patientId'], ['deviceId', 'token']],
  findings: [['sessionId'], ['captureId']],
  reports: [['sessionId', 'version'], ['patientId']],
  devices: [['stationId']],
  calibrations: [['deviceId', 'validUntil']],
  alerts: [['resolvedAt'], ['kind']],
} as const satisfies Record<CollectionName, readonly (readonly string[])[]>;

/**
 * Which fields share a clock. Fields that only make sense together are merged together: half of one person's correction and
 * half of another's would be nobody's. Fields not named are merged one by one.
 */
export const fieldGroups: Readonly<Record<CollectionName, FieldGroups>> = {
  staff: { name: 'person', initials: 'person' },
  appointments: { startsAt: 'time', day: 'time', room: 'time' },
  patients: { givenName: 'person', familyName: 'person', birthDate: 'person', sex: 'person' },
  consents: {},
  sessions: {
    status: 'lead',
    leadStationId: 'lead',
    startedAt: 'lead',
    pausedAt: 'lead',
    capturedAt: 'lead',
    endedAt: 'lead',
    endedReason: 'lead',
  },
  captures: {
    judgement: 'judgement',
    judgedAt: 'judgement',
    thumbnailBlobId: 'judgement',
    overlayBlobId: 'judgement',
    state: 'capture',
    blobId: 'capture',
    sha256: 'capture',
    size: 'capture',
    onDiskAt: 'capture',
    token: 'capture',
    purgedAt: 'capture',
  },
  findings: {},
  reports: { blobId: 'file', sha256: 'file', size: 'file', pages: 'file', madeAt: 'file' },
  devices: { configuration: 'configuration' },
  calibrations: {},
  alerts: {},
};

/** Fields that differ at each write and never count as a change of their own. */
export const BOOKKEEPING_FIELDS = ['updatedAt', 'hlc', 'contractVersion'] as const;

/** One entry of the audit trail, before it is chained. */
export const auditEntrySchema = z.object({
  at: instant,
  actorId: z.string(),
  role: z.string(),
  /** Verb and noun, e.g. `patient.read`, `capture.kept`, `report.approved`, `access.unlocked`. */
  action: z.string().max(64),
  subjectKind: z.string().max(32),
  subjectId: z.string(),
  /** Ids, codes and numbers only: no names, no free text of people. */
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).default({}),
});
export type AuditEntryInput = z.infer<typeof auditEntrySchema>;

export const chainedAuditEntrySchema = auditEntrySchema.extend({
  sequence: z.number().int(),
  previousHash: sha256,
  hash: sha256,
});
export type AuditEntry = z.infer<typeof chainedAuditEntrySchema>;

/** What should happen in the cloud, written with the state that caused it. */
export const intentKindSchema = z.enum([
  'session-start',
  'session-captured',
  'session-review',
  'session-cancelled',
  'calibration-start',
  'calibration-measured',
  'calibration-cancelled',
  'acceptance-start',
  'acceptance-cancelled',
]);
export const intentSchema = z.object({
  id: z.uuid(),
  kind: intentKindSchema,
  subjectId: z.uuid(),
  payload: z.looseObject({}),
});
export type IntentInput = z.infer<typeof intentSchema>;
/**
 * `waiting`: to be delivered. `delivered`: the cloud has it. `returned`: the cloud has it and said no; a person decides. `dead`: it can't
 * be sent as it is, and those after it wait for a person. `discarded`: a person gave it up.
 */
export const intentStateSchema = z.enum(['waiting', 'delivered', 'returned', 'dead', 'discarded']);
/** As stored: ordinal counts per subject, without gaps. */
export interface Intent extends IntentInput {
  readonly ordinal: number;
  readonly state: z.infer<typeof intentStateSchema>;
  readonly createdAt: string;
}
