/** The line under everything: which clinic, and whether the cloud is there. */
import { useLingui } from '@lingui/react';
import { Cloud, CloudOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { formatTime } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import type { ConnectionState } from '../shell/connection.ts';
import { useNow } from '../shell/use-now.ts';

export function Foot({
  clinicName,
  connection,
  lockIn,
}: {
  readonly clinicName: string;
  readonly connection: ConnectionState;
  /** Seconds until the person is signed out, or null. */
  readonly lockIn: number | null;
}): ReactNode {
  const { i18n } = useLingui();
  const now = useNow();
  const isAway = connection.phase === 'away';
  const Icon = isAway ? CloudOff : Cloud;
  return (
    <footer className="station on-station" aria-label={i18n.t('The cloud, and whether it is there')}>
      <span className="station-part" role="status">
        <Icon size={19} strokeWidth={1.75} aria-hidden />
        <b>{i18n.t('Cloud')}</b>
        <i className={isAway ? 'text-station-warn' : ''}>
          {isAway
            ? i18n.t('away since {time}; it comes back by itself', { time: formatTime(connection.since) })
            : connection.phase === 'open'
              ? clinicName
              : connection.phase === 'stopped'
                ? i18n.t('nobody is signed in')
                : i18n.t('asking')}
        </i>
      </span>
      <div className="grow-1" />
      {lockIn === null ? null : (
        <span className="station-part" role="status">
          <StatusMark shape="care" size={15} />
          <b>{i18n.t('Signs out in {seconds} s', { seconds: lockIn })}</b>
          <i>{i18n.t('touch anything to stay')}</i>
        </span>
      )}
      <span className="station-clock num">
        <time>{formatTime(now)}</time>
      </span>
    </footer>
  );
}
