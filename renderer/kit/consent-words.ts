/** The three lines that a patient agrees to, in the language of the screen. Text version: `CONSENT_TEXT_VERSION`. */
import type { I18n } from '@lingui/core';
import type { ConsentLine } from '../../electron/contract/documents.ts';

export interface ConsentWords {
  readonly line: ConsentLine;
  readonly title: string;
  readonly detail: string;
  /** Without it nothing is taken. */
  readonly needed: boolean;
}

export function consentWords(i18n: I18n): readonly ConsentWords[] {
  return [
    {
      line: 'measurements',
      title: i18n.t('Measure and photograph me today'),
      detail: i18n.t('Weight, height, body photographs and pictures of the eyes, as planned for this visit.'),
      needed: true,
    },
    {
      line: 'care-team',
      title: i18n.t('Keep my results for my care'),
      detail: i18n.t('Encrypted. Seen only by the people who treat you.'),
      needed: true,
    },
    {
      line: 'research',
      title: i18n.t('Use my images for research'),
      detail: i18n.t('Without your name. Saying no changes nothing today.'),
      needed: false,
    },
  ];
}

/** "Measurements and care. Not research." for staff. */
export function agreedSentence(i18n: I18n, agreed: readonly ConsentLine[] | null): string {
  if (agreed === null) return i18n.t('Not asked yet');
  if (!agreed.includes('measurements') || !agreed.includes('care-team')) return i18n.t('Not agreed to what is needed');
  return agreed.includes('research')
    ? i18n.t('Measurements, care and research.')
    : i18n.t('Measurements and care. Not research.');
}
