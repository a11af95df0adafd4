/** What the cloud has not acknowledged: files, records by kind, entries of the audit trail. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { CollectionSyncStatus, SyncView } from '../../electron/contract/sync-status.ts';
import { Button } from '../kit/button.tsx';
import { formatNumber } from '../kit/format.ts';
import { StatusMark } from '../kit/marks.tsx';
import { collectionWord, collectionWords, receiptTime } from './sync-words.ts';

export function UnpushedSection({ view, now }: { readonly view: SyncView; readonly now: number }): ReactNode {
  const { i18n } = useLingui();
  const [all, setAll] = useState(false);
  const { unpushed } = view;
  const collections = view.collections.map((each) => asFarAsTheLine(each, view.line));
  const busy = collections.filter(isBusy);
  const calm = collections.length - busy.length;
  return (
    <section aria-labelledby="sync-unpushed">
      <h2 id="sync-unpushed" className="sync-side-head">
        {i18n.t('Not in the cloud yet')}
        {unpushed.oldestAt === null ? null : (
          <span>{i18n.t('the oldest since {time}', { time: receiptTime(i18n, unpushed.oldestAt, now) })}</span>
        )}
      </h2>
      <ul className="sync-list">
        <Line name={i18n.t('Files')} count={unpushed.files} />
        <Line name={i18n.t('Records')} count={unpushed.documents} />
        <Line name={i18n.t('Entries of the audit trail')} count={unpushed.auditEntries} />
      </ul>
      {collections.length === 0 ? null : (
        <>
          <h3 className="sync-list-head">
            {i18n.t('Records by kind')}
            <Button className="sync-fold" onPress={() => setAll(!all)}>
              {all ? i18n.t('Only those under way') : i18n.t('All kinds')}
            </Button>
          </h3>
          <ul className="sync-list">
            {(all ? collections : busy).map((collection) => (
              <Collection key={collection.name} collection={collection} now={now} />
            ))}
            {all || calm === 0 ? null : (
              <li>
                <StatusMark shape="done" />
                <span className="text-ink-2">
                  {busy.length === 0
                    ? i18n.t('All {count} kinds acknowledged', { count: calm })
                    : i18n.t('{count, plural, one {# other kind acknowledged} other {# other kinds acknowledged}}', {
                        count: calm,
                      })}
                </span>
              </li>
            )}
          </ul>
        </>
      )}
    </section>
  );
}

/** What was being sent or fetched when the line went away is not: it waits, whatever the station would do next. */
function asFarAsTheLine(collection: CollectionSyncStatus, { state, problem }: SyncView['line']): CollectionSyncStatus {
  const isAway = state === 'offline' || state === 'captive' || problem !== null;
  const isUnderWay = collection.state !== 'settled' && collection.state !== 'stopped';
  return isAway && isUnderWay ? { ...collection, state: 'waiting' } : collection;
}

function isBusy({ state, unpushed, quarantined, problem }: CollectionSyncStatus): boolean {
  const isCalm = state === 'settled' || state === 'waiting';
  return !isCalm || unpushed > 0 || quarantined > 0 || problem !== null;
}

function Line({ name, count }: { readonly name: string; readonly count: number }): ReactNode {
  return (
    <li>
      <StatusMark shape={count === 0 ? 'done' : 'todo'} />
      <span>{name}</span>
      <b className="num">{formatNumber(count, 0)}</b>
    </li>
  );
}

function Collection({
  collection,
  now,
}: {
  readonly collection: CollectionSyncStatus;
  readonly now: number;
}): ReactNode {
  const { i18n } = useLingui();
  const { name, unpushed, quarantined, restarts, lastPulledAt, problem } = collection;
  const said = collectionWords(i18n, collection, now);
  const more = [
    said.text,
    ...(lastPulledAt === null ? [] : [i18n.t('read {time}', { time: receiptTime(i18n, lastPulledAt, now) })]),
    ...(quarantined === 0 ? [] : [i18n.t('{shown} kept back', { shown: formatNumber(quarantined, 0) })]),
    ...(restarts === 0
      ? []
      : [i18n.t('{restarts, plural, one {started again once} other {started again # times}}', { restarts })]),
    ...(problem === null ? [] : [problem.code]),
  ];
  return (
    <li>
      <StatusMark shape={said.shape} />
      <span>
        {collectionWord(i18n, name)}
        <small>{more.join(i18n.locale === 'ar' ? '، ' : ', ')}</small>
      </span>
      <b className="num">{formatNumber(unpushed, 0)}</b>
    </li>
  );
}
