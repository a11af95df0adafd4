/** Reports that wait for a clinician, the longest waiting first. Those who may not decide see the queue and no patient's pictures. */
import { useLingui } from '@lingui/react';
import { useNavigate } from '@tanstack/react-router';
import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';
import { GridList, GridListItem } from 'react-aria-components';
import type { ReviewQueueItem } from '../../electron/contract/views.ts';
import { formatDate, formatTime } from '../kit/format.ts';
import { StatusMark, Tag } from '../kit/marks.tsx';
import { PaneProblem } from '../kit/problem.tsx';
import { useMay } from '../shell/session.ts';
import { useLive } from '../shell/staff.ts';
import { Topbar } from '../shell/topbar.tsx';
import { useNow } from '../shell/use-now.ts';
import { dueWords } from './review-words.ts';
import './review.css';

export function ReviewQueuePage(): ReactNode {
  const { i18n } = useLingui();
  const navigate = useNavigate();
  const queue = useLive((client) => client.review.queue, undefined);
  const mayDecide = useMay('clinician', 'admin');
  const now = useNow(20_000);
  const waiting = queue.data ?? [];
  return (
    <>
      <Topbar>
        <h1>{i18n.t('Review')}</h1>
        {queue.data === undefined ? null : (
          <span className="text-ink-2">
            {i18n.t('{count, plural, =0 {nothing waits} one {# report waits} other {# reports wait}}', {
              count: waiting.length,
            })}
          </span>
        )}
        <span className="grow-1" />
      </Topbar>
      <div className="min-h-0 overflow-auto bg-surface">
        {queue.problem !== null ? (
          <PaneProblem problem={queue.problem} />
        ) : queue.data === undefined ? null : waiting.length === 0 ? (
          <div className="grid h-full place-items-center p-10">
            <div className="max-w-[34em] text-center">
              <span className="mx-auto block w-fit">
                <StatusMark shape="done" size={32} />
              </span>
              <h2 className="mt-4 text-26">{i18n.t('Nothing waits for review.')}</h2>
              <p className="mt-2 text-17 text-ink-2">
                {i18n.t('A report appears here by itself as soon as a visit is finished.')}
              </p>
            </div>
          </div>
        ) : (
          <>
            {mayDecide ? null : (
              <p className="flex items-center gap-2.5 border-b border-line bg-canvas px-7 py-3 text-ink-2">
                <StatusMark shape="nothing" />
                {i18n.t('Clinicians decide. You see what waits, not what is in it.')}
              </p>
            )}
            <div className="review-row review-row-head" aria-hidden>
              <span>{i18n.t('Patient')}</span>
              <span>{i18n.t('Visit')}</span>
              <span>{i18n.t('Report made')}</span>
              <span>{i18n.t('Time left')}</span>
              <span />
            </div>
            <GridList
              aria-label={i18n.t('Reports that wait for review')}
              items={waiting.map((item) => ({ ...item, id: item.sessionId }))}
              {...(mayDecide
                ? { onAction: (key) => void navigate({ to: '/review/$sessionId', params: { sessionId: String(key) } }) }
                : {})}
            >
              {(item) => (
                <GridListItem
                  id={item.sessionId}
                  className="review-row"
                  textValue={`${item.patient.givenName} ${item.patient.familyName}`}
                >
                  <Row item={item} now={now} opens={mayDecide} />
                </GridListItem>
              )}
            </GridList>
          </>
        )}
      </div>
    </>
  );
}

function Row({ item, now, opens }: { item: ReviewQueueItem; now: number; opens: boolean }): ReactNode {
  const { i18n } = useLingui();
  const { patient } = item;
  const due = dueWords(i18n, item.dueAt, now);
  return (
    <>
      <span className="min-w-0">
        <b className="proper block text-17">
          {patient.givenName} {patient.familyName}
        </b>
        <span className="text-13 text-ink-2">
          {i18n.t('{birthday}, {age} y', { birthday: formatDate(patient.birthDate), age: patient.age })} ·{' '}
          <bdi className="ident">{patient.number}</bdi>
        </span>
      </span>
      <span>
        {i18n._(item.protocolTitle)}
        <span className="block text-13 text-ink-2">{formatDate(item.day)}</span>
      </span>
      <span>
        {formatTime(item.madeAt)}
        <span className="block text-13 text-ink-2">{formatDate(item.madeAt)}</span>
      </span>
      <span>
        <Tag shape={due.shape}>{due.text}</Tag>
      </span>
      <span>{opens ? <ChevronRight className="text-ink-3" size={20} strokeWidth={1.75} aria-hidden /> : null}</span>
    </>
  );
}
