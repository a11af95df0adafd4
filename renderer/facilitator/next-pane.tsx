/** Next: the one visit to take up now with all that is needed to start, and below it whether the station is well. */
import { useLingui } from '@lingui/react';
import { useNavigate } from '@tanstack/react-router';
import { Cloud, CloudOff } from 'lucide-react';
import type { ReactNode } from 'react';
import type { DeviceStatus } from '../../electron/contract/devices.ts';
import type { DayRow, DayView, StationStatus } from '../../electron/contract/views.ts';
import { PROBLEMS } from '../../electron/contract/problems.ts';
import { PROTOCOLS, stationIdsOf } from '../../electron/contract/protocols.ts';
import { Button } from '../kit/button.tsx';
import { agreedSentence } from '../kit/consent-words.ts';
import { formatDate, formatQuantity, formatTime, minutesBetween } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { cloudWords } from '../shell/cloud-words.ts';
import { useMay, useSession } from '../shell/session.ts';
import { useCommand } from '../shell/staff.ts';
import { RequestStrip } from './request-strip.tsx';
import { allergyWord, fullName, groupOf } from './day-words.ts';

export function NextPane({
  row,
  day,
  status,
  now,
  onCheckIn,
  onOpen,
}: {
  readonly row: DayRow | null;
  readonly day: DayView | undefined;
  readonly status: StationStatus | undefined;
  readonly now: number;
  readonly onCheckIn: (row: DayRow) => void;
  readonly onOpen: (row: DayRow) => void;
}): ReactNode {
  const { i18n } = useLingui();
  return (
    <aside className="next" aria-label={i18n.t('Next')}>
      {row === null ? (
        <p className="text-ink-2">{i18n.t('Nobody is waiting.')}</p>
      ) : (
        <Chosen
          key={row.sessionId}
          row={row}
          day={day}
          devices={status?.devices ?? []}
          now={now}
          onCheckIn={onCheckIn}
          onOpen={onOpen}
        />
      )}
      {status === undefined ? null : <CloudBlock status={status} rows={day?.rows ?? []} now={now} />}
      {status === undefined ? null : <Alerts status={status} />}
    </aside>
  );
}

function Chosen({
  row,
  day,
  devices,
  now,
  onCheckIn,
  onOpen,
}: {
  readonly row: DayRow;
  readonly day: DayView | undefined;
  readonly devices: readonly DeviceStatus[];
  readonly now: number;
  readonly onCheckIn: (row: DayRow) => void;
  readonly onOpen: (row: DayRow) => void;
}): ReactNode {
  const { i18n } = useLingui();
  const notes = [...row.patient.allergies.map((each) => allergyWord(i18n, each)), ...row.patient.accessNeeds];
  return (
    <section>
      <h2 className="pane-title">{row.status === 'CHECKED_IN' ? i18n.t('Next') : i18n.t('Chosen')}</h2>
      <p className="display proper mt-2 text-[32px] leading-10 font-semibold tracking-[-0.022em]">
        {fullName(row.patient)}
      </p>
      {row.patientRequest === null ? null : (
        <div className="mt-3">
          <RequestStrip visit={row} />
        </div>
      )}
      <p className="mt-1 text-ink-2">{useSituation(row, day, devices, now)}</p>
      <dl className="pairs mt-4 mb-5">
        <dt>{i18n.t('Visit')}</dt>
        <dd>
          {i18n.t('{title}, {count, plural, one {# step} other {# steps}}, about {minutes} min', {
            title: i18n._(row.protocolTitle),
            count: stationIdsOf(PROTOCOLS[row.protocolId]?.steps ?? []).length,
            minutes: row.expectedMinutes,
          })}
        </dd>
        <dt>{i18n.t('Agreed to')}</dt>
        <dd>{agreedSentence(i18n, row.consents)}</dd>
        {notes.length === 0 ? null : (
          <>
            <dt>{i18n.t('Please note')}</dt>
            <dd>{notes.join(', ')}</dd>
          </>
        )}
        {row.note === '' ? null : (
          <>
            <dt>{i18n.t('Note')}</dt>
            <dd>{row.note}</dd>
          </>
        )}
        {row.lastWeight === null ? null : (
          <>
            <dt>{i18n.t('Last weight')}</dt>
            <dd>
              {formatQuantity(row.lastWeight.quantity)}, {formatDate(row.lastWeight.day)}
            </dd>
          </>
        )}
      </dl>
      <Action row={row} onCheckIn={onCheckIn} onOpen={onOpen} />
    </section>
  );
}

