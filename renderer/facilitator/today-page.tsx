/** Today: who is next, is everything ready. Rooms above, the day as one list, the next action at the right. */
import { useLingui } from '@lingui/react';
import { useNavigate } from '@tanstack/react-router';
import { Plus, Search } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useMemo, useState } from 'react';
import { Button as AriaButton, ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import type { DayRow } from '../../electron/contract/views.ts';
import { Button } from '../kit/button.tsx';
import { TextField } from '../kit/field.tsx';
import { KeyCap, useKeys } from '../kit/keys.tsx';
import { PaneProblem } from '../kit/problem.tsx';
import { VISIT_ROLES } from '../../electron/contract/roles.ts';
import { useMay, useSession } from '../shell/session.ts';
import { useAsk, useLive } from '../shell/staff.ts';
import { Topbar } from '../shell/topbar.tsx';
import { useNow } from '../shell/use-now.ts';
import { BookDialog } from './book-dialog.tsx';
import { DayList } from './day-list.tsx';
import type { DayGroup } from './day-words.ts';
import { groupOf, nextOf } from './day-words.ts';
import { NextPane } from './next-pane.tsx';
import { OutlinePage } from './outline-page.tsx';
import { RoomStrip } from './room-strip.tsx';
import { TodayTitle } from './today-title.tsx';

type Filter = 'all' | DayGroup;

/** With names for those who lead visits, without for everybody else. */
export function TodayPage(): ReactNode {
  return useMay(...VISIT_ROLES) ? <VisitsToday /> : <OutlinePage />;
}

function VisitsToday(): ReactNode {
  const { i18n } = useLingui();
  const { status } = useSession();
  const now = useNow(15_000);
  const day = useLive((client) => client.today.watch, undefined);
  const [filter, setFilter] = useState<Filter>('all');
  const [finding, setFinding] = useState(false);
  const [booking, setBooking] = useState(false);
  const [text, setText] = useState('');
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const rows = useMemo(() => day.data?.rows ?? [], [day.data]);
  const found = useFound(text);
  const shown = found ?? rows.filter((row) => filter === 'all' || groupOf(row) === filter);
  const selected = shown.find((row) => row.sessionId === selectedId) ?? nextOf(shown) ?? shown[0] ?? null;
  const actions = useRowActions();

  const move = (by: number): void => {
    const ordered = inOrder(shown);
    const at = ordered.findIndex((row) => row.sessionId === selected?.sessionId);
    const to = ordered[Math.min(ordered.length - 1, Math.max(0, at + by))];
    if (to !== undefined) setSelectedId(to.sessionId);
  };
  useKeys([
    { key: 'ArrowDown', label: i18n.t('Next row'), run: () => move(1) },
    { key: 'ArrowUp', label: i18n.t('Row before'), run: () => move(-1) },
    { key: '/', label: i18n.t('Find a patient'), run: () => setFinding(true) },
    { key: 'n', label: i18n.t('Add a visit'), run: () => setBooking(true) },
    {
      key: 'c',
      label: i18n.t('Check in'),
      run: () => {
        if (selected !== null) actions.checkIn(selected);
      },
      disabled: selected?.status !== 'SCHEDULED',
    },
  ]);
  const count = (group: DayGroup): number => rows.filter((row) => groupOf(row) === group).length;

  return (
    <>
      <Topbar>
        <TodayTitle day={day.data?.day} />
        <ToggleButtonGroup
          className="choices-row ms-5"
          aria-label={i18n.t('Which visits')}
          selectedKeys={[filter]}
          disallowEmptySelection
          onSelectionChange={(keys) => setFilter([...keys][0] as Filter)}
        >
          <ToggleButton id="all">{i18n.t('All {count}', { count: rows.length })}</ToggleButton>
          {count('back') === 0 && filter !== 'back' ? null : (
            <ToggleButton id="back">{i18n.t('Sent back {count}', { count: count('back') })}</ToggleButton>
          )}
          <ToggleButton id="here">{i18n.t('In the clinic {count}', { count: count('here') })}</ToggleButton>
          <ToggleButton id="to-come">{i18n.t('To come {count}', { count: count('to-come') })}</ToggleButton>
          <ToggleButton id="done">{i18n.t('Done {count}', { count: count('done') })}</ToggleButton>
        </ToggleButtonGroup>
        <span className="grow-1" />
        <Button onPress={() => setBooking(true)} icon={<Plus size={20} strokeWidth={1.75} aria-hidden />}>
          {i18n.t('Add a visit')}
        </Button>
        <FindBox
          open={finding || text !== ''}
          text={text}
          onText={setText}
          onOpen={() => setFinding(true)}
          onClose={() => {
            setFinding(false);
            setText('');
          }}
        />
      </Topbar>
      {booking ? (
        <BookDialog
          room={day.data?.rooms[0]?.name ?? ''}
          onClose={() => setBooking(false)}
          onBooked={actions.checkInBooked}
        />
      ) : null}
      {day.problem !== null ? (
        <PaneProblem problem={day.problem} />
      ) : (
        <div className="today">
          <section className="flex min-h-0 min-w-0 flex-col bg-surface">
            {day.data === undefined ? (
              <LoadingLines />
            ) : (
              <>
                <RoomStrip day={day.data} devices={status?.devices} now={now} />
                <DayList
                  rows={shown}
                  selected={selected}
                  now={now}
                  finding={found !== null}
                  onSelect={(row) => setSelectedId(row.sessionId)}
                  onOpen={actions.open}
                  onCheckIn={actions.checkIn}
                />
              </>
            )}
          </section>
          <NextPane
            row={selected}
            day={day.data}
            status={status}
            now={now}
            onCheckIn={actions.checkIn}
            onOpen={actions.open}
          />
        </div>
      )}
    </>
  );
}

function useRowActions() {
  const navigate = useNavigate();
  const checkInBooked = (appointmentId: string): void =>
    void navigate({ to: '/desk/$appointmentId', params: { appointmentId } });
  return {
    open: (row: DayRow): void => void navigate({ to: '/visit/$sessionId', params: { sessionId: row.sessionId } }),
    checkIn: (row: DayRow): void => checkInBooked(row.appointmentId),
    checkInBooked,
  };
}

/** Rows of any day whose name or number begins with the text; null while nothing is looked for. */
function useFound(text: string): readonly DayRow[] | null {
  const [settled, setSettled] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text.trim()), 200);
    return () => clearTimeout(timer);
  }, [text]);
  const asked = settled.length >= 2;
  const found = useAsk((client) => client.today.find, { text: asked ? settled : '--' }, { enabled: asked });
  return asked && text.trim() !== '' ? (found.data ?? []) : null;
}

