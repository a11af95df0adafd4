/** The one place for the truth about devices, disk and cloud: always there, dark in both modes. */
import { useLingui } from '@lingui/react';
import { Cloud, CloudOff, HardDrive } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button as AriaButton, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import type { DeviceStatus } from '../../electron/contract/devices.ts';
import { PROBLEMS } from '../../electron/contract/problems.ts';
import type { Hello, ProcessStatus, StationStatus } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { DEVICE_MARKS, deviceStateWord } from '../kit/device-words.ts';
import { formatBytes, formatPercent, formatTime } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { SimulatedTag } from '../kit/simulated.tsx';
import { simulationWords } from '../kit/simulation.ts';
import { cloudWords } from './cloud-words.ts';
import { HelpPart } from './help-call.tsx';
import { useCommand } from './staff.ts';
import { useNow } from './use-now.ts';

export function StationLine({
  status,
  hello,
  isLost,
  lockIn,
  onOpenSync,
}: {
  readonly status: StationStatus | undefined;
  readonly hello: Hello | undefined;
  /** The station says nothing now: what it said last is no news of anything. */
  readonly isLost: boolean;
  /** Seconds until the screen locks by itself, or null. */
  readonly lockIn: number | null;
  /** Leads to the view of where everything is; null for those who have none. */
  readonly onOpenSync: (() => void) | null;
}): ReactNode {
  const { i18n } = useLingui();
  const now = useNow();
  const demonstration = hello?.mode === 'demonstration';
  const simulation = simulationWords(i18n, { mode: hello?.mode ?? null, devices: status?.devices ?? null });
  const troubled = status?.processes.filter((each) => each.state !== 'running') ?? [];
  return (
    <footer className="station on-station" aria-label={i18n.t('Station line: devices, disk, cloud')}>
      {simulation === null ? null : <SimulatedTag className="ms-5" word={simulation.tag} />}
      <div className="flex h-full min-w-0 overflow-hidden">
        {status?.devices.map((device) => (
          <DevicePart key={device.deviceId} device={device} isLost={isLost} />
        ))}
        {hello?.signedIn === null ? null : <HelpPart calls={status?.helpCalls ?? []} />}
        {troubled.map((each) => (
          <ProcessPart key={each.name} process={each} />
        ))}
        {status !== undefined && status.devices.length === 0 ? (
          <span className="station-part">
            <StatusMark shape="absent" size={15} />
            <b>{i18n.t('No devices')}</b>
            <i>{i18n.t('none is set up here')}</i>
          </span>
        ) : null}
      </div>
      <div className="grow-1" />
      <div className="station-end flex h-full">
        {lockIn === null ? null : (
          <span className="station-part" role="status">
            <StatusMark shape="care" size={15} />
            <b>{i18n.t('Locks in {seconds} s', { seconds: lockIn })}</b>
            <i>{i18n.t('touch anything to stay')}</i>
          </span>
        )}
        {status === undefined || isLost ? null : (
          <>
            <DiskPart disk={status.disk} />
            <CloudPart status={status} demonstration={demonstration} now={now} onOpen={onOpenSync} />
          </>
        )}
      </div>
      <span className="station-clock num">
        <time>{formatTime(now)}</time>
      </span>
    </footer>
  );
}

