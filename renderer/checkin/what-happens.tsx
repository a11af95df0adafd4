/** What a visit is made of, where no map of the clinic is set up. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';

export function WhatHappens(): ReactNode {
  const { i18n } = useLingui();
  const parts = [
    [i18n.t('Check in here'), i18n.t('Your name, your agreement, your signature.')],
    [i18n.t('Measuring and pictures'), i18n.t('Somebody comes for you and is with you all the time.')],
    [i18n.t('Your clinician looks at everything'), i18n.t('Only then a report is given to you.')],
  ] as const;
  return (
    <section className="panel-warm self-center" aria-labelledby="what-happens">
      <h2 id="what-happens" className="text-p-21 text-warm">
        {i18n.t('What happens today')}
      </h2>
      <ol className="mt-4 grid list-none gap-6">
        {parts.map(([title, text], place) => (
          <li key={title} className="grid grid-cols-[46px_1fr] gap-4">
            <span className="grid size-[46px] place-items-center rounded-full bg-accent text-p-18 font-semibold text-on-accent">
              {place + 1}
            </span>
            <span>
              <b className="block text-p-21">{title}</b>
              <span className="text-p-18 text-ink-2">{text}</span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
