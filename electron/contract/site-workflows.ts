/** What is agreed on about the workflows of a place: the calibration of a device, and the acceptance of a site. */
import { z } from 'zod';
import type { AcceptanceVerdict, CalibrationObstacle } from './station-work.ts';

const instant = z.iso.datetime();
const buildId = z.string().regex(/^[\w.+-]{1,64}$/);

/** Where the cloud's saying of a site stands in its search attribute. Incomplete is never READY. */
export type SiteStatus = 'TESTING' | 'READY' | 'NOT_READY';

/** Polled by one station alone: work that is about this machine or its devices. */
export function stationQueueOf(stationId: string): string {
  return `station-${z.uuid().parse(stationId)}`;
}

/** The argument of `deviceCalibrationWorkflow`. */
export const deviceCalibrationInputSchema = z.object({
  /** Of the record that is to be. */
  calibrationId: z.uuid(),
  deviceId: z.uuid(),
  /** The station that the device is at. */
  stationId: z.uuid(),
  tenantId: z.uuid(),
  locationId: z.uuid(),
  /** Version of who asks for it. */
  buildId,
  startedAt: instant,
});
export type DeviceCalibrationInput = z.infer<typeof deviceCalibrationInputSchema>;

/** The argument of `siteAcceptanceWorkflow`. */
export const siteAcceptanceInputSchema = z.object({
  runId: z.uuid(),
  tenantId: z.uuid(),
  locationId: z.uuid(),
  /** Null: whichever station of the location answers first. */
  stationId: z.uuid().nullable(),
  buildId,
  startedAt: instant,
});
export type SiteAcceptanceInput = z.infer<typeof siteAcceptanceInputSchema>;

const cancelled = z.object({ at: instant });

/** Updates of `deviceCalibrationWorkflow`, each answered at once by a `MessageAnswer`. `measured`: the technician has finished. */
export const CALIBRATION_MESSAGES = { measured: z.object({ at: instant }), cancelled } as const;
export type CalibrationMessageName = keyof typeof CALIBRATION_MESSAGES;

/** Updates of `siteAcceptanceWorkflow`. */
export const ACCEPTANCE_MESSAGES = { cancelled } as const;
export type AcceptanceMessageName = keyof typeof ACCEPTANCE_MESSAGES;

/** The query of both. */
export const SITE_QUERIES = { getState: 'getState' } as const;

export type CalibrationStep =
  | 'beginning'
  | 'preparing'
  | 'measuring'
  | 'reading'
  | 'recording'
  | 'putting-back'
  | 'ended';

/** The answer of `getState`: ids, codes and numbers only. */
export interface CalibrationState {
  readonly calibrationId: string;
  readonly deviceId: string;
  readonly step: CalibrationStep;
  /** Since when the station that the step needs has not answered; null: it has, or none is needed. */
  readonly stationAwaySince: string | null;
  readonly reason: string | null;
}

/** What `deviceCalibrationWorkflow` ends with. */
export interface CalibrationResult {
  readonly calibrationId: string;
  readonly outcome: 'PASSED' | 'FAILED' | 'NOT_AVAILABLE' | 'CANCELLED';
  readonly reason: CalibrationObstacle | 'CANCELLED_IN_CLINIC' | null;
  /** ISO 8601. */
  readonly endedAt: string;
}

/** Types of the application failures that a calibration's workflow ends with. */
export const CALIBRATION_FAILURES = ['STATION_AWAY', 'NOT_MEASURED', 'NOT_ARRIVED', 'STEP_FAILED'] as const;
export type CalibrationFailure = (typeof CALIBRATION_FAILURES)[number];

export type AcceptanceStep =
  | 'beginning'
  | 'taking-up'
  | 'checking'
  | 'concluding'
  | 'recording'
  | 'giving-up'
  | 'ended';

/** The answer of `getState`. */
export interface AcceptanceState {
  readonly runId: string;
  readonly siteStatus: SiteStatus;
  readonly step: AcceptanceStep;
  /** The station that took it up. */
  readonly stationId: string | null;
  /** Which check is under way; `done` of `total` are made. */
  readonly check: string | null;
  readonly done: number;
  readonly total: number;
  readonly stationAwaySince: string | null;
  readonly reason: string | null;
}

/** What `siteAcceptanceWorkflow` ends with, READY only with the verdict `passed`. */
export interface AcceptanceResult {
  readonly runId: string;
  readonly siteStatus: Extract<SiteStatus, 'READY' | 'NOT_READY'>;
  /** Null: there is no report. */
  readonly verdict: AcceptanceVerdict | null;
  readonly reportSha256: string | null;
  readonly reason: 'CANCELLED_IN_CLINIC' | 'STATION_AWAY' | null;
  readonly endedAt: string;
}
