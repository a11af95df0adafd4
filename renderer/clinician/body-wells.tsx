/** The body's photographs beside each other; touching one makes it fill the well. */
import { useLingui } from '@lingui/react';
import { Maximize2, Minimize2 } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ReviewView, StepView } from '../../electron/contract/views.ts';
import { formatTime } from '../kit/format.ts';
import type { ImageView } from '../kit/image-view.ts';
import { ImageWell } from '../kit/image-well.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { useMedia } from '../shell/media.ts';
import { failedReasons } from './quality-words.ts';
import { countedOf } from './subjects.ts';
import type { Looking } from './use-review.ts';

export function BodyWells({
  view,
  steps,
  looking,
}: {
  readonly view: ReviewView;
  readonly steps: readonly StepView[];
  readonly looking: Looking;
}): ReactNode {
  const alone = steps.find((step) => step.stepId === looking.bodyStepId);
  const shown = alone === undefined ? steps : [alone];
  return (
    <div className="review-wells review-wells-body">
      {shown.map((step) => (
        <PoseWell
          key={step.stepId}
          view={view}
          step={step}
          alone={alone !== undefined}
          zoom={looking.today}
          onZoom={looking.setToday}
          onToggle={() => looking.setBodyStepId(alone === undefined ? step.stepId : null)}
        />
      ))}
    </div>
  );
}

function PoseWell({
  view,
  step,
  alone,
  zoom,
  onZoom,
  onToggle,
}: {
  readonly view: ReviewView;
  readonly step: StepView;
  readonly alone: boolean;
  /** Shared: all four zoom together. */
  readonly zoom: ImageView;
  readonly onZoom: (view: ImageView) => void;
  readonly onToggle: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const counted = countedOf(step);
  const captureId = counted?.captureId ?? '';
  const image = useMedia(counted?.hasImage === true ? { of: 'capture', captureId, part: 'image' } : null);
  const thumbnail = useMedia(counted?.hasThumbnail === true ? { of: 'capture', captureId, part: 'thumbnail' } : null);
  const title = i18n._(view.visit.protocol.steps.find((each) => each.id === step.stepId)?.title ?? '');
  if (counted === null) {
    return (
      <div className="review-none">
        <StatusMark shape="nothing" size={24} />
        <p className="mt-3 font-semibold text-well-ink">{title}</p>
        <p>{step.skippedReason === null ? i18n.t('Not photographed') : `“${step.skippedReason}”`}</p>
      </div>
    );
  }
  const reasons = failedReasons(i18n, counted);
  const { judgement } = counted;
  return (
    <ImageWell
      src={image.path}
      preview={thumbnail.path}
      alt={title}
      aspect={judgement === null ? null : judgement.width / judgement.height}
      simulated={counted.simulated}
      view={zoom}
      onViewChange={onZoom}
      margin={12}
      keys={alone}
    >
      <header className="review-well-head">
        <b className="block text-17">{title}</b>
        <span className="text-13 text-well-ink-2">{formatTime(counted.takenAt ?? counted.requestedAt)}</span>
        {reasons === '' ? null : (
          <span className="review-strip mt-2">
            <StatusMark shape="care" />
            {i18n.t('Kept: {reasons}', { reasons })}
          </span>
        )}
      </header>
      <button
        type="button"
        className="well-tool absolute end-4 top-4"
        aria-label={alone ? i18n.t('All photographs') : i18n.t('{title}, large', { title })}
        onClick={onToggle}
      >
        {alone ? (
          <Minimize2 size={20} strokeWidth={1.75} aria-hidden />
        ) : (
          <Maximize2 size={20} strokeWidth={1.75} aria-hidden />
        )}
      </button>
    </ImageWell>
  );
}
