/** What screens are given: made for drawing, without anything a screen doesn't need. Words are the renderer's. */
import { z } from 'zod';
import { deviceStatusSchema } from './devices.ts';
import { captureStateSchema, consentLineSchema, findingSchema, quantitySchema, reviewSchema } from './documents.ts';
import { inferenceStatusSchema, judgementSchema } from './judgement.ts';
import { problemSchema } from './problems.ts';
import { protocolSchema } from './protocols.ts';
import { roleSchema, surfaceSchema } from './roles.ts';
import { sessionStatusSchema } from './status.ts';
import { syncLineSchema } from './sync-status.ts';

const instant = z.iso.datetime();

export const personOnShiftSchema = z.object({
  staffId: z.uuid(),
  name: z.string(),
  initials: z.string(),
  roles: z.array(roleSchema),
});
export type PersonOnShift = z.infer<typeof personOnShiftSchema>;

/** What a screen learns before anybody has unlocked it. */
export const helloSchema = z.object({
  buildId: z.string(),
  contractVersion: z.string(),
  surface: surfaceSchema,
  mode: z.enum(['demonstration', 'clinic']),
  clinicName: z.string(),
  locationName: z.string(),
  stationName: z.string(),
  /** Seconds without input after which a staff screen locks. */
  idleLockSeconds: z.number(),
  /** The PIN of every demonstration person; null outside the demonstration. */
  demonstrationPin: z.string().nullable(),
  signedIn: personOnShiftSchema.nullable(),
});
export type Hello = z.infer<typeof helloSchema>;

export const processNameSchema = z.enum(['core', 'devices', 'inference', 'simulators', 'station-worker']);
export const processStatusSchema = z.object({
  name: processNameSchema,
  state: z.enum(['starting', 'running', 'restarting', 'stopped']),
  /** How often it was started again since the station started. */
  restarts: z.number().int(),
  since: instant,
});
export type ProcessStatus = z.infer<typeof processStatusSchema>;

/** What the station line draws. */
export const stationStatusSchema = z.object({
  at: instant,
  devices: z.array(deviceStatusSchema),
  processes: z.array(processStatusSchema),
  disk: z.object({
    freeBytes: z.number(),
    totalBytes: z.number(),
    /** Of the free ones: kept back, so that visits can always be closed. */
    reserveBytes: z.number(),
    /** How many more visits fit, at the size of an ordinary one. */
    visitsLeft: z.number().int(),
    state: z.enum(['ok', 'low', 'full']),
  }),
  /** `problem`: the cloud answers and does not take what we send (refused, update needed, ...). */
  cloud: syncLineSchema.pick({ state: true, since: true, problem: true }),
  /** Artefacts (pictures, reports, measured values) by how far they have come. */
  items: z.object({
    onDisk: z.number().int(),
    inCloud: z.number().int(),
    verified: z.number().int(),
    /** On this disk and not whole in the cloud; 0 where there is no cloud. */
    waiting: z.number().int(),
    /** Records (visits, people, ...) whose last state the cloud has not acknowledged; 0 where there is no cloud. */
    records: z.number().int(),
  }),
  /** Where somebody asks for help, one entry a person: a locked screen tells it too, so it says where and never who. */
  helpCalls: z.array(z.object({ place: z.enum(['check-in', 'room']), room: z.string() })),
  problems: z.array(problemSchema),
});
export type StationStatus = z.infer<typeof stationStatusSchema>;

export const patientSummarySchema = z.object({
  patientId: z.uuid(),
  number: z.string(),
  givenName: z.string(),
  familyName: z.string(),
  birthDate: z.iso.date(),
  age: z.number().int(),
  allergies: z.array(z.string()),
  accessNeeds: z.array(z.string()),
  language: z.string(),
});
export type PatientSummary = z.infer<typeof patientSummarySchema>;

/** One segment of a visit in a list. */
export const stepMarkSchema = z.object({
  stepId: z.string(),
  title: z.string(),
  mark: z.enum(['todo', 'now', 'care', 'done', 'skipped']),
});
export type StepMark = z.infer<typeof stepMarkSchema>;

