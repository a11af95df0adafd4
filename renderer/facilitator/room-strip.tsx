/** The rooms: who is in each, at which step, for how long, or whether its devices are ready. */
import { useLingui } from '@lingui/react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { DeviceStatus } from '../../electron/contract/devices.ts';
import type { DayOutline, DayRow, DayView, OutlineRow } from '../../electron/contract/views.ts';
import { deviceKindWord } from '../kit/device-words.ts';
import { minutesBetween } from '../kit/format.ts';
import { Segments, StatusMark } from '../kit/marks.tsx';
import { useConnection } from '../shell/staff.ts';
import { doneOf, fullName, roomWords, stationMarksOf } from './day-words.ts';

export function RoomStrip({
  day,
  devices,
  now,
}: {
  readonly day: DayView | DayOutline;
  /** As they were last told of; undefined before that. */
  readonly devices: readonly DeviceStatus[] | undefined;
  readonly now: number;
}): ReactNode {
  const { i18n } = useLingui();
  const isAway = useConnection().phase !== 'open';
  if (day.rooms.length === 0) return null;
  return (
    <section className="rooms" aria-label={i18n.t('Rooms')}>
      {day.rooms.map((room) => {
        const row = (day.rows as readonly (DayRow | OutlineRow)[]).find((each) => each.sessionId === room.sessionId);
        return row === undefined ? (
          <FreeRoom key={room.name} room={room} devices={devices ?? []} isKnown={devices !== undefined && !isAway} />
        ) : (
          <TakenRoom key={room.name} name={room.name} row={row} now={now} />
        );
      })}
    </section>
  );
}

function FreeRoom({
  room,
  devices,
  isKnown,
}: {
  room: DayView['rooms'][number];
  devices: readonly DeviceStatus[];
  /** Whether the station tells of them now. */
  isKnown: boolean;
}): ReactNode {
  const { i18n } = useLingui();
  const kinds = devices.filter(({ deviceId }) => room.deviceIds.includes(deviceId)).map(({ kind }) => kind);
  const { shape, text } = roomWords(i18n, room.deviceIds, isKnown ? devices : null);
  return (
    <div className="room">
      <header className="flex justify-between gap-4 text-13 font-medium text-ink-3">
        <span>{room.name}</span>
        <span className="truncate">{kinds.map((kind) => deviceKindWord(i18n, kind)).join(', ')}</span>
      </header>
      <b className="mt-1.5 text-20 font-medium tracking-[-0.012em] text-ink-2">{i18n.t('Free')}</b>
      <p className="mt-0.5 flex items-center gap-2 text-ink-2">
        {shape === 'nothing' ? null : <StatusMark shape={shape} />}
        {text}
      </p>
    </div>
  );
}

function TakenRoom({ name, row, now }: { name: string; row: DayRow | OutlineRow; now: number }): ReactNode {
  const { i18n } = useLingui();
  const step = row.steps.find((each) => each.mark === 'care') ?? row.steps.find((each) => each.mark === 'now');
  const marks = stationMarksOf(row);
  const content = (
    <>
      <span className="flex justify-between gap-4 text-13 font-medium text-ink-3">
        <span>{name}</span>
        <span>
          {row.startedAt === null ? '' : i18n.t('{minutes} min', { minutes: minutesBetween(row.startedAt, now) })}
        </span>
      </span>
      <b className="proper mt-1.5 text-20 tracking-[-0.012em]">
        {'patient' in row ? fullName(row.patient) : row.initials}
      </b>
      <span className="mt-0.5 mb-3 flex items-center gap-2 text-ink-2">
        {row.patientRequest !== null ? (
          <>
            <StatusMark shape="care" />
            {row.patientRequest === 'help' ? i18n.t('Asks for help') : i18n.t('Asks for a break')}
          </>
        ) : row.pausedAt !== null ? (
          <>
            <StatusMark shape="aside" />
            {i18n.t('Paused')}
          </>
        ) : step === undefined ? (
          i18n.t('All steps done')
        ) : (
          <>
            <StatusMark shape={step.mark === 'care' ? 'care' : 'busy'} />
            {step.mark === 'care'
              ? i18n.t('{step}: another try needed', { step: i18n._(step.title) })
              : i18n._(step.title)}
          </>
        )}
      </span>
      <Segments
        marks={marks}
        label={i18n.t('{done} of {total} steps done', { done: doneOf(marks), total: marks.length })}
      />
    </>
  );
  return 'patient' in row ? (
    <Link to="/visit/$sessionId" params={{ sessionId: row.sessionId }} className="room">
      {content}
    </Link>
  ) : (
    <div className="room">{content}</div>
  );
}
