/** Requests that were given up: what, who decided it and when, and why there was something to decide. Left out where there are none. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { DiscardedRequest, OutboxView } from '../../electron/contract/outbox.ts';
import { Button } from '../kit/button.tsx';
import { formatNumber } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { discardedWords, discardReasonWords, requestVisitWords, requestWords } from './outbox-words.ts';
import { receiptTime } from './sync-words.ts';

/** Shown before somebody asks for more: what goes on comes first on this page. */
const AT_FIRST = 3;

export function DiscardedRequests({
  discarded: { count, rows },
  now,
}: {
  readonly discarded: OutboxView['discarded'];
  readonly now: number;
}): ReactNode {
  const { i18n } = useLingui();
  const [more, setMore] = useState(false);
  if (count === 0) return null;
  const shown = more ? rows : rows.slice(0, AT_FIRST);
  return (
    <>
      <h3 className="sync-list-head">
        {count === shown.length
          ? i18n.t('Given up')
          : i18n.t('Given up, the last {shown} of {count}', {
              shown: formatNumber(shown.length, 0),
              count: formatNumber(count, 0),
            })}
        {rows.length > AT_FIRST ? (
          <Button className="sync-fold" onPress={() => setMore(!more)}>
            {more ? i18n.t('Show fewer') : i18n.t('Show more')}
          </Button>
        ) : null}
      </h3>
      <ul className="sync-list mt-2">
        {shown.map((request) => (
          <Discarded key={request.id} request={request} now={now} />
        ))}
      </ul>
    </>
  );
}

function Discarded({ request, now }: { readonly request: DiscardedRequest; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const why = discardReasonWords(i18n, request);
  return (
    <li>
      <StatusMark shape="nothing" />
      <div>
        {requestWords(i18n, request.kind)}
        <small>{requestVisitWords(i18n, request, now)}</small>
        <small>{discardedWords(i18n, request, now)}</small>
        {why === null ? null : <small>{why}</small>}
        {request.problem === null ? null : (
          <small className="ident">
            {request.problem.code} <bdi>{request.problem.detail}</bdi>
          </small>
        )}
      </div>
      <time dateTime={request.createdAt}>{receiptTime(i18n, request.createdAt, now)}</time>
    </li>
  );
}
