/** How far a restore has come, in words. Pure. */
import type { I18n } from '@lingui/core';
import type { RestoreWork } from '../../electron/contract/recovery.ts';
import { formatBytes, formatNumber } from '../kit/format.ts';

type Counted = Pick<RestoreWork, 'step' | 'done' | 'total'>;

/** What is counted in this step; empty where nothing is. */
export function restoreCount(i18n: I18n, { step, done, total }: Counted): string {
  if (total === null) return '';
  if (step === 'copying') return i18n.t('{done} of {total}', { done: formatBytes(done), total: formatBytes(total) });
  return i18n.t('{counted} of {all} files', { counted: formatNumber(done, 0), all: formatNumber(total, 0) });
}

/** Of this step, 0 to 100; null where nothing is counted. */
export function restoreShare({ done, total }: Counted): number | null {
  return total === null || total === 0 ? null : Math.min(100, (done / total) * 100);
}
