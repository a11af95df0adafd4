/** Why a clinician sends a report back, as the clinician chooses it and as the team reads it. */
import type { I18n } from '@lingui/core';
import type { Review } from '../../electron/contract/documents.ts';

type SendBackReason = NonNullable<Review['reason']>;

/** In the order in which they are offered. */
export function sendBackReasons(i18n: I18n): readonly (readonly [reason: SendBackReason, text: string])[] {
  return [
    ['retake-images', i18n.t('Pictures must be taken again')],
    ['measure-again', i18n.t('Weight or height must be measured again')],
    ['report-incomplete', i18n.t('The report is incomplete')],
    ['wrong-patient', i18n.t('This may be another patient’s visit')],
    ['other', i18n.t('Something else')],
  ];
}

/** One of them as a sentence. */
export function reasonText(i18n: I18n, reason: SendBackReason): string {
  return sendBackReasons(i18n).find(([each]) => each === reason)?.[1] ?? '';
}

/** The reason with the clinician's own words, as one line: "Pictures must be taken again. “Left side, please.”" */
export function sentBackWords(i18n: I18n, review: Review): string {
  const reason = review.reason === null || review.reason === 'other' ? '' : `${reasonText(i18n, review.reason)}.`;
  return [reason, review.notes === null ? '' : `“${review.notes}”`].filter(Boolean).join(' ');
}
