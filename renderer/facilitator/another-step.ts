/** The step that the visit can go on with while the device of the one on screen is away. */
import { createContext, useContext } from 'react';
import type { DeviceStatus } from '../../electron/contract/devices.ts';
import { isGone } from './device-gone-state.ts';
import type { VisitStep } from './visit-steps.ts';

export interface AnotherStep {
  readonly title: string;
  readonly go: () => void;
}

export const AnotherStepContext = createContext<AnotherStep | null>(null);

/** Null when nothing else can be done now. */
export function useAnotherStep(): AnotherStep | null {
  return useContext(AnotherStepContext);
}

/** The first open step after the shown one's station whose device, if it needs one, is there. */
export function anotherStep(
  steps: readonly VisitStep[],
  shown: VisitStep | null,
  devices: readonly DeviceStatus[],
): VisitStep | null {
  return (
    steps.find((each) => {
      const open = each.view.mark !== 'done' && each.view.mark !== 'skipped';
      if (!open || (shown !== null && station(each) === station(shown))) return false;
      return (
        each.step.type === 'typed' || !isGone(devices.find((device) => device.deviceId === each.view.deviceId) ?? null)
      );
    }) ?? null
  );
}

function station(each: VisitStep): string {
  return each.step.group?.id ?? each.step.id;
}
