/** A picture step: which try is shown, how it goes, and what can be done with it. */
import { useState } from 'react';
import type { CaptureView, VisitView } from '../../electron/contract/views.ts';
import type { Media } from '../shell/media.ts';
import { useMedia } from '../shell/media.ts';
import type { Command } from '../shell/screen.tsx';
import { useCommand } from '../shell/staff.ts';
import type { VisitStep } from './visit-steps.ts';

/** Where a try stands, as the screen draws it. */
export type TryPhase =
  | 'none'
  | 'taking'
  | 'fetching'
  | 'uncertain'
  | 'judging'
  | 'unjudged'
  | 'passed'
  | 'failed-check'
  | 'broken';

export function phaseOf(shown: CaptureView | null): TryPhase {
  if (shown === null) return 'none';
  switch (shown.state) {
    case 'requested':
    case 'taking':
      return shown.transfer === null ? 'taking' : 'fetching';
    case 'uncertain':
      return 'uncertain';
    case 'failed':
      return 'broken';
    case 'on-disk':
      return shown.problem === null || shown.judging ? 'judging' : 'unjudged';
    // Judged; its picture may have been deleted since, its verdict stays.
    default:
      if (shown.judgement === null) return 'unjudged';
      return shown.judgement.passed ? 'passed' : 'failed-check';
  }
}

export interface CaptureStep {
  readonly tries: readonly CaptureView[];
  readonly shown: CaptureView | null;
  readonly phase: TryPhase;
  /** A try is under way: the shutter waits. */
  readonly working: boolean;
  readonly image: Media;
  readonly thumbnail: Media;
  readonly overlay: Media;
  readonly show: (captureId: string) => void;
  readonly take: () => void;
  /** Keeps the try that is shown; a failed one only with a reason. */
  readonly keep: (reason: string | null) => void;
  /** Fetches or judges again; never releases the shutter. */
  readonly retry: () => void;
  readonly cancel: () => void;
  readonly commands: Readonly<
    Record<'take' | 'keep' | 'retry' | 'cancel', Pick<Command<never, unknown>, 'busy' | 'problem'>>
  >;
}

export function useCapture(visit: VisitView, current: VisitStep): CaptureStep {
  const { tries } = current.view;
  const newest = tries.at(-1) ?? null;
  // A choice holds until there is a new try: that is what everybody wants to see.
  const [choice, setChoice] = useState<{ readonly captureId: string; readonly newestId: string | undefined } | null>(
    null,
  );
  const chosenId = choice !== null && choice.newestId === newest?.captureId ? choice.captureId : null;
  const counted = tries.find((each) => each.captureId === current.view.captureId) ?? newest;
  const shown = tries.find((each) => each.captureId === chosenId) ?? counted;
  const phase = phaseOf(shown);
  const newestPhase = phaseOf(newest);
  const take = useCommand((client) => client.capture.take);
  const keep = useCommand((client) => client.capture.keep);
  const retry = useCommand((client) => client.capture.retry);
  const cancel = useCommand((client) => client.capture.cancel);
  const captureId = shown?.captureId ?? null;
  const part = (name: 'image' | 'thumbnail' | 'overlay', has: boolean | undefined) =>
    has === true && captureId !== null ? ({ of: 'capture', captureId, part: name } as const) : null;
  return {
    tries,
    shown,
    phase,
    working: take.busy || newestPhase === 'taking' || newestPhase === 'fetching' || newestPhase === 'judging',
    image: useMedia(part('image', shown?.hasImage)),
    thumbnail: useMedia(part('thumbnail', shown?.hasThumbnail)),
    overlay: useMedia(part('overlay', shown?.hasOverlay)),
    show: (id) => setChoice({ captureId: id, newestId: newest?.captureId }),
    take: () => void take.run({ sessionId: visit.sessionId, stepId: current.step.id }),
    keep: (reason) => {
      if (captureId !== null) void keep.run({ captureId, reason });
    },
    retry: () => {
      if (captureId !== null) void retry.run({ captureId });
    },
    cancel: () => {
      if (newest !== null) void cancel.run({ captureId: newest.captureId });
    },
    commands: { take, keep, retry, cancel },
  };
}
