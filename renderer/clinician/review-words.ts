/** A review in words: how long it may take, why it may be sent back, what an approval releases. Pure. */
import type { I18n } from '@lingui/core';
import type { Review } from '../../electron/contract/documents.ts';
import type { FindingValue } from '../../electron/contract/judgement.ts';
import type { ReviewView, VisitView } from '../../electron/contract/views.ts';
import { formatQuantity } from '../kit/format.ts';
import type { MarkShape } from '../kit/marks.tsx';

export interface DueWords {
  readonly text: string;
  readonly shape: MarkShape;
}

const NEAR_MINUTES = 120;

/** How long is left of the day that a review may take. */
export function dueWords(i18n: I18n, dueAt: string, nowMs: number): DueWords {
  const minutes = Math.floor((new Date(dueAt).getTime() - nowMs) / 60_000);
  if (minutes < 0) {
    const over = { hours: Math.floor(-minutes / 60), minutes: -minutes % 60 };
    return {
      shape: 'care',
      text: over.hours === 0 ? i18n.t('{minutes} min over', over) : i18n.t('{hours} h {minutes} min over', over),
    };
  }
  const left = { hours: Math.floor(minutes / 60), minutes: minutes % 60 };
  return {
    shape: minutes < NEAR_MINUTES ? 'care' : 'todo',
    text: left.hours === 0 ? i18n.t('{minutes} min left', left) : i18n.t('{hours} h {minutes} min left', left),
  };
}

export function regionName(i18n: I18n, region: FindingValue['region']): string {
  const names: Readonly<Record<FindingValue['region'], string>> = {
    whole: i18n.t('Vessel area, whole field'),
    'upper-temporal': i18n.t('upper temporal'),
    'upper-nasal': i18n.t('upper nasal'),
    'lower-temporal': i18n.t('lower temporal'),
    'lower-nasal': i18n.t('lower nasal'),
  };
  return names[region];
}

/** "Approved by Dr Leila Nemuneh": the time is drawn beside it. */
export function decisionWords(i18n: I18n, review: Review): string {
  return review.decision === 'approved'
    ? i18n.t('Approved by {name}', { name: review.byName })
    : i18n.t('Sent back by {name}', { name: review.byName });
}

export interface Release {
  /** What goes out, line by line. */
  readonly parts: readonly string[];
  /** What the visit planned and the report does not have. */
  readonly leftOut: readonly string[];
}

/** Exactly what an approval releases: the report as it was read, and what stands in it. */
export function releaseOf(i18n: I18n, view: ReviewView): Release {
  const { visit } = view;
  const body = countedOf(visit, 'body-');
  const eyes = countedOf(visit, 'retina-');
  const parts = [
    ...visit.protocol.steps.flatMap((step) => {
      const quantity = visit.steps.find((each) => each.stepId === step.id)?.quantity ?? null;
      return quantity === null ? [] : [`${i18n._(step.title)}: ${formatQuantity(quantity)}`];
    }),
    ...(body === 0 ? [] : [i18n.t('{body, plural, one {# body photograph} other {# body photographs}}', { body })]),
    ...(eyes === 0
      ? []
      : [i18n.t('{eyes, plural, one {# picture of an eye} other {# pictures of the eyes}}', { eyes })]),
    ...(view.findings.length === 0
      ? []
      : [
          i18n.t(
            '{maps, plural, one {Vessel area of one eye} other {Vessel area of # eyes}}, measured, not a diagnosis',
            {
              maps: view.findings.length,
            },
          ),
        ]),
  ];
  const leftOut = visit.steps.flatMap((step) => {
    if (step.mark !== 'skipped') return [];
    const title = visit.protocol.steps.find((each) => each.id === step.stepId)?.title ?? step.stepId;
    return [`${i18n._(title)}: ${step.skippedReason ?? ''}`];
  });
  return { parts, leftOut };
}

function countedOf(visit: VisitView, prefix: string): number {
  return visit.steps.filter((step) => step.stepId.startsWith(prefix) && step.captureId !== null).length;
}
