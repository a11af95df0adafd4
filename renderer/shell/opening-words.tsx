/** What is being done before the clinic is there: said at once where a person has just asked for it. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { StatusMark } from '../kit/marks.tsx';
import type { Asked } from './connection.ts';

/** @param asked null: the clinic is opened as at each start. */
export function OpeningWords({ asked }: { readonly asked: Asked | null }): ReactNode {
  const { i18n } = useLingui();
  if (asked === null) {
    return (
      <p className="flex items-center gap-3 text-17 text-ink-2" role="status">
        <StatusMark shape="busy" />
        {i18n.t('Opening the clinic. Large clinics take a little longer.')}
      </p>
    );
  }
  const isRestore = asked === 'restore';
  const steps = isRestore
    ? [
        i18n.t('The backup is copied and verified'),
        i18n.t('Its pictures are compared with those on this disk'),
        i18n.t('It takes the place of the damaged data, which is kept aside'),
        i18n.t('The clinic is opened'),
      ]
    : [i18n.t('The key is opened with the passphrase'), i18n.t('The clinic is opened with the key')];
  // A passphrase that did not open the key is answered before this stands here.
  const place = isRestore ? 0 : 1;
  return (
    <section className="w-full max-w-[560px] px-10" role="status">
      <h1 className="flex items-center gap-3 text-26">
        <StatusMark shape="busy" size={24} />
        {isRestore ? i18n.t('The backup is being restored') : i18n.t('The data are being opened with the passphrase')}
      </h1>
      <ol className="checks mt-5 text-17">
        {steps.map((step, index) => (
          <li key={step} aria-current={index === place ? 'step' : undefined}>
            <StatusMark shape={index < place ? 'done' : index === place ? 'busy' : 'todo'} />
            <span>{step}</span>
            <span />
          </li>
        ))}
      </ol>
      <p className="mt-5 text-ink-2">
        {isRestore
          ? i18n.t(
              'This screen goes on by itself; a large clinic takes minutes. Leave the computer switched on. Should it stop all the same, nothing is lost.',
            )
          : i18n.t('This screen goes on by itself. Nothing is changed when the passphrase does not fit.')}
      </p>
    </section>
  );
}
