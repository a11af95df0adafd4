/** Four comparable photographs: poses at the side, the picture or how it should be in the middle, the verdict beside it. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';
import { Button as AriaButton } from 'react-aria-components';
import type { DeviceStatus } from '../../electron/contract/devices.ts';
import type { VisitView } from '../../electron/contract/views.ts';
import { PoseGuide, PoseThumbnail } from '../kit/drawings.tsx';
import { ImageWell } from '../kit/image-well.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { useMedia } from '../shell/media.ts';
import { CaptureActions } from './capture-actions.tsx';
import { Judged, TroubleHead, VerdictHead, WorkingHead } from './capture-status.tsx';
import { keepWord, verdictOf } from './capture-words.ts';
import { ChecksList } from './checks-list.tsx';
import { isGone } from './device-gone-state.ts';
import { DeviceGone } from './device-gone.tsx';
import { SkipButton } from './skip-button.tsx';
import type { CaptureStep } from './use-capture.ts';
import { useCapture } from './use-capture.ts';
import type { Station, VisitStep } from './visit-steps.ts';
import { openAfter } from './visit-steps.ts';

type Pose = 'front' | 'back' | 'left' | 'right';

function poseOf(step: VisitStep['step']): Pose {
  return step.id.slice('body-'.length) as Pose;
}

/** After the pictures have been on screen this long without a touch they are covered. */
const COVER_AFTER_MS = 30_000;

export function BodyStep({
  visit,
  station,
  chosen,
  onChoose,
  device,
}: {
  readonly visit: VisitView;
  readonly station: Station;
  /** The pose on screen. */
  readonly chosen: VisitStep;
  readonly onChoose: (stepId: string) => void;
  readonly device: DeviceStatus | null;
}): ReactNode {
  const { i18n } = useLingui();
  const capture = useCapture(visit, chosen);
  const allDone = station.parts.every((part) => part.view.mark === 'done' || part.view.mark === 'skipped');
  const covered = useCover(allDone);
  const pose = poseOf(chosen.step);
  const gone = isGone(device) && capture.tries.length === 0 && chosen.view.mark !== 'done';
  const next = openAfter(visit, chosen.step.id);
  const takeWords: Readonly<Record<Pose, string>> = {
    front: i18n.t('Take the front'),
    back: i18n.t('Take the back'),
    left: i18n.t('Take the left side'),
    right: i18n.t('Take the right side'),
  };
  const againWords: Readonly<Record<Pose, string>> = {
    front: i18n.t('Take the front again'),
    back: i18n.t('Take the back again'),
    left: i18n.t('Take the left side again'),
    right: i18n.t('Take the right side again'),
  };
  return (
    <>
      <section className="stage-well grid min-h-0 grid-cols-[188px_minmax(0,1fr)]">
        <div className="poses on-well">
          {station.parts.map((part) => (
            <PoseButton
              key={part.step.id}
              part={part}
              current={part.step.id === chosen.step.id}
              covered={covered}
              onChoose={onChoose}
            />
          ))}
        </div>
        {gone ? (
          <div className="bg-surface text-ink">
            <DeviceGone device={device} kind="body-camera" action={i18n.t('Try again')} onAction={capture.take} />
          </div>
        ) : (
          <BodyPicture capture={capture} pose={pose} covered={covered} />
        )}
      </section>
      <aside className="side side-verdict" aria-label={i18n.t('Verdict')}>
        <BodyVerdict visit={visit} chosen={chosen} capture={capture} pose={pose} />
        {capture.shown === null ? null : (
          <ChecksList shown={capture.shown} eye={null} counts={capture.shown.captureId === chosen.view.captureId} />
        )}
        <PicturesSoFar station={station} />
        {gone ? (
          <footer className="verdict-actions">
            <SkipButton visit={visit} current={chosen} />
          </footer>
        ) : (
          <CaptureActions
            visit={visit}
            current={chosen}
            capture={capture}
            words={{
              take: takeWords[pose],
              takeAgain: againWords[pose],
              keep: keepWord(i18n, next?.step.id ?? null, next === null ? '' : i18n._(next.step.title)),
              skip: i18n.t('Skip with a reason'),
            }}
          />
        )}
      </aside>
    </>
  );
}

/** Covers the pictures a while after the last pose, until somebody touches the screen. */
function useCover(allDone: boolean): boolean {
  const [covered, setCovered] = useState(false);
  useEffect(() => {
    if (!allDone) return undefined;
    let timer = setTimeout(() => setCovered(true), COVER_AFTER_MS);
    const touch = (): void => {
      clearTimeout(timer);
      setCovered(false);
      timer = setTimeout(() => setCovered(true), COVER_AFTER_MS);
    };
    window.addEventListener('pointerdown', touch);
    return () => {
      clearTimeout(timer);
      window.removeEventListener('pointerdown', touch);
    };
  }, [allDone]);
  return covered && allDone;
}

