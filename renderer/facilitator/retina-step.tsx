/** A retina: the picture large, where it is soft, the verdict and what usually helps, the tries as a film strip. */
import { useLingui } from '@lingui/react';
import { Maximize, Minus, Plus, Waves, Search } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { ToggleButton } from 'react-aria-components';
import type { DeviceStatus } from '../../electron/contract/devices.ts';
import type { CaptureView, VisitView } from '../../electron/contract/views.ts';
import { IconButton } from '../kit/button.tsx';
import { EyeGuide, EyeAtCamera, FocusBars } from '../kit/drawings.tsx';
import { formatTime } from '../kit/format.ts';
import type { ImageView } from '../kit/image-view.ts';
import { FITTED, zoomAt } from '../kit/image-view.ts';
import { ImageWell } from '../kit/image-well.tsx';
import { useKeys } from '../kit/keys.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { useMedia } from '../shell/media.ts';
import { CaptureActions } from './capture-actions.tsx';
import { Judged, TroubleHead, VerdictHead, WorkingHead } from './capture-status.tsx';
import { keepWord, shortVerdict, verdictOf } from './capture-words.ts';
import { ChecksList } from './checks-list.tsx';
import { isGone } from './device-gone-state.ts';
import { DeviceGone } from './device-gone.tsx';
import { SkipButton } from './skip-button.tsx';
import type { CaptureStep } from './use-capture.ts';
import { phaseOf, useCapture } from './use-capture.ts';
import type { VisitStep } from './visit-steps.ts';
import { openAfter } from './visit-steps.ts';

export function RetinaStep({
  visit,
  current,
  device,
}: {
  readonly visit: VisitView;
  readonly current: VisitStep;
  readonly device: DeviceStatus | null;
}): ReactNode {
  const { i18n } = useLingui();
  const eye = current.step.id.endsWith('left') ? 'left' : 'right';
  const capture = useCapture(visit, current);
  const next = openAfter(visit, current.step.id);
  const keepAndGo = keepWord(i18n, next?.step.id ?? null, next === null ? '' : i18n._(next.step.title));
  const words =
    eye === 'right'
      ? {
          take: i18n.t('Take right eye'),
          takeAgain: i18n.t('Take right eye again'),
          keep: keepAndGo,
          skip: i18n.t('Skip this eye'),
        }
      : {
          take: i18n.t('Take left eye'),
          takeAgain: i18n.t('Take left eye again'),
          keep: keepAndGo,
          skip: i18n.t('Skip this eye'),
        };
  const gone = isGone(device) && capture.tries.length === 0 && current.view.mark !== 'done';
  return (
    <>
      <section className="stage stage-well">
        {gone ? (
          <div className="bg-surface text-ink">
            <DeviceGone device={device} kind="fundus-camera" action={i18n.t('Try again')} onAction={capture.take} />
          </div>
        ) : (
          <Picture capture={capture} eye={eye} />
        )}
        <Film capture={capture} attemptsLeft={current.view.attemptsLeft} done={current.view.mark === 'done'} />
      </section>
      <aside className="side side-verdict" aria-label={i18n.t('Verdict')}>
        <Verdict capture={capture} eye={eye} visit={visit} instruction={current.step.instruction} />
        {capture.shown === null ? null : (
          <ChecksList shown={capture.shown} eye={eye} counts={capture.shown.captureId === current.view.captureId} />
        )}
        {gone ? (
          <footer className="verdict-actions">
            <SkipButton visit={visit} current={current} label={words.skip} />
          </footer>
        ) : (
          <CaptureActions visit={visit} current={current} capture={capture} words={words} />
        )}
      </aside>
    </>
  );
}

