/** When a device counts as gone for a step. */
import type { DeviceState, DeviceStatus } from '../../electron/contract/devices.ts';
import type { ProblemCode } from '../../electron/contract/problems.ts';

export const GONE: Partial<Record<DeviceState, ProblemCode>> = {
  absent: 'DEVICE_ABSENT',
  faulted: 'DEVICE_LOST',
  quarantined: 'DEVICE_QUARANTINED',
};

/** Whether nothing can be measured with it now. Recovering and starting devices are waited for. */
export function isGone(device: DeviceStatus | null): boolean {
  return device === null || GONE[device.state] !== undefined;
}
