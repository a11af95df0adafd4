/** Your details, your agreement, ready: where one is in check-in. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { StatusMark } from '../kit/marks.tsx';

export function StepsLine({ now }: { now: 'details' | 'agreement' }): ReactNode {
  const { i18n } = useLingui();
  const steps = [
    { id: 'details', name: i18n.t('Your details') },
    { id: 'agreement', name: i18n.t('Your agreement') },
    { id: 'ready', name: i18n.t('Ready') },
  ] as const;
  const place = steps.findIndex((step) => step.id === now);
  return (
    <ol className="flex list-none gap-7 text-p-18 font-medium text-ink-3" aria-label={i18n.t('Check-in')}>
      {steps.map((step, index) => (
        <li
          key={step.id}
          className={`flex items-center gap-2 ${index === place ? 'font-semibold text-ink' : ''}`}
          {...(index === place ? { 'aria-current': 'step' } : {})}
        >
          <StatusMark shape={index < place ? 'done' : index === place ? 'now' : 'todo'} size={20} />
          {step.name}
        </li>
      ))}
    </ol>
  );
}
