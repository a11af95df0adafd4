/** Why a picture's checks failed, short. Pure. */
import type { I18n } from '@lingui/core';
import type { Reason } from '../../electron/contract/judgement.ts';
import type { CaptureView } from '../../electron/contract/views.ts';

export function reasonWord(i18n: I18n, reason: Reason): string {
  const words: Readonly<Record<Reason, string>> = {
    soft: i18n.t('not sharp'),
    'too-bright': i18n.t('too bright'),
    'too-dark': i18n.t('too dark'),
    'head-cut-off': i18n.t('head cut off'),
    'feet-cut-off': i18n.t('feet cut off'),
    'off-centre': i18n.t('off the middle'),
    'nobody-in-view': i18n.t('nobody in view'),
    'field-not-round': i18n.t('field not round'),
    'field-too-small': i18n.t('field too small'),
    'uneven-light': i18n.t('unevenly lit'),
  };
  return words[reason];
}

/** "not sharp, too dark"; empty when every check passed or none was made. */
export function failedReasons(i18n: I18n, capture: CaptureView): string {
  return (capture.judgement?.checks ?? [])
    .flatMap((check) => (check.passed || check.reason === null ? [] : [reasonWord(i18n, check.reason)]))
    .join(', ');
}

/** "Try 1: not sharp". */
export function tryWords(i18n: I18n, capture: CaptureView, counts: boolean): string {
  const reasons = failedReasons(i18n, capture);
  if (capture.problem !== null && capture.judgement === null) return i18n.t('no picture');
  if (capture.judgement === null) return i18n.t('not checked');
  if (counts) return reasons === '' ? i18n.t('counts') : i18n.t('counts, {reasons}', { reasons });
  return reasons === '' ? i18n.t('good, not used') : reasons;
}
