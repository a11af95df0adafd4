/** A review: today's pictures beside the earlier ones, measures with their errors, where all of it comes from, the decision. */
import { useLingui } from '@lingui/react';
import { useNavigate } from '@tanstack/react-router';
import { Info, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { FindingValue } from '../../electron/contract/judgement.ts';
import type { ReviewQueueItem, ReviewView } from '../../electron/contract/views.ts';
import { Button, IconButton } from '../kit/button.tsx';
import { formatDate } from '../kit/format.ts';
import { StatusMark, Tag } from '../kit/marks.tsx';
import { PaneProblem } from '../kit/problem.tsx';
import { useSession } from '../shell/session.ts';
import { useLive } from '../shell/staff.ts';
import { Topbar } from '../shell/topbar.tsx';
import { useNow } from '../shell/use-now.ts';
import { BodyWells } from './body-wells.tsx';
import { regionRows } from './comparison.ts';
import { DecisionPane } from './decision-pane.tsx';
import { EyeWells } from './eye-wells.tsx';
import { BodyTable, EyeTable } from './measures-table.tsx';
import { missingWords, ProvenancePanel } from './provenance.tsx';
import { ReportPanel } from './report-panel.tsx';
import { ReviewTools } from './review-tools.tsx';
import { decisionWords, dueWords } from './review-words.ts';
import './review.css';
import { countedOf, findingOf, stepsOf } from './subjects.ts';
import { useLooking } from './use-review.ts';

export function ReviewPage({ sessionId }: { sessionId: string }): ReactNode {
  const { i18n } = useLingui();
  const navigate = useNavigate();
  const review = useLive((client) => client.review.watch, { sessionId });
  const queue = useLive((client) => client.review.queue, undefined);
  const back = (): void => void navigate({ to: '/review' });
  const waiting = queue.data ?? [];
  const next = nextOf(waiting, sessionId);
  return (
    <>
      <Topbar onBack={back} backLabel={i18n.t('Back to all reviews')}>
        {review.data === undefined ? <h1>{i18n.t('Review')}</h1> : <WhoseReview view={review.data} />}
        <span className="grow-1" />
        {waiting.length === 0 ? null : (
          <span className="text-ink-2">
            {placeWords(waiting, sessionId) ?? i18n.t('{count} waiting', { count: waiting.length })}
          </span>
        )}
        {next === null ? null : (
          <Button
            look="outlined"
            hotkey="n"
            onPress={() => void navigate({ to: '/review/$sessionId', params: { sessionId: next.sessionId } })}
          >
            {i18n.t('Next visit')}
          </Button>
        )}
      </Topbar>
      {review.problem !== null ? (
        <div className="min-h-0 bg-surface">
          <PaneProblem problem={review.problem} onAction={back} action={i18n.t('Back to all reviews')} />
        </div>
      ) : review.data === undefined ? (
        <div className="bg-surface" />
      ) : (
        <Review key={sessionId} view={review.data} stale={review.stale} />
      )}
    </>
  );
}

/** The visit after this one in the queue, or its first when this one is no longer in it; null when none is left. */
function nextOf(queue: readonly ReviewQueueItem[], sessionId: string): ReviewQueueItem | null {
  const place = queue.findIndex((item) => item.sessionId === sessionId);
  const next = queue[(place + 1) % Math.max(1, queue.length)] ?? null;
  return next?.sessionId === sessionId ? null : next;
}

function placeWords(queue: readonly ReviewQueueItem[], sessionId: string): ReactNode {
  const place = queue.findIndex((item) => item.sessionId === sessionId);
  return place < 0 ? null : <Place place={place + 1} count={queue.length} />;
}

function Place({ place, count }: { place: number; count: number }): ReactNode {
  return <span className="whitespace-nowrap">{useLingui().i18n.t('{place} of {count}', { place, count })}</span>;
}

function WhoseReview({ view }: { view: ReviewView }): ReactNode {
  const { i18n } = useLingui();
  const now = useNow(20_000);
  const { patient, protocol } = view.visit;
  const { review } = view.report;
  const due = dueWords(i18n, view.dueAt, now);
  return (
    <>
      <div className="min-w-0">
        <h1 className="proper leading-6">
          {patient.givenName} {patient.familyName}
        </h1>
        <p className="truncate text-13 text-ink-2">
          {i18n.t('{birthday}, {age} y', { birthday: formatDate(patient.birthDate), age: patient.age })} ·{' '}
          <bdi className="ident">{patient.number}</bdi> · {i18n._(protocol.title)},{' '}
          {formatDate(view.visit.startedAt ?? view.report.madeAt)}
        </p>
      </div>
      {review === null ? (
        <Tag shape={due.shape}>{i18n.t('In review, {due}', { due: due.text })}</Tag>
      ) : (
        <Tag shape={review.decision === 'approved' ? 'done' : 'aside'}>{decisionWords(i18n, review)}</Tag>
      )}
    </>
  );
}

function Review({ view, stale }: { view: ReviewView; stale: boolean }): ReactNode {
  const { i18n } = useLingui();
  const { place } = useSession();
  const looking = useLooking(view);
  const [readSha256, setReadSha256] = useState(view.report.sha256);
  const [openedAt] = useState(() => Date.now());
  const [drawer, setDrawer] = useState<'provenance' | 'report'>('provenance');
  const [pointed, setPointed] = useState<FindingValue['region'] | null>(null);
  const eye = looking.subject === 'body' ? null : looking.subject;
  const steps = stepsOf(view.visit, looking.subject);
  const first = steps.find((step) => step.stepId === looking.bodyStepId) ?? steps[0];
  const finding = eye === null ? null : findingOf(view, eye);
  const hasEarlier = finding !== null && finding.earlier !== null;
  const hasOverlay = (first === undefined ? null : countedOf(first))?.hasOverlay === true || hasEarlier;
  const standing = finding === null || finding.today === null ? null : standingOut(finding.today.values, finding);
  const region = pointed ?? standing;
  return (
    <div className="review">
      <section className="review-main" aria-label={i18n.t('Pictures and measures')}>
        <ReviewTools
          visit={view.visit}
          looking={looking}
          hasOverlay={eye !== null && hasOverlay}
          hasEarlier={hasEarlier}
        />
        {eye === null || finding === null || first === undefined ? (
          <BodyWells view={view} steps={steps} looking={looking} />
        ) : (
          <EyeWells view={view} eye={eye} step={first} finding={finding} looking={looking} region={region} />
        )}
        <div
          className="review-measures"
          role="group"
          aria-label={i18n.t('Measures')}
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- nothing in it takes the focus, and the keyboard must be able to scroll it
          tabIndex={0}
        >
          {finding === null || first === undefined ? (
            <BodyTable view={view} />
          ) : (
            <EyeTable
              view={view}
              finding={finding}
              missing={missingWords(i18n, countedOf(first)?.judgement ?? null, first)}
              region={region}
              onRegion={setPointed}
            />
          )}
        </div>
      </section>
      <aside className="review-side-pane" aria-label={i18n.t('Where this comes from, and the decision')}>
        <header className="review-side-head">
          <h2 className="text-17">
            {drawer === 'provenance' ? i18n.t('Where this comes from') : i18n.t('What is decided about')}
          </h2>
          <IconButton
            label={drawer === 'provenance' ? i18n.t('Close') : i18n.t('Where this comes from')}
            onPress={() => setDrawer(drawer === 'provenance' ? 'report' : 'provenance')}
            hotkey="i"
          >
            {drawer === 'provenance' ? (
              <X size={20} strokeWidth={1.75} aria-hidden />
            ) : (
              <Info size={20} strokeWidth={1.75} aria-hidden />
            )}
          </IconButton>
        </header>
        <div
          className="review-side-body"
          role="group"
          aria-label={i18n.t('Where this comes from')}
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- nothing in it takes the focus, and the keyboard must be able to scroll it
          tabIndex={0}
        >
          {stale ? (
            <p className="mb-3 flex items-center gap-2 text-13 text-ink-2">
              <StatusMark shape="absent" />
              {place === 'cloud'
                ? i18n.t('Last known state; the line is away.')
                : i18n.t('Last known state; the station is away.')}
            </p>
          ) : null}
          {drawer === 'provenance' && first !== undefined ? (
            <ProvenancePanel view={view} step={first} finding={finding} looking={looking} openedAt={openedAt} />
          ) : (
            <ReportPanel view={view} />
          )}
        </div>
        <DecisionPane
          view={view}
          stale={stale}
          changed={view.report.review === null && view.report.sha256 !== readSha256}
          onAcknowledge={() => setReadSha256(view.report.sha256)}
        />
      </aside>
    </div>
  );
}

/** The quadrant that changed by more than its error, if there is one: it is the one to look at. */
function standingOut(
  values: readonly FindingValue[],
  { earlier, comparable }: ReturnType<typeof findingOf>,
): FindingValue['region'] | null {
  if (earlier === null || !comparable) return null;
  const rows = regionRows(values, earlier.values).filter((row) => row.region !== 'whole' && row.change?.real === true);
  const far = (row: (typeof rows)[number]): number =>
    Math.abs(row.change?.change ?? 0) / (row.change?.leastSignificant ?? 1);
  return rows.toSorted((a, b) => far(b) - far(a))[0]?.region ?? null;
}
