/**
 * What the cloud's workflows may ask of a station: to try itself out, and to see a device's calibration through. The station polls for it; it
 * is never called. Each request names its run and may come twice: what was done already is answered again, not done again.
 */
import { z } from 'zod';
import { deviceIdentitySchema } from './devices.ts';

const instant = z.iso.datetime();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const code = z.string().regex(/^[A-Z][A-Z0-9_]{0,39}$/);

/** In the order in which they are made. */
export const SELF_CHECKS = ['storage', 'network', 'inference', 'devices'] as const;
export type SelfCheck = (typeof SELF_CHECKS)[number];

export const measureSchema = z.object({
  name: z.string().regex(/^[a-z][A-Za-z0-9]{0,39}$/),
  value: z.number(),
  /** `count`: of things; `max-abs-difference`: between two outputs of a model, in the output's own unit. */
  unit: z.enum(['ms', 'bytes', 'count', 'MB/s', 'max-abs-difference']),
});

/** `not-available`: this station has nothing to try it with. It has neither passed nor failed. */
export const checkOutcomeSchema = z.enum(['passed', 'failed', 'not-available']);
export type CheckOutcome = z.infer<typeof checkOutcomeSchema>;

/** One thing that was looked at within a check: a device, a model. Ids, names of models and codes only. */
export const checkPartSchema = z.object({
  subject: z.string().max(64),
  outcome: checkOutcomeSchema,
  /** Why it did not pass. */
  reason: code.nullable(),
});
export type CheckPart = z.infer<typeof checkPartSchema>;

export const checkResultSchema = z.object({
  check: z.enum(SELF_CHECKS),
  /** `failed` where one of its parts has; else `not-available` where one of them is. */
  outcome: checkOutcomeSchema,
  reason: code.nullable(),
  parts: z.array(checkPartSchema).max(100),
  measures: z.array(measureSchema).max(50),
  startedAt: instant,
  endedAt: instant,
});
export type CheckResult = z.infer<typeof checkResultSchema>;

/** `incomplete`: nothing failed, and not all of it could be tried. It is no acceptance. */
export const acceptanceVerdictSchema = z.enum(['passed', 'failed', 'incomplete']);
export type AcceptanceVerdict = z.infer<typeof acceptanceVerdictSchema>;

/** A check that is missing counts as one that could not be made. */
export function acceptanceVerdictOf(checks: readonly Pick<CheckResult, 'check' | 'outcome'>[]): AcceptanceVerdict {
  if (checks.some(({ outcome }) => outcome === 'failed')) return 'failed';
  const isWhole = SELF_CHECKS.every((check) => checks.some((one) => one.check === check && one.outcome === 'passed'));
  return isWhole && checks.every(({ outcome }) => outcome === 'passed') ? 'passed' : 'incomplete';
}

/** Of the worst: one failure fails the whole, one that could not be tried leaves it open. */
export function outcomeOf(parts: readonly Pick<CheckPart, 'outcome'>[]): CheckOutcome {
  if (parts.some(({ outcome }) => outcome === 'failed')) return 'failed';
  return parts.some(({ outcome }) => outcome === 'not-available') || parts.length === 0 ? 'not-available' : 'passed';
}

/** What a station says of itself, and signs. */
export const acceptanceReportSchema = z.object({
  type: z.literal('vantage-site-acceptance'),
  version: z.literal(1),
  runId: z.uuid(),
  tenantId: z.uuid(),
  locationId: z.uuid(),
  stationId: z.uuid(),
  /** Version of the program. */
  buildId: z.string().max(64),
  startedAt: instant,
  concludedAt: instant,
  verdict: acceptanceVerdictSchema,
  checks: z.array(checkResultSchema).max(SELF_CHECKS.length),
});
export type AcceptanceReport = z.infer<typeof acceptanceReportSchema>;