function Picture({ capture, eye }: { capture: CaptureStep; eye: 'right' | 'left' }): ReactNode {
  const { i18n } = useLingui();
  const { shown } = capture;
  const [view, setView] = useState<ImageView>(FITTED);
  const [overlay, setOverlay] = useState(true);
  const zoom = (factor: number) => () => setView(zoomAt(view, factor, { x: 0, y: 0 }));
  useKeys([
    { key: 'o', label: i18n.t('Overlay on or off'), run: () => setOverlay(!overlay), disabled: shown === null },
  ]);
  const title = eye === 'right' ? i18n.t('Right eye (OD)') : i18n.t('Left eye (OS)');
  const judgement = shown?.judgement ?? null;
  // As the photograph is seen: the right eye's temple lies on the viewer's left.
  const [atLeft, atRight] =
    eye === 'right' ? [i18n.t('temporal'), i18n.t('nasal')] : [i18n.t('nasal'), i18n.t('temporal')];
  const failed = judgement !== null && !judgement.passed;
  const hasOverlay = failed ? judgement.tiles.some((tile) => tile.soft) : capture.overlay.path !== null;
  const corner = (
    <div className="absolute start-7 top-5">
      <b className="block text-20">{title}</b>
      <span className="text-13 text-well-ink-2">
        {shown === null
          ? i18n.t('no picture yet')
          : i18n.t('try {attempt}, {time}', {
              attempt: shown.attempt,
              time: formatTime(shown.takenAt ?? shown.requestedAt, true),
            })}
      </span>
    </div>
  );
  if (shown === null || !shown.hasImage) {
    return (
      <div className="well grid place-items-center p-16">
        <EyeGuide eye={eye} label={i18n.t('Where the disc and the macula will lie in the picture')} />
        {corner}
        <Sides left={atLeft} right={atRight} />
      </div>
    );
  }
  return (
    <ImageWell
      src={capture.image.path}
      preview={capture.thumbnail.path}
      alt={
        judgement === null
          ? i18n.t('Photograph of the retina, not checked yet')
          : judgement.passed
            ? i18n.t('Photograph of the retina, sharp')
            : i18n.t('Photograph of the retina; the hatched part failed a check')
      }
      aspect={judgement === null ? null : judgement.width / judgement.height}
      judgement={judgement}
      showTiles={overlay && failed}
      overlay={overlay && !failed && capture.overlay.path !== null ? { src: capture.overlay.path, opacity: 0.7 } : null}
      simulated={shown.simulated}
      view={view}
      onViewChange={setView}
      keys
    >
      {corner}
      <Sides left={atLeft} right={atRight} />
      <div className="well-tools" role="group" aria-label={i18n.t('Picture')}>
        <ToggleButton
          className="well-tool"
          isSelected={overlay}
          onChange={setOverlay}
          isDisabled={!hasOverlay}
          aria-label={failed ? i18n.t('Soft parts (O)') : i18n.t('Vessel map (O)')}
          {...(failed ? {} : { 'data-tone': 'vessel' })}
        >
          <Waves size={22} strokeWidth={1.75} aria-hidden />
        </ToggleButton>
        <IconButton className="well-tool" label={i18n.t('Fit')} onPress={() => setView(FITTED)}>
          {view.scale > 1 ? (
            <Maximize size={22} strokeWidth={1.75} aria-hidden />
          ) : (
            <Search size={22} strokeWidth={1.75} aria-hidden />
          )}
        </IconButton>
        <IconButton className="well-tool" label={i18n.t('Zoom in')} onPress={zoom(1.5)}>
          <Plus size={22} strokeWidth={1.75} aria-hidden />
        </IconButton>
        <IconButton className="well-tool" label={i18n.t('Zoom out')} onPress={zoom(1 / 1.5)} disabled={view.scale <= 1}>
          <Minus size={22} strokeWidth={1.75} aria-hidden />
        </IconButton>
      </div>
    </ImageWell>
  );
}

/** Never mirrored by writing direction: eyes stay as they are seen. */
function Sides({ left, right }: { left: string; right: string }): ReactNode {
  return (
    <>
      <span className="well-side left-7">{left}</span>
      <span className="well-side right-7">{right}</span>
    </>
  );
}

