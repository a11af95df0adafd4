/** The guides, by role. */
import type { I18n } from '@lingui/core';

export interface Guide {
  readonly title: string;
  readonly steps: readonly string[];
}

export function guides(i18n: I18n): readonly Guide[] {
  return [
    {
      title: i18n.t('Facilitator: a visit'),
      steps: [
        i18n.t('Today shows who is next at the right. Check the person in, or let them do it at the check-in screen.'),
        i18n.t('Start the visit. The steps stand at the left; the filled button is always the next thing to do.'),
        i18n.t('Weight: wait for “Stable”, then save. Move nothing on the plate in between.'),
        i18n.t('Pictures: take one, read the verdict at the right, keep it or take it again.'),
        i18n.t('When all steps are done, finish. The report is made by itself and waits for a clinician.'),
      ],
    },
    {
      title: i18n.t('When a device is gone'),
      steps: [
        i18n.t('The station line at the bottom says which. Touch it for details.'),
        i18n.t('Check cable and switch. It comes back by itself, and the step goes on.'),
        i18n.t('A picture that was under way is looked for on the camera first. It is never taken twice.'),
        i18n.t('If it does not come back: enter by hand, or skip the step with a reason.'),
      ],
    },
    {
      title: i18n.t('Clinician: a review'),
      steps: [
        i18n.t('Review lists the reports that wait, the oldest first.'),
        i18n.t('Look at the pictures, the measures with their errors, and where each of them comes from.'),
        i18n.t('Approve with your PIN, or send back with a reason. The first decision stands.'),
      ],
    },
    {
      title: i18n.t('Technician and operator: storage and records'),
      steps: [
        i18n.t('Storage shows what is on this disk, the backups, and whether each was read back since it was made.'),
        i18n.t(
          'Back up now works while visits go on. Keep a copy on another disk: a backup on this one is lost with it.',
        ),
        i18n.t('Check all now reads every stored picture again. A damaged one is named by its step and visit.'),
        i18n.t('Verify now goes through the audit trail. Operators copy a period of it to give to somebody.'),
        i18n.t(
          'Choose a recovery passphrase, write it down and keep it away from the computer. It opens the data when their key is lost.',
        ),
        i18n.t(
          'Change the key when others may know it. Make a backup afterwards, and choose a recovery passphrase again.',
        ),
        i18n.t('Pictures are deleted here by the rule only, and only when the cloud has verified its copies.'),
      ],
    },
    {
      title: i18n.t('Without a network'),
      steps: [
        i18n.t('Visits go on as usual. Everything is encrypted on this disk.'),
        i18n.t('The station line says how much waits. It goes by itself when the line is back.'),
      ],
    },
  ];
}
