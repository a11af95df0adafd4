/** The checks of a picture: value against limit, one line each; what came of it below. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { CaptureView } from '../../electron/contract/views.ts';
import { StatusMark } from '../kit/marks.tsx';
import { Receipts } from '../kit/receipts.tsx';
import { useSession } from '../shell/session.ts';
import type { Eye } from './capture-words.ts';
import { checkLine } from './capture-words.ts';

export function ChecksList({ shown, eye, counts }: { shown: CaptureView; eye: Eye; counts: boolean }): ReactNode {
  const { i18n } = useLingui();
  const { status } = useSession();
  const { judgement } = shown;
  if (judgement === null) return null;
  const wantsVessels = eye !== null;
  return (
    <section className="px-8 pt-5">
      <h3 className="pane-title mb-1">{i18n.t('This picture')}</h3>
      <ul className="checks">
        {judgement.checks.map((check) => {
          // Without a field the other checks had nothing to look at, whatever they came to.
          const unseen = wantsVessels && judgement.field === null && check.id !== 'framing';
          const line = checkLine(i18n, check, eye, judgement.field);
          return (
            <li key={check.id} {...(check.passed || unseen ? {} : { 'data-care': true })}>
              <StatusMark shape={unseen ? 'nothing' : check.passed ? 'done' : 'care'} />
              <span className={check.passed || unseen ? '' : 'font-semibold'}>{line.name}</span>
              <span>{line.value}</span>
            </li>
          );
        })}
        {wantsVessels ? (
          <li>
            <StatusMark
              shape={shown.hasOverlay ? 'done' : judgement.findingsMissing === 'model-refused' ? 'care' : 'absent'}
            />
            <span>{i18n.t('Vessel map')}</span>
            <span>
              {shown.hasOverlay
                ? i18n.t('made')
                : judgement.findingsMissing === 'model-refused'
                  ? i18n.t('not possible now')
                  : i18n.t('after a sharp picture')}
            </span>
          </li>
        ) : null}
        {counts ? null : (
          <li>
            <StatusMark shape={shown.receipts.onDisk === null ? 'todo' : 'done'} />
            <span>{i18n.t('Stored and checked on this disk')}</span>
            <span>{shown.receipts.onDisk === null ? i18n.t('not yet') : i18n.t('yes')}</span>
          </li>
        )}
      </ul>
      {counts ? (
        <>
          <h3 className="pane-title mt-5 mb-1">{i18n.t('Where it is')}</h3>
          <Receipts receipts={shown.receipts} cloud={status !== undefined && status.cloud.state !== 'not-configured'} />
        </>
      ) : null}
    </section>
  );
}