function Verdict({
  capture,
  eye,
  visit,
  instruction,
}: {
  readonly capture: CaptureStep;
  readonly eye: 'right' | 'left';
  readonly visit: VisitView;
  readonly instruction: string;
}): ReactNode {
  const { i18n } = useLingui();
  const { shown, phase } = capture;
  if (shown === null || phase === 'none') {
    return (
      <>
        <VerdictHead
          shape="now"
          title={eye === 'right' ? i18n.t('Ready for the right eye') : i18n.t('Ready for the left eye')}
        >
          <p>{i18n._(instruction)}</p>
        </VerdictHead>
        <section className="px-8 py-6">
          <h3 className="pane-title mb-3">{i18n.t('How to sit')}</h3>
          <EyeAtCamera label={i18n.t('Chin on the cushion, eye at the camera')} />
        </section>
      </>
    );
  }
  if (phase === 'taking' || phase === 'fetching' || phase === 'judging')
    return <WorkingHead phase={phase} shown={shown} />;
  if (phase === 'uncertain' || phase === 'broken' || phase === 'unjudged') return <TroubleHead shown={shown} />;
  const { judgement } = shown;
  if (judgement === null) return null;
  const verdict = verdictOf(i18n, judgement, eye, visit.patient.givenName);
  return <Judged verdict={verdict} shown={shown} figures={verdict.reason === 'soft' ? <FocusFigures /> : null} />;
}

function FocusFigures(): ReactNode {
  const { i18n } = useLingui();
  return (
    <div className="mt-3.5 flex justify-between gap-2 text-13 text-ink-2">
      {(
        [
          ['too-far', i18n.t('too far')],
          ['sharp', i18n.t('sharp')],
          ['too-near', i18n.t('too near')],
        ] as const
      ).map(([state, word]) => (
        <figure key={state} className="m-0 w-[104px] min-w-0">
          <FocusBars state={state} />
          <figcaption className="mt-1.5 flex items-center justify-center gap-1.5">
            {state === 'sharp' ? <StatusMark shape="done" /> : null}
            {word}
          </figcaption>
        </figure>
      ))}
    </div>
  );
}

function Film({
  capture,
  attemptsLeft,
  done,
}: {
  readonly capture: CaptureStep;
  readonly attemptsLeft: number;
  readonly done: boolean;
}): ReactNode {
  const { i18n } = useLingui();
  const { tries } = capture;
  const spare = done ? [] : Array.from({ length: Math.min(1, attemptsLeft) }, (_, index) => tries.length + index + 1);
  return (
    <div className="film on-well" aria-label={i18n.t('Tries')} role="group">
      {tries.map((each) => (
        <FilmTry
          key={each.captureId}
          each={each}
          selected={each.captureId === capture.shown?.captureId}
          onShow={capture.show}
        />
      ))}
      {spare.map((attempt) => (
        <span key={attempt} className="film-try">
          <span className="film-picture film-empty" />
          <span>
            <b>{i18n.t('Try {attempt}', { attempt })}</b>
            {attemptsLeft === 1
              ? i18n.t('last one before a senior decides')
              : i18n.t('{count} tries left', { count: attemptsLeft })}
          </span>
        </span>
      ))}
    </div>
  );
}

function FilmTry({
  each,
  selected,
  onShow,
}: {
  readonly each: CaptureView;
  readonly selected: boolean;
  readonly onShow: (captureId: string) => void;
}): ReactNode {
  const { i18n } = useLingui();
  const thumbnail = useMedia(
    each.hasThumbnail ? { of: 'capture', captureId: each.captureId, part: 'thumbnail' } : null,
  );
  const phase = phaseOf(each);
  const words = {
    none: '',
    taking: i18n.t('being taken'),
    fetching: i18n.t('being fetched'),
    uncertain: i18n.t('looked for on the camera'),
    judging: i18n.t('being checked'),
    unjudged: i18n.t('not checked'),
    passed: i18n.t('good'),
    'failed-check': each.judgement === null ? '' : shortVerdict(i18n, each.judgement, true),
    broken: each.hasImage ? i18n.t('damaged') : i18n.t('no picture'),
  }[phase];
  return (
    <ToggleButton
      className="film-try"
      isSelected={selected}
      onChange={() => onShow(each.captureId)}
      preventFocusOnPress
    >
      {thumbnail.path === null ? (
        <span className="film-picture film-empty" />
      ) : (
        <img className="film-picture" src={thumbnail.path} alt="" />
      )}
      <span>
        <b>{i18n.t('Try {attempt}', { attempt: each.attempt })}</b>
        {each.kept === null ? words : i18n.t('{words}, kept', { words })}
      </span>
    </ToggleButton>
  );
}
