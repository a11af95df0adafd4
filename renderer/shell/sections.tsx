/** The sections of the rail. A new one is one entry here and its route in `router.tsx`. */
import type { I18n } from '@lingui/core';
import type { LucideIcon } from 'lucide-react';
import { Activity, CalendarDays, Eye, HardDrive, UserRound } from 'lucide-react';
import type { Role } from '../../electron/contract/roles.ts';
import { STAFF_ROLES, SYNC_ROLES, VISIT_ROLES } from '../../electron/contract/roles.ts';

export interface Section {
  readonly to: string;
  readonly title: (i18n: I18n) => string;
  readonly icon: LucideIcon;
  readonly roles: readonly Role[];
  readonly badge?: 'reviews';
}

export const SECTIONS: readonly Section[] = [
  { to: '/', title: (i18n) => i18n.t('Today'), icon: CalendarDays, roles: STAFF_ROLES },
  { to: '/visit', title: (i18n) => i18n.t('Visit'), icon: UserRound, roles: VISIT_ROLES },
  {
    to: '/review',
    title: (i18n) => i18n.t('Review'),
    icon: Eye,
    roles: ['clinician', 'facilitator', 'admin'],
    badge: 'reviews',
  },
  { to: '/sync', title: (i18n) => i18n.t('Operations'), icon: Activity, roles: SYNC_ROLES },
  { to: '/storage', title: (i18n) => i18n.t('Storage'), icon: HardDrive, roles: ['technician', 'operator', 'admin'] },
];

/** Views that belong to no section's address, by how their address begins. */
const ELSEWHERE: readonly Pick<Section, 'to' | 'roles'>[] = [{ to: '/desk', roles: VISIT_ROLES }];

/**
 * Whether somebody of these roles has a view at this address: after the lock it may be another person's place that is left open.
 * What the view then reads, the station decides.
 */
export function hasView(roles: readonly Role[], path: string): boolean {
  const owner = [...SECTIONS, ...ELSEWHERE].find(({ to }) => to !== '/' && (path === to || path.startsWith(`${to}/`)));
  return owner === undefined || owner.roles.some((role) => roles.includes(role));
}