/** As the list shows them: sent back, in the clinic, to come, done. */
export function inOrder(rows: readonly DayRow[]): readonly DayRow[] {
  const rank: Readonly<Record<DayGroup, number>> = { back: 0, here: 1, 'to-come': 2, done: 3 };
  return [...rows].sort((a, b) => rank[groupOf(a)] - rank[groupOf(b)] || a.startsAt.localeCompare(b.startsAt));
}

function FindBox({
  open,
  text,
  onText,
  onOpen,
  onClose,
}: {
  readonly open: boolean;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onOpen: () => void;
  readonly onClose: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const label = i18n.t('Find a patient');
  useKeys([{ key: 'Escape', label: i18n.t('Close the search'), run: onClose, disabled: !open }]);
  const icon = <Search size={20} strokeWidth={1.75} aria-hidden />;
  if (!open) {
    return (
      <AriaButton className="field-box w-[280px] shrink-0 max-[1179px]:w-[180px]" onPress={onOpen}>
        {icon}
        <span className="grow-1 text-start">{label}</span>
        <span className="max-[1179px]:hidden">
          <KeyCap name="/" />
        </span>
      </AriaButton>
    );
  }
  return (
    <TextField
      label={label}
      hideLabel
      value={text}
      onChange={onText}
      focusFirst
      // The first Enter ends the typing, so that the next one means a person that is seen in the list.
      onEnter={() => {
        if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      }}
      placeholder={i18n.t('Name or number')}
      className="w-[280px] shrink-0 max-[1179px]:w-[180px]"
      icon={icon}
      end={<KeyCap name="Escape" />}
    />
  );
}

function LoadingLines(): ReactNode {
  return (
    <div className="flex flex-col gap-3 p-7" aria-hidden>
      {[1, 2, 3, 4, 5, 6].map((line) => (
        <span key={line} className="quiet-line h-10" />
      ))}
    </div>
  );
}
