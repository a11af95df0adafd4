/** Every artefact with its four receipts, page by page; the station pages, the screen never holds more than one. */
import type { I18n } from '@lingui/core';
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import type { ArtefactFilter, ArtefactPage, ArtefactRow, SyncView } from '../../electron/contract/sync-status.ts';
import { Button } from '../kit/button.tsx';
import { formatBytes, formatNumber } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { useCommand, useLive } from '../shell/staff.ts';
import { WaitingLines } from './waiting-lines.tsx';
import type { Said } from './sync-words.ts';
import { artefactWords, inCloudWords, onDeviceWords, onDiskWords, verifiedWords, visitWords } from './sync-words.ts';

const ROWS = 50;

/** A page that was looked at: where it begins in the list, and how it is asked for. */
interface Place {
  readonly cursor: string | null;
  readonly first: number;
}
const START: Place = { cursor: null, first: 0 };

export function ArtefactTable({ view, now }: { readonly view: SyncView; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const [filter, setFilter] = useState<ArtefactFilter>('all');
  const [places, setPlaces] = useState<readonly Place[]>([START]);
  const place = places.at(-1) ?? START;
  const live = useLive((client) => client.sync.artefacts, { filter, cursor: place.cursor, limit: ROWS });
  // What was there stays until the next page is.
  const [last, setLast] = useState<ArtefactPage>();
  if (live.data !== undefined && live.data !== last) setLast(live.data);
  const page = live.data ?? last;
  const { steps, line } = view;
  const onTheWay = steps.left.artefacts + steps.comparing + steps.differing;
  const choose = (next: ArtefactFilter): void => {
    setFilter(next);
    setPlaces([START]);
  };
  return (
    <section className="artefacts" aria-labelledby="artefacts-title">
      <header className="artefacts-head">
        <h2 id="artefacts-title">{i18n.t('Artefacts')}</h2>
        {line.state === 'not-configured' ? null : (
          <ToggleButtonGroup
            aria-label={i18n.t('Which artefacts')}
            className="artefacts-filters"
            selectionMode="single"
            disallowEmptySelection
            selectedKeys={[filter]}
            onSelectionChange={([key]) => choose(filterOf(key))}
          >
            <ToggleButton id="all">{i18n.t('All')}</ToggleButton>
            <ToggleButton id="on-the-way">
              {i18n.t('On the way')} <i>{formatNumber(onTheWay, 0)}</i>
            </ToggleButton>
            <ToggleButton id="care">{i18n.t('Not going on')}</ToggleButton>
          </ToggleButtonGroup>
        )}
        <span className="grow-1" />
        {page === undefined ? null : (
          <Pager
            page={page}
            place={place}
            onNext={(next) => setPlaces([...places, next])}
            onPrevious={() => setPlaces(places.slice(0, -1))}
          />
        )}
      </header>
      {live.problem !== null ? (
        <div className="px-7">
          <InlineProblem problem={live.problem} />
        </div>
      ) : page === undefined ? (
        <WaitingLines />
      ) : page.rows.length === 0 ? (
        <p className="px-7 py-6 text-ink-2">{emptyWords(i18n, filter)}</p>
      ) : (
        <Rows rows={page.rows} now={now} />
      )}
    </section>
  );
}

function filterOf(key: unknown): ArtefactFilter {
  return key === 'on-the-way' || key === 'care' ? key : 'all';
}

function emptyWords(i18n: I18n, filter: ArtefactFilter): string {
  switch (filter) {
    case 'on-the-way':
      return i18n.t('Nothing is on its way. What is taken next appears here until it is verified.');
    case 'care':
      return i18n.t('Everything goes on by itself.');
    case 'all':
      return i18n.t('Nothing has been taken yet. The first picture appears here as soon as it is.');
    default:
      return filter satisfies never;
  }
}

function Pager({
  page,
  place,
  onNext,
  onPrevious,
}: {
  readonly page: ArtefactPage;
  readonly place: Place;
  readonly onNext: (place: Place) => void;
  readonly onPrevious: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const { rows, total, next } = page;
  if (next === null && place.first === 0) return null;
  const last = place.first + rows.length;
  return (
    <div className="artefacts-pager">
      <span className="num">
        {i18n.t('{first} to {last} of {total}', {
          first: formatNumber(place.first + 1, 0),
          last: formatNumber(last, 0),
          total: formatNumber(total, 0),
        })}
      </span>
      <Button onPress={onPrevious} disabled={place.first === 0} hotkey="[">
        {i18n.t('Newer')}
      </Button>
      <Button onPress={() => onNext({ cursor: next, first: last })} disabled={next === null} hotkey="]">
        {i18n.t('Older')}
      </Button>
    </div>
  );
}

function Rows({ rows, now }: { readonly rows: readonly ArtefactRow[]; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const resend = useCommand((client) => client.sync.resend);
  const hasAction = rows.some(isHeld);
  return (
    // Scrolls by keyboard, too.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="artefacts-rows" role="region" aria-labelledby="artefacts-title" tabIndex={0}>
      {resend.problem === null ? null : (
        <div className="px-7">
          <InlineProblem problem={resend.problem} />
        </div>
      )}
      <table
        className="artefacts-table"
        aria-labelledby="artefacts-title"
        {...(hasAction ? { 'data-actions': true } : {})}
      >
        <thead>
          <tr>
            <th>{i18n.t('Artefact')}</th>
            <th>{i18n.t('Visit')}</th>
            <th>{i18n.t('On device')}</th>
            <th>{i18n.t('On disk')}</th>
            <th>{i18n.t('In cloud')}</th>
            <th>{i18n.t('Verified')}</th>
            <th>{i18n.t('Size')}</th>
            {hasAction ? (
              <th>
                <span className="sr-only">{i18n.t('Action')}</span>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const key = `artefact-${row.artefact.id}-${row.artefact.part.replaceAll(/\W/g, '-')}`;
            return (
              <tr key={key}>
                <th scope="row" id={key}>
                  {artefactWords(i18n, row)}
                </th>
                <td className="text-ink-2">
                  <bdi>{visitWords(i18n, row, now)}</bdi>
                </td>
                <Receipt {...onDeviceWords(i18n, row.onDevice)} />
                <Receipt {...onDiskWords(i18n, row.onDisk, now)} />
                <Receipt {...inCloudWords(i18n, row, now)} />
                <Receipt {...verifiedWords(i18n, row.verified, now)} />
                <td className="text-ink-2">{row.size === null ? null : <bdi>{formatBytes(row.size)}</bdi>}</td>
                {hasAction ? (
                  <td>
                    {isHeld(row) ? (
                      <Button onPress={() => void resend.run(row.artefact)} busy={resend.busy} describedBy={key}>
                        {i18n.t('Send it again')}
                      </Button>
                    ) : null}
                  </td>
                ) : null}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function isHeld({ inCloud, verified }: ArtefactRow): boolean {
  return inCloud.state === 'held' || verified.state === 'differs';
}

function Receipt({ shape, text }: Said): ReactNode {
  return (
    <td>
      <span className="receipt">
        <StatusMark shape={shape} />
        <bdi>{text}</bdi>
      </span>
    </td>
  );
}
