/** While the clinic is closed because its key is being changed: how far it has come, and that nothing can be lost by it. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { KEY_CHANGE_STEPS } from '../../electron/contract/recovery.ts';
import type { KeyChangeWork } from '../../electron/contract/recovery.ts';
import { StatusMark } from '../kit/marks.tsx';

export function KeyChangeProgress({ work }: { readonly work: KeyChangeWork }): ReactNode {
  const { i18n } = useLingui();
  const words: Readonly<Record<KeyChangeWork['step'], string>> = {
    closing: i18n.t('The clinic is closed'),
    copying: i18n.t('The records are copied'),
    encrypting: i18n.t('The copy is encrypted under the new key and compared'),
    replacing: i18n.t('The new key is kept and the copy takes the place of the records'),
    opening: i18n.t('The clinic is opened'),
  };
  const place = KEY_CHANGE_STEPS.indexOf(work.step);
  return (
    <main className="whole place-items-center">
      <section className="w-full max-w-[640px] p-10" aria-labelledby="key-change">
        <h1 id="key-change" className="text-26">
          {i18n.t('The key of this station is being changed')}
        </h1>
        <p className="mt-3 text-17 text-ink-2">
          {i18n.t('This screen comes back by itself. How long it takes depends on how much is kept here.')}
        </p>
        <div role="status">
          <ol className="checks mt-6">
            {KEY_CHANGE_STEPS.map((step, index) => (
              <li key={step} aria-current={index === place ? 'step' : undefined}>
                <StatusMark shape={index < place ? 'done' : index === place ? 'busy' : 'todo'} />
                <span>{words[step]}</span>
                <span />
              </li>
            ))}
          </ol>
        </div>
        <p className="mt-6 text-ink-2">
          {i18n.t(
            'Leave the computer switched on. Should it stop all the same, nothing is lost: the next start finishes the change, or goes on with the old key.',
          )}
        </p>
      </section>
    </main>
  );
}
