/** Help: the keys, and a page for each role. Short enough to be read standing. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { KeyCap } from '../kit/keys.tsx';
import { StatusMark } from '../kit/marks.tsx';
import type { MarkShape } from '../kit/marks.tsx';
import { Topbar } from '../shell/topbar.tsx';
import { guides } from './guides.ts';

export function HelpPage(): ReactNode {
  const { i18n } = useLingui();
  const keys: readonly [string, string][] = [
    ['Enter', i18n.t('The filled button: save, keep, start')],
    ['Space', i18n.t('Release the shutter')],
    ['r', i18n.t('Repeat: weigh again, take again')],
    ['Escape', i18n.t('Back, or close')],
    ['/', i18n.t('Find a patient')],
    ['c', i18n.t('Check in the chosen patient')],
    ['1', i18n.t('1 to 9: go to a step that is done or next')],
    ['o', i18n.t('Overlay on the picture on or off')],
    ['+', i18n.t('Zoom; - out, 0 fit')],
    ['d', i18n.t('Dim or light')],
    ['Ctrl+l', i18n.t('Lock at once')],
    ['?', i18n.t('All keys of this screen')],
  ];
  const marks: readonly [MarkShape, string][] = [
    ['done', i18n.t('Done, ready, checked')],
    ['busy', i18n.t('Under way')],
    ['care', i18n.t('Needs care, work can go on')],
    ['stopped', i18n.t('Stopped')],
    ['absent', i18n.t('Not there, and that may be fine')],
    ['aside', i18n.t('Set aside on purpose')],
    ['todo', i18n.t('To do')],
    ['now', i18n.t('Now')],
    ['nothing', i18n.t('Nothing to do here')],
  ];
  return (
    <>
      <Topbar>
        <h1>{i18n.t('Help')}</h1>
        <span className="grow-1" />
      </Topbar>
      <div className="grid min-h-0 grid-cols-[minmax(0,1fr)_432px] bg-surface">
        <div
          className="min-h-0 overflow-auto px-10 py-8"
          role="region"
          aria-label={i18n.t('Guides')}
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- nothing in it takes the focus, and the keyboard must be able to scroll it
          tabIndex={0}
        >
          {guides(i18n).map((guide) => (
            <section key={guide.title} className="mb-9 max-w-[68ch]">
              <h2 className="text-20">{guide.title}</h2>
              <ol className="helps">
                {guide.steps.map((step) => (
                  <li key={step}>{step}</li>
                ))}
              </ol>
            </section>
          ))}
        </div>
        <aside className="side">
          <h2 className="pane-title mb-1">{i18n.t('Keys')}</h2>
          <ul className="m-0 list-none p-0">
            {keys.map(([key, text]) => (
              <li key={key} className="flex items-center justify-between gap-4 border-b border-line py-2">
                <span>{text}</span>
                <KeyCap name={key} />
              </li>
            ))}
          </ul>
          <h2 className="pane-title mt-7 mb-1">{i18n.t('Marks')}</h2>
          <ul className="m-0 list-none p-0">
            {marks.map(([shape, text]) => (
              <li key={shape} className="flex items-center gap-3 py-1.5">
                <StatusMark shape={shape} />
                {text}
              </li>
            ))}
          </ul>
        </aside>
      </div>
    </>
  );
}
