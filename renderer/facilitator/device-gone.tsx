/** A step whose device is not there: what is safe, what to do, and the way on. */
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { DeviceKind, DeviceStatus } from '../../electron/contract/devices.ts';
import { useLingui } from '@lingui/react';
import { deviceKindWord } from '../kit/device-words.ts';
import { PaneProblem } from '../kit/problem.tsx';
import { problemHere } from '../shell/problem-of.ts';
import { useCommand } from '../shell/staff.ts';
import { useAnotherStep } from './another-step.ts';
import { GONE } from './device-gone-state.ts';

export function DeviceGone({
  device,
  kind,
  action,
  onAction,
}: {
  readonly device: DeviceStatus | null;
  readonly kind: DeviceKind;
  readonly action: string;
  readonly onAction: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const another = useAnotherStep();
  const reinstate = useCommand((client) => client.devices.reinstate);
  const code = device === null ? 'DEVICE_ABSENT' : (GONE[device.state] ?? 'DEVICE_ABSENT');
  const [noticed] = useState(() => problemHere(code));
  const problem = device?.problem ?? { ...noticed, code, at: device?.since ?? noticed.at };
  const aside = device?.state === 'quarantined';
  return (
    <PaneProblem
      problem={problem}
      action={aside ? i18n.t('Use it again') : action}
      onAction={aside ? () => void reinstate.run({ deviceId: device.deviceId }) : onAction}
      busy={reinstate.busy}
      {...(another === null
        ? {}
        : { other: { label: i18n.t('Go on with {step}', { step: i18n._(another.title) }), run: another.go } })}
      follows={
        device === null
          ? i18n.t('No {kind} is set up in this room.', { kind: deviceKindWord(i18n, kind) })
          : i18n.t('{device} comes back here by itself.', { device: device.name })
      }
    />
  );
}
