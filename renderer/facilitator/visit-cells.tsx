/** What a row of the day says about its visit, whoever reads it: which, how far, in which state. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { DayRow, OutlineRow } from '../../electron/contract/views.ts';
import { Segments, Tag } from '../kit/marks.tsx';
import { doneOf, stateOf, stationMarksOf } from './day-words.ts';

/** Three cells of a table: visit, steps, state. */
export function VisitCells({ row, now }: { row: DayRow | OutlineRow; now: number }): ReactNode {
  const { i18n } = useLingui();
  const state = stateOf(i18n, row, now);
  const marks = stationMarksOf(row);
  return (
    <>
      <td className="text-ink-2">{i18n._(row.protocolTitle)}</td>
      <td>
        <Segments
          marks={marks}
          label={i18n.t('{done} of {total} steps done', { done: doneOf(marks), total: marks.length })}
        />
      </td>
      <td>
        <Tag shape={state.shape} {...(state.tone === undefined ? {} : { tone: state.tone })}>
          {state.text}
        </Tag>
      </td>
    </>
  );
}
