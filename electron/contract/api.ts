/**
 * The API between screens and the station. Two routers: `staffContract` for the clinic's own screens, `checkinContract` for
 * check-in tablets (the only one that may ever be reached over the clinic's network).
 */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { auditReportSchema } from './audit.ts';
import { bookingInputSchema } from './booking.ts';
import { acceptanceContract, calibrationContract } from './calibration-api.ts';
import { weightReadingSchema, weightSampleSchema } from './devices.ts';
import { consentLineSchema, signatureSchema, reviewSchema } from './documents.ts';
import { enrolmentContract } from './enrolment-api.ts';
import { inferenceStatusSchema } from './judgement.ts';
import { maintenanceContract } from './maintenance-api.ts';
import { outboxContract } from './outbox-api.ts';
import type { RoledContract } from './procedure.ts';
import { procedure } from './procedure.ts';
import { STAFF_ROLES, VISIT_ROLES } from './roles.ts';
import { syncContract } from './sync-api.ts';
import { screenSpansSchema, spansWantedSchema } from './telemetry-api.ts';
import {
  checkinMatchSchema,
  dayOutlineSchema,
  dayRowSchema,
  dayViewSchema,
  helloSchema,
  patientProgressSchema,
  personOnShiftSchema,
  reviewQueueItemSchema,
  reviewViewSchema,
  stationStatusSchema,
  visitViewSchema,
} from './views.ts';

const done = z.object({ ok: z.literal(true) });
const session = z.object({ sessionId: z.uuid() });
const step = session.extend({ stepId: z.string().max(64) });
const reason = z.string().trim().min(1).max(500);

export const staffContract = {
  station: {
    hello: procedure('anyone').output(helloSchema),
    /** The station line, at once and after each change. Knows no patient. */
    watch: procedure('anyone').output(eventIterator(stationStatusSchema)),
    /** Looks at the disk's room again and tells all who watch: for a person who has just freed some. */
    checkDisk: procedure('anyone').output(done),
    inference: procedure(...STAFF_ROLES).output(eventIterator(inferenceStatusSchema)),
  },
  enrolment: enrolmentContract,
  access: {
    people: procedure('anyone').output(z.array(personOnShiftSchema)),
    unlock: procedure('anyone')
      .input(z.object({ staffId: z.uuid(), pin: z.string().min(4).max(12) }))
      .output(personOnShiftSchema),
    lock: procedure('anyone').output(done),
  },
  today: {
    /** With names: for those who lead visits. */
    watch: procedure(...VISIT_ROLES).output(eventIterator(dayViewSchema)),
    /** Without them: for those who need to know when rooms and devices are wanted. */
    outline: procedure(...STAFF_ROLES).output(eventIterator(dayOutlineSchema)),
    /** Patients and visits of any day whose name or number begins with `text`. */
    find: procedure(...VISIT_ROLES)
      .input(z.object({ text: z.string().trim().min(2).max(80) }))
      .output(z.array(dayRowSchema)),
    /**
     * A visit for now, for somebody who comes without a booking, known or not. Refused with PATIENT_KNOWN, or INPUT_INVALID
     * (`birthDate`, `number`).
     */
    book: procedure(...VISIT_ROLES)
      .input(bookingInputSchema)
      .output(session.extend({ appointmentId: z.uuid() })),
    /** At the desk: for somebody who does not use the check-in screen. Consent is then signed on the staff screen. */
    checkIn: procedure(...VISIT_ROLES)
      .input(z.object({ appointmentId: z.uuid() }))
      .output(session),
    consent: procedure(...VISIT_ROLES)
      .input(
        session.extend({
          agreed: z.array(consentLineSchema),
          language: z.string().max(16),
          signature: signatureSchema,
        }),
      )
      .output(done),
  },
  visits: {
    /** The visit, at once and after each change. Opening it is recorded in the audit trail. */
    watch: procedure(...VISIT_ROLES)
      .input(session)
      .output(eventIterator(visitViewSchema)),
    start: procedure(...VISIT_ROLES)
      .input(session)
      .output(done),
    pause: procedure(...VISIT_ROLES)
      .input(session)
      .output(done),
    resume: procedure(...VISIT_ROLES)
      .input(session)
      .output(done),
    /** Ends before all steps are done; what was taken stays and goes into the report. */
    end: procedure(...VISIT_ROLES)
      .input(session.extend({ reason }))
      .output(done),
    cancel: procedure(...VISIT_ROLES)
      .input(session.extend({ reason }))
      .output(done),
    /** From now on this station leads the visit. The former one keeps what it wrote and only follows. Recorded in the audit trail. */
    takeOver: procedure(...VISIT_ROLES)
      .input(session)
      .output(done),
    /** The patient's request (a break, help) has been seen to. */
    answerRequest: procedure(...VISIT_ROLES)
      .input(session)
      .output(done),
    /** Saves exactly the reading that was shown; the scale is asked again and must agree within its division. */
    saveWeight: procedure(...VISIT_ROLES)
      .input(step.extend({ reading: weightReadingSchema }))
      .output(done),
    /** A number typed by a person; twice, so that a slip is noticed. */
    enterByHand: procedure(...VISIT_ROLES)
      .input(step.extend({ value: z.number(), again: z.number(), reason: z.string().max(500).default('') }))
      .output(done),
    skip: procedure(...VISIT_ROLES)
      .input(step.extend({ reason }))
      .output(done),
    /** Takes a step's result back; it is open again. The former result stays in the audit trail. */
    undo: procedure(...VISIT_ROLES)
      .input(step)
      .output(done),
    /** After the last step: findings are in, the report is made. Calling it again is harmless. */
    finish: procedure(...VISIT_ROLES)
      .input(session)
      .output(done),
  },
  capture: {
    /** Begins the next try of a picture step and returns at once; the visit's view tells how it goes. */
    take: procedure(...VISIT_ROLES)
      .input(step)
      .output(z.object({ captureId: z.uuid(), attempt: z.number().int() })),
    cancel: procedure(...VISIT_ROLES)
      .input(z.object({ captureId: z.uuid() }))
      .output(done),
    /** The try counts: passed ones without, failed ones with a reason. */
    keep: procedure(...VISIT_ROLES)
      .input(z.object({ captureId: z.uuid(), reason: z.string().trim().max(500).nullable() }))
      .output(done),
    /** Fetch again what is on the camera, or judge again what is on the disk. Never releases the shutter. */
    retry: procedure(...VISIT_ROLES)
      .input(z.object({ captureId: z.uuid() }))
      .output(done),
  },
  devices: {
    watchReadings: procedure(...VISIT_ROLES, 'technician')
      .input(z.object({ deviceId: z.uuid() }))
      .output(eventIterator(weightSampleSchema)),
    /** Waits for the scale's own "stable". */
    weigh: procedure(...VISIT_ROLES, 'technician')
      .input(z.object({ deviceId: z.uuid() }))
      .output(weightReadingSchema),
    zero: procedure(...VISIT_ROLES, 'technician')
      .input(z.object({ deviceId: z.uuid() }))
      .output(z.object({ at: z.iso.datetime() })),
    /** Lets a device that was set aside be tried again. */
    reinstate: procedure('technician', 'facilitator', 'admin')
      .input(z.object({ deviceId: z.uuid() }))
      .output(done),
  },
  media: {
    /**
     * A path, valid for this screen's session for a few minutes, from which the host serves the bytes. The path is random and
     * says nothing about what it opens. Looking is recorded.
     */
    open: procedure(...VISIT_ROLES)
      .input(
        z.discriminatedUnion('of', [
          z.object({ of: z.literal('capture'), captureId: z.uuid(), part: z.enum(['image', 'thumbnail', 'overlay']) }),
          z.object({ of: z.literal('report'), reportId: z.uuid() }),
        ]),
      )
      .output(z.object({ path: z.string(), mediaType: z.string(), size: z.number(), expiresAt: z.iso.datetime() })),
  },
  review: {
    queue: procedure('clinician', 'facilitator', 'admin').output(eventIterator(z.array(reviewQueueItemSchema))),
    watch: procedure('clinician', 'admin').input(session).output(eventIterator(reviewViewSchema)),
    /**
     * By the hash of the report that was read, confirmed by PIN. The first decision stands. `pin` is null in the cloud only, where a
     * person signs by having just signed in.
     */
    decide: procedure('clinician', 'admin')
      .input(
        z.object({
          reportId: z.uuid(),
          reportSha256: z.string().regex(/^[0-9a-f]{64}$/),
          decision: reviewSchema.shape.decision,
          reason: reviewSchema.shape.reason,
          notes: z.string().max(4000).nullable(),
          pin: z.string().min(4).max(12).nullable(),
        }),
      )
      .output(reviewSchema),
  },
  calibration: calibrationContract,
  acceptance: acceptanceContract,
  maintenance: maintenanceContract,
  sync: syncContract,
  outbox: outboxContract,
  telemetry: {
    /** What this screen's calls took. Of use where traces are collected only. */
    finished: procedure('anyone').input(screenSpansSchema).output(spansWantedSchema),
  },
  audit: {
    verify: procedure('operator', 'admin').output(auditReportSchema),
  },
} as const satisfies RoledContract;