function PoseButton({
  part,
  current,
  covered,
  onChoose,
}: {
  readonly part: VisitStep;
  readonly current: boolean;
  readonly covered: boolean;
  readonly onChoose: (stepId: string) => void;
}): ReactNode {
  const { i18n } = useLingui();
  const counted = part.view.tries.find((each) => each.captureId === part.view.captureId) ?? part.view.tries.at(-1);
  const thumbnail = useMedia(
    counted?.hasThumbnail === true ? { of: 'capture', captureId: counted.captureId, part: 'thumbnail' } : null,
  );
  const pose = poseOf(part.step);
  const names: Readonly<Record<Pose, string>> = {
    front: i18n.t('Front'),
    back: i18n.t('Back'),
    left: i18n.t('Left side'),
    right: i18n.t('Right side'),
  };
  const { mark } = part.view;
  const shape =
    mark === 'done' ? 'done' : mark === 'skipped' ? 'nothing' : mark === 'care' ? 'care' : current ? 'now' : 'todo';
  return (
    <AriaButton
      className="pose text-start"
      onPress={() => onChoose(part.step.id)}
      preventFocusOnPress
      {...(current ? { 'data-current': true, 'aria-current': 'step' as const } : {})}
    >
      {thumbnail.path === null ? (
        <PoseThumbnail pose={pose} />
      ) : (
        <img className={`pose-picture${covered ? ' blur-lg' : ''}`} src={thumbnail.path} alt="" />
      )}
      <span className="pose-name">
        <StatusMark shape={shape} />
        {names[pose]}
      </span>
    </AriaButton>
  );
}

function BodyPicture({ capture, pose, covered }: { capture: CaptureStep; pose: Pose; covered: boolean }): ReactNode {
  const { i18n } = useLingui();
  const { shown } = capture;
  if (shown === null || !shown.hasImage) {
    return (
      <div className="well relative grid min-h-0 place-items-center p-6">
        <PoseGuide pose={pose} label={i18n.t('How to stand, with the lines for head and feet')} />
        <span className="absolute end-6 top-5 flex items-center gap-2 text-13 font-semibold">
          {i18n.t('How it should look')}
        </span>
      </div>
    );
  }
  const judgement = shown.judgement;
  return (
    // Cut at the edge: the blur must not lie over the bars around it.
    <div className="grid min-h-0 overflow-hidden">
      <div className={`min-h-0 ${covered ? 'blur-2xl' : ''}`}>
        <ImageWell
          src={capture.image.path}
          preview={capture.thumbnail.path}
          alt={i18n.t('The body photograph that was taken')}
          aspect={judgement === null ? null : judgement.width / judgement.height}
          judgement={judgement}
          showTiles={judgement !== null && !judgement.passed}
          simulated={shown.simulated}
          margin={24}
          keys
        />
      </div>
    </div>
  );
}

function BodyVerdict({
  visit,
  chosen,
  capture,
  pose,
}: {
  readonly visit: VisitView;
  readonly chosen: VisitStep;
  readonly capture: CaptureStep;
  readonly pose: Pose;
}): ReactNode {
  const { i18n } = useLingui();
  const { shown, phase } = capture;
  if (shown === null || phase === 'none') {
    const titles: Readonly<Record<Pose, string>> = {
      front: i18n.t('Ready for the front'),
      back: i18n.t('Ready for the back'),
      left: i18n.t('Ready for the left side'),
      right: i18n.t('Ready for the right side'),
    };
    return (
      <VerdictHead shape="now" title={titles[pose]}>
        <p>{i18n._(chosen.step.instruction)}</p>
        <p>{i18n.t('Ask {name} to breathe out and hold.', { name: visit.patient.givenName })}</p>
      </VerdictHead>
    );
  }
  if (phase === 'taking' || phase === 'fetching' || phase === 'judging')
    return <WorkingHead phase={phase} shown={shown} />;
  if (phase === 'uncertain' || phase === 'broken' || phase === 'unjudged') return <TroubleHead shown={shown} />;
  if (shown.judgement === null) return null;
  const verdict = verdictOf(i18n, shown.judgement, null, visit.patient.givenName);
  return <Judged verdict={verdict} shown={shown} />;
}

function PicturesSoFar({ station }: { station: Station }): ReactNode {
  const { i18n } = useLingui();
  const kept = station.parts.flatMap((part) =>
    part.view.tries.filter((each) => each.captureId === part.view.captureId),
  );
  if (kept.length === 0) return null;
  const total = kept.length;
  const sharp = kept.filter((each) => each.judgement?.passed === true).length;
  const stored = kept.filter((each) => each.receipts.onDisk !== null).length;
  const lines: readonly [string, number][] = [
    [i18n.t('Sharp and evenly lit'), sharp],
    [i18n.t('Stored and checked on this disk'), stored],
  ];
  return (
    <section className="px-8 pt-6 pb-5">
      <h3 className="pane-title mb-1">{i18n.t('Pictures kept so far')}</h3>
      <ul className="checks">
        {lines.map(([name, count]) => (
          <li key={name}>
            <StatusMark shape={count === total ? 'done' : 'care'} />
            <span>{name}</span>
            <span>{i18n.t('{count} of {total}', { count, total })}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