export const dayRowSchema = z.object({
  appointmentId: z.uuid(),
  sessionId: z.uuid(),
  startsAt: instant,
  room: z.string(),
  patient: patientSummarySchema,
  /** Another patient of the same day has a like name: show the full birth date in bold. */
  likeName: z.boolean(),
  protocolId: z.string(),
  protocolTitle: z.string(),
  expectedMinutes: z.number(),
  status: sessionStatusSchema,
  progress: z.number().int(),
  steps: z.array(stepMarkSchema),
  checkedInAt: instant.nullable(),
  startedAt: instant.nullable(),
  pausedAt: instant.nullable(),
  endedAt: instant.nullable(),
  patientRequest: z.enum(['break', 'help']).nullable(),
  /** Which consents were given, null before check-in. */
  consents: z.array(consentLineSchema).nullable(),
  note: z.string(),
  lastWeight: z.object({ quantity: quantitySchema, day: z.iso.date() }).nullable(),
});
export type DayRow = z.infer<typeof dayRowSchema>;

export const dayViewSchema = z.object({
  day: z.iso.date(),
  rooms: z.array(z.object({ name: z.string(), deviceIds: z.array(z.uuid()), sessionId: z.uuid().nullable() })),
  rows: z.array(dayRowSchema),
  /** Reports that wait for a clinician. */
  reviewsWaiting: z.number().int(),
});
export type DayView = z.infer<typeof dayViewSchema>;

/** A visit for those who keep the clinic's devices and lines running: initials, and nothing else about the person. */
export const outlineRowSchema = dayRowSchema
  .pick({
    sessionId: true,
    startsAt: true,
    room: true,
    protocolId: true,
    protocolTitle: true,
    expectedMinutes: true,
    status: true,
    progress: true,
    steps: true,
    checkedInAt: true,
    startedAt: true,
    pausedAt: true,
    endedAt: true,
    patientRequest: true,
  })
  .extend({ initials: z.string() });
export type OutlineRow = z.infer<typeof outlineRowSchema>;

export const dayOutlineSchema = dayViewSchema.pick({ day: true, rooms: true }).extend({
  rows: z.array(outlineRowSchema),
});
export type DayOutline = z.infer<typeof dayOutlineSchema>;

/** The four receipts, in this order and never merged. */
export const receiptsSchema = z.object({
  onDevice: instant.nullable(),
  onDisk: instant.nullable(),
  inCloud: instant.nullable(),
  verified: instant.nullable(),
  /** When the picture was deleted from this station because the cloud holds it; `onDisk` is null then. */
  purgedAt: instant.nullable().optional(),
});
export type Receipts = z.infer<typeof receiptsSchema>;

export const captureViewSchema = z.object({
  captureId: z.uuid(),
  stepId: z.string(),
  attempt: z.number().int(),
  state: captureStateSchema,
  requestedAt: instant,
  takenAt: instant.nullable(),
  /** Bytes fetched so far and in all, while it is fetched; null otherwise. */
  transfer: z.object({ received: z.number(), total: z.number() }).nullable(),
  /** True while the inference process has it. */
  judging: z.boolean(),
  receipts: receiptsSchema,
  judgement: judgementSchema.nullable(),
  kept: z.object({ reason: z.string(), byName: z.string(), at: instant }).nullable(),
  problem: problemSchema.nullable(),
  hasImage: z.boolean(),
  hasThumbnail: z.boolean(),
  hasOverlay: z.boolean(),
  simulated: z.boolean(),
  deviceName: z.string(),
  sha256: z.string().nullable(),
});
export type CaptureView = z.infer<typeof captureViewSchema>;

export const stepViewSchema = z.object({
  stepId: z.string(),
  mark: stepMarkSchema.shape.mark,
  quantity: quantitySchema.nullable(),
  /** All tries, oldest first. */
  tries: z.array(captureViewSchema),
  /** The try that counts. */
  captureId: z.uuid().nullable(),
  attemptsLeft: z.number().int(),
  skippedReason: z.string().nullable(),
  /** The device that this step would use now; null when none of its kind is configured. */
  deviceId: z.uuid().nullable(),
  undoable: z.boolean(),
});
export type StepView = z.infer<typeof stepViewSchema>;

