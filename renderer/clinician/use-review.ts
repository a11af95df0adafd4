/** How a review is looked at: subject, overlay, side by side or fading, colour, zoom. Kept while the page is drawn. */
import { useState } from 'react';
import type { ReviewView } from '../../electron/contract/views.ts';
import type { ImageView } from '../kit/image-view.ts';
import { FITTED } from '../kit/image-view.ts';
import type { Subject } from './subjects.ts';
import { subjectsOf } from './subjects.ts';

export interface Looking {
  readonly subject: Subject;
  readonly setSubject: (subject: Subject) => void;
  /** A try that does not count, to look at; null = the one that counts. */
  readonly tryId: string | null;
  readonly setTryId: (captureId: string | null) => void;
  /** The body's picture that fills the well, or null for all beside each other. */
  readonly bodyStepId: string | null;
  readonly setBodyStepId: (stepId: string | null) => void;
  readonly overlay: boolean;
  readonly setOverlay: (overlay: boolean) => void;
  /** 0-100. */
  readonly opacity: number;
  readonly setOpacity: (opacity: number) => void;
  readonly layout: 'side' | 'fade';
  readonly setLayout: (layout: 'side' | 'fade') => void;
  /** How much of the earlier picture is seen in the fade, 0-100. */
  readonly earlierShare: number;
  readonly setEarlierShare: (share: number) => void;
  readonly redFree: boolean;
  readonly setRedFree: (redFree: boolean) => void;
  readonly linked: boolean;
  readonly setLinked: (linked: boolean) => void;
  readonly today: ImageView;
  readonly setToday: (view: ImageView) => void;
  readonly earlier: ImageView;
  readonly setEarlier: (view: ImageView) => void;
}

export function useLooking(view: ReviewView): Looking {
  const [subject, setSubject] = useState<Subject>(() => subjectsOf(view.visit)[0] ?? 'body');
  const [tryId, setTryId] = useState<string | null>(null);
  const [bodyStepId, setBodyStepId] = useState<string | null>(null);
  const [overlay, setOverlay] = useState(true);
  const [opacity, setOpacity] = useState(70);
  const [layout, setLayout] = useState<'side' | 'fade'>('side');
  const [earlierShare, setEarlierShare] = useState(0);
  const [redFree, setRedFree] = useState(false);
  const [linked, setLinked] = useState(true);
  const [today, setToday] = useState<ImageView>(FITTED);
  const [earlier, setEarlier] = useState<ImageView>(FITTED);
  return {
    subject,
    setSubject: (next) => {
      setSubject(next);
      setTryId(null);
      setBodyStepId(null);
      setToday(FITTED);
      setEarlier(FITTED);
    },
    tryId,
    setTryId,
    bodyStepId,
    setBodyStepId,
    overlay,
    setOverlay,
    opacity,
    setOpacity: (next) => {
      setOpacity(Math.min(100, Math.max(0, next)));
      setOverlay(true);
    },
    layout,
    setLayout,
    earlierShare,
    setEarlierShare,
    redFree,
    setRedFree,
    linked,
    setLinked: (next) => {
      setLinked(next);
      if (next) setEarlier(today);
    },
    today,
    setToday: (next) => {
      setToday(next);
      if (linked) setEarlier(next);
    },
    earlier,
    setEarlier: (next) => {
      setEarlier(next);
      if (linked) setToday(next);
    },
  };
}
