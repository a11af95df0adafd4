/** One eye: today's picture and, where there is one, the earlier visit's, with the vessel map over both. */
import { useLingui } from '@lingui/react';
import { CalendarX2 } from 'lucide-react';
import type { ReactNode } from 'react';
import type { FindingValue, Judgement } from '../../electron/contract/judgement.ts';
import type { CaptureView, ReviewView, StepView } from '../../electron/contract/views.ts';
import { formatDate, formatTime } from '../kit/format.ts';
import { ImageWell } from '../kit/image-well.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { PaneProblem } from '../kit/problem.tsx';
import { useMedia } from '../shell/media.ts';
import { failedReasons } from './quality-words.ts';
import { QuadrantLines } from './quadrant-lines.tsx';
import type { EyeFinding } from './subjects.ts';
import { countedOf } from './subjects.ts';
import { useNaturalAspect } from './use-natural-aspect.ts';
import type { Looking } from './use-review.ts';

export function EyeWells({
  view,
  eye,
  step,
  finding,
  looking,
  region,
}: {
  readonly view: ReviewView;
  readonly eye: 'right' | 'left';
  readonly step: StepView;
  readonly finding: EyeFinding;
  readonly looking: Looking;
  /** The quadrant that the table speaks of. */
  readonly region: FindingValue['region'] | null;
}): ReactNode {
  const counted = countedOf(step);
  const shown = step.tries.find((each) => each.captureId === looking.tryId) ?? counted;
  const today =
    shown === null ? (
      <NotTaken step={step} />
    ) : (
      <TodayWell view={view} eye={eye} shown={shown} counted={counted} looking={looking} region={region} />
    );
  const earlier =
    view.earlier === null || finding.earlier === null ? (
      <NothingEarlier view={view} eye={eye} />
    ) : (
      <EarlierWell
        day={view.earlier.day}
        today={view.visit}
        notComparable={view.earlier.notComparable}
        captureId={finding.earlier.captureId}
        eye={eye}
        looking={looking}
      />
    );
  if (looking.layout === 'fade' && finding.earlier !== null) {
    return (
      <div className="review-wells review-wells-one">
        <div className="relative min-h-0">{today}</div>
        <div
          className="review-faded"
          style={{ opacity: looking.earlierShare / 100 }}
          aria-hidden={looking.earlierShare === 0}
        >
          {earlier}
        </div>
      </div>
    );
  }
  return (
    <div className="review-wells">
      {today}
      {earlier}
    </div>
  );
}

function TodayWell({
  view,
  eye,
  shown,
  counted,
  looking,
  region,
}: {
  readonly view: ReviewView;
  readonly eye: 'right' | 'left';
  readonly shown: CaptureView;
  readonly counted: CaptureView | null;
  readonly looking: Looking;
  readonly region: FindingValue['region'] | null;
}): ReactNode {
  const { i18n } = useLingui();
  const { captureId, judgement } = shown;
  const image = useMedia(shown.hasImage ? { of: 'capture', captureId, part: 'image' } : null);
  const thumbnail = useMedia(shown.hasThumbnail ? { of: 'capture', captureId, part: 'thumbnail' } : null);
  const overlay = useMedia(shown.hasOverlay ? { of: 'capture', captureId, part: 'overlay' } : null);
  const taken = shown.takenAt ?? shown.requestedAt;
  if (image.problem !== null) {
    return (
      <div className="bg-surface text-ink">
        <PaneProblem problem={image.problem} />
      </div>
    );
  }
  return (
    <ImageWell
      src={image.path}
      preview={thumbnail.path}
      alt={eye === 'right' ? i18n.t('Right retina today') : i18n.t('Left retina today')}
      aspect={judgement === null ? null : judgement.width / judgement.height}
      overlay={looking.overlay && overlay.path !== null ? { src: overlay.path, opacity: looking.opacity / 100 } : null}
      judgement={judgement}
      showTiles={judgement !== null && !judgement.passed}
      simulated={shown.simulated}
      redFree={looking.redFree}
      view={looking.today}
      onViewChange={looking.setToday}
      drawn={judgement === null ? null : <Lines judgement={judgement} eye={eye} region={region} />}
      keys
    >
      <WellHead title={i18n.t('Today')} text={`${formatDate(taken)}, ${formatTime(taken)}`} />
      <Sides eye={eye} />
      <QualityStrip
        shown={shown}
        counted={counted}
        name={view.visit.patient.givenName}
        onBack={() => looking.setTryId(null)}
      />
    </ImageWell>
  );
}

function Lines({
  judgement,
  eye,
  region,
}: {
  readonly judgement: Judgement;
  readonly eye: 'right' | 'left';
  readonly region: FindingValue['region'] | null;
}): ReactNode {
  if (judgement.field === null || region === null || region === 'whole') return null;
  return (
    <QuadrantLines field={judgement.field} aspect={judgement.width / judgement.height} eye={eye} region={region} />
  );
}

