/** The part of the staff's contract for those who keep devices and the station in order: calibrations, and acceptances of the station. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { deviceIdentitySchema } from './devices.ts';
import type { RoledContract } from './procedure.ts';
import { procedure } from './procedure.ts';
import type { Role } from './roles.ts';
import { acceptanceVerdictSchema, calibrationObstacleSchema, checkResultSchema } from './station-work.ts';

const instant = z.iso.datetime();
const done = z.object({ ok: z.literal(true) });

export const TECHNICIAN_ROLES = ['technician', 'admin'] as const satisfies readonly Role[];

/** The artefact that a device is compared with. */
export const referenceSchema = z.object({
  name: z.string().trim().min(1).max(120),
  certificate: z.string().trim().min(1).max(120),
  expiresOn: z.iso.date(),
});

/**
 * What a reading of a scale is for. `linearity`: loads over the range; `eccentricity`: about a third of the capacity at one place of
 * the plate; `repeatability`: the same load again.
 */
export const scaleTestSchema = z.enum(['linearity', 'eccentricity', 'repeatability']);
export const platePlaceSchema = z.enum(['centre', 'front-left', 'front-right', 'back-left', 'back-right']);

export const calibrationReadingSchema = z.object({
  test: scaleTestSchema,
  place: platePlaceSchema,
  /** Of the reference weights on the plate, kg. */
  loadKg: z.number().positive().max(1000),
  /** As the scale showed it. */
  kg: z.number(),
  /** `kg - loadKg`. */
  errorKg: z.number(),
  /** The largest error that passes, on initial verification (OIML R 76-1, 3.5.1, class III). */
  allowedKg: z.number().positive(),
  at: instant,
  /** The scale's frame as received. */
  raw: z.string().max(200),
});
export type CalibrationReading = z.infer<typeof calibrationReadingSchema>;

/** Why a calibration can't be finished yet. */
export const calibrationMissingSchema = z.enum(['REFERENCE', 'THREE_LOADS', 'HALF_CAPACITY']);
export type CalibrationMissing = z.infer<typeof calibrationMissingSchema>;

export const calibrationRunViewSchema = z.object({
  calibrationId: z.uuid(),
  deviceId: z.uuid(),
  startedAt: instant,
  identity: deviceIdentitySchema,
  reference: referenceSchema.nullable(),
  readings: z.array(calibrationReadingSchema),
  missing: z.array(calibrationMissingSchema),
});
export type CalibrationRunView = z.infer<typeof calibrationRunViewSchema>;

export const acceptanceRunViewSchema = z.object({
  runId: z.uuid(),
  /** `asked`: the workflow has not come for it yet. */
  state: z.enum(['asked', 'open', 'concluded', 'given-up']),
  startedAt: instant,
  endedAt: instant.nullable(),
  checks: z.array(checkResultSchema),
  verdict: acceptanceVerdictSchema.nullable(),
});
export type AcceptanceRunView = z.infer<typeof acceptanceRunViewSchema>;

const calibration = z.object({ calibrationId: z.uuid() });
const run = z.object({ runId: z.uuid() });

export const calibrationContract = {
  /** Those under way on this station, at once and after each change. */
  watch: procedure(...TECHNICIAN_ROLES).output(eventIterator(z.array(calibrationRunViewSchema))),
  /**
   * Takes the device out of use and begins, or tells why that can't be. One that the cloud has begun is gone on with, and gets its reference.
   * Problems: INPUT_INVALID (a certificate that has expired).
   */
  begin: procedure(...TECHNICIAN_ROLES)
    .input(z.object({ deviceId: z.uuid(), reference: referenceSchema }))
    .output(
      z.discriminatedUnion('outcome', [
        z.object({ outcome: z.literal('begun'), calibrationId: z.uuid() }),
        z.object({ outcome: z.literal('NOT_AVAILABLE'), reason: calibrationObstacleSchema }),
      ]),
    ),
  /** Waits for the scale's own "stable" and keeps what it shows. Problems: SCALE_*, DEVICE_*, NOT_FOUND. */
  record: procedure(...TECHNICIAN_ROLES)
    .input(calibration.extend(calibrationReadingSchema.pick({ test: true, place: true, loadKg: true }).shape))
    .output(calibrationReadingSchema),
  takeBack: procedure(...TECHNICIAN_ROLES)
    .input(calibration)
    .output(done),
  /** Judges, signs and keeps the record; the device is in use again. Problems: INPUT_INVALID where something is missing, NOT_FOUND. */
  finish: procedure(...TECHNICIAN_ROLES)
    .input(calibration)
    .output(z.object({ verdict: z.enum(['passed', 'failed']) })),
  /** The device is in use again, as it was. */
  giveUp: procedure(...TECHNICIAN_ROLES)
    .input(calibration)
    .output(done),
} as const satisfies RoledContract;

export const acceptanceContract = {
  /** The last ones, newest first, at once and after each change. */
  watch: procedure(...TECHNICIAN_ROLES).output(eventIterator(z.array(acceptanceRunViewSchema))),
  /** Without workflows it is made at once, here alone; with them when their cloud comes for it. */
  begin: procedure(...TECHNICIAN_ROLES).output(run),
  cancel: procedure(...TECHNICIAN_ROLES)
    .input(run)
    .output(done),
  /** The signed report as a file, which anybody can verify. Problems: NOT_FOUND. */
  file: procedure(...TECHNICIAN_ROLES)
    .input(run)
    .output(z.object({ fileName: z.string(), text: z.string() })),
} as const satisfies RoledContract;