export const checkinContract = {
  station: {
    hello: procedure('patient').output(helloSchema),
    /** Only whether the station is there and in which mode; devices are left out. */
    watch: procedure('patient').output(eventIterator(z.object({ at: z.iso.datetime() }))),
  },
  telemetry: {
    finished: procedure('patient').input(screenSpansSchema).output(spansWantedSchema),
  },
  checkin: {
    /** By the code of the letter, or by family name and birth date, both needed. */
    find: procedure('patient')
      .input(
        z.discriminatedUnion('by', [
          z.object({ by: z.literal('code'), code: z.string().trim().min(4).max(64) }),
          z.object({ by: z.literal('name'), familyName: z.string().trim().min(1).max(80), birthDate: z.iso.date() }),
        ]),
      )
      .output(z.object({ match: checkinMatchSchema, ticket: z.string() })),
    /** "Yes, this is me." The ticket comes from `find` and is good for this visit on this screen only. */
    confirm: procedure('patient')
      .input(z.object({ ticket: z.string().max(200) }))
      .output(z.object({ sessionId: z.uuid(), givenName: z.string(), needsConsent: z.boolean() })),
    consent: procedure('patient')
      .input(
        z.object({
          ticket: z.string().max(200),
          agreed: z.array(consentLineSchema),
          language: z.string().max(16),
          signature: signatureSchema,
        }),
      )
      .output(done),
    progress: procedure('patient')
      .input(z.object({ ticket: z.string().max(200) }))
      .output(eventIterator(patientProgressSchema)),
    ask: procedure('patient')
      .input(z.object({ ticket: z.string().max(200), request: z.enum(['break', 'help']) }))
      .output(done),
    /** This screen is free for the next person; the ticket is worth nothing any more. */
    leave: procedure('patient')
      .input(z.object({ ticket: z.string().max(200) }))
      .output(done),
  },
} as const satisfies RoledContract;

export type StaffContract = typeof staffContract;
export type CheckinContract = typeof checkinContract;