/** A free room with the device of the visit's first step; any free room where no room has one. */
function roomFor(row: DayRow, day: DayView | undefined, devices: readonly DeviceStatus[]): string | undefined {
  const rooms = day?.rooms ?? [];
  const first = PROTOCOLS[row.protocolId]?.steps.find((step) => step.type !== 'typed');
  const own = new Set(devices.filter((each) => each.kind === first?.deviceKind).map((each) => each.deviceId));
  const fitting = rooms.filter((room) => room.deviceIds.some((id) => own.has(id)));
  return (fitting.length === 0 ? rooms : fitting).find((room) => room.sessionId === null)?.name;
}

/** Where the person is and what stands ready. */
function useSituation(row: DayRow, day: DayView | undefined, devices: readonly DeviceStatus[], now: number): string {
  const { i18n } = useLingui();
  switch (row.status) {
    case 'CHECKED_IN': {
      const free = roomFor(row, day, devices);
      const waited = i18n.t('Waiting {minutes} min in reception.', {
        minutes: row.checkedInAt === null ? 0 : minutesBetween(row.checkedInAt, now),
      });
      return free === undefined
        ? `${waited} ${i18n.t('No room is free yet.')}`
        : `${waited} ${i18n.t('{room} is free.', { room: free })}`;
    }
    case 'SCHEDULED':
      return i18n.t('Expected at {time}.', { time: formatTime(row.startsAt) });
    case 'CAPTURING':
      return row.room === ''
        ? i18n.t('The visit is under way.')
        : i18n.t('The visit is under way in {room}.', { room: row.room });
    case 'ANALYSING':
      return i18n.t('All steps are done, the report is being made.');
    case 'REVIEW':
      return i18n.t('The report waits for a clinician.');
    case 'REQUIRES_REVIEW':
      return i18n.t('A clinician has sent the report back.');
    case 'COMPLETED':
      return i18n.t('The report is approved.');
    case 'FAILED':
      return i18n.t('The visit stopped before its end.');
    case 'CANCELLED':
      return i18n.t('The visit was cancelled.');
  }
}

function Action({
  row,
  onCheckIn,
  onOpen,
}: {
  readonly row: DayRow;
  readonly onCheckIn: (row: DayRow) => void;
  readonly onOpen: (row: DayRow) => void;
}): ReactNode {
  const { i18n } = useLingui();
  const navigate = useNavigate();
  const start = useCommand((client) => client.visits.start);
  const mayDecide = useMay('clinician', 'admin');
  const name = row.patient.givenName;
  const begin = async (): Promise<void> => {
    if ((await start.run({ sessionId: row.sessionId })) === null) return;
    await navigate({ to: '/visit/$sessionId', params: { sessionId: row.sessionId } });
  };
  const needsConsent = row.status === 'CHECKED_IN' && (row.consents === null || row.consents.length === 0);
  const button = needsConsent
    ? { text: i18n.t('Ask {name} to agree', { name }), run: () => onCheckIn(row) }
    : row.status === 'CHECKED_IN'
      ? { text: i18n.t('Start {name}’s visit', { name }), run: () => void begin() }
      : row.status === 'SCHEDULED'
        ? { text: i18n.t('Check {name} in', { name }), run: () => onCheckIn(row) }
        : row.status === 'REVIEW' && mayDecide
          ? {
              text: i18n.t('Review {name}’s report', { name }),
              run: () => void navigate({ to: '/review/$sessionId', params: { sessionId: row.sessionId } }),
            }
          : { text: i18n.t('Open {name}’s visit', { name }), run: () => onOpen(row) };
  return (
    <>
      <Button look="primary" size="large" className="w-full" onPress={button.run} busy={start.busy} hotkey="Enter">
        {button.text}
      </Button>
      {start.problem === null ? null : (
        <div className="mt-4">
          <InlineProblem problem={start.problem} />
        </div>
      )}
    </>
  );
}