function Part({ label, face, children }: { label: string; face: ReactNode; children: ReactNode }): ReactNode {
  return (
    <DialogTrigger>
      <AriaButton className="station-part" preventFocusOnPress>
        {face}
      </AriaButton>
      <Popover className="popover" placement="top start" offset={8}>
        <Dialog aria-label={label} className="outline-none">
          {children}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function DevicePart({ device, isLost }: { device: DeviceStatus; isLost: boolean }): ReactNode {
  const { i18n } = useLingui();
  const reinstate = useCommand((client) => client.devices.reinstate);
  const word = deviceStateWord(i18n, device.state);
  const identity = device.identity;
  if (isLost) {
    return (
      <span className="station-part">
        <StatusMark shape="absent" size={15} />
        <b>{device.name}</b>
        <i>{i18n.t('not known now')}</i>
      </span>
    );
  }
  return (
    <Part
      label={device.name}
      face={
        <>
          <StatusMark shape={DEVICE_MARKS[device.state]} size={15} />
          <b>{device.name}</b>
          <i>{word}</i>
        </>
      }
    >
      <h2 className="text-17 font-semibold">{device.name}</h2>
      <p className="pt-1 text-ink-2">
        {i18n.t('{state} since {time}', { state: word, time: formatTime(device.since, true) })}
      </p>
      <dl className="pairs pairs-dense mt-3">
        {device.room === '' ? null : (
          <>
            <dt>{i18n.t('Where')}</dt>
            <dd>{device.room}</dd>
          </>
        )}
        {identity === null ? null : (
          <>
            <dt>{i18n.t('Model')}</dt>
            <dd>
              {identity.manufacturer} {identity.model}
            </dd>
            <dt>{i18n.t('Serial')}</dt>
            <dd className="ident">
              <bdi>{identity.serial}</bdi>
            </dd>
            <dt>{i18n.t('Firmware')}</dt>
            <dd className="ident">
              <bdi>{identity.firmware}</bdi>
            </dd>
          </>
        )}
      </dl>
      {device.simulated ? (
        <p className="mt-3">
          <SimulatedTag />
        </p>
      ) : null}
      {device.problem === null ? null : (
        <p className="border-t border-line pt-2">
          {i18n._(PROBLEMS[device.problem.code].happened)}{' '}
          <span className="text-ink-2">{i18n._(PROBLEMS[device.problem.code].todo)}</span>
        </p>
      )}
      {device.state === 'quarantined' ? (
        <Button
          look="outlined"
          className="mt-3"
          busy={reinstate.busy}
          onPress={() => void reinstate.run({ deviceId: device.deviceId })}
        >
          {i18n.t('Use it again')}
        </Button>
      ) : null}
    </Part>
  );
}

function ProcessPart({ process }: { process: ProcessStatus }): ReactNode {
  const { i18n } = useLingui();
  const names: Readonly<Record<ProcessStatus['name'], string>> = {
    core: i18n.t('The program'),
    devices: i18n.t('Devices'),
    inference: i18n.t('Picture checks'),
    simulators: i18n.t('Simulators'),
    'station-worker': i18n.t('Work for the cloud'),
  };
  const words: Readonly<Record<ProcessStatus['state'], string>> = {
    starting: i18n.t('starting'),
    running: i18n.t('running'),
    restarting: i18n.t('starting again'),
    stopped: i18n.t('stopped'),
  };
  return (
    <span className="station-part" role="status">
      <StatusMark shape={process.state === 'stopped' ? 'stopped' : 'busy'} size={15} />
      <b>{names[process.name]}</b>
      <i>{words[process.state]}</i>
    </span>
  );
}

function DiskPart({ disk }: { disk: StationStatus['disk'] }): ReactNode {
  const { i18n } = useLingui();
  const free = formatPercent(Math.floor((100 * disk.freeBytes) / Math.max(1, disk.totalBytes)));
  const words = {
    ok: i18n.t('{free} free', { free }),
    low: i18n.t('{free} free, {visits, plural, one {# more visit fits} other {# more visits fit}}', {
      free,
      visits: disk.visitsLeft,
    }),
    full: i18n.t('full'),
  };
  const tones = { ok: '', low: 'text-station-warn', full: 'text-station-fault' };
  return (
    <Part
      label={i18n.t('This disk')}
      face={
        <>
          <HardDrive size={19} strokeWidth={1.75} aria-hidden />
          <b>{i18n.t('This disk')}</b>
          <i className={tones[disk.state]}>{words[disk.state]}</i>
        </>
      }
    >
      <h2 className="text-17 font-semibold">{i18n.t('This disk')}</h2>
      <dl className="pairs pairs-dense mt-3">
        <dt>{i18n.t('Free')}</dt>
        <dd>{formatBytes(disk.freeBytes)}</dd>
        <dt>{i18n.t('Size')}</dt>
        <dd>{formatBytes(disk.totalBytes)}</dd>
        <dt>{i18n.t('Room for')}</dt>
        <dd>{i18n.t('{visits, plural, one {# more visit} other {# more visits}}', { visits: disk.visitsLeft })}</dd>
      </dl>
    </Part>
  );
}

function CloudPart({
  status,
  demonstration,
  now,
  onOpen,
}: {
  readonly status: StationStatus;
  readonly demonstration: boolean;
  readonly now: number;
  readonly onOpen: (() => void) | null;
}): ReactNode {
  const { i18n } = useLingui();
  const { cloud, items } = status;
  const Icon = cloud.state === 'online' || cloud.state === 'degraded' ? Cloud : CloudOff;
  const { title, text, tone } = cloudWords(i18n, status, { demonstration, now });
  const face = (
    <>
      <Icon size={19} strokeWidth={1.75} aria-hidden />
      <b>{title}</b>
      <i className={tone === 'care' ? 'text-station-warn' : ''}>{text}</i>
    </>
  );
  if (onOpen !== null) {
    return (
      <AriaButton className="station-part" onPress={onOpen} preventFocusOnPress>
        {face}
        <span className="sr-only">{i18n.t('Show where everything is')}</span>
      </AriaButton>
    );
  }
  return (
    <Part label={title} face={face}>
      <h2 className="text-17 font-semibold">{title}</h2>
      <p className="pt-1 text-ink-2">
        {cloud.state === 'not-configured'
          ? i18n.t('Visits end on this station. Everything is encrypted on this disk.')
          : i18n.t('Everything is encrypted on this disk and goes to the cloud by itself.')}
      </p>
      <dl className="pairs pairs-dense mt-3">
        <dt>{i18n.t('On disk')}</dt>
        <dd>{items.onDisk}</dd>
        {cloud.state === 'not-configured' ? null : (
          <>
            <dt>{i18n.t('In cloud')}</dt>
            <dd>{items.inCloud}</dd>
            <dt>{i18n.t('Verified')}</dt>
            <dd>{items.verified}</dd>
          </>
        )}
      </dl>
    </Part>
  );
}
