/** The five stations of a visit at 0, 30, 50, 80 and 100: along the writing direction, on a narrow screen downwards. */
import { useLingui } from '@lingui/react';
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import type { TimelineVisit } from '../../../electron/contract/timeline.ts';
import { stationName, stationsOf } from '../../checkin/progress-words.ts';

export function VisitLine({ visit, stale }: { readonly visit: TimelineVisit; readonly stale: boolean }): ReactNode {
  const { i18n } = useLingui();
  return (
    <ol
      className="visit-line"
      data-state={visit.state}
      {...(stale ? { 'data-stale': true } : {})}
      aria-label={i18n.t('How far your visit has come')}
    >
      {stationsOf(visit.reached).map(({ at, mark }) => {
        const [first, second] = stationName(i18n, at);
        return (
          <li key={at} data-mark={mark} data-at={at} {...(mark === 'here' ? { 'aria-current': 'step' } : {})}>
            <span className="visit-dot" aria-hidden>
              {mark === 'done' ? <Check size={22} strokeWidth={1.75} /> : null}
            </span>
            <span className="visit-name">
              {first} <span>{second}</span>
              <span className="sr-only">
                {mark === 'done' ? i18n.t('done') : mark === 'here' ? i18n.t('now') : i18n.t('to come')}
              </span>
            </span>
          </li>
        );
      })}
    </ol>
  );
}
