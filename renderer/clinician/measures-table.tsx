/** Measures with their errors, and changes only where something earlier can be compared: quiet within the error, a word beyond it. */
import type { I18n } from '@lingui/core';
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { FindingValue } from '../../electron/contract/judgement.ts';
import type { ReviewView } from '../../electron/contract/views.ts';
import { BandChart } from '../kit/band-chart.tsx';
import { decimalsOfUnit, formatChange, formatDate, formatNumber, MINUS, PLUS_MINUS, THIN } from '../kit/format.ts';
import { StatusMark, Tag } from '../kit/marks.tsx';
import type { Change, Measured } from './comparison.ts';
import { changeOf, rangeOf, regionRows } from './comparison.ts';
import { regionName } from './review-words.ts';
import type { EyeFinding } from './subjects.ts';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly part: boolean;
  readonly unit: string;
  readonly decimals: number;
  readonly today: Measured;
  readonly earlier: Measured | null;
  readonly change: Change | null;
}

/** The vessel areas of an eye. */
export function EyeTable({
  view,
  finding,
  missing,
  region,
  onRegion,
}: {
  readonly view: ReviewView;
  readonly finding: EyeFinding;
  /** Why there is no finding, when there is none. */
  readonly missing: string;
  readonly region: FindingValue['region'] | null;
  readonly onRegion: (region: FindingValue['region'] | null) => void;
}): ReactNode {
  const { i18n } = useLingui();
  if (finding.today === null) {
    return (
      <p className="flex items-center gap-3 px-7 py-6 text-ink-2">
        <StatusMark shape="nothing" />
        {missing}
      </p>
    );
  }
  const compared = finding.comparable ? (finding.earlier?.values ?? null) : null;
  const rows = regionRows(finding.today.values, compared).map((row): Row => ({
    id: row.region,
    name: regionName(i18n, row.region),
    part: row.region !== 'whole',
    unit: '%',
    decimals: 2,
    today: row.today,
    earlier: row.earlier,
    change: row.change,
  }));
  return (
    <Table
      rows={rows}
      earlierDay={compared === null ? null : (view.earlier?.day ?? null)}
      marked={region}
      onMark={(id) => onRegion(id as FindingValue['region'] | null)}
      note={noteOf(i18n, view, finding)}
    />
  );
}

/** Weight and height, the weight against the last one known. */
export function BodyTable({ view }: { view: ReviewView }): ReactNode {
  const { i18n } = useLingui();
  const last = view.visit.earlierWeights.at(-1) ?? null;
  const rows = view.visit.steps.flatMap((step): Row[] => {
    const { quantity } = step;
    if (quantity === null) return [];
    const today = { value: quantity.value, error: quantity.error };
    const before = step.stepId === 'weight' && last !== null ? last.quantity : null;
    const earlier = before === null ? null : { value: before.value, error: before.error };
    const title = i18n._(view.visit.protocol.steps.find((each) => each.id === step.stepId)?.title ?? step.stepId);
    return [
      {
        id: step.stepId,
        name: quantity.source === 'by-hand' ? i18n.t('{title}, by hand', { title }) : title,
        part: false,
        unit: quantity.unit,
        decimals: decimalsOfUnit(quantity.unit),
        today,
        earlier,
        change: earlier === null ? null : changeOf(today, earlier),
      },
    ];
  });
  if (rows.length === 0) {
    return <p className="px-7 py-6 text-ink-2">{i18n.t('Nothing was measured in this visit.')}</p>;
  }
  return (
    <Table
      rows={rows}
      earlierDay={last?.day ?? null}
      marked={null}
      onMark={null}
      note={last === null ? i18n.t('No earlier weight to compare with.') : ''}
    />
  );
}

function noteOf(i18n: I18n, view: ReviewView, finding: EyeFinding): string {
  if (view.earlier === null || finding.earlier === null) {
    return i18n.t('No earlier picture of this eye to compare with, so nothing is said about changes.');
  }
  if (view.earlier.notComparable === 'other-camera') {
    return i18n.t('The earlier picture is from another camera. Differences between the two say nothing about the eye.');
  }
  return view.earlier.notComparable === 'other-model'
    ? i18n.t(
        'The earlier picture was measured by another model. Differences between the two say nothing about the eye.',
      )
    : '';
}

