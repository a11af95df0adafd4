/** Whether the station's devices are there, well, and calibrated. One that is not there, or that nothing here can calibrate, could not be tried. */
import type { CheckPart, DeviceConfiguration, DeviceStatus } from '../../../contract/index.ts';
import { isCalibratable } from '../scale-procedure.ts';
import type { Finding } from './outcome.ts';
import { findingOf, part } from './outcome.ts';

export interface DeviceCheckParts {
  readonly configurations: readonly DeviceConfiguration[];
  readonly statuses: readonly DeviceStatus[];
  /** Whether a calibration of it is in force. */
  readonly isCalibrated: (deviceId: string) => Promise<boolean>;
}

export async function checkDevices({ configurations, statuses, isCalibrated }: DeviceCheckParts): Promise<Finding> {
  const parts: CheckPart[] = [];
  for (const configuration of configurations) {
    const status = statuses.find(({ deviceId }) => deviceId === configuration.deviceId);
    parts.push(await partOf(configuration, status, isCalibrated));
  }
  const passed = parts.filter(({ outcome }) => outcome === 'passed').length;
  return findingOf(parts, [
    { name: 'devices', value: parts.length, unit: 'count' },
    { name: 'ready', value: passed, unit: 'count' },
  ]);
}

async function partOf(
  { deviceId, kind, simulated }: DeviceConfiguration,
  status: DeviceStatus | undefined,
  isCalibrated: DeviceCheckParts['isCalibrated'],
): Promise<CheckPart> {
  if (simulated) return part(deviceId, 'SIMULATED', false);
  switch (status?.state) {
    case 'ready':
    case 'busy':
      break;
    case 'faulted':
    case 'quarantined':
    case 'recovering':
      return part(deviceId, status.problem?.code ?? 'DEVICE_FAULTED');
    default:
      return part(deviceId, 'DEVICE_ABSENT', false);
  }
  if (await isCalibrated(deviceId)) return part(deviceId, null);
  return isCalibratable(kind) ? part(deviceId, 'NOT_CALIBRATED') : part(deviceId, 'NO_PROCEDURE', false);
}
