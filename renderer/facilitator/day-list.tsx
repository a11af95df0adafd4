/** The day as one list in three groups. */
import { useLingui } from '@lingui/react';
import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useRef } from 'react';
import type { DayRow } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { formatDate, formatDayMonth, formatTime } from '../kit/format.ts';
import type { DayGroup } from './day-words.ts';
import { fullName, groupOf, noteOf } from './day-words.ts';
import { VisitCells } from './visit-cells.tsx';

export interface DayListProps {
  readonly rows: readonly DayRow[];
  readonly selected: DayRow | null;
  readonly now: number;
  /** Results of a search: shown with their days, not in groups. */
  readonly finding: boolean;
  readonly onSelect: (row: DayRow) => void;
  readonly onOpen: (row: DayRow) => void;
  readonly onCheckIn: (row: DayRow) => void;
}

export function DayList(props: DayListProps): ReactNode {
  const { i18n } = useLingui();
  const { rows, finding } = props;
  const groups: readonly [DayGroup, string][] = [
    ['back', i18n.t('Sent back')],
    ['here', i18n.t('In the clinic')],
    ['to-come', i18n.t('To come')],
    ['done', i18n.t('Done')],
  ];
  if (rows.length === 0) {
    return (
      <p className="p-7 text-17 text-ink-2">
        {finding
          ? i18n.t('Nobody of that name or number.')
          : i18n.t('No visits here. Bookings made at other stations appear by themselves; add one for who is here.')}
      </p>
    );
  }
  return (
    <div className="min-h-0 overflow-auto">
      <table
        className={finding ? 'table table-day table-found' : 'table table-day'}
        aria-label={finding ? i18n.t('Found') : i18n.t('Visits of today')}
      >
        <thead>
          <tr>
            <th>{finding ? i18n.t('Day') : i18n.t('Time')}</th>
            <th>{i18n.t('Patient')}</th>
            <th>{i18n.t('Visit')}</th>
            <th>{i18n.t('Steps')}</th>
            <th>{i18n.t('State')}</th>
            <th>{i18n.t('Note')}</th>
            <th>
              <span className="sr-only">{i18n.t('Action')}</span>
            </th>
          </tr>
        </thead>
        {finding ? (
          <tbody>
            {rows.map((row) => (
              <Row key={row.sessionId} row={row} {...props} />
            ))}
          </tbody>
        ) : (
          groups.map(([group, title]) => {
            const own = rows.filter((row) => groupOf(row) === group);
            return own.length === 0 ? null : (
              <tbody key={group}>
                <tr data-group>
                  <th colSpan={7} scope="rowgroup" className="ps-7">
                    {title} <span className="ms-1 font-medium text-ink-3">{own.length}</span>
                  </th>
                </tr>
                {own.map((row) => (
                  <Row key={row.sessionId} row={row} {...props} />
                ))}
              </tbody>
            );
          })
        )}
      </table>
    </div>
  );
}

function Row({ row, selected, now, finding, onSelect, onOpen, onCheckIn }: DayListProps & { row: DayRow }): ReactNode {
  const { i18n } = useLingui();
  const ref = useRef<HTMLTableRowElement>(null);
  const isSelected = selected?.sessionId === row.sessionId;
  useEffect(() => {
    if (isSelected) ref.current?.scrollIntoView({ block: 'nearest' });
  }, [isSelected]);
  const note = noteOf(i18n, row);
  const scheduled = row.status === 'SCHEDULED';
  // Visits that are not over stay in the list after their day.
  const isToday = formatDate(row.startsAt) === formatDate(new Date(now).toISOString());
  return (
    <tr
      ref={ref}
      {...(isSelected ? { 'data-selected': true, 'aria-current': true } : {})}
      className="cursor-pointer"
      onClick={() => onSelect(row)}
      onDoubleClick={() => {
        if (!scheduled) onOpen(row);
      }}
    >
      <td className="font-semibold whitespace-nowrap">
        {finding ? formatDate(row.startsAt) : isToday ? formatTime(row.startsAt) : formatDayMonth(row.startsAt)}
      </td>
      <td>
        <b className="proper block leading-5">{fullName(row.patient)}</b>
        <span className={row.likeName ? 'text-13 font-semibold' : 'text-13 text-ink-3'}>
          {formatDate(row.patient.birthDate)}, {i18n.t('{age} y', { age: row.patient.age })}
        </span>
      </td>
      <VisitCells row={row} now={now} />
      <td className="text-13 text-ink-2">{note}</td>
      <td>
        <span className="flex justify-end">
          {scheduled ? (
            <Button look="accent" className="-me-3.5 px-3.5" onPress={() => onCheckIn(row)}>
              {i18n.t('Check in')}
            </Button>
          ) : (
            <button
              type="button"
              className="grid size-12 place-items-center text-ink-3"
              aria-label={i18n.t('Open the visit of {name}', { name: fullName(row.patient) })}
              onClick={() => onOpen(row)}
            >
              <ChevronRight size={20} strokeWidth={1.75} aria-hidden className="rtl:-scale-x-100" />
            </button>
          )}
        </span>
      </td>
    </tr>
  );
}