function Table({
  rows,
  earlierDay,
  marked,
  onMark,
  note,
}: {
  readonly rows: readonly Row[];
  readonly earlierDay: string | null;
  readonly marked: string | null;
  readonly onMark: ((id: string | null) => void) | null;
  readonly note: string;
}): ReactNode {
  const { i18n } = useLingui();
  const range = rangeOf(rows);
  return (
    <>
      <table className="review-table">
        <thead>
          <tr>
            <th scope="col">{i18n.t('Measure')}</th>
            <th scope="col">{i18n.t('Today ± SE')}</th>
            {earlierDay === null ? (
              <th scope="col" aria-hidden />
            ) : (
              <>
                <th scope="col">{i18n.t('{date} ± SE', { date: formatDate(earlierDay) })}</th>
                <th scope="col">{i18n.t('Change ± SE')}</th>
                <th scope="col">{i18n.t('Real if over')}</th>
                <th scope="col" className="review-band-head">
                  <span className="flex justify-between">
                    <span aria-hidden>
                      {MINUS}
                      {range}
                    </span>
                    {i18n.t('change in its band')}
                    <span aria-hidden>+{range}</span>
                  </span>
                </th>
                <th scope="col">{i18n.t('Reading')}</th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr
              key={row.id}
              {...(row.part ? { 'data-part': true } : {})}
              {...(marked === row.id ? { 'data-marked': true } : {})}
              {...(onMark === null
                ? {}
                : { onPointerEnter: () => onMark(row.part ? row.id : null), onPointerLeave: () => onMark(null) })}
            >
              <th scope="row">{row.name}</th>
              <td>
                <Value of={row.today} row={row} strong />
              </td>
              {earlierDay !== null ? (
                <ChangeCells row={row} range={range} />
              ) : place === 0 ? (
                <td rowSpan={rows.length} className="review-note">
                  {note}
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
      {earlierDay !== null && note !== '' ? <p className="px-7 py-2 text-13 text-ink-2">{note}</p> : null}
    </>
  );
}

function Value({ of, row, strong = false }: { of: Measured; row: Row; strong?: boolean }): ReactNode {
  const value = formatNumber(of.value, row.decimals);
  return (
    <bdi className="num">
      {strong ? <b className="text-ink">{value}</b> : value} {PLUS_MINUS} {formatNumber(of.error, row.decimals)}
      {THIN}
      {row.unit}
    </bdi>
  );
}

function ChangeCells({ row, range }: { row: Row; range: number }): ReactNode {
  const { i18n } = useLingui();
  const { earlier, change } = row;
  if (earlier === null || change === null) {
    return (
      <td colSpan={5} className="text-ink-3">
        {i18n.t('not measured then')}
      </td>
    );
  }
  const words = {
    change: formatChange(change.change, row.decimals),
    limit: formatNumber(change.leastSignificant, row.decimals),
  };
  return (
    <>
      <td>
        <Value of={earlier} row={row} />
      </td>
      <td {...(change.real ? { 'data-real': true } : {})}>
        <bdi className="num">
          {words.change} {PLUS_MINUS} {formatNumber(change.standardError, row.decimals)}
        </bdi>
      </td>
      <td>
        <bdi className="num">{words.limit}</bdi>
      </td>
      <td>
        <BandChart
          change={change.change}
          standardError={change.standardError}
          limit={change.leastSignificant}
          range={range}
          label={i18n.t('Changed by {change}; real if over {limit}', words)}
        />
      </td>
      <td>
        {change.real ? (
          <Tag shape="care">{i18n.t('More than the error')}</Tag>
        ) : (
          <span className="flex items-center gap-2 ps-[7px] text-13 text-ink-2">
            <StatusMark shape="done" />
            {i18n.t('Within the error')}
          </span>
        )}
      </td>
    </>
  );
}
