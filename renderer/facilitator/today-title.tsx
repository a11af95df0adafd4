/** "Today" and its date, at the start of the bar. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { formatLongDate } from '../kit/format.ts';

export function TodayTitle({ day }: { day: string | undefined }): ReactNode {
  const { i18n } = useLingui();
  return (
    <>
      <h1>{i18n.t('Today')}</h1>
      <span className="today-date whitespace-nowrap text-ink-2">{day === undefined ? '' : formatLongDate(day)}</span>
    </>
  );
}
