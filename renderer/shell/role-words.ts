import type { I18n } from '@lingui/core';
import type { Role } from '../../electron/contract/roles.ts';

/** A role as people say it. */
export function roleWord(i18n: I18n, role: Role): string {
  const words: Readonly<Record<Role, string>> = {
    patient: i18n.t('Patient'),
    facilitator: i18n.t('Facilitator'),
    technician: i18n.t('Technician'),
    clinician: i18n.t('Clinician'),
    operator: i18n.t('Operator'),
    admin: i18n.t('Administrator'),
  };
  return words[role];
}