/** Says what is: no cloud, offline since, online since. Never red. */
function CloudBlock({
  status,
  rows,
  now,
}: {
  readonly status: StationStatus;
  readonly rows: readonly DayRow[];
  readonly now: number;
}): ReactNode {
  const { i18n } = useLingui();
  const { cloud, items } = status;
  const { hello } = useSession();
  const Icon = cloud.state === 'online' || cloud.state === 'degraded' ? Cloud : CloudOff;
  const { title, tone } = cloudWords(i18n, status, { demonstration: hello.mode === 'demonstration', now });
  const texts = {
    calm: i18n.t('Everything is encrypted on this disk and goes to the cloud by itself.'),
    away: i18n.t(
      'Visits go on as usual. Everything is encrypted on this disk and goes to the cloud by itself when the line is back.',
    ),
    care: i18n.t('Visits go on as usual. Everything is encrypted on this disk; an operator sees to the line.'),
  };
  const words =
    cloud.state === 'not-configured'
      ? {
          title: i18n.t('Visits end on this station'),
          text: i18n.t(
            'This station has no cloud. Everything is encrypted on this disk, and reports are reviewed here.',
          ),
        }
      : { title, text: texts[tone] };
  const lines: readonly [string, number][] = [
    [i18n.t('Visits done today'), rows.filter((row) => groupOf(row) === 'done').length],
    [i18n.t('Items on this disk'), items.onDisk],
    ...(cloud.state === 'not-configured'
      ? []
      : ([
          [i18n.t('Waiting for the line'), items.waiting],
          [i18n.t('In the cloud and verified'), items.verified],
        ] satisfies [string, number][])),
  ];
  return (
    <section className="mt-8 border-t border-line pt-5">
      <h3 className="flex items-center gap-2.5 text-17">
        <Icon size={22} strokeWidth={1.75} aria-hidden />
        {words.title}
      </h3>
      <p className="mt-1.5 text-ink-2">{words.text}</p>
      <ul className="mt-3 list-none p-0">
        {lines.map(([name, value]) => (
          <li key={name} className="flex justify-between py-1.5 text-ink-2">
            <span>{name}</span>
            <b className="text-ink">{value}</b>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What needs care here, without stopping anything. */
function Alerts({ status }: { status: StationStatus }): ReactNode {
  const { i18n } = useLingui();
  const troubled = status.devices.filter((device) => device.problem !== null);
  if (troubled.length === 0 && status.problems.length === 0) return null;
  return (
    <ul className="mt-5 list-none border-t border-line p-0 pt-3">
      {troubled.map((device) =>
        device.problem === null ? null : (
          <li key={device.deviceId} className="grid grid-cols-[16px_1fr] gap-3 py-1.5">
            <span className="pt-1">
              <StatusMark shape="care" />
            </span>
            <span>
              <b className="block">{device.name}</b>
              <span className="text-ink-2">{i18n._(PROBLEMS[device.problem.code].happened)}</span>
            </span>
          </li>
        ),
      )}
      {status.problems.map((problem) => (
        <li key={`${problem.code}${problem.at}`} className="grid grid-cols-[16px_1fr] gap-3 py-1.5">
          <span className="pt-1">
            <StatusMark shape="care" />
          </span>
          <span>
            <b className="block">{i18n._(PROBLEMS[problem.code].happened)}</b>
            <span className="text-ink-2">{i18n._(PROBLEMS[problem.code].safe)}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
