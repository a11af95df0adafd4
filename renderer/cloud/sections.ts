/** The views of the cloud's page, and for whom. */
import type { I18n } from '@lingui/core';
import type { LucideIcon } from 'lucide-react';
import { Eye, House, MonitorCheck, Workflow } from 'lucide-react';
import type { Role } from '../../electron/contract/roles.ts';
import { STAFF_ROLES } from '../../electron/contract/roles.ts';

export const REVIEW_ROLES = ['clinician', 'facilitator', 'admin'] as const satisfies readonly Role[];
export const FLEET_ROLES = ['operator', 'technician', 'admin'] as const satisfies readonly Role[];

export const WORKFLOW_ROLES = ['operator', 'admin'] as const satisfies readonly Role[];

export interface CloudSection {
  readonly to: string;
  readonly title: (i18n: I18n) => string;
  readonly icon: LucideIcon;
  readonly roles: readonly Role[];
}

export const CLOUD_SECTIONS: readonly CloudSection[] = [
  { to: '/', title: (i18n) => i18n.t('Overview'), icon: House, roles: STAFF_ROLES },
  { to: '/review', title: (i18n) => i18n.t('Review'), icon: Eye, roles: REVIEW_ROLES },
  { to: '/stations', title: (i18n) => i18n.t('Stations'), icon: MonitorCheck, roles: FLEET_ROLES },
  { to: '/workflows', title: (i18n) => i18n.t('Workflows'), icon: Workflow, roles: WORKFLOW_ROLES },
];
