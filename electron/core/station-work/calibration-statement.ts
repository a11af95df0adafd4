/** What the station signs of a calibration record: all that was measured and concluded, nothing that the store stamps. */
import type { Calibration } from '../../contract/index.ts';

export type CalibrationContent = Pick<
  Calibration,
  | 'id'
  | 'tenantId'
  | 'locationId'
  | 'authorId'
  | 'deviceId'
  | 'deviceKind'
  | 'identity'
  | 'procedure'
  | 'reference'
  | 'rawReadings'
  | 'result'
  | 'tolerance'
  | 'verdict'
  | 'validFrom'
  | 'validUntil'
  | 'supersedes'
>;

/** The type keeps a signature over this from being taken for one over something else. */
export function calibrationStatement(record: CalibrationContent): object {
  const {
    id,
    tenantId,
    locationId,
    authorId,
    deviceId,
    deviceKind,
    identity,
    procedure,
    reference,
    rawReadings,
    result,
    tolerance,
    verdict,
    validFrom,
    validUntil,
    supersedes,
  } = record;
  return {
    type: 'vantage-calibration',
    version: 1,
    id,
    tenantId,
    locationId,
    authorId,
    deviceId,
    deviceKind,
    identity,
    procedure,
    reference,
    rawReadings,
    result,
    tolerance,
    verdict,
    validFrom,
    validUntil,
    supersedes,
  };
}
