/** Records that the cloud could not take: which, why, since when. They stay here as they are. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { QuarantinedRow, SyncView } from '../../electron/contract/sync-status.ts';
import { Button } from '../kit/button.tsx';
import { formatNumber } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { collectionWord, quarantineWords, receiptTime } from './sync-words.ts';

/** Rows drawn before somebody asks for all that the view has. */
const FEW = 5;

/** How many there are; the view carries the newest. */
export function keptBackBy({ quarantined, collections }: SyncView): number {
  const counted = collections.reduce((sum, each) => sum + each.quarantined, 0);
  return Math.max(quarantined.length, counted);
}

export function KeptBack({
  view,
  total,
  now,
}: {
  readonly view: SyncView;
  readonly total: number;
  readonly now: number;
}): ReactNode {
  const { i18n } = useLingui();
  const [all, setAll] = useState(false);
  const { quarantined } = view;
  // There is nothing to correct in these.
  const failedOn = quarantined.filter(({ reason }) => reason === 'CLOUD_FAILED').length;
  const shown = all ? quarantined : quarantined.slice(0, FEW);
  return (
    <div className="sync-need">
      <h3>
        <StatusMark shape="aside" size={18} />
        <span>
          {i18n.t('{total, plural, one {The cloud kept one record back} other {The cloud kept {shown} records back}}', {
            total,
            shown: formatNumber(total, 0),
          })}
        </span>
      </h3>
      <p>
        <b>{i18n.t('What is safe')}:</b>{' '}
        {i18n.t('They stay on this station as they are; in the cloud they have no effect.')}
      </p>
      <p>
        <b>{i18n.t('What to do')}:</b>{' '}
        {failedOn < quarantined.length ? i18n.t('Correct them here; changed, they are sent again.') : null}{' '}
        {failedOn > 0 ? i18n.t('Try the line now: what the cloud failed on is sent again.') : null}
      </p>
      <ul className="sync-list mt-3">
        {shown.map((row) => (
          <Row key={`${row.collection} ${row.id} ${row.at}`} row={row} now={now} />
        ))}
      </ul>
      {shown.length < quarantined.length ? (
        <Button className="w-full" onPress={() => setAll(true)}>
          {i18n.t('Show {count} more', { count: formatNumber(quarantined.length - shown.length, 0) })}
        </Button>
      ) : null}
      {shown.length === quarantined.length && shown.length < total ? (
        <p className="text-13 text-ink-3">
          {i18n.t('The newest {shown} of {total}', {
            shown: formatNumber(shown.length, 0),
            total: formatNumber(total, 0),
          })}
        </p>
      ) : null}
    </div>
  );
}

function Row({ row, now }: { readonly row: QuarantinedRow; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  return (
    <li>
      <StatusMark shape="aside" />
      <span>
        {collectionWord(i18n, row.collection)} <bdi className="ident text-ink-3">{shortId(row.id)}</bdi>
        <small>
          {quarantineWords(i18n, row.reason)}
          {row.field === '' ? null : (
            <>
              {' '}
              {i18n.t('Field')} <bdi className="ident">{row.field}</bdi>
            </>
          )}{' '}
          <bdi className="ident">{row.reason}</bdi>
        </small>
      </span>
      <time>{receiptTime(i18n, row.at, now)}</time>
    </li>
  );
}

/** Enough of an id to find it in a log or a copy of the trail. */
function shortId(id: string): string {
  return id.length <= 16 ? id : `${id.slice(0, 8)}…${id.slice(-4)}`;
}
