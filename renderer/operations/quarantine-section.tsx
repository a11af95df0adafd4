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

export function QuarantineSection({ view, now }: { readonly view: SyncView; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const [all, setAll] = useState(false);
  const { quarantined, collections } = view;
  const total = Math.max(
    quarantined.length,
    collections.reduce((sum, each) => sum + each.quarantined, 0),
  );
  if (total === 0) return null;
  const shown = all ? quarantined : quarantined.slice(0, FEW);
  return (
    <section aria-labelledby="sync-quarantine">
      <h2 id="sync-quarantine" className="sync-side-head">
        {i18n.t('Kept back by the cloud')}
        <span>{formatNumber(total, 0)}</span>
      </h2>
      <p className="text-ink-2">
        {i18n.t(
          'They stay on this station as they are and have no effect in the cloud. Changed here, they are sent again.',
        )}
      </p>
      <ul className="sync-list mt-2">
        {shown.map((row) => (
          <Row key={`${row.collection} ${row.id} ${row.at}`} row={row} now={now} />
        ))}
      </ul>
      {shown.length < total ? (
        <p className="sync-more">
          {shown.length < quarantined.length ? (
            <Button onPress={() => setAll(true)}>
              {i18n.t('Show {count} more', { count: formatNumber(quarantined.length - shown.length, 0) })}
            </Button>
          ) : (
            <span className="text-13 text-ink-3">
              {i18n.t('The newest {shown} of {total}', {
                shown: formatNumber(shown.length, 0),
                total: formatNumber(total, 0),
              })}
            </span>
          )}
        </p>
      ) : null}
    </section>
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
          )}
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