/**
 * The report as a file: canonical JSON in UTF-8 (no spaces, keys sorted at every depth), one line. `signature` (base64) is Ed25519 over the
 * canonical form of `report`; `publicKey` DER, base64; `keyId` its SHA-256; `sha256` that of the same canonical form.
 */
export const signedAcceptanceSchema = z.object({
  report: acceptanceReportSchema,
  sha256,
  publicKey: z.base64().max(200),
  keyId: sha256,
  signature: z.base64().max(200),
});
export type SignedAcceptance = z.infer<typeof signedAcceptanceSchema>;

/** Who took a run up. */
export const takenUpSchema = z.object({ stationId: z.uuid(), buildId: z.string().max(64) });
export type TakenUp = z.infer<typeof takenUpSchema>;

interface RunCall {
  readonly runId: string;
}

/** How a station tries itself out. Nothing that it measures is about a patient. */
export interface SelfTestPort {
  takeUp(request: RunCall & { readonly startedAt: string }): Promise<TakenUp>;
  /** @throws VantageError STATUS_CONFLICT: the run is over or was never taken up here */
  check(request: RunCall & { readonly check: SelfCheck }): Promise<CheckResult>;
  /** Puts together what the checks found, signs and keeps it. @throws VantageError STATUS_CONFLICT, NOT_FOUND */
  conclude(request: RunCall): Promise<SignedAcceptance>;
  /** The run ends without a report; one that has its report keeps it. */
  giveUp(request: RunCall): Promise<{ readonly over: true }>;
}

/** Why a device can't be calibrated here. */
export const calibrationObstacleSchema = z.enum([
  /** There is no procedure for this kind of device. */
  'NO_PROCEDURE',
  'DEVICE_NOT_HERE',
  'DEVICE_ABSENT',
  /** Another calibration of it is under way. */
  'DEVICE_IN_CALIBRATION',
]);
export type CalibrationObstacle = z.infer<typeof calibrationObstacleSchema>;

export const preparedSchema = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('ready'), identity: deviceIdentitySchema }),
  z.object({ outcome: z.literal('NOT_AVAILABLE'), reason: calibrationObstacleSchema }),
]);
export type Prepared = z.infer<typeof preparedSchema>;

/** How the calibration stands at the station. The record itself goes to the cloud as every document does. */
export const calibrationStandingSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('open') }),
  z.object({
    state: z.literal('recorded'),
    verdict: z.enum(['passed', 'failed']),
    validUntil: instant,
    readings: z.number().int(),
    /** Of all readings the largest, without its sign, in kg; null where the device measures something else. */
    largestErrorKg: z.number().nullable(),
    keyId: sha256,
    signature: z.base64().max(200),
  }),
  z.object({ state: z.literal('given-up') }),
]);
export type CalibrationStanding = z.infer<typeof calibrationStandingSchema>;

interface CalibrationCall {
  readonly calibrationId: string;
}

/** A device's calibration: a technician makes it at the station, these see that it begins and ends in order. */
export interface CalibrationPort {
  /** Takes the device out of use and begins, unless the technician has. */
  prepare(request: CalibrationCall & { readonly deviceId: string }): Promise<Prepared>;
  /** @throws VantageError NOT_FOUND */
  standing(request: CalibrationCall): Promise<CalibrationStanding>;
  /** What is half done is given up and the device is in use again, as it was; a record that is made stays. */
  putBack(request: CalibrationCall): Promise<{ readonly wasOpen: boolean }>;
}

/** The activities that a station polls for, by the names that workflows call. */
export interface StationActivities {
  takeUpAcceptance: SelfTestPort['takeUp'];
  runCheck: SelfTestPort['check'];
  concludeAcceptance: SelfTestPort['conclude'];
  giveUpAcceptance: SelfTestPort['giveUp'];
  prepareCalibration: CalibrationPort['prepare'];
  readCalibration: CalibrationPort['standing'];
  putBackCalibration: CalibrationPort['putBack'];
}