function EarlierWell({
  day,
  today,
  notComparable,
  captureId,
  eye,
  looking,
}: {
  readonly day: string;
  readonly today: ReviewView['visit'];
  readonly notComparable: NonNullable<ReviewView['earlier']>['notComparable'];
  readonly captureId: string;
  readonly eye: 'right' | 'left';
  readonly looking: Looking;
}): ReactNode {
  const { i18n } = useLingui();
  const image = useMedia({ of: 'capture', captureId, part: 'image' });
  const thumbnail = useMedia({ of: 'capture', captureId, part: 'thumbnail' });
  const overlay = useMedia({ of: 'capture', captureId, part: 'overlay' });
  const aspect = useNaturalAspect(thumbnail.path);
  if (image.problem !== null) {
    return (
      <div className="bg-surface text-ink">
        <PaneProblem problem={image.problem} />
      </div>
    );
  }
  return (
    <ImageWell
      src={image.path}
      preview={thumbnail.path}
      alt={
        eye === 'right'
          ? i18n.t('Right retina on {date}', { date: formatDate(day) })
          : i18n.t('Left retina on {date}', { date: formatDate(day) })
      }
      aspect={aspect}
      overlay={looking.overlay && overlay.path !== null ? { src: overlay.path, opacity: looking.opacity / 100 } : null}
      redFree={looking.redFree}
      view={looking.layout === 'fade' ? looking.today : looking.earlier}
      onViewChange={looking.layout === 'fade' ? looking.setToday : looking.setEarlier}
    >
      <WellHead title={formatDate(day)} text={daysWords(i18n, day, today)}>
        {notComparable === null ? null : (
          <span className="review-strip mt-2">
            <StatusMark shape="care" />
            {notComparable === 'other-camera'
              ? i18n.t('Not comparable: other camera')
              : i18n.t('Not comparable: other model')}
          </span>
        )}
      </WellHead>
      <Sides eye={eye} />
    </ImageWell>
  );
}

function daysWords(i18n: ReturnType<typeof useLingui>['i18n'], day: string, visit: ReviewView['visit']): string {
  const from = new Date(`${day}T12:00:00`).getTime();
  const to = new Date(visit.startedAt ?? visit.checkedInAt ?? Date.now()).getTime();
  return i18n.t('{days, plural, =0 {earlier today} one {# day earlier} other {# days earlier}}', {
    days: Math.max(0, Math.round((to - from) / 86_400_000)),
  });
}

function WellHead({ title, text, children }: { title: string; text: string; children?: ReactNode }): ReactNode {
  return (
    <header className="review-well-head">
      <b className="block text-17">{title}</b>
      <span className="text-13 text-well-ink-2">{text}</span>
      {children}
    </header>
  );
}

/** As the photograph is seen: the right eye's temple lies on the viewer's left. Never mirrored by writing direction. */
function Sides({ eye }: { eye: 'right' | 'left' }): ReactNode {
  const { i18n } = useLingui();
  const [left, right] = eye === 'right' ? [i18n.t('temporal'), i18n.t('nasal')] : [i18n.t('nasal'), i18n.t('temporal')];
  return (
    <>
      <span className="review-side left-7">{left}</span>
      <span className="review-side right-7">{right}</span>
    </>
  );
}

/** Kept although a check failed, or a try that does not count. */
function QualityStrip({
  shown,
  counted,
  onBack,
}: {
  readonly shown: CaptureView;
  readonly counted: CaptureView | null;
  readonly name: string;
  readonly onBack: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const other = shown.captureId !== counted?.captureId;
  const reasons = failedReasons(i18n, shown);
  if (other) {
    return (
      <div className="review-strip review-strip-wide">
        <StatusMark shape="care" />
        <span className="grow-1">
          {i18n.t('Try {attempt} is not the one that counts.', { attempt: shown.attempt })}{' '}
          {reasons === '' ? '' : i18n.t('It did not pass: {reasons}.', { reasons })}
        </span>
        <button type="button" className="review-strip-button" onClick={onBack}>
          {i18n.t('Back to the one that counts')}
        </button>
      </div>
    );
  }
  if (shown.judgement !== null && shown.judgement.passed) return null;
  return (
    <div className="review-strip review-strip-wide" role="note">
      <StatusMark shape="care" />
      <span>
        {reasons === ''
          ? i18n.t('Not checked by the station.')
          : i18n.t('Kept although a check failed: {reasons}.', { reasons })}{' '}
        {shown.kept === null
          ? ''
          : i18n.t('{name}: “{reason}”', { name: shown.kept.byName, reason: shown.kept.reason })}
      </span>
    </div>
  );
}

function NotTaken({ step }: { step: StepView }): ReactNode {
  const { i18n } = useLingui();
  return (
    <div className="review-none">
      <StatusMark shape="nothing" size={28} />
      <p className="mt-4 text-20 font-semibold text-well-ink">{i18n.t('Not photographed')}</p>
      <p className="mt-1">
        {step.skippedReason === null ? i18n.t('No picture counts for this step.') : `“${step.skippedReason}”`}
      </p>
    </div>
  );
}

function NothingEarlier({ view, eye }: { view: ReviewView; eye: 'right' | 'left' }): ReactNode {
  const { i18n } = useLingui();
  const { earlier } = view;
  return (
    <div className="review-none">
      <CalendarX2 size={36} strokeWidth={1.5} aria-hidden />
      <p className="mt-4 text-20 font-semibold text-well-ink">
        {earlier === null
          ? i18n.t('No earlier picture of this eye')
          : eye === 'right'
            ? i18n.t('No right eye on {date}', { date: formatDate(earlier.day) })
            : i18n.t('No left eye on {date}', { date: formatDate(earlier.day) })}
      </p>
      <p className="mt-1 max-w-[30em]">
        {i18n.t('Nothing here can be compared with today’s picture. The next visit will be compared with it.')}
      </p>
    </div>
  );
}