export const visitViewSchema = z.object({
  sessionId: z.uuid(),
  appointmentId: z.uuid(),
  status: sessionStatusSchema,
  progress: z.number().int(),
  patient: patientSummarySchema,
  protocol: protocolSchema,
  steps: z.array(stepViewSchema),
  /** The step that is next, or null when all are done or skipped. */
  currentStepId: z.string().nullable(),
  room: z.string(),
  checkedInAt: instant.nullable(),
  startedAt: instant.nullable(),
  pausedAt: instant.nullable(),
  endedAt: instant.nullable(),
  endedReason: z.string().nullable(),
  patientRequest: z.enum(['break', 'help']).nullable(),
  consents: z.array(consentLineSchema).nullable(),
  earlierWeights: z.array(z.object({ day: z.iso.date(), quantity: quantitySchema })),
  report: z
    .object({
      reportId: z.uuid(),
      version: z.number().int(),
      sha256: z.string(),
      madeAt: instant,
      pages: z.number().int(),
      review: reviewSchema.nullable(),
    })
    .nullable(),
  /** True while the report is being made. */
  reportInProgress: z.boolean(),
  problems: z.array(problemSchema),
});
export type VisitView = z.infer<typeof visitViewSchema>;

export const reviewQueueItemSchema = z.object({
  sessionId: z.uuid(),
  reportId: z.uuid(),
  patient: patientSummarySchema,
  protocolTitle: z.string(),
  day: z.iso.date(),
  madeAt: instant,
  /** When 24 hours are over. */
  dueAt: instant,
  review: reviewSchema.nullable(),
});
export type ReviewQueueItem = z.infer<typeof reviewQueueItemSchema>;

export const captureProvenanceSchema = z.object({
  captureId: z.uuid(),
  takenAt: instant.nullable(),
  takenBy: z.string(),
  device: z.string(),
  firmware: z.string(),
  settings: z.record(z.string(), z.string()),
  calibration: z.string().nullable(),
  attempt: z.number().int(),
  attempts: z.number().int(),
  sha256: z.string().nullable(),
  size: z.number().nullable(),
  fieldAngleDegrees: z.number().nullable(),
});

export const reviewViewSchema = z.object({
  visit: visitViewSchema,
  report: z.object({
    reportId: z.uuid(),
    version: z.number().int(),
    sha256: z.string(),
    madeAt: instant,
    review: reviewSchema.nullable(),
  }),
  dueAt: instant,
  findings: z.array(
    findingSchema.pick({
      id: true,
      captureId: true,
      kind: true,
      eye: true,
      values: true,
      provenance: true,
      inputSha256: true,
    }),
  ),
  /** The latest earlier visit with comparable findings, or null. */
  earlier: z
    .object({
      sessionId: z.uuid(),
      day: z.iso.date(),
      findings: z.array(
        findingSchema.pick({
          id: true,
          captureId: true,
          kind: true,
          eye: true,
          values: true,
          provenance: true,
          inputSha256: true,
        }),
      ),
      /** Why it cannot be compared, if so. */
      notComparable: z.enum(['other-camera', 'other-model']).nullable(),
    })
    .nullable(),
  provenance: z.array(captureProvenanceSchema),
  seenAt: instant,
});
export type ReviewView = z.infer<typeof reviewViewSchema>;

/** What a check-in screen may know of somebody before they have said who they are: not enough to learn anything. */
export const checkinMatchSchema = z.object({
  appointmentId: z.uuid(),
  initials: z.string(),
  birthYear: z.number().int(),
  startsAt: instant,
  protocolTitle: z.string(),
  expectedMinutes: z.number(),
  stepCount: z.number().int(),
  alreadyCheckedIn: z.boolean(),
});
export type CheckinMatch = z.infer<typeof checkinMatchSchema>;

/** The patient's progress: five stations, no numbers, no findings. */
export const patientProgressSchema = z.object({
  sessionId: z.uuid(),
  givenName: z.string(),
  /** Stations at 0, 30, 50, 80, 100; `reached` is how far along the line. */
  progress: z.number().int(),
  state: z.enum(['waiting', 'running', 'repeating', 'break', 'help-coming', 'finished-here', 'approved', 'stopped']),
  room: z.string(),
  step: z
    .object({
      stepId: z.string(),
      picture: z.string(),
      title: z.string(),
      instructions: z.array(z.string()),
      why: z.string(),
      /** Among the steps as people count them (`stationIdsOf`), from 1. */
      position: z.number().int(),
      total: z.number().int(),
    })
    .nullable(),
  at: instant,
});
export type PatientProgress = z.infer<typeof patientProgressSchema>;

export { inferenceStatusSchema };
