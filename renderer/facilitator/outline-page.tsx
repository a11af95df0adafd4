/** Today for those who keep devices and lines running: when rooms are wanted and how far each visit is, without names. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { OutlineRow } from '../../electron/contract/views.ts';
import { formatDate, formatDayMonth, formatTime } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { PaneProblem } from '../kit/problem.tsx';
import { useSession } from '../shell/session.ts';
import { useLive } from '../shell/staff.ts';
import { Topbar } from '../shell/topbar.tsx';
import { useNow } from '../shell/use-now.ts';
import { RoomStrip } from './room-strip.tsx';
import { TodayTitle } from './today-title.tsx';
import { VisitCells } from './visit-cells.tsx';

export function OutlinePage(): ReactNode {
  const { i18n } = useLingui();
  const { status } = useSession();
  const now = useNow(15_000);
  const day = useLive((client) => client.today.outline, undefined);
  return (
    <>
      <Topbar>
        <TodayTitle day={day.data?.day} />
        <span className="grow-1" />
      </Topbar>
      {day.problem !== null ? (
        <PaneProblem problem={day.problem} />
      ) : (
        <section className="flex min-h-0 min-w-0 flex-col bg-surface">
          {day.data === undefined ? null : (
            <>
              <RoomStrip day={day.data} devices={status?.devices} now={now} />
              <p className="flex items-center gap-2.5 border-b border-line bg-canvas px-7 py-3 text-ink-2">
                <StatusMark shape="nothing" />
                {i18n.t('Initials only: names are shown to those who lead visits.')}
              </p>
              <Rows rows={day.data.rows} now={now} />
            </>
          )}
        </section>
      )}
    </>
  );
}

function Rows({ rows, now }: { rows: readonly OutlineRow[]; now: number }): ReactNode {
  const { i18n } = useLingui();
  if (rows.length === 0) {
    return <p className="p-7 text-17 text-ink-2">{i18n.t('No visits here. New bookings appear by themselves.')}</p>;
  }
  return (
    <div className="min-h-0 overflow-auto">
      <table className="table" aria-label={i18n.t('Visits of today')}>
        <thead>
          <tr>
            <th>{i18n.t('Time')}</th>
            <th>{i18n.t('Initials')}</th>
            <th>{i18n.t('Visit')}</th>
            <th>{i18n.t('Steps')}</th>
            <th>{i18n.t('State')}</th>
            <th>{i18n.t('Where')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.sessionId} row={row} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row, now }: { row: OutlineRow; now: number }): ReactNode {
  const isToday = formatDate(row.startsAt) === formatDate(new Date(now).toISOString());
  return (
    <tr>
      <td className="font-semibold">{isToday ? formatTime(row.startsAt) : formatDayMonth(row.startsAt)}</td>
      <td className="font-semibold">
        <bdi>{row.initials}</bdi>
      </td>
      <VisitCells row={row} now={now} />
      <td className="text-13 text-ink-2">{row.room}</td>
    </tr>
  );
}
